// JSON Web Tokens: RFC 7519 section 7.2, with the advice of RFC 8725.
//
// Boundary: a token, the keys and expectations of its source, and the time in; claims that hold
// now out. What further claims mean, the profile of each kind of token says (jwt_svid.h,
// access_token.h, kubernetes_token.h). Whether a token was used before, the caller knows: the
// digest names it.
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

// More than this is not forgiven, whatever a policy says.
inline constexpr Duration kMaxLeeway{60 * kMicrosPerSecond};
inline constexpr size_t kMaxAudiences = 64;

// What a source's tokens must be. The default accepts none.
struct JwtPolicy {
  JwsPolicy jws;
  // One of these issued it. nullopt: anybody whose key is in the set; a profile then takes the
  // issuer from elsewhere.
  std::optional<std::vector<std::string>> issuers = std::vector<std::string>();
  // It is for one of these at least. nullopt: for anybody.
  std::optional<std::vector<std::string>> audiences = std::vector<std::string>();
  // `typ` is one of these, compared without regard to case and without "application/" (RFC 7515
  // section 4.1.9). Empty: any or none.
  std::vector<std::string> types;
  bool type_required = false;  // else a token without `typ` is accepted, too
  bool subject_required = true;
  std::optional<Duration> max_age;           // since `iat`, which then must be there
  Duration leeway;                           // for clocks that differ: 0 to kMaxLeeway count
  std::optional<std::string> nonce;          // `nonce` is exactly this
  std::vector<std::string> required_claims;  // are there and not null
};

struct Jwt {
  std::string issuer;   // empty: there is none
  std::string subject;  // empty: there is none
  std::vector<std::string> audiences;
  Time expires_at;
  std::optional<Time> issued_at;
  std::optional<Time> not_before;
  std::string id;                    // `jti`; empty: there is none
  std::string session;               // `sid`; empty: there is none, or it is no string
  std::optional<std::string> nonce;  // `nonce`, where it is a string
  JwsAlgorithm algorithm = JwsAlgorithm::kEs256;
  std::string key_thumbprint;
  std::string digest;  // "sha256:…" of the compact token
};

// Refuses with what VerifyJws does, or, in this order, kMalformed, kIssuer, kSubject, kAudience,
// kExpired, kNotYetValid, kIssuedInFuture, kTooOld, kNonce, kClaim. `exp` is required. If it
// accepts, `claims` is the payload, an object; it is otherwise of no meaning. Thread-safe.
Verified<Jwt> VerifyJwt(std::string_view token, const JwkSet& keys, const JwtPolicy& policy,
                        Time now, JsonTree* claims);

}  // namespace ztp::evidence
