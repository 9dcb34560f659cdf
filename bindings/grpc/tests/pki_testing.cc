// See pki_testing.h.
#include "bindings/grpc/tests/pki_testing.h"

#include <openssl/pem.h>

#include <chrono>

#include "engine/evidence/x509_testing.h"

namespace ztp::testing {
namespace {

evidence::Identity Certify(evidence::CertificateSpec spec, const evidence::Identity* issuer) {
  constexpr int64_t kHour = 3'600'000'000;
  const int64_t now = std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  spec.not_before = Time{now - kHour};
  spec.not_after = Time{now + kHour};
  return evidence::Issue(spec, issuer);
}

evidence::Identity Leaf(const std::string& names, const evidence::Identity& issuer) {
  evidence::CertificateSpec spec = evidence::LeafSpec();
  spec.names = names;
  return Certify(spec, &issuer);
}

PeerIdentity Texts(const evidence::Identity& identity) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string key(data, static_cast<size_t>(size));
  BIO_free(bio);
  return {evidence::Pem({identity.certificate}), std::move(key)};
}

Pki Make() {
  const evidence::Identity root = Certify(evidence::SignerSpec("example.org"), nullptr);
  const evidence::Identity other = Certify(evidence::SignerSpec("other.example"), nullptr);
  const std::string trainer = "URI:spiffe://example.org/trainer";
  return {.root = Texts(root),
          .other_root = Texts(other),
          .server = Texts(Leaf("URI:spiffe://example.org/server,DNS:localhost", root)),
          .trainer = Texts(Leaf(trainer, root)),
          .nobody = Texts(Leaf("DNS:nobody.example.org", root)),
          .stranger = Texts(Leaf(trainer, other))};
}

}  // namespace

const Pki& Certificates() {
  static const Pki* const pki = new Pki(Make());
  return *pki;
}

}  // namespace ztp::testing
