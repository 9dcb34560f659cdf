// See jwk.h.
#include "engine/evidence/jwk.h"

#include <array>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/base64.h"
#include "engine/facts/json_items.h"
#include "engine/facts/json_tree.h"

namespace ztp::evidence {
namespace {

// Members of private and of symmetric keys: RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1.
constexpr std::array<std::string_view, 8> kSecretMembers = {"d",  "p",  "q",   "dp",
                                                            "dq", "qi", "oth", "k"};

std::string Shown(std::string_view text) { return Quoted(JsonExcerpt(text)); }

class Reader {
 public:
  explicit Reader(const JsonTree& tree) : tree_(tree) {}

  // Nothing: the key is of a kind that is not known.
  Verified<std::optional<Jwk>> Read(const JsonNode& node) const;

 private:
  Verified<std::optional<std::string>> OptionalText(const JsonNode& node,
                                                    std::string_view name) const;
  Verified<std::string> Text(const JsonNode& node, std::string_view name) const;
  // A member in base64url: its bytes.
  Verified<std::string> Number(const JsonNode& node, std::string_view name) const;
  std::optional<Refusal> ReadUses(const JsonNode& node, Jwk* jwk) const;
  std::optional<Refusal> ReadRsa(const JsonNode& node, Jwk* jwk) const;
  std::optional<Refusal> ReadEc(const JsonNode& node, Jwk* jwk) const;
  std::optional<Refusal> ReadEd25519(const JsonNode& node, Jwk* jwk) const;

  const JsonTree& tree_;
};

Verified<std::optional<std::string>> Reader::OptionalText(const JsonNode& node,
                                                          std::string_view name) const {
  const JsonNode* member = tree_.Find(node, name);
  if (member == nullptr) return std::optional<std::string>();
  if (member->kind != JsonKind::kString) {
    return Refuse(Check::kMalformed, "`", name, "` of a key must be a string, not ",
                  JsonKindName(member->kind));
  }
  return std::optional<std::string>(member->text);
}

Verified<std::string> Reader::Text(const JsonNode& node, std::string_view name) const {
  ZTP_VERIFY_OR_RETURN(std::optional<std::string> text, OptionalText(node, name));
  if (!text) return Refuse(Check::kMalformed, "a key has no `", name, "`");
  return *std::move(text);
}

Verified<std::string> Reader::Number(const JsonNode& node, std::string_view name) const {
  ZTP_VERIFY_OR_RETURN(const std::string text, Text(node, name));
  std::optional<std::string> bytes = DecodeBase64url(text);
  if (!bytes) return Refuse(Check::kMalformed, "`", name, "` of a key is not base64url");
  return *std::move(bytes);
}

// RFC 7517 sections 4.2 to 4.5.
std::optional<Refusal> Reader::ReadUses(const JsonNode& node, Jwk* jwk) const {
  ZTP_VERIFY_OR_RETURN(jwk->kid, OptionalText(node, "kid"));
  ZTP_VERIFY_OR_RETURN(jwk->use, OptionalText(node, "use"));
  ZTP_VERIFY_OR_RETURN(jwk->alg, OptionalText(node, "alg"));
  if (jwk->kid && jwk->kid->size() > kMaxKeyIdBytes) {
    return Refuse(Check::kTooLarge, "`kid` of a key has more than ", kMaxKeyIdBytes, " bytes");
  }
  const JsonNode* ops = tree_.Find(node, "key_ops");
  if (ops == nullptr) return std::nullopt;
  if (ops->kind != JsonKind::kArray) {
    return Refuse(Check::kMalformed, "`key_ops` of a key must be an array, not ",
                  JsonKindName(ops->kind));
  }
  jwk->may_verify = false;
  for (const JsonNode& op : tree_.Children(*ops)) {
    if (op.kind != JsonKind::kString) {
      return Refuse(Check::kMalformed, "`key_ops` of a key must have strings, not ",
                    JsonKindName(op.kind));
    }
    if (op.text != "verify") continue;
    if (jwk->may_verify) return Refuse(Check::kMalformed, "`key_ops` of a key has 'verify' twice");
    jwk->may_verify = true;
  }
  return std::nullopt;
}

// The numbers are base64url as EncodeBase64url writes it, so what the thumbprint is made of is
// what the key is made of.
std::optional<Refusal> Reader::ReadRsa(const JsonNode& node, Jwk* jwk) const {
  ZTP_VERIFY_OR_RETURN(const std::string n, Number(node, "n"));
  ZTP_VERIFY_OR_RETURN(const std::string e, Number(node, "e"));
  ZTP_VERIFY_OR_RETURN(jwk->key, MakeRsaKey(n, e));
  jwk->type = KeyType::kRsa;
  jwk->thumbprint =
      Cat(R"({"e":")", EncodeBase64url(e), R"(","kty":"RSA","n":")", EncodeBase64url(n), R"("})");
  return std::nullopt;
}

std::optional<Refusal> Reader::ReadEc(const JsonNode& node, Jwk* jwk) const {
  ZTP_VERIFY_OR_RETURN(const std::string curve, Text(node, "crv"));
  ZTP_VERIFY_OR_RETURN(const std::string x, Number(node, "x"));
  ZTP_VERIFY_OR_RETURN(const std::string y, Number(node, "y"));
  jwk->type = curve == "P-256"   ? KeyType::kP256
              : curve == "P-384" ? KeyType::kP384
                                 : KeyType::kP521;
  ZTP_VERIFY_OR_RETURN(jwk->key, MakeEcKey(jwk->type, x, y));
  jwk->thumbprint = Cat(R"({"crv":")", curve, R"(","kty":"EC","x":")", EncodeBase64url(x),
                        R"(","y":")", EncodeBase64url(y), R"("})");
  return std::nullopt;
}

std::optional<Refusal> Reader::ReadEd25519(const JsonNode& node, Jwk* jwk) const {
  ZTP_VERIFY_OR_RETURN(const std::string x, Number(node, "x"));
  ZTP_VERIFY_OR_RETURN(jwk->key, MakeEd25519Key(x));
  jwk->type = KeyType::kEd25519;
  jwk->thumbprint = Cat(R"({"crv":"Ed25519","kty":"OKP","x":")", EncodeBase64url(x), R"("})");
  return std::nullopt;
}

Verified<std::optional<Jwk>> Reader::Read(const JsonNode& node) const {
  if (node.kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "a key must be an object, not ", JsonKindName(node.kind));
  }
  ZTP_VERIFY_OR_RETURN(const std::string type, Text(node, "kty"));
  for (const std::string_view name : kSecretMembers) {
    if (tree_.Find(node, name) != nullptr || type == "oct") {
      return Refuse(Check::kUsage, "a private or symmetric key stands where public keys belong");
    }
  }
  Jwk jwk;
  std::optional<Refusal> refusal;
  if (type == "RSA") {
    refusal = ReadRsa(node, &jwk);
  } else if (type == "EC" || type == "OKP") {
    ZTP_VERIFY_OR_RETURN(const std::string curve, Text(node, "crv"));
    if (type == "EC" && (curve == "P-256" || curve == "P-384" || curve == "P-521")) {
      refusal = ReadEc(node, &jwk);
    } else if (type == "OKP" && curve == "Ed25519") {
      refusal = ReadEd25519(node, &jwk);
    } else {
      return std::optional<Jwk>();
    }
  } else {
    return std::optional<Jwk>();
  }
  if (refusal) return *std::move(refusal);
  if (auto refused = ReadUses(node, &jwk)) return *std::move(refused);
  jwk.thumbprint = EncodeBase64url(Sha256Bytes(jwk.thumbprint));
  return std::optional<Jwk>(std::move(jwk));
}

std::optional<Refusal> ParseBounded(std::string_view text, JsonTree* tree) {
  if (text.size() > kMaxJwkSetBytes) {
    return Refuse(Check::kTooLarge, "keys of ", text.size(), " bytes; at most ", kMaxJwkSetBytes,
                  " are read");
  }
  JsonError error;
  if (!tree->Parse(text, JsonPath(), &error)) {
    return Refuse(Check::kMalformed, "keys are no JSON at ", JsonExcerpt(error.path), ": ",
                  error.message);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> Jwk::WhyUnfit(JwsAlgorithm algorithm, std::string_view wanted_use,
                                     bool use_required) const {
  if (KeyTypeOf(algorithm) != type) {
    return Refuse(Check::kAlgorithm, NameOf(algorithm), " does not go with ", NameOf(type));
  }
  if (alg && *alg != NameOf(algorithm)) {
    return Refuse(Check::kAlgorithm, "the key is for ", Shown(*alg), ", not for ",
                  NameOf(algorithm));
  }
  if (use ? *use != wanted_use : use_required) {
    return Refuse(Check::kUsage, "the key's use must be ", Quoted(wanted_use), ", it is ",
                  use ? Shown(*use) : std::string("not said"));
  }
  if (!may_verify) return Refuse(Check::kUsage, "the key's `key_ops` do not include 'verify'");
  return std::nullopt;
}

Verified<Jwk> ParseJwk(std::string_view text) {
  JsonTree tree;
  if (auto refusal = ParseBounded(text, &tree)) return *std::move(refusal);
  ZTP_VERIFY_OR_RETURN(std::optional<Jwk> jwk, Reader(tree).Read(tree.root()));
  if (!jwk) return Refuse(Check::kUsage, "a key of a kind that is not known");
  return *std::move(jwk);
}

Verified<JwkSet> ParseJwkSet(std::string_view text) {
  JsonTree tree;
  if (auto refusal = ParseBounded(text, &tree)) return *std::move(refusal);
  const JsonNode* keys =
      tree.root().kind == JsonKind::kObject ? tree.Find(tree.root(), "keys") : nullptr;
  if (keys == nullptr || keys->kind != JsonKind::kArray) {
    return Refuse(Check::kMalformed, "a set of keys must be an object with an array `keys`");
  }
  if (keys->child_count > kMaxJwkSetKeys) {
    return Refuse(Check::kTooLarge, "a set of ", keys->child_count, " keys; at most ",
                  kMaxJwkSetKeys, " are read");
  }
  const Reader reader(tree);
  JwkSet set;
  for (const JsonNode& node : tree.Children(*keys)) {
    ZTP_VERIFY_OR_RETURN(std::optional<Jwk> jwk, reader.Read(node));
    if (jwk) set.keys.push_back(*std::move(jwk));
  }
  return set;
}

}  // namespace ztp::evidence
