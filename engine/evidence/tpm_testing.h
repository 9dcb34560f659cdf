// A TPM of a test's own making: its key and quotes, right or wrong in any one way.
//
// Boundary: tests only.
#pragma once

#include <string>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/signing_testing.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence::tpm_testing {

inline const std::string kNonce = Sha256Bytes("what the gateway gave out");
inline const std::string kZero(32, '\0');
inline const std::string kSeven(32, '7');

struct QuoteSpec {
  uint64_t magic = 0xff544347;
  uint64_t type = 0x8018;
  std::string answer = kNonce;
  uint64_t safe = 1;
  // Registers 0 and 7 of SHA-256.
  std::string selection = BigBytes(1, 4) + BigBytes(0x000b, 2) + std::string("\3\x81\0\0", 4);
  std::string values = kZero + kSeven;
  std::string behind;
};

inline std::string Quote(const QuoteSpec& spec = {}) {
  return BigBytes(spec.magic, 4) + BigBytes(spec.type, 2) + BigBytes(4, 2) + "name" +
         BigBytes(spec.answer.size(), 2) + spec.answer + BigBytes(5000, 8) + BigBytes(2, 4) +
         BigBytes(1, 4) + BigBytes(spec.safe, 1) + BigBytes(0x0001000200030004, 8) +
         spec.selection + BigBytes(32, 2) + Sha256Bytes(spec.values) + spec.behind;
}

// TPMT_SIGNATURE by ECDSA with SHA-256.
inline std::string Sign(const TestKey& key, const std::string& quote, uint64_t scheme = 0x0018,
                        uint64_t hash = 0x000b) {
  const std::string raw = SignRaw(key.get(), EVP_sha256(), quote, 32);
  return BigBytes(scheme, 2) + BigBytes(hash, 2) + BigBytes(32, 2) + raw.substr(0, 32) +
         BigBytes(32, 2) + raw.substr(32);
}

inline const TestKey& Key() {
  static const TestKey key = EcKey();
  return key;
}

}  // namespace ztp::evidence::tpm_testing
