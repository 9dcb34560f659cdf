// JSON's text, collected on the stack and appended to a string in few pieces.
//
// Boundary: bytes and strings' escapes; what a document looks like is the writer's.
#pragma once

#include <cstring>
#include <exception>
#include <string>
#include <string_view>

#include "engine/base/scalar_text.h"

namespace ztp {

class JsonSink {
 public:
  // `out` must outlive it, and has everything once Flush was called or the sink has ended. Both may
  // throw where there is no memory; a sink that ends for an exception leaves the rest out.
  explicit JsonSink(std::string* out) : out_(out) {}
  JsonSink(const JsonSink&) = delete;
  JsonSink& operator=(const JsonSink&) = delete;
  ~JsonSink() noexcept(false) {
    if (std::uncaught_exceptions() == exceptions_) Flush();
  }

  void Put(char c) {
    if (size_ == kRoom) Flush();
    buffer_[size_++] = c;
  }
  // Of a literal the compiler knows the length, and needs no call.
  template <size_t kSize>
  void Put(const char (&literal)[kSize]) {
    static_assert(kSize <= kRoom);
    if (kRoom - size_ < kSize) Flush();
    std::memcpy(buffer_ + size_, literal, kSize);  // its NUL is written over
    size_ += kSize - 1;
  }
  // As it is.
  void PutPlain(std::string_view text) {
    if (kRoom - size_ < text.size()) {
      Flush()->append(text);
      return;
    }
    if (!text.empty()) std::memcpy(buffer_ + size_, text.data(), text.size());
    size_ += text.size();
  }
  // What a string's content is between its quotes: escapes, and bytes that are no UTF-8 replaced.
  void PutChars(std::string_view text);
  void PutText(std::string_view text) {
    Put('"');
    PutChars(text);
    Put('"');
  }
  void PutTime(Time time) {
    if (kRoom - size_ < kMaxTimeText + 2) Flush();
    buffer_[size_++] = '"';
    size_ = static_cast<size_t>(WriteTime(time, buffer_ + size_) - buffer_);
    buffer_[size_++] = '"';
  }
  // What went before, in the string: for what is appended there by others.
  std::string* Flush() {
    out_->append(buffer_, size_);
    size_ = 0;
    return out_;
  }

 private:
  static constexpr size_t kRoom = 1024;
  static constexpr size_t kPiece = kRoom / 8;

  // Copies what stands for itself; returns how much that is. There is room for it.
  size_t CopyPlain(const char* from, size_t size, bool* high);
  // At most kPiece bytes of a string's content, without a look at whether they are UTF-8: `high` if
  // that is to be asked. Returns where in the buffer they begin.
  size_t PutPiece(std::string_view piece, bool* high);

  std::string* out_;
  const int exceptions_ = std::uncaught_exceptions();
  size_t size_ = 0;
  char buffer_[kRoom];
};

}  // namespace ztp
