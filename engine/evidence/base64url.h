// Base64url as JOSE writes it: RFC 7515 section 2, RFC 4648 section 5 without padding.
//
// Boundary: text to bytes and back. Every byte string has exactly one text here: padding, white
// space, the characters of the other alphabet and set bits behind the last byte are errors, so that
// a token cannot be changed without changing what it says.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ztp::evidence {

// The bytes, or nothing if `text` is not what EncodeBase64url writes.
std::optional<std::string> DecodeBase64url(std::string_view text);

std::string EncodeBase64url(std::string_view bytes);

}  // namespace ztp::evidence
