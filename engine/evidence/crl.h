// One certificate revocation list (RFC 5280, section 5).
//
// Boundary: bytes to a list whose form is right. Whose it is, and its signature, are checked where
// a path is verified (x509_chain.h).
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/core/time.h"
#include "engine/evidence/openssl_ptr.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr size_t kMaxCrlBytes = size_t{4} << 20;
inline constexpr size_t kMaxCrls = 32;

// Immutable; copies share the list.
class Crl {
 public:
  // One list in DER and nothing behind it. It must say when the next one comes (section 5.1.2.5):
  // without that nobody could tell a fresh one from an old one.
  //   kTooLarge, kMalformed
  static Verified<Crl> FromDer(std::string_view der);

  Time this_update() const { return this_update_; }
  Time next_update() const { return next_update_; }
  const X509_NAME* issuer() const { return X509_CRL_get_issuer(crl_.get()); }
  X509_CRL* crl() const { return crl_.get(); }

 private:
  explicit Crl(std::shared_ptr<X509_CRL> crl) : crl_(std::move(crl)) {}

  std::shared_ptr<X509_CRL> crl_;
  Time this_update_;
  Time next_update_;
};

// At least one list: PEM blocks, or a single one in DER.
Verified<std::vector<Crl>> ReadCrls(std::string_view bytes);

}  // namespace ztp::evidence
