// Base64 to the letter: the standard alphabet with its padding (RFC 4648, section 4), and that of
// URLs without padding, as JOSE writes it (RFC 7515 section 2, RFC 4648 section 5).
//
// Boundary: text to bytes and back. Every byte string has exactly one text in each: white space,
// the characters of the other alphabet, padding that is not asked for or misplaced, and set bits
// behind the last byte (section 3.5) are errors, so that a token cannot be changed without changing
// what it says.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ztp::evidence {

// The bytes, or nothing if `text` is not theirs.
std::optional<std::string> DecodeBase64(std::string_view text);
std::optional<std::string> DecodeBase64url(std::string_view text);

std::string EncodeBase64(std::string_view bytes);
std::string EncodeBase64url(std::string_view bytes);

}  // namespace ztp::evidence
