// Security Event Tokens that end what was proven: RFC 8417 (SET), RFC 9493 (subject identifiers),
// OpenID CAEP 1.0 (session-revoked, device-compliance-change, credential-change).
//
// Boundary: a token and its transmitter's keys in, revocations out. How it came (RFC 8935 push,
// 8936 poll) the host knows. An event that says that something is well again revokes nothing and
// brings nothing back: what was revoked stays so, and newer evidence counts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/jwk.h"
#include "engine/evidence/jws.h"
#include "engine/evidence/revocations.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

struct SecurityEventPolicy {
  std::vector<std::string> issuers;
  std::vector<std::string> audiences;
  JwsAlgorithms algorithms;
  // Whose evidence the subjects are of, where an event does not say it (formats other than
  // `iss_sub`): empty, the evidence of any issuer.
  std::string subjects_issuer;
};

struct SecurityEvent {
  std::string issuer;
  std::string id;                            // `jti`
  std::vector<RevocationEntry> revocations;  // none: it is about nothing that matters here
};

// kMalformed, kIssuer, kAudience, kIssuedInFuture, kClaim, and what VerifyJws refuses for. Other
// events than those above are accepted and come to nothing. Thread-safe.
Verified<SecurityEvent> VerifySecurityEvent(std::string_view token, const JwkSet& keys,
                                            const SecurityEventPolicy& policy, Time now);

}  // namespace ztp::evidence
