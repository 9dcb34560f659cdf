// See peer_certificate.h.
#include "bindings/envoy/peer_certificate.h"

#include <optional>
#include <utility>

#include "engine/base/ascii.h"
#include "engine/base/sha256.h"
#include "engine/base/uri.h"
#include "engine/evidence/pem.h"
#include "engine/route/forwarded.h"

namespace ztp::envoy {
namespace {

// Envoy's limit on headers is below that.
constexpr evidence::PemLimits kLimits = {.max_blocks = 10, .max_block_bytes = 64 << 10};

bool LeafHasDigest(std::string_view pem, std::string_view digest) {
  const auto blocks = evidence::ReadPem(pem, "CERTIFICATE", kLimits);
  if (!blocks.ok() || blocks->empty()) return false;
  constexpr std::string_view kPrefix = "sha256:";
  const std::string own = Sha256Digest(blocks->front());
  return std::string_view(own).substr(kPrefix.size()) == digest;
}

}  // namespace

std::string PeerCertificates(std::string_view forwarded_client_cert, std::string_view digest) {
  std::string found;
  size_t element = 0;
  route::ForwardedPairs pairs(forwarded_client_cert);
  while (pairs.Next()) {
    if (pairs.element() != element) found.clear();
    element = pairs.element();
    const bool chain = EqualIgnoringCase(pairs.key(), "chain");
    if (!chain && !(EqualIgnoringCase(pairs.key(), "cert") && found.empty())) continue;
    std::optional<std::string> pem = UnescapeUri(pairs.value());
    if (pem && LeafHasDigest(*pem, digest)) found = *std::move(pem);
  }
  return pairs.malformed() ? std::string() : found;
}

}  // namespace ztp::envoy
