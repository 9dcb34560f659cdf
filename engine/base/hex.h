// Bytes as hexadecimal digits.
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

}  // namespace ztp
