// The pattern of `like`: `*` is any run of bytes without `/`, `**` any run at all, a backslash
// takes the next byte as it is, everything else is itself. A pattern covers the whole text.
//
// Boundary: freestanding; works on bytes and keeps no state between calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ztp {

inline constexpr size_t kMaxGlobBytes = 1024;

enum class GlobError : uint8_t {
  kNone,
  kTooLong,            // more than kMaxGlobBytes
  kTrailingBackslash,  // nothing follows that it could take as it is
};

GlobError CheckGlob(std::string_view pattern);

// Does the pattern cover the text? The pattern has passed CheckGlob (one that has not matches
// nothing). Time: at most |text| * |pattern|, in practice a few steps a byte. No recursion, no
// allocation.
bool GlobMatches(std::string_view pattern, std::string_view text);

}  // namespace ztp
