// Quotes of a TPM 2.0: "Trusted Platform Module Library", part 2 (structures), sections 10.12
// (TPMS_ATTEST) and 11.3 (TPMT_SIGNATURE), part 1, section 31 (attestation); certificates of
// attestation keys as "TCG EK Credential Profile" has them.
//
// Boundary: a quote, the register values that came with it, the attestation key and what the caller
// pins in; the host in normal form out. That a key is one of a TPM, and restricted to signing what
// the TPM made itself, a certificate for it says; of a key alone the caller must know it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/challenge.h"
#include "engine/evidence/device.h"
#include "engine/evidence/jws_algorithm.h"
#include "engine/evidence/public_key.h"
#include "engine/evidence/x509_chain.h"

namespace ztp::evidence {

inline constexpr size_t kMaxTpmQuoteBytes = 2048;
inline constexpr size_t kMaxTpmSignatureBytes = 2048;
inline constexpr int kTpmRegisters = 24;

enum class TpmBank : uint8_t { kSha256, kSha384, kSha512 };

// What was quoted. Views: the caller keeps the bytes.
struct TpmEvidence {
  std::string_view quote;      // TPMS_ATTEST
  std::string_view signature;  // TPMT_SIGNATURE
  // The values of the registers, each as long as the bank's hash. They are proven by the digest in
  // the quote: all that it is over, and no others.
  std::map<int, std::string> registers;
};

// What a machine must be. The default accepts none.
struct TpmPolicy {
  // The qualifying data are the answer, and nothing behind it.
  Challenge challenge;
  TpmBank bank = TpmBank::kSha256;
  // By register the values that are right. All of them must have been quoted; others may have been.
  std::map<int, std::vector<std::string>> registers;
  // Without pinned registers a quote is refused (kMeasurement), unless that is said here: then it
  // is unappraised.
  bool unpinned_allowed = false;
  // Are the values pinned for register 7 those of machines that boot only what is signed? Counts
  // only where it is pinned.
  bool register_7_means_secure_boot = false;
  // Do the pinned values exclude debugging?
  bool pinned_means_no_debug = false;
  // Certificates only.
  Revocation revocation;
  bool attestation_purpose_required = true;  // tcg-kp-AIKCertificate among the key's purposes
};

struct TpmQuote {
  Attested attested;
  std::string answer;                    // the qualifying data
  std::map<int, std::string> registers;  // proven
  std::string register_digest;           // of all of them
  uint64_t clock_ms = 0;                 // since the TPM was first started, not of any calendar
  uint32_t reset_count = 0;
  uint32_t restart_count = 0;
  bool clock_is_safe = false;
};

// By a key that the caller knows as one of a TPM.
//   kTooLarge, kMalformed, kAlgorithm, kSignature, kNonce, kBinding
//   kMeasurement   values that are not those quoted, or not those pinned; another bank
//   kIssuedInFuture, kTooOld
// Thread-safe.
struct TpmKey {
  KeyType type = KeyType::kP256;
  SharedKey key;
  std::string thumbprint;  // what the audit shows as anchor
};
Verified<TpmQuote> VerifyTpmQuote(const TpmEvidence& evidence, const TpmKey& key,
                                  const TpmPolicy& policy, Time now);

// By a key with a certificate. Also: what VerifyPath refuses with; kUsage: not for attestation.
Verified<TpmQuote> VerifyTpmQuote(const TpmEvidence& evidence, const Certificate& certificate,
                                  std::span<const Certificate> intermediates,
                                  std::span<const Certificate> anchors, const TpmPolicy& policy,
                                  Time now);

}  // namespace ztp::evidence
