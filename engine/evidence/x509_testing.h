// Certificates and revocation lists of a test's own making, right or wrong in any one way.
//
// Boundary: tests only. Everything is made through OpenSSL at run time: no key is kept anywhere.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/time.h"
#include "engine/evidence/certificate.h"
#include "engine/evidence/crl.h"
#include "engine/evidence/openssl_ptr.h"

namespace ztp::evidence {

// "2026-11-28T12:00:00Z"
Time At(std::string_view text);

// The instant that tests decide at, and the validity that their certificates have around it.
inline const Time kNow = At("2026-11-28T12:00:00Z");

using TestKey = std::shared_ptr<EVP_PKEY>;
TestKey EcKey(const char* curve = "P-256");
// A key that writes its curve's parameters down, as RFC 5480 forbids.
TestKey ExplicitCurveKey();
TestKey RsaKey(unsigned bits, unsigned exponent = 65537);
TestKey Ed25519Key();

// An extension by its number, with what it holds in DER.
struct ExtensionSpec {
  std::string oid;
  std::string value;
};

// What a certificate shall say. Texts of extensions are as in openssl's x509v3_config; an empty
// text leaves the extension out.
struct CertificateSpec {
  std::string name;  // the subject's CN; empty: no subject at all
  std::string basic_constraints = "critical,CA:FALSE";
  std::string key_usage = "critical,digitalSignature";
  std::string purposes = "serverAuth,clientAuth";
  std::string names;  // "URI:spiffe://example.org/a,DNS:a.example.org"
  std::string name_constraints;
  std::string unknown_critical;  // text of an extension that nobody knows
  Time not_before = At("2026-11-28T11:00:00Z");
  Time not_after = At("2026-11-28T13:00:00Z");
  long serial = 1;
  const EVP_MD* digest = EVP_sha256();
  std::vector<ExtensionSpec> extensions;  // not critical
};

// A certificate with its key.
struct Identity {
  Certificate certificate;
  TestKey key;
};

// Signed by `issuer`, or by itself if that is null. `key`: EcKey() if it is null.
Identity Issue(const CertificateSpec& spec, const Identity* issuer, TestKey key = nullptr);
// The same bytes as DER, for certificates that FromDer refuses.
std::string IssueDer(const CertificateSpec& spec, const Identity* issuer, TestKey key = nullptr);

// Specifications of good ones, to be changed in one way: spiffe://example.org/trainer, and a
// signing certificate of example.org that is good for a day.
CertificateSpec LeafSpec();
CertificateSpec SignerSpec(std::string_view name);

struct CrlSpec {
  std::vector<long> revoked;
  Time this_update = At("2026-11-28T10:00:00Z");
  std::optional<Time> next_update = At("2026-11-28T16:00:00Z");
};
std::string CrlDer(const CrlSpec& spec, const Identity& issuer);
Crl MakeCrl(const CrlSpec& spec, const Identity& issuer);

std::string Pem(const std::vector<Certificate>& certificates);
std::string Base64(std::string_view bytes);

}  // namespace ztp::evidence
