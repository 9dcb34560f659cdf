// SPIFFE's WIT-SVID: the WIT-SVID standard, sections 2 to 5, which narrows the workload identity
// token of WIMSE (draft-ietf-wimse-workload-creds); with the workload proof token that shows that
// its presenter holds the workload's key (draft-ietf-wimse-wpt).
//
// Boundary: a token, the proof that came with it and the bundle of one trust domain in; a
// workload's id and key out. Whether a proof was used before, the caller knows: `once` names it.
// What a proof says of the request it came with beyond its audience and the tokens beside it is not
// read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/jwt.h"

namespace ztp::evidence {

struct WitSvidPolicy {
  std::string trust_domain;            // "acme.org": whose bundle the keys are
  std::vector<std::string> audiences;  // a proof is for one of these
  // The host has seen by other means (HTTP message signatures, say) that whoever presents a token
  // holds its key: it then needs no proof here. One that is there must hold all the same.
  bool host_checks_binding = false;
  Duration max_proof_lifetime{300 * kMicrosPerSecond};  // from now until a proof expires
  std::optional<Duration> max_age;                      // of the token
  Duration leeway;
};

// What a request brought, as text.
struct PresentedWit {
  std::string_view wit;
  std::optional<std::string_view> proof;
  // Tokens that came beside it: a proof is bound to each of them, and to no other.
  std::optional<std::string_view> access_token, transaction_token;
};

struct WitSvid {
  std::string spiffe_id;
  Jwt jwt;                     // of the token
  std::string key_thumbprint;  // of the workload's key: RFC 7638, base64url
  std::string key_sha256;      // "sha256:…" of the workload's key as SubjectPublicKeyInfo
  std::optional<Jwt> proof;
  std::string once;  // that proof and no other, as 32 bytes; empty: there is none
  Time expires_at;   // of the token and its proof, what ends first
};

// Beyond what VerifyJwt refuses with:
//   kSubject    `sub` is no SPIFFE ID of the trust domain
//   kAudience   the token has one, which no WIT-SVID has; or the proof is for somebody else
//   kClaim      `cnf` has no key, or one that is unsafe; the proof is good for too long
//   kAlgorithm  the workload's key is for an algorithm that the standard does not have
//   kBinding    there is no proof; it is one of another token; it names tokens that did not come
//               with it, or does not name one that did
// Refusals of the proof begin with "the proof of possession: ". `iss` is not read. Thread-safe.
Verified<WitSvid> VerifyWitSvid(const PresentedWit& presented, const JwkSet& bundle,
                                const WitSvidPolicy& policy, Time now);

}  // namespace ztp::evidence
