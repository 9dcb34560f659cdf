// A public key that signs documents: Ed25519, or ECDSA on P-256, P-384 or P-521 with the hash of
// the curve's size (FIPS 186-5, RFC 8032).
//
// Boundary: keys and signatures as such. A key has one algorithm, which nothing in a document can
// choose. Signatures have the form that DSSE and Sigstore use: DER for ECDSA (SEC 1, C.5), 64 bytes
// for Ed25519. JOSE's form and RSA: jws_signature.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/certificate.h"
#include "engine/evidence/jws_algorithm.h"
#include "engine/evidence/public_key.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr size_t kMaxSignatureKeys = 64;
inline constexpr size_t kMaxSignatureBytes = 256;

// Immutable; threads may use one at the same time.
struct SignatureKey {
  KeyType type = KeyType::kEd25519;
  SharedKey key;
  // "sha256:…" of the SubjectPublicKeyInfo in DER, a point in full: one key has one id.
  std::string id;
};

// From a key of any origin that OpenSSL has read.
//   kAlgorithm    neither Ed25519 nor on one of the curves, or a curve of its own
//   kUsage        not on its curve
Verified<SignatureKey> SignatureKeyOf(const EVP_PKEY* key);
Verified<SignatureKey> SignatureKeyOf(const Certificate& certificate);

// SubjectPublicKeyInfo in DER (RFC 5280, section 4.1.2.7) and nothing behind it.
//   the above, and kMalformed
Verified<SignatureKey> ReadSpki(std::string_view der);

// One to kMaxSignatureKeys PEM blocks of PUBLIC KEY. The same key twice is refused (kMalformed): a
// threshold would mean less than it says.
Verified<std::vector<SignatureKey>> ReadSignatureKeys(std::string_view pem);

// SubjectPublicKeyInfo in DER, and its PEM block.
std::string SpkiOf(const SignatureKey& key);
std::string PemOf(const SignatureKey& key);

// Has the key signed `input`? A failure of OpenSSL is a no.
bool IsSignedBy(const SignatureKey& key, std::string_view input, std::string_view signature);

// The hash that a key of the type signs with; null for Ed25519, which has its own inside.
const EVP_MD* SignatureHashOf(KeyType type);

}  // namespace ztp::evidence
