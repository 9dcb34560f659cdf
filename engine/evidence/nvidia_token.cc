// See nvidia_token.h.
#include "engine/evidence/nvidia_token.h"

#include <algorithm>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/claims.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

constexpr std::string_view kSubject = "NVIDIA-PLATFORM-ATTESTATION";

std::string Shown(std::string_view text) { return Quoted(JsonExcerpt(text)); }

Refusal NoBundle(std::string_view what) {
  return Refuse(Check::kMalformed, "not a detached bundle of NVIDIA's: ", what);
}

// The tokens of a bundle, by name. Views into `tree`.
struct Bundle {
  std::string_view overall;
  std::vector<std::pair<std::string_view, std::string_view>> devices;
};

Verified<Bundle> Split(std::string_view text, JsonTree* tree) {
  if (text.size() > kMaxNvidiaBundleBytes) {
    return Refuse(Check::kTooLarge, "a bundle of ", text.size(), " bytes; at most ",
                  kMaxNvidiaBundleBytes, " are read");
  }
  JsonError error;
  if (!tree->Parse(text, JsonPath(), &error)) return NoBundle(error.message);
  const JsonNode& root = tree->root();
  if (root.kind != JsonKind::kArray || root.child_count != 2) {
    return NoBundle("it is no array of two");
  }
  const JsonNode& pair = (*tree)[root.first_child];
  const JsonNode& devices = (*tree)[pair.next];
  if (pair.kind != JsonKind::kArray || pair.child_count != 2 || devices.kind != JsonKind::kObject) {
    return NoBundle("it is no token with an object of tokens behind it");
  }
  const JsonNode& kind = (*tree)[pair.first_child];
  const JsonNode& overall = (*tree)[kind.next];
  if (kind.kind != JsonKind::kString || kind.text != "JWT" || overall.kind != JsonKind::kString) {
    return NoBundle("its first element is not [\"JWT\", token]");
  }
  if (devices.child_count > kMaxNvidiaDevices) {
    return Refuse(Check::kTooLarge, "a bundle of ", devices.child_count, " devices; at most ",
                  kMaxNvidiaDevices, " are read");
  }
  Bundle bundle{.overall = overall.text, .devices = {}};
  for (const JsonNode& device : tree->Children(devices)) {
    if (device.kind != JsonKind::kString) return NoBundle("a device's token is no string");
    bundle.devices.emplace_back(device.key, device.text);
  }
  return bundle;
}

EatPolicy PolicyOf(const NvidiaTokenPolicy& policy) {
  return EatPolicy{.jws = policy.jws,
                   .issuers = policy.issuers,
                   .nonce = std::nullopt,
                   .max_age = policy.max_age,
                   .leeway = policy.leeway};
}

// `eat_nonce` is the answer in hexadecimal, in either case.
std::optional<Refusal> RefuseNonce(const Claims& claims, const Challenge& challenge) {
  ZTP_VERIFY_OR_RETURN(const std::optional<std::string> text, claims.Text("eat_nonce"));
  if (!challenge.nonce && !challenge.channel_key && challenge.without_nonce_allowed) {
    return std::nullopt;
  }
  const std::optional<std::string> bytes = text ? FromHex(*text) : std::nullopt;
  if (!bytes) return Refuse(Check::kNonce, "a token without a nonce in hexadecimal");
  return RefuseAnswer(*bytes, challenge);
}

// The bytes that a token answers; nothing: it has no nonce, or none in hexadecimal.
std::optional<std::string> NonceOf(const Claims& claims) {
  const Verified<std::optional<std::string>> text = claims.Text("eat_nonce");
  return text.ok() && *text ? FromHex(**text) : std::nullopt;
}

// RFC 9711 section 4.2.18.2: ["DIGEST", ["SHA-256", "…"]].
Verified<std::string> DigestOf(const JsonTree& tree, const JsonNode& submodule) {
  const auto refuse = [&](std::string_view what) {
    return Refuse(Check::kClaim, "the submodule ", Shown(submodule.key), " ", what);
  };
  if (submodule.kind != JsonKind::kArray || submodule.child_count != 2) {
    return refuse("is no digest");
  }
  const JsonNode& kind = tree[submodule.first_child];
  const JsonNode& pair = tree[kind.next];
  if (kind.kind != JsonKind::kString || kind.text != "DIGEST" || pair.kind != JsonKind::kArray ||
      pair.child_count != 2) {
    return refuse("is no digest");
  }
  const JsonNode& algorithm = tree[pair.first_child];
  const JsonNode& digest = tree[algorithm.next];
  if (algorithm.kind != JsonKind::kString || algorithm.text != "SHA-256" ||
      digest.kind != JsonKind::kString) {
    return refuse("has a digest of another algorithm than SHA-256");
  }
  const std::optional<std::string> bytes = FromHex(digest.text);
  if (!bytes || bytes->size() != 32) return refuse("has no SHA-256");
  return *bytes;
}

// Each device that the overall token names comes with it and is what was signed, and no other does.
std::optional<Refusal> RefuseOthers(const JsonTree& tree, const Bundle& bundle) {
  const JsonNode* submods = tree.Find(tree.root(), "submods");
  if (submods == nullptr || submods->kind != JsonKind::kObject || submods->child_count == 0) {
    return Refuse(Check::kClaim, "the claim `submods` is no object with a device in it");
  }
  if (submods->child_count != bundle.devices.size()) {
    return Refuse(Check::kSignature, "the service has signed ", submods->child_count,
                  " devices; the bundle has ", bundle.devices.size());
  }
  for (const auto& [name, token] : bundle.devices) {
    const JsonNode* submodule = tree.Find(*submods, name);
    if (submodule == nullptr) {
      return Refuse(Check::kSignature, "the service has signed no device ", Shown(name));
    }
    ZTP_VERIFY_OR_RETURN(const std::string digest, DigestOf(tree, *submodule));
    if (Sha256Bytes(token) != digest) {
      return Refuse(Check::kSignature, "the token of ", Shown(name),
                    " is not the one whose digest the service has signed");
    }
  }
  return std::nullopt;
}

std::optional<Refusal> ReadOverall(const JsonTree& tree, const NvidiaTokenPolicy& policy,
                                   NvidiaToken* token) {
  const Claims claims(tree, tree.root());
  ZTP_VERIFY_OR_RETURN(const std::optional<std::string> subject, claims.Text("sub"));
  if (subject != kSubject) {
    return Refuse(Check::kSubject, "the token is not about a platform of NVIDIA's");
  }
  ZTP_VERIFY_OR_RETURN(token->version, claims.RequiredText("x-nvidia-ver"));
  if (!token->version.starts_with("2.") && !token->version.starts_with("3.")) {
    return Refuse(Check::kClaim, "claims of the version ", Shown(token->version),
                  "; 2 and 3 are read");
  }
  const JsonNode* result = tree.Find(tree.root(), "x-nvidia-overall-att-result");
  if (result == nullptr || result->kind != JsonKind::kBool) {
    return Refuse(Check::kClaim, "the claim `x-nvidia-overall-att-result` is no boolean");
  }
  token->overall_result = result->boolean;
  token->nonce = NonceOf(claims);
  return RefuseNonce(claims, policy.challenge);
}

Verified<NvidiaDevice> VerifyDevice(std::string_view name, std::string_view text,
                                    const JwkSet& keys, const NvidiaTokenPolicy& policy, Time now,
                                    Attested* attested) {
  JsonTree tree;
  ZTP_VERIFY_OR_RETURN(const Eat eat, VerifyEat(text, keys, PolicyOf(policy), now, &tree));
  const Claims claims(tree, tree.root());
  if (auto refusal = RefuseNonce(claims, policy.challenge)) return *std::move(refusal);
  attested->expires_at = std::min(attested->expires_at, eat.expires_at);
  attested->issued_at = std::min(*attested->issued_at, eat.issued_at);
  ZTP_VERIFY_OR_RETURN(NvidiaDevice device, ReadNvidiaDevice(name, tree));
  device.nonce = NonceOf(claims);
  device.gpu.nonce_matched = policy.challenge.nonce.has_value();
  device.gpu.confidential = policy.attested_means_confidential && !device.is_switch;
  if (Worse(device.appraisal, policy.worst_accepted) != policy.worst_accepted) {
    return Refuse(Check::kMeasurement, Shown(name), " is ", NameOf(device.appraisal),
                  device.warning.empty() ? "" : ": ", JsonExcerpt(device.warning), "; at worst ",
                  NameOf(policy.worst_accepted), " is accepted");
  }
  return device;
}

// The GPU that the Device is about.
std::optional<Refusal> Choose(const NvidiaTokenPolicy& policy, NvidiaToken* token) {
  const NvidiaDevice* chosen = nullptr;
  for (const NvidiaDevice& device : token->devices) {
    if (device.is_switch || (!policy.gpu.empty() && device.name != policy.gpu)) continue;
    if (chosen != nullptr) {
      return Refuse(Check::kSubject, "the token is about several GPUs, and none is chosen");
    }
    chosen = &device;
  }
  if (chosen == nullptr && !policy.gpu.empty()) {
    return Refuse(Check::kSubject, "the token is not about the GPU ", Shown(policy.gpu));
  }
  if (chosen != nullptr) token->attested.device.gpu = chosen->gpu;
  return std::nullopt;
}

}  // namespace

Verified<NvidiaToken> VerifyNvidiaToken(std::string_view text, const JwkSet& keys,
                                        const NvidiaTokenPolicy& policy, Time now) {
  JsonTree bundle_tree;
  ZTP_VERIFY_OR_RETURN(const Bundle bundle, Split(text, &bundle_tree));
  JsonTree tree;
  ZTP_VERIFY_OR_RETURN(Eat eat, VerifyEat(bundle.overall, keys, PolicyOf(policy), now, &tree));
  NvidiaToken token;
  if (auto refusal = ReadOverall(tree, policy, &token)) return *std::move(refusal);
  if (auto refusal = RefuseOthers(tree, bundle)) return *std::move(refusal);
  Attested& attested = token.attested;
  attested.issued_at = eat.issued_at;
  attested.expires_at = eat.expires_at;
  Appraisal verdict = token.overall_result ? Appraisal::kAffirming : Appraisal::kContraindicated;
  for (const auto& [name, device_text] : bundle.devices) {
    ZTP_VERIFY_OR_RETURN(NvidiaDevice device,
                         VerifyDevice(name, device_text, keys, policy, now, &attested));
    verdict = Worse(verdict, device.appraisal);
    if (device.nonce != token.nonce) token.nonce.reset();
    token.devices.push_back(std::move(device));
  }
  if (Worse(verdict, policy.worst_accepted) != policy.worst_accepted) {
    return Refuse(Check::kStatus, "the service's overall result is failure");
  }
  if (auto refusal = Choose(policy, &token)) return *std::move(refusal);
  // The answer to a challenge is no older than the challenge, and good for no longer.
  ZTP_VERIFY_OR_RETURN(attested.expires_at, ExpiryOf(policy.challenge, now, attested.expires_at));
  attested.device.verdict = verdict;
  attested.device.verifier = eat.issuer;
  attested.anchor = std::move(eat.key_thumbprint);
  attested.digest = Sha256Digest(text);
  attested.bound_key = policy.challenge.channel_key;
  return token;
}

}  // namespace ztp::evidence
