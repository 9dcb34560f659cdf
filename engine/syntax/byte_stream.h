// A file's bytes as ANTLR reads characters: so every position that ANTLR knows is a byte offset,
// and nothing is converted or copied.
//
// Boundary: the text was checked (scan.h) and outlives the stream. The grammar mentions no
// character beyond ASCII by itself, so bytes do.
#pragma once

#include <string>
#include <string_view>

#include "antlr4-runtime.h"

namespace ztp::syntax {

class ByteStream final : public antlr4::CharStream {
 public:
  // Reading begins at `start`, behind a byte order mark.
  ByteStream(std::string_view text, size_t start) : text_(text), at_(start) {}

  void consume() override {
    if (at_ < text_.size()) ++at_;
  }
  size_t LA(ssize_t i) override {
    if (i > 0) {
      const size_t at = at_ + static_cast<size_t>(i) - 1;
      return at < text_.size() ? static_cast<unsigned char>(text_[at]) : antlr4::IntStream::EOF;
    }
    if (i == 0) return 0;
    const auto back = static_cast<size_t>(-i);
    return back <= at_ ? static_cast<unsigned char>(text_[at_ - back]) : antlr4::IntStream::EOF;
  }
  ssize_t mark() override { return -1; }
  void release(ssize_t) override {}
  size_t index() override { return at_; }
  void seek(size_t index) override { at_ = index < text_.size() ? index : text_.size(); }
  size_t size() override { return text_.size(); }
  std::string getSourceName() const override { return std::string(); }
  std::string getText(const antlr4::misc::Interval& interval) override {
    if (interval.a < 0 || interval.b < interval.a) return std::string();
    const auto begin = static_cast<size_t>(interval.a);
    if (begin >= text_.size()) return std::string();
    return std::string(text_.substr(begin, static_cast<size_t>(interval.b - interval.a) + 1));
  }
  std::string toString() const override { return std::string(text_); }

 private:
  std::string_view text_;
  size_t at_;
};

}  // namespace ztp::syntax
