// See base64.h.
#include "engine/evidence/base64.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace ztp::evidence {
namespace {

// The alphabets differ in their last two.
constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr uint8_t kNone = 0xff;

using Values = std::array<uint8_t, 256>;
constexpr Values ValuesOf(std::string_view alphabet) {
  Values values{};
  for (uint8_t& value : values) value = kNone;
  for (size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<uint8_t>(i);
  }
  return values;
}
constexpr Values kStandardValues = ValuesOf(kStandard);
constexpr Values kUrlValues = ValuesOf(kUrl);

// Of digits without padding.
std::optional<std::string> Decode(std::string_view digits, const Values& values) {
  if (digits.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(digits.size() / 4 * 3 + 2);
  uint32_t pending = 0;
  int bits = 0;
  for (const char c : digits) {
    const uint8_t value = values[static_cast<unsigned char>(c)];
    if (value == kNone) return std::nullopt;
    pending = pending << 6 | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(pending >> bits);
      pending &= (1u << bits) - 1;
    }
  }
  if (pending != 0) return std::nullopt;  // bits behind the last byte
  return bytes;
}

// Without padding.
std::string Encode(std::string_view bytes, std::string_view alphabet) {
  std::string text;
  text.reserve(bytes.size() / 3 * 4 + 4);
  uint32_t pending = 0;
  int bits = 0;
  for (const char c : bytes) {
    pending = pending << 8 | static_cast<unsigned char>(c);
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text += alphabet[pending >> bits];
      pending &= (1u << bits) - 1;
    }
  }
  if (bits > 0) text += alphabet[pending << (6 - bits)];
  return text;
}

}  // namespace

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return Decode(text, kStandardValues);
}

std::optional<std::string> DecodeBase64url(std::string_view text) {
  return Decode(text, kUrlValues);
}

std::string EncodeBase64(std::string_view bytes) {
  std::string text = Encode(bytes, kStandard);
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::string EncodeBase64url(std::string_view bytes) { return Encode(bytes, kUrl); }

}  // namespace ztp::evidence
