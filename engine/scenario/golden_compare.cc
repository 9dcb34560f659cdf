// See golden_compare.h.
#include "engine/scenario/golden_compare.h"

#include <algorithm>
#include <vector>

#include "engine/base/str.h"
#include "engine/scenario/lines.h"

namespace ztp::scenario {
namespace {

std::vector<bool> Held(std::string_view text, std::string_view good, Units units) {
  std::vector<bool> held;
  for (const std::string_view line : Lines(text)) {
    const bool begins =
        units == Units::kTitles ? line.starts_with("### ") : !line.starts_with("  ");
    if (begins || held.empty()) held.push_back(false);
    if (line.starts_with(good)) held.back() = true;
  }
  return held;
}

}  // namespace

std::string Difference(std::string_view expected, std::string_view actual) {
  std::vector<std::string_view> a = Lines(expected), b = Lines(actual);
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    a.pop_back();
    b.pop_back();
  }
  std::string out;
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const std::string_view left = i < a.size() ? a[i] : "", right = i < b.size() ? b[i] : "";
    if (left == right) continue;
    if (i < a.size()) Append(out, "- ", left, "\n");
    if (i < b.size()) Append(out, "+ ", right, "\n");
  }
  return out.empty() ? "(blank lines differ)\n" : out;
}

bool Turns(std::string_view expected, std::string_view actual, std::string_view good, Units units) {
  const std::vector<bool> before = Held(expected, good, units);
  std::vector<bool> after = Held(actual, good, units);
  after.resize(before.size());
  return before != after;
}

}  // namespace ztp::scenario
