// See strings.h.
#include "engine/syntax/strings.h"

#include <cstdint>

#include "engine/base/hex.h"
#include "engine/base/str.h"

namespace ztp::syntax {
namespace {

void AppendUtf8(uint32_t code, std::string& out) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (code >> 6)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (code >> 12)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (code >> 18)));
    out.push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

// text[at] is the backslash of "\u". The end of the escape, and its character if it is one.
size_t UnicodeEscape(std::string_view text, size_t at, std::optional<uint32_t>& code) {
  size_t i = at + 2;
  if (i >= text.size() || text[i] != '{') return i;
  ++i;
  uint32_t value = 0;
  int digits = 0;
  while (i < text.size() && HexDigit(text[i]) >= 0 && digits < 7) {
    value = value * 16 + static_cast<uint32_t>(HexDigit(text[i]));
    ++digits;
    ++i;
  }
  if (i >= text.size() || text[i] != '}') return i;
  ++i;
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (digits >= 1 && digits <= 6 && value <= 0x10FFFF && !surrogate) code = value;
  return i;
}

}  // namespace

std::optional<EscapeFault> DecodeString(std::string_view inside, std::string& value) {
  value.clear();
  value.reserve(inside.size());
  std::optional<EscapeFault> fault;
  for (size_t i = 0; i < inside.size();) {
    if (inside[i] != '\\' || i + 1 >= inside.size()) {
      value.push_back(inside[i++]);
      continue;
    }
    size_t end = i + 2;
    bool good = true;
    switch (inside[i + 1]) {
      case 'n':
        value.push_back('\n');
        break;
      case 'r':
        value.push_back('\r');
        break;
      case 't':
        value.push_back('\t');
        break;
      case '"':
        value.push_back('"');
        break;
      case '\\':
        value.push_back('\\');
        break;
      case 'u': {
        std::optional<uint32_t> code;
        end = UnicodeEscape(inside, i, code);
        good = code.has_value();
        if (good) AppendUtf8(*code, value);
        break;
      }
      default:
        // A character of several bytes after the backslash is shown whole.
        while (end < inside.size() && (static_cast<unsigned char>(inside[end]) & 0xC0) == 0x80)
          ++end;
        good = false;
    }
    if (!good) {
      value.append(inside.substr(i, end - i));
      if (!fault) fault = EscapeFault{i, end};
    }
    i = end;
  }
  return fault;
}

std::string DecodePattern(std::string_view inside) {
  std::string pattern;
  pattern.reserve(inside.size());
  for (size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '\\' && i + 1 < inside.size()) {
      // Two at a time, so that the second backslash of `\\` escapes no quote.
      if (inside[i + 1] != '"') pattern.push_back('\\');
      ++i;
    }
    pattern.push_back(inside[i]);
  }
  return pattern;
}

}  // namespace ztp::syntax
