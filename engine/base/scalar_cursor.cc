// How a scalar's parser says what it found.
#include "engine/base/scalar_cursor.h"

#include <string>

#include "absl/strings/str_format.h"
#include "engine/base/source.h"
#include "engine/base/status.h"

namespace ztp {
namespace {

// The character at `at` as a message shows it: printable ones in quotes, others by number.
std::string DescribeCharacter(std::string_view text, size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  const size_t length = CodePointLength(text, at);
  if (length == 1 && byte >= 0x80) return absl::StrFormat("the byte 0x%02X", byte);
  if (byte < 0x20 || byte == 0x7F) return absl::StrFormat("the character U+%04X", byte);
  return Quoted(text.substr(at, length));
}

}  // namespace

absl::Status ScalarCursor::Expected(std::string_view what, size_t at) const {
  if (text_.empty()) return InvalidArgument("expected ", what, ", found an empty text");
  const size_t character = CountCodePoints(text_.substr(0, at)) + 1;
  const std::string found =
      at >= text_.size() ? std::string("the end") : DescribeCharacter(text_, at);
  return InvalidArgument("expected ", what, ", found ", found, " at character ", character);
}

bool DigitsToNumber(std::string_view digits, uint64_t* number) {
  *number = 0;
  for (char c : digits) {
    if (__builtin_mul_overflow(*number, uint64_t{10}, number) ||
        __builtin_add_overflow(*number, static_cast<uint64_t>(c - '0'), number)) {
      return false;
    }
  }
  return true;
}

}  // namespace ztp
