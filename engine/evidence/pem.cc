// See pem.h.
#include "engine/evidence/pem.h"

#include <optional>
#include <utility>

#include "engine/evidence/base64.h"

namespace ztp::evidence {
namespace {

constexpr size_t kMaxLineBytes = 64;  // RFC 7468, section 2: exactly 64 but in the last line

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view SkipSpace(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  return text;
}

// The text up to the line's end, which is taken off `text` too; without trailing white space.
std::string_view TakeLine(std::string_view& text) {
  const size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  while (!line.empty() && IsSpace(line.back())) line.remove_suffix(1);
  return line;
}

}  // namespace

bool LooksLikePem(std::string_view text) { return SkipSpace(text).substr(0, 11) == "-----BEGIN "; }

Verified<std::vector<std::string>> ReadPem(std::string_view text, std::string_view label,
                                           const PemLimits& limits) {
  const std::string begin = Cat("-----BEGIN ", label, "-----");
  const std::string end = Cat("-----END ", label, "-----");
  const size_t max_text = (limits.max_block_bytes + 2) / 3 * 4;

  std::vector<std::string> blocks;
  for (text = SkipSpace(text); !text.empty(); text = SkipSpace(text)) {
    const size_t number = blocks.size() + 1;
    if (blocks.size() == limits.max_blocks) {
      return Refuse(Check::kTooLarge, "more than ", limits.max_blocks, " PEM blocks");
    }
    if (TakeLine(text) != begin) {
      return Refuse(Check::kMalformed, "PEM block ", number, " does not begin with ", begin);
    }
    std::string digits;
    for (;;) {
      if (text.empty()) {
        return Refuse(Check::kMalformed, "PEM block ", number, " does not end with ", end);
      }
      const std::string_view line = TakeLine(text);
      if (line == end) break;
      if (line.empty() || line.size() > kMaxLineBytes || line.front() == '-') {
        return Refuse(Check::kMalformed, "PEM block ", number, " has a line that is not of 1 to ",
                      kMaxLineBytes, " base64 digits");
      }
      if (digits.size() + line.size() > max_text) {
        return Refuse(Check::kTooLarge, "PEM block ", number, " holds more than ",
                      limits.max_block_bytes, " bytes");
      }
      digits.append(line);
    }
    std::optional<std::string> bytes = DecodeBase64(digits);
    if (!bytes.has_value() || bytes->empty()) {
      return Refuse(Check::kMalformed, "PEM block ", number, " is not base64");
    }
    blocks.push_back(std::move(*bytes));
  }
  if (blocks.empty()) return Refuse(Check::kMalformed, "expected ", begin, ", found nothing");
  return blocks;
}

}  // namespace ztp::evidence
