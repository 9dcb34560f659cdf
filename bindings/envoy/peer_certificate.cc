// See peer_certificate.h.
#include "bindings/envoy/peer_certificate.h"

#include "engine/base/sha256.h"
#include "engine/evidence/pem.h"

namespace ztp::envoy {
namespace {

// Envoy's limit on headers is below that.
constexpr evidence::PemLimits kLimits = {.max_blocks = 10, .max_block_bytes = 64 << 10};

// The first place from `begin` of one of two characters that is not in quotes, or the end.
size_t FindOutsideQuotes(std::string_view text, size_t begin, char wanted) {
  bool quoted = false;
  for (size_t i = begin; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && text[i] == wanted) {
      return i;
    }
  }
  return text.size();
}

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Nothing: a percent sign is not followed by two digits.
std::string Unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? DigitOf(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : DigitOf(text[i + 2]);
    if (low < 0) return {};
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

bool SameName(std::string_view name, std::string_view lower) {
  if (name.size() != lower.size()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    if ((name[i] | 0x20) != lower[i]) return false;
  }
  return true;
}

std::string_view LastElement(std::string_view header) {
  for (size_t begin = 0;;) {
    const size_t end = FindOutsideQuotes(header, begin, ',');
    if (end == header.size()) return header.substr(begin);
    begin = end + 1;
  }
}

bool LeafHasDigest(std::string_view pem, std::string_view digest) {
  const auto blocks = evidence::ReadPem(pem, "CERTIFICATE", kLimits);
  if (!blocks.ok() || blocks->empty()) return false;
  constexpr std::string_view kPrefix = "sha256:";
  const std::string own = Sha256Digest(blocks->front());
  return std::string_view(own).substr(kPrefix.size()) == digest;
}

}  // namespace

std::string PeerCertificates(std::string_view forwarded_client_cert, std::string_view digest) {
  const std::string_view element = LastElement(forwarded_client_cert);
  std::string found;
  for (size_t begin = 0; begin < element.size();) {
    const size_t end = FindOutsideQuotes(element, begin, ';');
    std::string_view pair = element.substr(begin, end - begin);
    begin = end + 1;
    const size_t equals = pair.find('=');
    if (equals == pair.npos) continue;
    const std::string_view name = pair.substr(0, equals);
    const bool chain = SameName(name, "chain");
    if (!chain && !(SameName(name, "cert") && found.empty())) continue;
    std::string_view value = pair.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    std::string pem = Unescape(value);
    if (LeafHasDigest(pem, digest)) found = std::move(pem);
  }
  return found;
}

}  // namespace ztp::envoy
