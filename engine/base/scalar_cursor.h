// A position in a scalar's text, and the messages about what stands there.
//
// Boundary: for the parsers of this folder only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace ztp {

inline bool IsAsciiDigit(char c) { return c >= '0' && c <= '9'; }

class ScalarCursor {
 public:
  explicit ScalarCursor(std::string_view text) : text_(text) {}

  bool done() const { return at_ == text_.size(); }
  size_t at() const { return at_; }
  std::string_view rest() const { return text_.substr(at_); }
  // The next byte; NUL at the end.
  char peek() const { return done() ? '\0' : text_[at_]; }
  bool AtDigit() const { return !done() && IsAsciiDigit(text_[at_]); }
  void Advance() { ++at_; }
  void Reset(size_t at) { at_ = at; }

  bool Take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool Take(std::string_view word) {
    if (!rest().starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  // All digits from here on; empty if there is none.
  std::string_view TakeDigits() {
    const size_t begin = at_;
    while (AtDigit()) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  // "expected WHAT, found 'x' at character 3", about the current position or the given one.
  absl::Status Expected(std::string_view what) const { return Expected(what, at_); }
  absl::Status Expected(std::string_view what, size_t at) const;

 private:
  std::string_view text_;
  size_t at_ = 0;
};

// The number that the decimal digits say; false if it does not fit.
bool DigitsToNumber(std::string_view digits, uint64_t* number);

}  // namespace ztp
