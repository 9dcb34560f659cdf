// Base64 with its padding, to the letter.
//
// Boundary: the standard alphabet (RFC 4648, section 4) only; the one of URLs is another file's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ztp::evidence {

// The bytes, or nothing: white space, another character, missing or misplaced padding, or bits set
// behind the last byte (section 3.5). So each sequence of bytes has exactly one text.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace ztp::evidence
