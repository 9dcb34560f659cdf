#include "bindings/python/src/_ztp/entity_text.h"

#include <charconv>
#include <cstdint>

namespace ztp::py {
namespace {

bool AppendUtf8(uint32_t c, std::string* out) {
  if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return false;
  auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
  return true;
}

// What stands behind a backslash; `rest` moves behind it.
bool Unescape(std::string_view* rest, std::string* out) {
  if (rest->empty()) return false;
  const char c = rest->front();
  rest->remove_prefix(1);
  switch (c) {
    case 'n':
      out->push_back('\n');
      return true;
    case 'r':
      out->push_back('\r');
      return true;
    case 't':
      out->push_back('\t');
      return true;
    case '"':
    case '\\':
      out->push_back(c);
      return true;
    case 'u': {
      const size_t end = rest->find('}');
      if (rest->empty() || rest->front() != '{' || end == std::string_view::npos) return false;
      uint32_t number = 0;
      const auto [stop, failed] = std::from_chars(rest->data() + 1, rest->data() + end, number, 16);
      if (failed != std::errc() || stop != rest->data() + end) return false;
      rest->remove_prefix(end + 1);
      return AppendUtf8(number, out);
    }
    default:
      return false;
  }
}

}  // namespace

bool ReadEntityText(std::string_view text, std::string_view* type, std::string_view* id,
                    std::string* unescaped) {
  const size_t at = text.find("::\"");
  if (at == 0 || at == std::string_view::npos || text.size() < at + 4 || text.back() != '"')
    return false;
  *type = text.substr(0, at);
  std::string_view rest = text.substr(at + 3, text.size() - at - 4);
  *id = rest;
  if (rest.find_first_of("\\\"") == std::string_view::npos) return true;
  unescaped->clear();
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '"') return false;
    if (c == '\\') {
      if (!Unescape(&rest, unescaped)) return false;
    } else {
      unescaped->push_back(c);
    }
  }
  *id = *unescaped;
  return true;
}

}  // namespace ztp::py
