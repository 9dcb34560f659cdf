// See suggest.h.
#include "engine/diag/suggest.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/limits.h"

namespace ztp {
namespace {

// Lower case, without '-' and '_': "GpuDriver", "gpu_driver" and "gpu-driver" are one.
std::string Plain(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (char c : name) {
    if (c == '_' || c == '-') continue;
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out;
}

template <typename Text>
std::optional<std::string> Closest(std::string_view wanted, std::span<const Text> candidates) {
  if (wanted.size() > kMaxIdentifierBytes) return std::nullopt;
  const std::string plain = Plain(wanted);
  size_t best_distance = std::max<size_t>(1, wanted.size() / 3) + 1;
  const Text* best = nullptr;
  for (const Text& candidate : candidates) {
    if (candidate == wanted || candidate.empty()) continue;
    if (candidate.size() > kMaxIdentifierBytes) continue;
    if (!plain.empty() && Plain(candidate) == plain) return std::string(candidate);
    const size_t distance = EditDistance(wanted, candidate, best_distance);
    // A distance of the whole length means that nothing is alike.
    if (distance < best_distance && distance < std::max(wanted.size(), candidate.size())) {
      best_distance = distance;
      best = &candidate;
    }
  }
  if (best == nullptr) return std::nullopt;
  return std::string(*best);
}

}  // namespace

size_t EditDistance(std::string_view a, std::string_view b, size_t limit) {
  const size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (difference > limit) return limit + 1;
  // Three rows of the table: swaps of neighbours look two rows back.
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return std::min(above[b.size()], limit + 1);
}

std::optional<std::string> ClosestName(std::string_view wanted,
                                       std::span<const std::string_view> candidates) {
  return Closest(wanted, candidates);
}

std::optional<std::string> ClosestName(std::string_view wanted,
                                       std::span<const std::string> candidates) {
  return Closest(wanted, candidates);
}

}  // namespace ztp
