// Paths as parts of URIs: RFC 3986, 2.1 and 2.3.
#pragma once

#include <string>
#include <string_view>

namespace ztp {

// Everything but letters, digits, `-._~` and slashes as `%` and two digits of hexadecimal.
inline std::string EscapeUriPath(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "/-._~";
  std::string out;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kPlain.find(c) != kPlain.npos;
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace ztp
