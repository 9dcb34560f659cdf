// Bytes as hexadecimal digits, and what those count.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ztp {

// Two digits a byte, in lower case.
inline std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}
inline std::string Hex(const unsigned char* bytes, size_t size) {
  return Hex(std::string_view(reinterpret_cast<const char*>(bytes), size));
}

// What a digit counts, in either case; -1: it is none.
constexpr int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace ztp
