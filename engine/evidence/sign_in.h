// That a user signed in, by OpenID Connect's ID token: OpenID Connect Core 1.0, sections 2 and
// 3.1.3.7; how they did: RFC 8176 (`amr`), OpenID Connect EAP ACR Values 1.0 (`phr`, `phrh`).
//
// Boundary: a token and its provider's keys in; who, how and when out. That the token was meant for
// this sign-in, its nonce says (nonces.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/authentication.h"
#include "engine/evidence/jwt.h"

namespace ztp::evidence {

inline constexpr size_t kMaxGroups = 512;

struct SignInPolicy {
  std::vector<std::string> issuers;
  std::vector<std::string> audiences;  // our client identifiers
  JwsAlgorithms algorithms;
  std::optional<Duration> max_age;
  Duration leeway;
  std::string groups_claim = "groups";
};

struct SignIn {
  Jwt jwt;
  std::optional<std::string> email;  // only one that the provider has verified
  std::vector<std::string> groups;
  Authentication authentication;  // with a time
};

// Refuses with what VerifyJwt does; kAudience where a token for several is not for us by `azp`;
// kClaim without `iat` or `auth_time`, or where they contradict each other. Thread-safe.
Verified<SignIn> VerifySignIn(std::string_view token, const JwkSet& keys,
                              const SignInPolicy& policy, Time now);

}  // namespace ztp::evidence
