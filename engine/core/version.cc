// Text of a version to its key; version.h says what a key is made of.
#include "engine/core/version.h"

namespace ztp {
namespace {

constexpr uint8_t kPreRelease = 0x00;
constexpr uint8_t kRelease = 0x01;
constexpr uint8_t kPartBase = 0x02;
constexpr uint8_t kIdentifiersEnd = 0x00;
constexpr uint8_t kNumericIdentifier = 0x01;
constexpr uint8_t kTextIdentifier = 0x02;
constexpr uint8_t kTextEnd = 0x00;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsIdentifierChar(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

// The digit's value, or -1.
int DigitValue(char c, unsigned base) {
  if (IsDigit(c)) return c - '0';
  if (base == 16 && c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (base == 16 && c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class Encoder {
 public:
  Encoder(std::string_view text, unsigned base, VersionKey* key)
      : text_(text), base_(base), key_(key) {
    key_->size = 0;
  }

  VersionResult Run() {
    if (text_.size() > kMaxVersionText) return {VersionError::kTooLong, kMaxVersionText};
    if (!Parts()) return result_;
    if (base_ == 10 && Take('-')) {
      Append(kPreRelease);
      if (!Identifiers(/*encode=*/true)) return result_;
      Append(kIdentifiersEnd);
    } else {
      Append(kRelease);
    }
    if (base_ == 10 && Take('+') && !Identifiers(/*encode=*/false)) return result_;
    if (at_ != text_.size()) Fail(VersionError::kUnexpected, at_);
    return result_;
  }

 private:
  bool Fail(VersionError error, size_t position) {
    result_ = {error, position};
    return false;
  }

  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void Append(uint8_t byte) { key_->bytes[key_->size++] = byte; }

  static uint8_t ByteCount(uint64_t number) {
    uint8_t count = 0;
    for (; number != 0; number >>= 8) ++count;
    return count;
  }

  void AppendNumber(uint64_t number) {
    for (int i = ByteCount(number) - 1; i >= 0; --i) Append(static_cast<uint8_t>(number >> 8 * i));
  }

  // Digits from at_ on, at least one.
  bool Number(unsigned base, uint64_t* number) {
    const size_t begin = at_;
    *number = 0;
    for (; at_ != text_.size(); ++at_) {
      const int digit = DigitValue(text_[at_], base);
      if (digit < 0) break;
      if (__builtin_mul_overflow(*number, uint64_t{base}, number) ||
          __builtin_add_overflow(*number, static_cast<uint64_t>(digit), number)) {
        return Fail(VersionError::kTooLarge, begin);
      }
    }
    return at_ != begin || Fail(VersionError::kExpectedDigit, at_);
  }

  bool Parts() {
    size_t size_without_zeros = 0;
    size_t parts = 0;
    do {
      if (parts++ == kMaxVersionParts) return Fail(VersionError::kTooManyParts, at_);
      uint64_t number = 0;
      if (!Number(base_, &number)) return false;
      Append(kPartBase + ByteCount(number));
      AppendNumber(number);
      if (number != 0) size_without_zeros = key_->size;
    } while (Take('.'));
    key_->size = size_without_zeros;
    return true;
  }

  bool Identifiers(bool encode) {
    do {
      const size_t begin = at_;
      bool numeric = true;
      while (at_ != text_.size() && IsIdentifierChar(text_[at_])) {
        if (!IsDigit(text_[at_++])) numeric = false;
      }
      if (at_ == begin) return Fail(VersionError::kExpectedIdentifier, at_);
      if (!encode) continue;
      if (numeric) {
        at_ = begin;
        uint64_t number = 0;
        if (!Number(10, &number)) return false;
        Append(kNumericIdentifier);
        Append(ByteCount(number));
        AppendNumber(number);
      } else {
        Append(kTextIdentifier);
        for (size_t i = begin; i < at_; ++i) Append(static_cast<uint8_t>(text_[i]));
        Append(kTextEnd);
      }
    } while (Take('.'));
    return true;
  }

  std::string_view text_;
  unsigned base_;
  VersionKey* key_;
  size_t at_ = 0;
  VersionResult result_;
};

}  // namespace

VersionResult EncodeVersion(std::string_view text, VersionKey* key) {
  return Encoder(text, 10, key).Run();
}

VersionResult EncodeHexVersion(std::string_view text, VersionKey* key) {
  return Encoder(text, 16, key).Run();
}

}  // namespace ztp
