// Version and HexVersion as text: messages about what core/version.h refuses, and printing of keys.
#include <string>

#include "absl/strings/str_format.h"
#include "engine/base/scalar_cursor.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/core/version.h"

namespace ztp {
namespace {

absl::Status Describe(std::string_view text, VersionResult result, bool hex) {
  const ScalarCursor cursor(text);
  const std::string_view type = hex ? "HexVersion" : "Version";
  switch (result.error) {
    case VersionError::kNone:
      break;
    case VersionError::kTooLong:
      return InvalidArgument("expected a ", type, " of at most ", kMaxVersionText,
                             " characters, found ", text.size());
    case VersionError::kExpectedDigit:
      if (text.empty()) {
        return cursor.Expected(hex ? "a HexVersion such as '96.00.5e'"
                                   : "a Version such as '550.90.7'");
      }
      return cursor.Expected(hex ? "a hexadecimal digit" : "a digit", result.position);
    case VersionError::kTooManyParts:
      return InvalidArgument("expected a ", type, " of at most ", kMaxVersionParts,
                             " parts, found more");
    case VersionError::kTooLarge:
      return InvalidArgument(
          "expected a number of at most 64 bits, found a larger one at character ",
          result.position + 1);
    case VersionError::kExpectedIdentifier:
      return cursor.Expected("a letter, a digit or '-'", result.position);
    case VersionError::kUnexpected:
      return cursor.Expected(hex ? "a hexadecimal digit, '.' or the end of the HexVersion"
                                 : "a digit, '.', '-', '+' or the end of the Version",
                             result.position);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> KeyOrError(std::string_view text, VersionResult result,
                                       const VersionKey& key, bool hex) {
  if (result.error != VersionError::kNone) return Describe(text, result, hex);
  return std::string(reinterpret_cast<const char*>(key.bytes), key.size);
}

// Reads a key from front to back; past its end everything is zero, so that no key makes it read
// beyond.
class KeyReader {
 public:
  explicit KeyReader(std::string_view key) : key_(key) {}

  bool done() const { return at_ >= key_.size(); }
  uint8_t Byte() { return done() ? 0 : static_cast<uint8_t>(key_[at_++]); }
  uint64_t Number(unsigned bytes) {
    uint64_t number = 0;
    for (unsigned i = 0; i < bytes && !done(); ++i) number = number << 8 | Byte();
    return number;
  }

 private:
  std::string_view key_;
  size_t at_ = 0;
};

std::string FormatKey(std::string_view key, bool hex) {
  KeyReader reader(key);
  std::string out;
  uint8_t tag = reader.Byte();
  for (; tag >= 2; tag = reader.Byte()) {
    if (!out.empty()) out += '.';
    const uint64_t part = reader.Number(tag - 2u);
    out += hex ? absl::StrFormat("%x", part) : Cat(part);
  }
  if (out.empty()) out = "0";
  if (tag == 1) return out;

  char separator = '-';
  for (tag = reader.Byte(); tag == 1 || tag == 2; tag = reader.Byte()) {
    out += separator;
    separator = '.';
    if (tag == 1) {
      const unsigned bytes = reader.Byte();
      Append(out, reader.Number(bytes));
    } else {
      for (uint8_t c = reader.Byte(); c != 0; c = reader.Byte()) out += static_cast<char>(c);
    }
  }
  return out;
}

}  // namespace

absl::StatusOr<std::string> ParseVersion(std::string_view text) {
  VersionKey key;
  const VersionResult result = EncodeVersion(text, &key);
  return KeyOrError(text, result, key, /*hex=*/false);
}

absl::StatusOr<std::string> ParseHexVersion(std::string_view text) {
  VersionKey key;
  const VersionResult result = EncodeHexVersion(text, &key);
  return KeyOrError(text, result, key, /*hex=*/true);
}

std::string FormatVersion(std::string_view key) { return FormatKey(key, /*hex=*/false); }
std::string FormatHexVersion(std::string_view key) { return FormatKey(key, /*hex=*/true); }

}  // namespace ztp
