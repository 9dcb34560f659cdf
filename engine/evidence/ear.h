// EAT Attestation Results: draft-ietf-rats-ear-04 (and the profile that Veraison has of its first
// drafts), with the trust vector of draft-ietf-rats-ar4si. A profile of RFC 9711.
//
// Boundary: a verifier's signed word about a device in, in either spelling; the normal form out.
// What the verifier looked at is its own business: a result proves what it says and no more, so
// versions, TEE and the rest of Device keep their defaults.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/evidence/device.h"
#include "engine/evidence/eat.h"

namespace ztp::evidence {

inline constexpr size_t kMaxEarSubmodules = 64;
inline constexpr size_t kMaxEarTrustClaims = 32;

// `eat_profile` of members as `ear.status`, and of members as `ear_status`.
inline constexpr std::string_view kEarVeraisonProfile = "tag:github.com,2023:veraison/ear";
inline constexpr std::string_view kEarIetfProfile = "tag:ietf.org,2026:rats/ear#04";

// What a verifier's results must be. The default accepts none.
struct EarPolicy {
  EatPolicy eat;  // an EAR has no `iss` of its own: `eat.issuers` may be nullopt
  std::vector<std::string> profiles = {std::string(kEarVeraisonProfile),
                                       std::string(kEarIetfProfile)};
  // The developer in the verifier's id is one of these. nullopt: whose key it is says enough.
  std::optional<std::vector<std::string>> verifiers = std::vector<std::string>();
  // These were appraised; all others that are there count as well.
  std::vector<std::string> required_submodules;
  // A worse verdict is refused (kStatus); else it is reported.
  Appraisal worst_accepted = Appraisal::kAffirming;
  // "sha256:…" of the SubjectPublicKeyInfo of the channel: one submodule attests this key.
  std::optional<std::string> channel_key;
};

struct EarSubmodule {
  std::string name;
  // What it says, or what its trust vector says if that is worse.
  Appraisal status = Appraisal::kUnappraised;
  std::vector<std::pair<std::string, int>> trust_vector;  // -128 to 127, as AR4SI has them
  std::vector<std::string> policies;                      // by which it was appraised
  std::optional<std::string> key_sha256;                  // "sha256:…" of the attested key
};

struct Ear {
  Attested attested;  // the verdict is the worst of all submodules'
  std::string profile;
  std::string issuer;               // empty: it does not say
  std::vector<std::string> nonces;  // those that it answers
  std::string developer;
  std::string build;
  std::vector<EarSubmodule> submodules;  // in the order of the token
};

// Refuses with what VerifyEat does, or, in this order, kClaim, kIssuer (another verifier), kStatus,
// kBinding. Thread-safe.
Verified<Ear> VerifyEar(std::string_view token, const JwkSet& keys, const EarPolicy& policy,
                        Time now);

// A number of a trust vector as a verdict: AR4SI section 2.3.1.
Appraisal TierOf(int trust_claim);

}  // namespace ztp::evidence
