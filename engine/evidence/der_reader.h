// Reads the elements of DER one after the other (X.690, sections 8 and 10).
//
// Boundary: tags and contents. A reader that found something else than what it was asked for has
// failed for good: it gives empty contents, and ok() says so once, at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/evidence/certificate.h"

namespace ztp::evidence {

class DerReader {
 public:
  static constexpr unsigned char kInteger = 0x02;
  static constexpr unsigned char kOctetString = 0x04;
  static constexpr unsigned char kObjectId = 0x06;
  static constexpr unsigned char kSequence = 0x30;

  explicit DerReader(std::string_view der) : rest_(der) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  bool IsNext(unsigned char tag) const {
    return ok_ && !rest_.empty() && static_cast<unsigned char>(rest_[0]) == tag;
  }

  // The content of the next element, which must have this tag.
  std::string_view Take(unsigned char tag) {
    const std::optional<size_t> size = IsNext(tag) ? DerElementSize(rest_) : std::nullopt;
    if (!size) {
      ok_ = false;
      return {};
    }
    const std::string_view element = rest_.substr(0, *size);
    rest_.remove_prefix(*size);
    const auto length = static_cast<unsigned char>(element[1]);
    return element.substr(length < 0x80 ? 2 : 2 + (length & 0x7f));
  }
  // Whatever it is.
  void Skip() {
    if (!rest_.empty()) (void)Take(static_cast<unsigned char>(rest_[0]));
  }

  // An INTEGER of 0 to `max`, at most 32 bits, in its shortest form.
  uint32_t TakeUnsigned(uint32_t max) {
    const std::string_view content = Take(kInteger);
    const auto at = [&](size_t i) { return static_cast<unsigned char>(content[i]); };
    if (!ok_ || content.empty() || content.size() > 5 || at(0) >= 0x80 ||
        (content.size() > 1 && at(0) == 0 && at(1) < 0x80)) {
      ok_ = false;
      return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < content.size(); ++i) value = value << 8 | at(i);
    if (value > max) {
      ok_ = false;
      return 0;
    }
    return static_cast<uint32_t>(value);
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace ztp::evidence
