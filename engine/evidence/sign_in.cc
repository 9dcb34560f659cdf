// See sign_in.h.
#include "engine/evidence/sign_in.h"

#include <algorithm>
#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/claims.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

bool Contains(const std::vector<std::string>& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// Section 3.1.3.7, steps 4 and 5: whom a token for several was issued to, `azp` says.
std::optional<Refusal> CheckParty(const Claims& claims, const Jwt& jwt,
                                  const SignInPolicy& policy) {
  ZTP_VERIFY_OR_RETURN(const std::optional<std::string> party, claims.Text("azp"));
  if (!party) {
    if (jwt.audiences.size() == 1) return std::nullopt;
    return Refuse(Check::kAudience, "the token is for several, and no `azp` says that it is ours");
  }
  if (Contains(policy.audiences, *party)) return std::nullopt;
  return Refuse(Check::kAudience, "the token was issued to ", Quoted(JsonExcerpt(*party)));
}

}  // namespace

Verified<SignIn> VerifySignIn(std::string_view token, const JwkSet& keys,
                              const SignInPolicy& policy, Time now) {
  const JwtPolicy jwt_policy{.jws = {.algorithms = policy.algorithms},
                             .issuers = policy.issuers,
                             .audiences = policy.audiences,
                             .types = {"JWT"},  // never an access token or a logout token
                             .max_age = policy.max_age,
                             .leeway = policy.leeway,
                             .required_claims = {"iat"}};
  JsonTree tree;
  SignIn result;
  ZTP_VERIFY_OR_RETURN(result.jwt, VerifyJwt(token, keys, jwt_policy, now, &tree));
  const Claims claims(tree, tree.root());
  if (auto refusal = CheckParty(claims, result.jwt, policy)) return *std::move(refusal);
  ZTP_VERIFY_OR_RETURN(result.authentication,
                       ReadAuthentication(claims, result.jwt, policy.leeway));
  if (!result.authentication.at) {
    return Refuse(Check::kClaim, "the token does not say when the user signed in");
  }
  ZTP_VERIFY_OR_RETURN(std::optional<std::string> email, claims.Text("email"));
  if (claims.IsTrue("email_verified")) result.email = std::move(email);
  ZTP_VERIFY_OR_RETURN(auto groups, claims.Texts(policy.groups_claim, kMaxGroups));
  if (groups) result.groups = *std::move(groups);
  return result;
}

}  // namespace ztp::evidence
