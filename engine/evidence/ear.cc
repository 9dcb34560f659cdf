// See ear.h.
#include "engine/evidence/ear.h"

#include <algorithm>

#include "engine/base/scalar_text.h"
#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/base64.h"
#include "engine/evidence/claims.h"
#include "engine/evidence/openssl_ptr.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

// How one profile spells its claims.
struct Spelling {
  std::string_view profile, status, vector, policy, policies, verifier_id, key_attestation;
};
constexpr Spelling kSpellings[] = {
    {kEarVeraisonProfile, "ear.status", "ear.trustworthiness-vector", "ear.appraisal-policy-id",
     "ear.appraisal-policy-ids", "ear.verifier-id", "ear.veraison.key-attestation"},
    {kEarIetfProfile, "ear_status", "ear_trustworthiness_vector", "ear_appraisal_policy_id",
     "ear_appraisal_policy_ids", "ear_verifier_id", "ear_veraison_key_attestation"},
};
constexpr int kLowestTrustClaim = -128;
constexpr int kHighestTrustClaim = 127;
constexpr size_t kMaxKeyBytes = 2048;
constexpr size_t kMaxPolicies = 32;

std::string Shown(std::string_view text) { return Quoted(JsonExcerpt(text)); }

bool Contains(const std::vector<std::string>& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

Refusal Wrong(std::string_view submodule, std::string_view claim, std::string_view what) {
  return Refuse(Check::kClaim, "in the submodule ", Shown(submodule), ", `", claim, "` ", what);
}

// A status by its name, or by its number.
std::optional<Appraisal> StatusOf(const JsonNode& node) {
  struct Named {
    std::string_view name, number;
    Appraisal status;
  };
  constexpr Named kAll[] = {{"none", "0", Appraisal::kUnappraised},
                            {"affirming", "2", Appraisal::kAffirming},
                            {"warning", "32", Appraisal::kWarning},
                            {"contraindicated", "96", Appraisal::kContraindicated}};
  for (const Named& one : kAll) {
    if (node.kind == JsonKind::kString && node.text == one.name) return one.status;
    if (node.kind == JsonKind::kNumber && node.text == one.number) return one.status;
  }
  return std::nullopt;
}

std::optional<Refusal> ReadVector(const JsonTree& tree, const JsonNode& node,
                                  const Spelling& spelling, EarSubmodule* submodule) {
  if (node.kind != JsonKind::kObject || node.child_count > kMaxEarTrustClaims) {
    return Wrong(submodule->name, spelling.vector, "is no object, or has too many members");
  }
  for (const JsonNode& claim : tree.Children(node)) {
    const auto value = ParseInt(claim.kind == JsonKind::kNumber ? claim.text : "");
    if (!value.ok() || *value < kLowestTrustClaim || *value > kHighestTrustClaim ||
        claim.key.size() > kMaxClaimTextBytes) {
      return Wrong(submodule->name, spelling.vector,
                   "has a member that is no number of -128 to 127");
    }
    const int number = static_cast<int>(*value);
    submodule->trust_vector.emplace_back(std::string(claim.key), number);
    // A claim of "nothing was appraised" takes nothing from the status; a worse one does.
    const Appraisal tier = TierOf(number);
    if (tier != Appraisal::kUnappraised) submodule->status = Worse(submodule->status, tier);
  }
  return std::nullopt;
}

// `akpub`: a SubjectPublicKeyInfo in base64url. An attestation without it attests no key.
std::optional<Refusal> ReadKey(const Claims& claims, const Spelling& spelling,
                               EarSubmodule* submodule) {
  ZTP_VERIFY_OR_RETURN(const std::optional<Claims> attestation,
                       claims.Object(spelling.key_attestation));
  if (!attestation) return std::nullopt;
  ZTP_VERIFY_OR_RETURN(const std::string text, attestation->RequiredText("akpub"));
  const std::optional<std::string> der = DecodeBase64url(text);
  const ErrorQueueScope errors;
  bool good = der && der->size() <= kMaxKeyBytes;
  if (good) {
    const auto* at = reinterpret_cast<const unsigned char*>(der->data());
    const PkeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der->size())));
    good =
        key != nullptr && at == reinterpret_cast<const unsigned char*>(der->data()) + der->size();
  }
  if (!good) return Wrong(submodule->name, "akpub", "is no public key in base64url");
  submodule->key_sha256 = Sha256Digest(*der);
  return std::nullopt;
}

Verified<EarSubmodule> ReadSubmodule(const JsonTree& tree, const JsonNode& node,
                                     const Spelling& spelling) {
  EarSubmodule submodule;
  submodule.name = std::string(node.key);
  if (node.kind != JsonKind::kObject || node.key.size() > kMaxClaimTextBytes) {
    return Refuse(Check::kClaim, "the submodule ", Shown(node.key),
                  " is no appraisal, or its name is too long");
  }
  const JsonNode* status = tree.Find(node, spelling.status);
  const std::optional<Appraisal> said = status == nullptr ? std::nullopt : StatusOf(*status);
  if (!said) return Wrong(submodule.name, spelling.status, "is not there, or is no status");
  submodule.status = *said;
  if (const JsonNode* vector = tree.Find(node, spelling.vector)) {
    if (auto refusal = ReadVector(tree, *vector, spelling, &submodule)) return *std::move(refusal);
  }
  const Claims claims(tree, node);
  for (const std::string_view name : {spelling.policy, spelling.policies}) {
    ZTP_VERIFY_OR_RETURN(std::optional<std::vector<std::string>> policies,
                         claims.Texts(name, kMaxPolicies));
    if (policies) {
      submodule.policies.insert(submodule.policies.end(), policies->begin(), policies->end());
    }
  }
  if (auto refusal = ReadKey(claims, spelling, &submodule)) return *std::move(refusal);
  return submodule;
}

Verified<const Spelling*> ReadProfile(const Claims& claims, const EarPolicy& policy) {
  ZTP_VERIFY_OR_RETURN(const std::string profile, claims.RequiredText("eat_profile"));
  for (const Spelling& spelling : kSpellings) {
    if (spelling.profile == profile && Contains(policy.profiles, profile)) return &spelling;
  }
  return Refuse(Check::kClaim, "a token of the profile ", Shown(profile),
                ", which is not among those that the source may use");
}

std::optional<Refusal> ReadVerifier(const Claims& claims, const Spelling& spelling,
                                    const EarPolicy& policy, Ear* ear) {
  ZTP_VERIFY_OR_RETURN(const Claims id, claims.RequiredObject(spelling.verifier_id));
  ZTP_VERIFY_OR_RETURN(ear->developer, id.RequiredText("developer"));
  ZTP_VERIFY_OR_RETURN(ear->build, id.RequiredText("build"));
  if (!policy.verifiers || Contains(*policy.verifiers, ear->developer)) return std::nullopt;
  return Refuse(Check::kIssuer, "appraised by a verifier of ", Shown(ear->developer),
                ", which is not whom the source is for");
}

std::optional<Refusal> ReadSubmodules(const JsonTree& tree, const Spelling& spelling,
                                      const EarPolicy& policy, Ear* ear) {
  const JsonNode* submods = tree.Find(tree.root(), "submods");
  if (submods == nullptr || submods->kind != JsonKind::kObject || submods->child_count == 0) {
    return Refuse(Check::kClaim, "the claim `submods` is no object with an appraisal in it");
  }
  if (submods->child_count > kMaxEarSubmodules) {
    return Refuse(Check::kTooLarge, "a result with ", submods->child_count, " submodules; at most ",
                  kMaxEarSubmodules, " are read");
  }
  Appraisal verdict = Appraisal::kAffirming;
  for (const JsonNode& node : tree.Children(*submods)) {
    ZTP_VERIFY_OR_RETURN(EarSubmodule submodule, ReadSubmodule(tree, node, spelling));
    verdict = Worse(verdict, submodule.status);
    ear->submodules.push_back(std::move(submodule));
  }
  // A status of the whole may be there, and says nothing better than its parts.
  if (const JsonNode* whole = tree.Find(tree.root(), spelling.status)) {
    const std::optional<Appraisal> said = StatusOf(*whole);
    if (!said) return Refuse(Check::kClaim, "the claim `", spelling.status, "` is no status");
    verdict = Worse(verdict, *said);
  }
  ear->attested.device.verdict = verdict;
  for (const std::string& required : policy.required_submodules) {
    if (std::none_of(ear->submodules.begin(), ear->submodules.end(),
                     [&](const EarSubmodule& one) { return one.name == required; })) {
      return Refuse(Check::kClaim, "the submodule ", Shown(required), " was not appraised");
    }
  }
  return std::nullopt;
}

}  // namespace

Appraisal TierOf(int trust_claim) {
  if (trust_claim >= -1 && trust_claim <= 1) return Appraisal::kUnappraised;
  if (trust_claim >= -32 && trust_claim <= 31) return Appraisal::kAffirming;
  if (trust_claim >= -96 && trust_claim <= 95) return Appraisal::kWarning;
  return Appraisal::kContraindicated;
}

Verified<Ear> VerifyEar(std::string_view token, const JwkSet& keys, const EarPolicy& policy,
                        Time now) {
  JsonTree tree;
  ZTP_VERIFY_OR_RETURN(Eat eat, VerifyEat(token, keys, policy.eat, now, &tree));
  const Claims claims(tree, tree.root());
  ZTP_VERIFY_OR_RETURN(const Spelling* spelling, ReadProfile(claims, policy));
  Ear ear;
  ear.profile = std::string(spelling->profile);
  if (auto refusal = ReadVerifier(claims, *spelling, policy, &ear)) return *std::move(refusal);
  if (auto refusal = ReadSubmodules(tree, *spelling, policy, &ear)) return *std::move(refusal);
  Attested& attested = ear.attested;
  if (Worse(attested.device.verdict, policy.worst_accepted) != policy.worst_accepted) {
    return Refuse(Check::kStatus, "the verdict is ", NameOf(attested.device.verdict), "; at worst ",
                  NameOf(policy.worst_accepted), " is accepted");
  }
  if (policy.channel_key) {
    if (std::none_of(ear.submodules.begin(), ear.submodules.end(), [&](const EarSubmodule& one) {
          return one.key_sha256 == policy.channel_key;
        })) {
      return Refuse(Check::kBinding, "no submodule attests the channel's key");
    }
    attested.bound_key = policy.channel_key;
  }
  attested.device.verifier = ear.developer;
  ear.issuer = std::move(eat.issuer);
  ear.nonces = std::move(eat.nonces);
  attested.issued_at = eat.issued_at;
  attested.expires_at = eat.expires_at;
  attested.anchor = std::move(eat.key_thumbprint);
  attested.digest = std::move(eat.digest);
  return ear;
}

}  // namespace ztp::evidence
