// How a user signed in, as tokens say it: OpenID Connect Core 1.0, section 2 (`acr`, `amr`,
// `auth_time`), with the names of RFC 8176 and of OpenID Connect's Extended Authentication Profile.
//
// Boundary: claims in, what they say out; whether it is enough, a policy says.
#pragma once

#include <optional>

#include "engine/evidence/claims.h"
#include "engine/evidence/jwt.h"

namespace ztp::evidence {

struct Authentication {
  bool mfa = false;                 // `amr` has "mfa"
  bool phishing_resistant = false;  // `amr` has "hwk", or `acr` is "phr" or "phrh"
  std::optional<Time> at;           // `auth_time`
  bool operator==(const Authentication&) const = default;
};

// kClaim: one of them is of another form, or the user signed in after the token was issued.
// `jwt`: the token, with `iat`.
Verified<Authentication> ReadAuthentication(const Claims& claims, const Jwt& jwt, Duration leeway);

}  // namespace ztp::evidence
