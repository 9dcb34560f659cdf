// Any bytes are an attestation result or none; and so is whatever a verifier's key has signed.
#include "engine/evidence/ear.h"

#include "fuzz/attestation.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ztp;            // NOLINT
  using namespace ztp::evidence;  // NOLINT
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Time now{int64_t{1666091373} * kMicrosPerSecond};
  EarPolicy policy;
  policy.eat.jws.algorithms = {JwsAlgorithm::kEs256};
  policy.eat.issuers = std::nullopt;
  policy.eat.max_age = Duration{int64_t{60} * kMicrosPerSecond};
  policy.verifiers = std::nullopt;
  (void)VerifyEar(text, TokenKeys(), policy, now);
  const auto ear = VerifyEar(SignedToken(text), TokenKeys(), policy, now);
  if (!ear.ok()) return 0;
  Must(ear->attested.device.verdict == Appraisal::kAffirming);
  Must(ear->attested.expires_at >= now && !ear->submodules.empty());
  for (const EarSubmodule& one : ear->submodules) {
    for (const auto& [name, value] : one.trust_vector) Must(TierOf(value) <= Appraisal::kAffirming);
  }
  return 0;
}
