// OAuth access tokens as JWTs: RFC 9068; who acts for whom: RFC 8693 section 4.1; to which key a
// token is bound: RFC 8705 section 3.1 (a TLS certificate), RFC 9449 section 6 (DPoP).
//
// Boundary: a token and its authorization server's keys in; subject, client, actors and bindings
// out, and how the subject signed in. That whoever presents it holds the key that it is bound to,
// the caller checks.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/authentication.h"
#include "engine/evidence/jwt.h"

namespace ztp::evidence {

inline constexpr size_t kMaxActors = 8;
inline constexpr size_t kMaxScopes = 256;

struct AccessTokenPolicy {
  std::vector<std::string> issuers;
  std::vector<std::string> audiences;
  JwsAlgorithms algorithms;
  std::optional<Duration> max_age;
  Duration leeway;
  std::optional<std::string> nonce;
  std::vector<std::string> required_claims;  // beyond those of RFC 9068
};

struct Actor {
  std::string subject;
  std::string issuer;  // empty: the token's
  bool operator==(const Actor&) const = default;
};

struct AccessToken {
  Jwt jwt;
  std::string client_id;
  Authentication authentication;  // of the subject, where the token says it (RFC 9068, 2.2.1)
  std::vector<std::string> scopes;
  // `act`: who acts now first, then whoever that one acts for. Empty: the subject itself.
  std::vector<Actor> actors;
  // `cnf`: SHA-256 of the client's certificate (`x5t#S256`), SHA-256 thumbprint of its key (`jkt`);
  // both as base64url of 32 bytes. Where one is there, the token is no bearer token.
  std::optional<std::string> certificate_thumbprint;
  std::optional<std::string> proof_key_thumbprint;
};

// kBinding: `cnf` is there, but says nothing that could be checked. Thread-safe.
Verified<AccessToken> VerifyAccessToken(std::string_view token, const JwkSet& keys,
                                        const AccessTokenPolicy& policy, Time now);

}  // namespace ztp::evidence
