// Version and HexVersion as keys: byte strings whose order by memcmp (a prefix first) is the order
// of versions.
//
// Boundary: freestanding. Messages about bad text, and printing, are in base/scalar_text.h.
//
// A key is, with N the magnitude's bytes, most significant first and no leading zero:
//   each numeric part, trailing zero parts left out:   0x02 + |N|, N
//   then, for a release:                               0x01
//   or, for a pre-release:                             0x00, its identifiers, 0x00
//     a numeric identifier:                            0x01, |N|, N
//     another:                                         0x02, its characters, 0x00
// So `1.2` and `1.2.0` are one key, `1.2-rc.1` is below it, and a longer part is above every
// shorter one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ztp {

inline constexpr size_t kMaxVersionText = 256;
inline constexpr size_t kMaxVersionParts = 16;

struct VersionKey {
  // An identifier of one character takes two bytes of text (its dot included) and at most three of
  // key.
  static constexpr size_t kCapacity = kMaxVersionText * 3 / 2 + 8;

  uint8_t bytes[kCapacity];
  size_t size = 0;
};

enum class VersionError : uint8_t {
  kNone,
  kTooLong,             // more than kMaxVersionText bytes
  kExpectedDigit,       // a part does not begin with a digit (of its base)
  kTooManyParts,        // more than kMaxVersionParts
  kTooLarge,            // a number beyond 64 bits
  kExpectedIdentifier,  // nothing after `-`, `+` or a dot behind them
  kUnexpected,          // a character that belongs to no version
};

struct VersionResult {
  VersionError error = VersionError::kNone;
  size_t position = 0;  // the offset of the offending byte (the text's size: its end)
};

// `550.90.07`, `1.2.0-rc.1+build`: parts in decimal, leading zeros allowed; identifiers of a
// pre-release as in semantic versioning (numeric ones by number and below the others); what follows
// `+` does not count.
VersionResult EncodeVersion(std::string_view text, VersionKey* key);

// `96.00.5E.00.01`: parts in hexadecimal, nothing else.
VersionResult EncodeHexVersion(std::string_view text, VersionKey* key);

}  // namespace ztp
