// A key to sign with: made, read from PEM, written to PEM.
//
// Boundary: text to a key and bytes to a signature. Where the text is kept, and who may read it,
// the caller decides; nothing here prints a key but ToPem.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/evidence/document_signer.h"
#include "engine/evidence/signature_key.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr size_t kMaxPrivateKeyBytes = 8192;

// Immutable; copies share the key. Threads may sign with one at the same time.
class PrivateKey final : public DocumentSigner {
 public:
  // A new one of Ed25519 or one of the three curves. Nothing: OpenSSL fails (no entropy).
  static std::optional<PrivateKey> Generate(KeyType type);

  // One PEM block and nothing besides: PRIVATE KEY (PKCS #8, RFC 5958), EC PRIVATE KEY (RFC 5915),
  // or ENCRYPTED PRIVATE KEY, which `password` opens. A password for a key that has none is refused
  // (kUsage): whoever gave it believes that the key is protected.
  //   kTooLarge, kMalformed (a wrong password included), kAlgorithm
  static Verified<PrivateKey> FromPem(std::string_view pem, std::string_view password = {});

  // PKCS #8; with a password encrypted by PBES2: scrypt and AES-256-CBC. Empty: OpenSSL fails.
  std::string ToPem(std::string_view password = {}) const;

  const SignatureKey& public_key() const override { return public_; }
  std::string Sign(std::string_view input) const override;

 private:
  PrivateKey(SharedKey key, SignatureKey public_key)
      : key_(std::move(key)), public_(std::move(public_key)) {}
  static Verified<PrivateKey> Of(SharedKey key);

  SharedKey key_;
  SignatureKey public_;
};

}  // namespace ztp::evidence
