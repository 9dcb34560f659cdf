// The text form of errors in JSON, and the suggestion of a name that is near.
#include "engine/facts/json_error.h"

#include <algorithm>
#include <optional>

#include "engine/base/str.h"

namespace ztp {
namespace {

constexpr size_t kMaxSuggestedName = 64;  // longer names are not compared: time is quadratic

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before, last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before = last;
    last = row;
  }
  return last[b.size()];
}

}  // namespace

std::string JsonErrorCodeName(JsonErrorCode code) {
  return Cat("ZTP", static_cast<unsigned>(code));
}

std::string FormatJsonError(const JsonError& error) {
  std::string out = error.file;
  if (error.line != 0) Append(out, out.empty() ? "" : ":", error.line, ":", error.column);
  if (!out.empty()) out += ": ";
  Append(out, "error[", JsonErrorCodeName(error.code), "]: ", error.message);
  if (!error.path.empty()) Append(out, "\n  at ", error.path);
  if (!error.help.empty()) Append(out, "\n  help: ", error.help);
  return out;
}

std::string DidYouMean(std::string_view wanted, const std::vector<std::string_view>& candidates) {
  if (wanted.size() > kMaxSuggestedName) return "";
  std::optional<std::string_view> best;
  size_t best_distance = std::max<size_t>(1, wanted.size() / 3) + 1;
  for (std::string_view candidate : candidates) {
    if (candidate.size() > kMaxSuggestedName) continue;
    const size_t distance = Distance(wanted, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best ? Cat("did you mean `", *best, "`?") : "";
}

}  // namespace ztp
