// See trusted_root.h.
#include "engine/evidence/trusted_root.h"

#include <optional>
#include <utility>

#include "engine/evidence/base64.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

constexpr size_t kMaxMembers = 64;
constexpr std::string_view kType = "application/vnd.dev.sigstore.trustedroot";

class Reader {
 public:
  explicit Reader(const JsonTree& tree) : tree_(tree) {}

  Verified<std::string> Bytes(const JsonNode& object,
                              std::initializer_list<std::string_view> path) const {
    const JsonNode* node = tree_.At(object, path);
    std::optional<std::string> bytes = node != nullptr && node->kind == JsonKind::kString
                                           ? DecodeBase64(node->text)
                                           : std::nullopt;
    if (!bytes) return Refuse(Check::kMalformed, "a trusted root has a key that is not base64");
    return *std::move(bytes);
  }

  Verified<const JsonNode*> Array(const JsonNode& object, std::string_view name) const {
    const JsonNode* node = tree_.At(object, {name});
    if (node == nullptr || node->kind != JsonKind::kArray) {
      return Refuse(Check::kMalformed, "a trusted root has no array `", name, "`");
    }
    if (node->child_count > kMaxMembers) {
      return Refuse(Check::kTooLarge, "`", name, "` has more than ", kMaxMembers, " members");
    }
    return node;
  }

  Verified<std::vector<SignatureKey>> Logs(const JsonNode& root, std::string_view name) const {
    ZTP_VERIFY_OR_RETURN(const JsonNode* logs, Array(root, name));
    std::vector<SignatureKey> keys;
    for (const JsonNode& log : tree_.Children(*logs)) {
      if (tree_.At(log, {"publicKey", "validFor", "end"}) != nullptr) continue;
      ZTP_VERIFY_OR_RETURN(const std::string der, Bytes(log, {"publicKey", "rawBytes"}));
      Verified<SignatureKey> key = ReadSpki(der);
      if (!key.ok() && key.refusal().check == Check::kAlgorithm) continue;
      if (!key.ok()) return std::move(key).refusal();
      keys.push_back(*std::move(key));
    }
    return keys;
  }

  std::optional<Refusal> Authorities(const JsonNode& root, SigstoreTrust* trust) const {
    ZTP_VERIFY_OR_RETURN(const JsonNode* authorities, Array(root, "certificateAuthorities"));
    for (const JsonNode& authority : tree_.Children(*authorities)) {
      if (tree_.At(authority, {"validFor", "end"}) != nullptr) continue;
      const JsonNode* chain = tree_.At(authority, {"certChain"});
      if (chain == nullptr) return Refuse(Check::kMalformed, "an authority without certificates");
      ZTP_VERIFY_OR_RETURN(const JsonNode* nodes, Array(*chain, "certificates"));
      std::vector<Certificate> certificates;
      for (const JsonNode& node : tree_.Children(*nodes)) {
        ZTP_VERIFY_OR_RETURN(const std::string der, Bytes(node, {"rawBytes"}));
        ZTP_VERIFY_OR_RETURN(Certificate certificate, Certificate::FromDer(der));
        certificates.push_back(std::move(certificate));
      }
      if (certificates.empty()) {
        return Refuse(Check::kMalformed, "an authority without certificates");
      }
      // The root is last.
      trust->authorities.push_back(certificates.back());
      certificates.pop_back();
      for (Certificate& certificate : certificates) {
        trust->intermediates.push_back(std::move(certificate));
      }
    }
    return std::nullopt;
  }

 private:
  const JsonTree& tree_;
};

}  // namespace

Verified<SigstoreTrust> ReadTrustedRoot(std::string_view json) {
  if (json.size() > kMaxTrustedRootBytes) {
    return Refuse(Check::kTooLarge, "a trusted root of ", json.size(), " bytes; at most ",
                  kMaxTrustedRootBytes, " are read");
  }
  JsonTree tree;
  JsonError error;
  if (!tree.Parse(json, JsonPath(), &error)) {
    return Refuse(Check::kMalformed, "a trusted root is no JSON at ", JsonExcerpt(error.path), ": ",
                  error.message);
  }
  const Reader reader(tree);
  if (!tree.TextAt(tree.root(), {"mediaType"}).starts_with(kType)) {
    return Refuse(Check::kMalformed, "a trusted root must be of the type ", kType);
  }
  SigstoreTrust trust;
  if (auto refusal = reader.Authorities(tree.root(), &trust)) return *std::move(refusal);
  ZTP_VERIFY_OR_RETURN(trust.log_keys, reader.Logs(tree.root(), "tlogs"));
  ZTP_VERIFY_OR_RETURN(trust.ct_keys, reader.Logs(tree.root(), "ctlogs"));
  if (trust.authorities.empty() || trust.log_keys.empty() || trust.ct_keys.empty()) {
    return Refuse(Check::kMalformed,
                  "a trusted root must have an authority, a log and a certificate log in force");
  }
  return trust;
}

}  // namespace ztp::evidence
