// A verification summary of one's own: what a verifier found out about an artefact, for those who
// come after it and do not look at everything again.
// slsa.dev/spec/v1.0/verification_summary.
//
// Boundary: plain data in, a statement in an envelope without signatures out (SignDsse adds them);
// slsa.h reads it back. That what it says is true, its caller knows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/time.h"
#include "engine/evidence/dsse.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr int64_t kHighestBuildLevel = 3;

struct SlsaAttestation {
  std::string uri;     // where it was found
  std::string digest;  // "sha256:…" of its bytes
};

struct SlsaSummary {
  std::string subject_name;
  std::string subject_digest;  // "sha256:…"
  // Who verified: an absolute URI, by which the next stage's trust configuration knows it.
  std::string verifier;
  std::string verifier_version;  // of ztp; empty: not said
  Time verified_at;
  std::string resource_uri;  // what the artefact is, or where it will be: an absolute URI
  std::string policy_uri;
  std::string policy_digest;                        // "sha256:…"
  std::vector<SlsaAttestation> input_attestations;  // what the result rests on
  // The build level that was verified: 0 to 3. Nothing: the artefact did not pass.
  std::optional<int64_t> passed_level;
};

//   kUsage: a digest that is none, a level that there is not, a name, id or URI that is empty or
//   too long, an id or URI that is not absolute
Verified<DsseEnvelope> MakeSlsaSummary(const SlsaSummary& summary);

}  // namespace ztp::evidence
