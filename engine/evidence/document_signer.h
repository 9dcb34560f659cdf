// What signs documents: a private key in memory (private_key.h), or one that never leaves its
// device.
#pragma once

#include <string>
#include <string_view>

#include "engine/evidence/signature_key.h"

namespace ztp::evidence {

// Threads may sign with one at the same time.
class DocumentSigner {
 public:
  virtual ~DocumentSigner() = default;

  // The key by which others verify; lives as long as the signer.
  virtual const SignatureKey& public_key() const = 0;

  // See IsSignedBy for the form. Empty: it cannot sign now (OpenSSL fails, the device is gone).
  virtual std::string Sign(std::string_view input) const = 0;

 protected:
  DocumentSigner() = default;
  DocumentSigner(const DocumentSigner&) = default;
  DocumentSigner& operator=(const DocumentSigner&) = default;
};

}  // namespace ztp::evidence
