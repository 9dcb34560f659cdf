// SPIFFE's JWT-SVID: the JWT-SVID standard, sections 2 to 4, with the keys of a SPIFFE bundle
// (SPIFFE Trust Domain and Bundle, section 4.2.2: `use` is "jwt-svid").
//
// Boundary: a token and the bundle of one trust domain in, a workload's id out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/jwt.h"

namespace ztp::evidence {

struct JwtSvidPolicy {
  std::string trust_domain;            // "acme.org": whose bundle the keys are
  std::vector<std::string> audiences;  // the token is for one of these
  std::optional<Duration> max_age;
  Duration leeway;
};

struct JwtSvid {
  std::string spiffe_id;
  Jwt jwt;
};

// kSubject: `sub` is no SPIFFE ID of the trust domain. `iss` is not read. Thread-safe.
Verified<JwtSvid> VerifyJwtSvid(std::string_view token, const JwkSet& bundle,
                                const JwtSvidPolicy& policy, Time now);

}  // namespace ztp::evidence
