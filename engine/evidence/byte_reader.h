// Reads the fields of a binary format one after the other, and never behind its end.
//
// Boundary: numbers and byte strings at a position. A reader that was asked for more than there is
// has failed for good: it gives zeros and empty strings, and ok() says so once, at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ztp::evidence {

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  size_t at() const { return at_; }
  size_t left() const { return bytes_.size() - at_; }

  std::string_view Take(size_t size) {
    if (!ok_ || size > left()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = bytes_.substr(at_, size);
    at_ += size;
    return taken;
  }
  void Skip(size_t size) { (void)Take(size); }

  // `size` is at most 8. Little: the least significant byte first.
  uint64_t Little(size_t size) {
    const std::string_view bytes = Take(size);
    uint64_t value = 0;
    for (size_t i = bytes.size(); i > 0; --i) value = value << 8 | Byte(bytes[i - 1]);
    return value;
  }
  uint64_t Big(size_t size) {
    const std::string_view bytes = Take(size);
    uint64_t value = 0;
    for (const char c : bytes) value = value << 8 | Byte(c);
    return value;
  }

 private:
  static uint64_t Byte(char c) { return static_cast<unsigned char>(c); }

  std::string_view bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace ztp::evidence
