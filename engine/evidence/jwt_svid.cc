// See jwt_svid.h.
#include "engine/evidence/jwt_svid.h"

#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/core/spiffe.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {

Verified<JwtSvid> VerifyJwtSvid(std::string_view token, const JwkSet& bundle,
                                const JwtSvidPolicy& policy, Time now) {
  using enum JwsAlgorithm;
  const JwtPolicy jwt_policy{// Section 2.1 of the standard has these nine; EdDSA is not among them.
                             .jws = {.algorithms = {kRs256, kRs384, kRs512, kEs256, kEs384, kEs512,
                                                    kPs256, kPs384, kPs512},
                                     .key_use = "jwt-svid",
                                     .key_use_required = true},
                             .issuers = std::nullopt,
                             .audiences = policy.audiences,
                             .types = {"JWT", "JOSE"},
                             .max_age = policy.max_age,
                             .leeway = policy.leeway};
  JsonTree claims;
  ZTP_VERIFY_OR_RETURN(Jwt jwt, VerifyJwt(token, bundle, jwt_policy, now, &claims));
  const auto id = ParseSpiffeId(jwt.subject);
  if (!id.ok() || SpiffeTrustDomain(*id) != policy.trust_domain) {
    return Refuse(Check::kSubject, "the token is about ", Quoted(JsonExcerpt(jwt.subject)),
                  ", which is no SPIFFE ID of ", Quoted(policy.trust_domain));
  }
  return JwtSvid{.spiffe_id = *id, .jwt = std::move(jwt)};
}

}  // namespace ztp::evidence
