// Entity Attestation Tokens as signed JSON: RFC 9711 (EAT) sections 4.1, 4.3.2 and 6, over RFC
// 7519.
//
// Boundary: a compact token, its source's keys and what is expected of it in; claims that hold now
// out. Unlike a JWT (jwt.h) an EAT needs no subject, audience or `exp`, but it says when it was
// made. What its further claims mean, the profile knows (ear.h, nvidia_token.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/time.h"
#include "engine/evidence/jws.h"
#include "engine/evidence/verified.h"
#include "engine/facts/json_tree.h"

namespace ztp::evidence {

inline constexpr size_t kMaxEatNonces = 16;

// What a source's tokens must be. The default accepts none.
struct EatPolicy {
  JwsPolicy jws;
  // One of these issued it. nullopt: anybody whose key is in the set.
  std::optional<std::vector<std::string>> issuers = std::vector<std::string>();
  // The text of `eat_nonce`, or one of its texts, is exactly this. nullopt: any will do.
  std::optional<std::string> nonce;
  // Since `iat`; required for a token without `exp`, which is good for so long.
  std::optional<Duration> max_age;
  Duration leeway;  // for clocks that differ: 0 to kMaxLeeway of jwt.h count
};

struct Eat {
  std::string issuer;  // empty: there is none
  Time issued_at;
  Time expires_at;
  std::string key_thumbprint;
  std::string digest;               // "sha256:…" of the compact token
  std::vector<std::string> nonces;  // the texts of `eat_nonce`
};

// Refuses with what VerifyJws does, or, in this order, kMalformed, kIssuer, kExpired, kNotYetValid,
// kIssuedInFuture, kTooOld, kNonce, kClaim. If it accepts, `claims` is the payload, an object; it
// is otherwise of no meaning. Thread-safe.
Verified<Eat> VerifyEat(std::string_view token, const JwkSet& keys, const EatPolicy& policy,
                        Time now, JsonTree* claims);

}  // namespace ztp::evidence
