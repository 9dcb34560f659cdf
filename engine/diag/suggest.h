// "Did you mean …": the name nearest to a misspelt one.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ztp {

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`; more than
// `limit` is reported as limit + 1.
size_t EditDistance(std::string_view a, std::string_view b, size_t limit);

// The candidate that is likely meant by `wanted`: equal but for case, '-' and '_', or else the
// nearest one at a distance of at most a third of the length. Of equals the first. `wanted` itself
// is no answer.
std::optional<std::string> ClosestName(std::string_view wanted,
                                       std::span<const std::string_view> candidates);
std::optional<std::string> ClosestName(std::string_view wanted,
                                       std::span<const std::string> candidates);

}  // namespace ztp
