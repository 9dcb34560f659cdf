// Digest, SpiffeId, Glob and UTF-8: texts that are kept as texts once they are known to be
// well-formed.
#include <string>

#include "engine/base/scalar_cursor.h"
#include "engine/base/scalar_text.h"
#include "engine/base/source.h"
#include "engine/base/status.h"
#include "engine/core/glob.h"
#include "engine/core/spiffe.h"

namespace ztp {
namespace {

struct DigestAlgorithm {
  std::string_view prefix;
  size_t digits;
};
constexpr DigestAlgorithm kDigestAlgorithms[] = {
    {"sha256:", 64}, {"sha384:", 96}, {"sha512:", 128}};

constexpr size_t kMaxSpiffeIdBytes = 2048;
constexpr size_t kMaxTrustDomainBytes = 255;

bool IsTrustDomainChar(char c) {
  return (c >= 'a' && c <= 'z') || IsAsciiDigit(c) || c == '-' || c == '.' || c == '_';
}

bool IsPathChar(char c) { return IsTrustDomainChar(c) || (c >= 'A' && c <= 'Z'); }

}  // namespace

absl::StatusOr<std::string> ParseDigest(std::string_view text) {
  ScalarCursor cursor(text);
  for (const DigestAlgorithm& algorithm : kDigestAlgorithms) {
    if (!cursor.Take(algorithm.prefix)) continue;
    std::string out(algorithm.prefix);
    for (; !cursor.done(); cursor.Advance()) {
      char c = cursor.peek();
      if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
      if (!IsAsciiDigit(c) && !(c >= 'a' && c <= 'f')) {
        return cursor.Expected("a hexadecimal digit");
      }
      if (out.size() == algorithm.prefix.size() + algorithm.digits) break;
      out += c;
    }
    const size_t found = text.size() - algorithm.prefix.size();
    if (found != algorithm.digits) {
      return InvalidArgument("expected ", algorithm.digits, " hexadecimal digits after '",
                             algorithm.prefix, "', found ", found);
    }
    return out;
  }
  return cursor.Expected("'sha256:', 'sha384:' or 'sha512:' and hexadecimal digits");
}

absl::Status CheckSpiffeId(std::string_view text) {
  ScalarCursor cursor(text);
  if (text.size() > kMaxSpiffeIdBytes) {
    return InvalidArgument("expected a SpiffeId of at most ", kMaxSpiffeIdBytes, " bytes, found ",
                           text.size());
  }
  if (!cursor.Take(kSpiffeScheme)) {
    return cursor.Expected("a SpiffeId such as 'spiffe://acme.org/trainer'");
  }
  const size_t domain_begin = cursor.at();
  while (!cursor.done() && IsTrustDomainChar(cursor.peek())) cursor.Advance();
  if (cursor.at() == domain_begin) {
    return cursor.Expected("a trust domain (lower-case letters, digits, '-', '.', '_')");
  }
  if (cursor.at() - domain_begin > kMaxTrustDomainBytes) {
    return InvalidArgument("expected a trust domain of at most ", kMaxTrustDomainBytes,
                           " bytes, found ", cursor.at() - domain_begin);
  }
  if (!cursor.done() && cursor.peek() != '/') {
    return cursor.Expected("a lower-case letter, a digit, '-', '.', '_' or '/'");
  }
  while (cursor.Take('/')) {
    const size_t begin = cursor.at();
    while (!cursor.done() && IsPathChar(cursor.peek())) cursor.Advance();
    const std::string_view segment = text.substr(begin, cursor.at() - begin);
    if (segment.empty()) {
      return cursor.Expected("a path segment (letters, digits, '-', '.', '_')");
    }
    if (segment == "." || segment == "..") {
      return cursor.Expected("a path segment other than '.' and '..'", begin);
    }
    if (!cursor.done() && cursor.peek() != '/') {
      return cursor.Expected("a letter, a digit, '-', '.', '_' or '/'");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ParseSpiffeId(std::string_view text) {
  ZTP_RETURN_IF_ERROR(CheckSpiffeId(text));
  return std::string(text);
}

absl::StatusOr<std::string> ParseGlob(std::string_view text) {
  switch (CheckGlob(text)) {
    case GlobError::kNone:
      return std::string(text);
    case GlobError::kTooLong:
      return InvalidArgument("expected a pattern of at most ", kMaxGlobBytes, " bytes, found ",
                             text.size());
    case GlobError::kTrailingBackslash:
      break;
  }
  return ScalarCursor(text).Expected("a character after the last backslash", text.size());
}

size_t FindInvalidUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    const size_t length = CodePointLength(text, i);
    if (length == 1) return i;
    i += length;
  }
  return std::string_view::npos;
}

bool IsValidUtf8(std::string_view text) { return FindInvalidUtf8(text) == std::string_view::npos; }

}  // namespace ztp
