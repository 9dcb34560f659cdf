// See peer_certificate.h.
#include "bindings/envoy/peer_certificate.h"

#include "engine/base/ascii.h"
#include "engine/base/sha256.h"
#include "engine/base/uri.h"
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
    const bool chain = EqualIgnoringCase(name, "chain");
    if (!chain && !(EqualIgnoringCase(name, "cert") && found.empty())) continue;
    std::string_view value = pair.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    std::optional<std::string> pem = UnescapeUri(value);
    if (pem && LeafHasDigest(*pem, digest)) found = *std::move(pem);
  }
  return found;
}

}  // namespace ztp::envoy
