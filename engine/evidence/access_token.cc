// See access_token.h.
#include "engine/evidence/access_token.h"

#include <algorithm>
#include <utility>

#include "engine/evidence/base64.h"
#include "engine/evidence/claims.h"

namespace ztp::evidence {
namespace {

// RFC 8693 section 4.2: names with one space between them.
std::optional<Refusal> ReadScopes(const Claims& claims, std::vector<std::string>* scopes) {
  ZTP_VERIFY_OR_RETURN(const std::optional<std::string> text, claims.Text("scope"));
  if (!text || text->empty()) return std::nullopt;
  std::string_view rest = *text;
  while (true) {
    const size_t end = std::min(rest.find(' '), rest.size());
    if (end == 0) return Refuse(Check::kClaim, "the claim `scope` has an empty name");
    if (scopes->size() == kMaxScopes) {
      return Refuse(Check::kClaim, "the claim `scope` has more than ", kMaxScopes, " names");
    }
    scopes->emplace_back(rest.substr(0, end));
    if (end == rest.size()) return std::nullopt;
    rest.remove_prefix(end + 1);
  }
}

std::optional<Refusal> ReadActors(const Claims& claims, std::vector<Actor>* actors) {
  ZTP_VERIFY_OR_RETURN(std::optional<Claims> act, claims.Object("act"));
  while (act) {
    if (actors->size() == kMaxActors) {
      return Refuse(Check::kClaim, "the claim `act` has more than ", kMaxActors, " actors");
    }
    Actor actor;
    ZTP_VERIFY_OR_RETURN(actor.subject, act->RequiredText("sub"));
    ZTP_VERIFY_OR_RETURN(std::optional<std::string> issuer, act->Text("iss"));
    actor.issuer = std::move(issuer).value_or("");
    actors->push_back(std::move(actor));
    ZTP_VERIFY_OR_RETURN(const std::optional<Claims> next, act->Object("act"));
    act.reset();
    if (next) act.emplace(*next);
  }
  return std::nullopt;
}

Verified<std::optional<std::string>> Thumbprint(const Claims& confirmation, std::string_view name) {
  ZTP_VERIFY_OR_RETURN(std::optional<std::string> text, confirmation.Text(name));
  if (text) {
    const std::optional<std::string> bytes = DecodeBase64url(*text);
    if (!bytes || bytes->size() != 32) {
      return Refuse(Check::kBinding, "`", name, "` of `cnf` is no SHA-256 thumbprint");
    }
  }
  return text;
}

std::optional<Refusal> ReadBindings(const Claims& claims, AccessToken* token) {
  ZTP_VERIFY_OR_RETURN(const std::optional<Claims> confirmation, claims.Object("cnf"));
  if (!confirmation) return std::nullopt;
  ZTP_VERIFY_OR_RETURN(token->certificate_thumbprint, Thumbprint(*confirmation, "x5t#S256"));
  ZTP_VERIFY_OR_RETURN(token->proof_key_thumbprint, Thumbprint(*confirmation, "jkt"));
  // RFC 7800 lets unknown members be ignored, but not so that a bound token becomes anybody's.
  if (!token->certificate_thumbprint && !token->proof_key_thumbprint) {
    return Refuse(Check::kBinding, "the token is bound by `cnf` in a way that is not understood");
  }
  return std::nullopt;
}

}  // namespace

Verified<AccessToken> VerifyAccessToken(std::string_view token, const JwkSet& keys,
                                        const AccessTokenPolicy& policy, Time now) {
  JwtPolicy jwt_policy{.jws = {.algorithms = policy.algorithms},
                       .issuers = policy.issuers,
                       .audiences = policy.audiences,
                       .types = {"at+jwt"},
                       .type_required = true,
                       .max_age = policy.max_age,
                       .leeway = policy.leeway,
                       .nonce = policy.nonce,
                       .required_claims = policy.required_claims};
  // RFC 9068 section 2.2, beyond what every token has.
  for (const char* name : {"client_id", "iat", "jti"}) jwt_policy.required_claims.push_back(name);
  JsonTree tree;
  AccessToken result;
  ZTP_VERIFY_OR_RETURN(result.jwt, VerifyJwt(token, keys, jwt_policy, now, &tree));
  const Claims claims(tree, tree.root());
  ZTP_VERIFY_OR_RETURN(result.client_id, claims.RequiredText("client_id"));
  if (result.jwt.id.empty()) return Refuse(Check::kClaim, "the claim `jti` is empty");
  ZTP_VERIFY_OR_RETURN(result.authentication,
                       ReadAuthentication(claims, result.jwt, policy.leeway));
  if (auto refusal = ReadScopes(claims, &result.scopes)) return *std::move(refusal);
  if (auto refusal = ReadActors(claims, &result.actors)) return *std::move(refusal);
  if (auto refusal = ReadBindings(claims, &result)) return *std::move(refusal);
  return result;
}

}  // namespace ztp::evidence
