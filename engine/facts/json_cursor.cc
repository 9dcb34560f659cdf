// What is not needed for every token.
#include "engine/facts/json_cursor.h"

#include "engine/base/scalar_text.h"

namespace ztp {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The four hexadecimal digits at `at`; above 0xffff: there are none.
uint32_t Hex4(const char* at) {
  uint32_t code = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = at[i];
    uint32_t digit = 0;
    if (IsDigit(c)) {
      digit = static_cast<uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<uint32_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<uint32_t>(c - 'A' + 10);
    } else {
      return UINT32_MAX;
    }
    code = code << 4 | digit;
  }
  return code;
}

char* PutUtf8(uint32_t code, char* to) {
  const auto put = [&](uint32_t byte) { *to++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
  return to;
}

// One escape at *from, which has a backslash, to a character. UINT32_MAX: there is none of that
// form. Whole pairs of surrogates are one character, halves are none.
uint32_t TakeEscape(const char** from, const char* end) {
  const char* at = *from;
  const char kind = at[1];
  *from += 2;
  switch (kind) {
    case '"':
    case '\\':
    case '/':
      return static_cast<uint32_t>(kind);
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'u':
      break;
    default:
      return UINT32_MAX;
  }
  if (end - at < 6) return UINT32_MAX;
  const uint32_t code = Hex4(at + 2);
  *from += 4;
  if (code < 0xd800 || code > 0xdfff) return code;
  if (code > 0xdbff || end - at < 12 || at[6] != '\\' || at[7] != 'u') return UINT32_MAX;
  const uint32_t low = Hex4(at + 8);
  if (low < 0xdc00 || low > 0xdfff) return UINT32_MAX;
  *from += 6;
  return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

// Are the escapes from `from` to `end` all right?
bool CheckEscapes(const char* from, const char* end) {
  while (from < end) {
    if (*from != '\\') {
      ++from;
    } else if (TakeEscape(&from, end) == UINT32_MAX) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool JsonCursor::Start(std::string_view text) {
  if (text.size() > kMaxBytes) return false;
  const size_t needed = text.size() + kPadding;
  if (capacity_ < needed) {
    capacity_ = std::bit_ceil(needed);
    copy_.reset(new char[capacity_]);
  }
  at_ = copy_.get();
  end_ = at_ + text.size();
  if (!text.empty()) std::memcpy(at_, text.data(), text.size());
  std::memset(end_, 0, kPadding);
  depth_ = 0;
  Peek();
  newline_ = nullptr;
  return true;
}

bool JsonCursor::LooksLikeLines() const {
  if (newline_ == nullptr) return false;
  const char* at = newline_;
  while (IsSpace(*at)) ++at;
  return *at == '{';
}

char JsonCursor::SkipSpace() {
  for (; IsSpace(*at_); ++at_) {
    if (*at_ == '\n' && newline_ == nullptr) newline_ = at_;
  }
  return *at_;
}

bool JsonCursor::IsUtf8(std::string_view text) { return IsValidUtf8(text); }

char* JsonCursor::EndOfText(char* at, bool* high) {
  while (*at == '\\') {
    if (at[1] == '\0') return at;
    at = ScanText(at + 2, high);
  }
  return at;
}

bool JsonCursor::TextWithEscapes(char* begin, char* stop, bool high, std::string_view* text) {
  const char* from = stop;
  char* to = stop;
  // What follows a backslash is ASCII, or no escape.
  const char* end = EndOfText(stop, &high);
  if (*end != '"' || (high && !IsUtf8({begin, static_cast<size_t>(end - begin)}))) return false;
  at_ = const_cast<char*>(end) + 1;
  // In place: no escape is shorter than what it stands for.
  while (from < end) {
    if (*from != '\\') {
      *to++ = *from++;
      continue;
    }
    const uint32_t code = TakeEscape(&from, end);
    if (code == UINT32_MAX) return false;
    to = PutUtf8(code, to);
  }
  *text = {begin, static_cast<size_t>(to - begin)};
  return true;
}

bool JsonCursor::SkipText() {
  bool high = false;
  char* begin = at_ + 1;
  char* stop = ScanText(begin, &high);
  char* end = EndOfText(stop, &high);
  if (*end != '"' || !CheckEscapes(stop, end)) return false;
  at_ = end + 1;
  return !high || IsUtf8({begin, static_cast<size_t>(end - begin)});
}

bool JsonCursor::SkipWord(std::string_view word) {
  if (std::memcmp(at_, word.data(), word.size()) != 0) return false;
  at_ += word.size();
  return true;
}

bool JsonCursor::Number(std::string_view* digits, bool* whole) {
  Peek();
  const char* at = at_;
  const auto take_digits = [&] {
    if (!IsDigit(*at)) return false;
    while (IsDigit(*at)) ++at;
    return true;
  };
  *whole = true;
  if (*at == '-') ++at;
  if (*at == '0') {
    ++at;
  } else if (!take_digits()) {
    return false;
  }
  if (*at == '.') {
    *whole = false;
    ++at;
    if (!take_digits()) return false;
  }
  if (*at == 'e' || *at == 'E') {
    *whole = false;
    ++at;
    if (*at == '+' || *at == '-') ++at;
    if (!take_digits()) return false;
  }
  *digits = {at_, static_cast<size_t>(at - at_)};
  GoTo(at);
  return true;
}

// Recursion ends at kMaxJsonDepth.
bool JsonCursor::SkipValue() {
  switch (Peek()) {
    case '{': {
      JsonOtherNames names;
      return Members([&](const JsonName& name) { return names.Add(name) && SkipValue(); });
    }
    case '[':
      return Elements([&] { return SkipValue(); });
    case '"':
      return SkipText();
    case 't':
      return SkipWord("true");
    case 'f':
      return SkipWord("false");
    case 'n':
      return SkipWord("null");
    default: {
      std::string_view digits;
      bool whole;
      return Number(&digits, &whole);
    }
  }
}

}  // namespace ztp
