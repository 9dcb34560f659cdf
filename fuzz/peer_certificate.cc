// A header of any bytes about the peer's certificate: nothing is taken from it but what has the
// connection's digest.
//
// The first line is the header; the digest is of what follows, as if that were the certificate that
// the connection was made with.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bindings/envoy/peer_certificate.h"
#include "engine/base/sha256.h"
#include "engine/evidence/pem.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = text.find('\n');
  const std::string_view certificate = end == text.npos ? std::string_view() : text.substr(end + 1);
  const std::string digest = ztp::Sha256Digest(certificate).substr(7);
  const std::string taken = ztp::envoy::PeerCertificates(text.substr(0, end), digest);
  if (taken.empty()) return 0;
  const auto blocks =
      ztp::evidence::ReadPem(taken, "CERTIFICATE", {.max_blocks = 100, .max_block_bytes = 1 << 20});
  if (!blocks.ok() || blocks->front() != certificate) std::abort();
  // Nor is anything taken for a connection without a certificate.
  if (!ztp::envoy::PeerCertificates(text.substr(0, end), {}).empty()) std::abort();
  return 0;
}
