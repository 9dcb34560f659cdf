// See kubernetes_token.h.
#include "engine/evidence/kubernetes_token.h"

#include <algorithm>
#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/claims.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

// What names and uids are made of: RFC 1123's labels and subdomains.
bool IsName(std::string_view text) {
  constexpr size_t kMaxNameBytes = 253;
  return !text.empty() && text.size() <= kMaxNameBytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

Verified<std::string> Name(const Claims& claims, std::string_view name) {
  ZTP_VERIFY_OR_RETURN(std::string text, claims.RequiredText(name));
  if (!IsName(text)) {
    return Refuse(Check::kClaim, "`", name,
                  "` of the claim `kubernetes.io` is no name: ", Quoted(JsonExcerpt(text)));
  }
  return text;
}

Verified<KubernetesObject> Object(const Claims& claims) {
  KubernetesObject object;
  ZTP_VERIFY_OR_RETURN(object.name, Name(claims, "name"));
  ZTP_VERIFY_OR_RETURN(object.uid, Name(claims, "uid"));
  return object;
}

Verified<std::optional<KubernetesObject>> OptionalObject(const Claims& claims,
                                                         std::string_view name) {
  ZTP_VERIFY_OR_RETURN(const std::optional<Claims> member, claims.Object(name));
  if (!member) return std::optional<KubernetesObject>();
  ZTP_VERIFY_OR_RETURN(KubernetesObject object, Object(*member));
  return std::optional<KubernetesObject>(std::move(object));
}

}  // namespace

Verified<KubernetesToken> VerifyKubernetesToken(std::string_view token, const JwkSet& keys,
                                                const KubernetesTokenPolicy& policy, Time now) {
  const JwtPolicy jwt_policy{.jws = {.algorithms = policy.algorithms},
                             .issuers = std::vector<std::string>{policy.issuer},
                             .audiences = policy.audiences,
                             .types = {"JWT"},
                             .max_age = policy.max_age,
                             .leeway = policy.leeway,
                             .required_claims = {"iat"}};
  JsonTree tree;
  KubernetesToken result;
  ZTP_VERIFY_OR_RETURN(result.jwt, VerifyJwt(token, keys, jwt_policy, now, &tree));
  const Claims claims(tree, tree.root());
  ZTP_VERIFY_OR_RETURN(const Claims cluster, claims.RequiredObject("kubernetes.io"));
  ZTP_VERIFY_OR_RETURN(result.name_space, Name(cluster, "namespace"));
  ZTP_VERIFY_OR_RETURN(const Claims account, cluster.RequiredObject("serviceaccount"));
  ZTP_VERIFY_OR_RETURN(result.service_account, Object(account));
  ZTP_VERIFY_OR_RETURN(result.pod, OptionalObject(cluster, "pod"));
  ZTP_VERIFY_OR_RETURN(result.node, OptionalObject(cluster, "node"));
  const std::string subject =
      Cat("system:serviceaccount:", result.name_space, ":", result.service_account.name);
  if (result.jwt.subject != subject) {
    return Refuse(Check::kSubject, "the token is about ", Quoted(JsonExcerpt(result.jwt.subject)),
                  ", not about its service account ", Quoted(JsonExcerpt(subject)));
  }
  if (policy.pod_required && !result.pod) {
    return Refuse(Check::kBinding, "the token is bound to no pod");
  }
  return result;
}

}  // namespace ztp::evidence
