// What a string literal's text means.
//
// Boundary: between the quotes only; where the literal stands is the caller's matter.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ztp::syntax {

// The byte range of an escape within the text given.
struct EscapeFault {
  size_t begin = 0;
  size_t end = 0;
};

// `inside`: what stands between the quotes, valid UTF-8. Decodes \n \r \t \" \\ \u{…}; the first
// other escape, or a \u{…} that is no character, is returned and stays in `value` as it was
// written.
std::optional<EscapeFault> DecodeString(std::string_view inside, std::string& value);

// In a pattern every backslash but that of \" is the pattern's own.
std::string DecodePattern(std::string_view inside);

}  // namespace ztp::syntax
