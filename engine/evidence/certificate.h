// One X.509 certificate, and what it says about itself (RFC 5280, section 4).
//
// Boundary: bytes to a certificate whose form is right. That it is signed, by whom and for what it
// may be used: x509_chain.h. Nothing that is read here is proven.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/time.h"
#include "engine/evidence/openssl_ptr.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr size_t kMaxCertificateBytes = size_t{64} << 10;
inline constexpr size_t kMaxChainCertificates = 10;  // that come with evidence, leaf included
inline constexpr int kMaxCertificateExtensions = 64;

// For messages: certificate 'CN=…' (serial 1a2b). The name is escaped and of bounded length.
std::string DescribeX509(const X509* x509);

// Immutable; copies share the certificate. Threads may use one at the same time.
class Certificate {
 public:
  // One certificate in DER, of at most kMaxCertificateBytes, and nothing behind it. The encoding
  // is held to DER: a certificate has one form only.
  //   kTooLarge, kMalformed
  static Verified<Certificate> FromDer(std::string_view der);

  std::string der() const;
  std::string sha256() const;       // "sha256:…" of the DER
  std::string spki_sha256() const;  // "sha256:…" of the SubjectPublicKeyInfo in DER
  std::string serial() const;       // hexadecimal, lower case: "1a2b"; "-1a" where it is negative
  std::string subject() const;      // RFC 2253, escaped, at most 128 bytes; may be empty
  std::string Describe() const { return DescribeX509(x509()); }

  Time not_before() const { return not_before_; }
  Time not_after() const { return not_after_; }

  bool is_ca() const;
  bool has_empty_subject() const;
  // The KU_ bits of openssl/x509v3.h; nothing: the extension is absent, which allows every use.
  std::optional<uint32_t> key_usage() const;
  bool key_usage_is_critical() const;
  // The XKU_ bits; nothing: absent.
  std::optional<uint32_t> extended_key_usage() const;
  // The URIs among the subject's alternative names, byte by byte as they stand there.
  const std::vector<std::string>& uris() const { return uris_; }
  bool alternative_names_are_critical() const;

  // For OpenSSL's functions, most of which take no const; owned by this.
  X509* x509() const { return x509_.get(); }

  // The same bytes?
  bool operator==(const Certificate& other) const;

 private:
  explicit Certificate(std::shared_ptr<X509> x509) : x509_(std::move(x509)) {}
  bool IsCritical(int nid) const;

  std::shared_ptr<X509> x509_;
  Time not_before_;
  Time not_after_;
  std::vector<std::string> uris_;
};

struct CertificateLimits {
  size_t max_certificates = kMaxChainCertificates;
};

// At least one certificate: PEM blocks, or DER one behind the other. Their order is kept.
//   kTooLarge, kMalformed
Verified<std::vector<Certificate>> ReadCertificates(std::string_view bytes,
                                                    const CertificateLimits& limits = {});

// The same for what is known to be one or the other.
Verified<std::vector<Certificate>> ReadPemCertificates(std::string_view text,
                                                       const CertificateLimits& limits = {});
Verified<std::vector<Certificate>> ReadDerCertificates(std::string_view der,
                                                       const CertificateLimits& limits = {});

// An ASN.1 time of a certificate or CRL (RFC 5280, section 4.1.2.5); nothing: it is none.
std::optional<Time> TimeOf(const ASN1_TIME* time);

// Where the DER element at the front ends, header included; nothing: it has no definite length in
// its shortest form, or ends behind the bytes.
std::optional<size_t> DerElementSize(std::string_view der);

}  // namespace ztp::evidence
