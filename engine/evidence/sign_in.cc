// See sign_in.h.
#include "engine/evidence/sign_in.h"

#include <algorithm>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/evidence/claims.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

constexpr size_t kMaxMethods = 32;

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

std::optional<Refusal> ReadMethods(const Claims& claims, SignIn* result) {
  ZTP_VERIFY_OR_RETURN(const auto methods, claims.Texts("amr", kMaxMethods));
  ZTP_VERIFY_OR_RETURN(const std::optional<std::string> context, claims.Text("acr"));
  const bool hardware = methods && Contains(*methods, "hwk");
  result->mfa = methods && Contains(*methods, "mfa");
  result->phishing_resistant = hardware || context == "phr" || context == "phrh";
  return std::nullopt;
}

std::optional<Refusal> ReadTimes(const Claims& claims, const SignInPolicy& policy, SignIn* result) {
  ZTP_VERIFY_OR_RETURN(const std::optional<Time> at, claims.Date("auth_time"));
  if (!at) return Refuse(Check::kClaim, "the token does not say when the user signed in");
  const int64_t leeway = std::clamp(policy.leeway, Duration{}, kMaxLeeway).micros;
  if (at->micros > result->jwt.issued_at->micros + leeway) {
    return Refuse(Check::kClaim, "the user signed in at ", FormatTime(*at),
                  ", after the token was issued");
  }
  result->authenticated_at = *at;
  return std::nullopt;
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
  if (auto refusal = ReadMethods(claims, &result)) return *std::move(refusal);
  if (auto refusal = ReadTimes(claims, policy, &result)) return *std::move(refusal);
  ZTP_VERIFY_OR_RETURN(std::optional<std::string> email, claims.Text("email"));
  if (claims.IsTrue("email_verified")) result.email = std::move(email);
  ZTP_VERIFY_OR_RETURN(auto groups, claims.Texts(policy.groups_claim, kMaxGroups));
  if (groups) result.groups = *std::move(groups);
  return result;
}

}  // namespace ztp::evidence
