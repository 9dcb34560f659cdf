// See wit_svid.h.
#include "engine/evidence/wit_svid.h"

#include <algorithm>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/sha256.h"
#include "engine/core/spiffe.h"
#include "engine/evidence/base64.h"
#include "engine/evidence/claims.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

// Sections 2.3 and 3.2 of the standard have these nine; EdDSA is not among them.
constexpr JwsAlgorithms StandardAlgorithms() {
  using enum JwsAlgorithm;
  return {kRs256, kRs384, kRs512, kEs256, kEs384, kEs512, kPs256, kPs384, kPs512};
}

// The payload of a token whose signature was verified.
std::string PayloadOf(std::string_view token) {
  const size_t first = token.find('.') + 1;
  return DecodeBase64url(token.substr(first, token.find('.', first) - first)).value_or("");
}

// Section 3.2: the key that `cnf` holds, for the one algorithm that it says.
Verified<Jwk> ReadKey(std::string_view payload, const JsonTree& tree) {
  const JsonNode* confirmation = tree.Find(tree.root(), "cnf");
  if (confirmation == nullptr || confirmation->kind != JsonKind::kObject) {
    return Refuse(Check::kClaim, "the claim `cnf` is required and is no object");
  }
  const JsonNode* node = tree.Find(*confirmation, "jwk");
  if (node == nullptr || node->kind != JsonKind::kObject) {
    return Refuse(Check::kClaim, "`jwk` in `cnf` is required and is no object");
  }
  Verified<Jwk> key = ParseJwk(JsonTextOf(payload, *node));
  if (!key.ok()) return Refuse(Check::kClaim, "`jwk` in `cnf`: ", key.refusal().message);
  const std::optional<JwsAlgorithm> algorithm = key->alg ? JwsAlgorithmOf(*key->alg) : std::nullopt;
  if (!algorithm || !StandardAlgorithms().Has(*algorithm)) {
    return Refuse(Check::kAlgorithm, "`jwk` in `cnf` is for ",
                  key->alg ? Quoted(JsonExcerpt(*key->alg)) : std::string("no algorithm"),
                  ", which is none that a workload's key may have");
  }
  if (auto unfit = key->WhyUnfit(*algorithm, "sig", false)) {
    return Refuse(unfit->check, "`jwk` in `cnf`: ", unfit->message);
  }
  return key;
}

// A proof names the tokens that it goes with, each by its hash (RFC 9449, section 4.1).
std::optional<Refusal> CheckHash(const Claims& claims, std::string_view name,
                                 const std::optional<std::string_view>& token,
                                 std::string_view what) {
  ZTP_VERIFY_OR_RETURN(const std::optional<std::string> hash, claims.Text(name));
  if (!hash && !token) return std::nullopt;
  if (!hash) return Refuse(Check::kBinding, "`", name, "` is missing: it does not name the ", what);
  if (!token) return Refuse(Check::kBinding, "`", name, "` names a ", what, " that is not here");
  if (*hash == EncodeBase64url(Sha256Bytes(*token))) return std::nullopt;
  return Refuse(Check::kBinding, "`", name, "` names another ", what);
}

Verified<Jwt> VerifyProof(const PresentedWit& presented, const Jwk& key,
                          const WitSvidPolicy& policy, Time now) {
  const JwtPolicy jwt_policy{.jws = {.algorithms = {*JwsAlgorithmOf(*key.alg)}},
                             .issuers = std::nullopt,
                             .audiences = policy.audiences,
                             .types = {"wpt+jwt"},
                             .type_required = true,
                             .subject_required = false,
                             .leeway = policy.leeway,
                             .required_claims = {"jti"}};
  JsonTree tree;
  ZTP_VERIFY_OR_RETURN(Jwt proof, VerifyJwt(*presented.proof, {{key}}, jwt_policy, now, &tree));
  const Claims claims(tree, tree.root());
  if (proof.id.empty()) return Refuse(Check::kClaim, "the claim `jti` is empty");
  const int64_t leeway = std::clamp(policy.leeway, Duration{}, kMaxLeeway).micros;
  if (proof.expires_at.micros - now.micros - leeway > policy.max_proof_lifetime.micros) {
    return Refuse(Check::kClaim, "it is good until ", FormatTime(proof.expires_at),
                  ", which is longer than a proof may be");
  }
  if (auto refusal = CheckHash(claims, "wth", presented.wit, "workload identity token")) {
    return *std::move(refusal);
  }
  if (auto refusal = CheckHash(claims, "ath", presented.access_token, "access token")) {
    return *std::move(refusal);
  }
  if (auto refusal = CheckHash(claims, "tth", presented.transaction_token, "transaction token")) {
    return *std::move(refusal);
  }
  if (tree.Find(tree.root(), "oth") != nullptr) {
    return Refuse(Check::kBinding, "`oth` names other tokens, which nobody here can compare");
  }
  return proof;
}

}  // namespace

Verified<WitSvid> VerifyWitSvid(const PresentedWit& presented, const JwkSet& bundle,
                                const WitSvidPolicy& policy, Time now) {
  const JwtPolicy jwt_policy{.jws = {.algorithms = StandardAlgorithms(),
                                     .key_use = "wit-svid",
                                     .key_use_required = true,
                                     .kid_required = true},
                             .issuers = std::nullopt,
                             .audiences = std::nullopt,
                             .types = {"wit+jwt"},
                             .type_required = true,
                             .max_age = policy.max_age,
                             .leeway = policy.leeway};
  JsonTree tree;
  WitSvid svid;
  ZTP_VERIFY_OR_RETURN(svid.jwt, VerifyJwt(presented.wit, bundle, jwt_policy, now, &tree));
  if (tree.Find(tree.root(), "aud") != nullptr) {
    return Refuse(Check::kAudience, "a WIT-SVID is for nobody in particular, and this has `aud`");
  }
  const auto id = ParseSpiffeId(svid.jwt.subject);
  if (!id.ok() || SpiffeTrustDomain(*id) != policy.trust_domain) {
    return Refuse(Check::kSubject, "the token is about ", Quoted(JsonExcerpt(svid.jwt.subject)),
                  ", which is no SPIFFE ID of ", Quoted(policy.trust_domain));
  }
  svid.spiffe_id = *id;
  ZTP_VERIFY_OR_RETURN(const Jwk key, ReadKey(PayloadOf(presented.wit), tree));
  svid.key_thumbprint = key.thumbprint;
  svid.key_sha256 = KeyDigest(key.key);
  svid.expires_at = svid.jwt.expires_at;
  if (!presented.proof) {
    if (policy.host_checks_binding) return svid;
    return Refuse(Check::kBinding,
                  "a WIT-SVID proves nothing without a proof that whoever presents "
                  "it holds its key");
  }
  Verified<Jwt> proof = VerifyProof(presented, key, policy, now);
  if (!proof.ok()) {
    return Refuse(proof.refusal().check, "the proof of possession: ", proof.refusal().message);
  }
  svid.expires_at = std::min(svid.expires_at, proof->expires_at);
  svid.once = Sha256Bytes(Cat("wpt\n", svid.key_thumbprint, "\n", proof->id));
  svid.proof = *std::move(proof);
  return svid;
}

}  // namespace ztp::evidence
