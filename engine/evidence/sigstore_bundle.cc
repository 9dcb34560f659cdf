// See sigstore_bundle.h.
#include "engine/evidence/sigstore_bundle.h"

#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/evidence/base64.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

constexpr size_t kHashBytes = 32;
constexpr int64_t kLastSecond = 253'402'300'799;  // of the year 9999

// A member of an object, which says what it is missing.
class Members {
 public:
  Members(const JsonTree& tree, const JsonNode& object, std::string_view what)
      : tree_(tree), object_(object), what_(what) {}

  const JsonNode* Find(std::string_view name) const {
    const JsonNode* node = tree_.Find(object_, name);
    return node == nullptr || node->kind == JsonKind::kNull ? nullptr : node;
  }
  Verified<const JsonNode*> Need(std::string_view name, JsonKind kind) const {
    const JsonNode* node = Find(name);
    if (node == nullptr || node->kind != kind) {
      return Refuse(Check::kMalformed, what_, " has no `", name, "`, or it is of another type");
    }
    return node;
  }
  Verified<Members> Object(std::string_view name) const {
    ZTP_VERIFY_OR_RETURN(const JsonNode* node, Need(name, JsonKind::kObject));
    return Members(tree_, *node, name);
  }
  Verified<std::string> Text(std::string_view name, size_t max_bytes) const {
    ZTP_VERIFY_OR_RETURN(const JsonNode* node, Need(name, JsonKind::kString));
    if (node->text.size() > max_bytes) {
      return Refuse(Check::kTooLarge, "`", name, "` has more than ", max_bytes, " bytes");
    }
    return std::string(node->text);
  }
  Verified<std::string> Bytes(std::string_view name, size_t max_bytes) const {
    ZTP_VERIFY_OR_RETURN(const std::string text, Text(name, (max_bytes + 2) / 3 * 4));
    return Decode(name, text);
  }
  Verified<std::string> Hash(std::string_view name) const {
    ZTP_VERIFY_OR_RETURN(std::string bytes, Bytes(name, kHashBytes));
    if (bytes.size() != kHashBytes) {
      return Refuse(Check::kMalformed, "`", name, "` must have ", kHashBytes, " bytes");
    }
    return bytes;
  }
  // Protobuf writes 64 bits as a string, and reads a number as well.
  Verified<uint64_t> Number(std::string_view name) const {
    const JsonNode* node = Find(name);
    if (node != nullptr && (node->kind == JsonKind::kString || node->kind == JsonKind::kNumber)) {
      if (const auto value = ParseInt(node->text); value.ok() && *value >= 0) {
        return static_cast<uint64_t>(*value);
      }
    }
    return Refuse(Check::kMalformed, "`", name, "` must be a whole number from 0 on");
  }

  static Verified<std::string> Decode(std::string_view name, std::string_view text) {
    std::optional<std::string> bytes = DecodeBase64(text);
    if (!bytes || bytes->empty()) {
      return Refuse(Check::kMalformed, "`", name, "` is not base64");
    }
    return *std::move(bytes);
  }

 private:
  const JsonTree& tree_;
  const JsonNode& object_;
  std::string_view what_;
};

Verified<InclusionProof> ReadProof(const JsonTree& tree, const Members& members) {
  InclusionProof proof;
  ZTP_VERIFY_OR_RETURN(proof.index, members.Number("logIndex"));
  ZTP_VERIFY_OR_RETURN(proof.tree_size, members.Number("treeSize"));
  ZTP_VERIFY_OR_RETURN(proof.root, members.Hash("rootHash"));
  // A tree of one leaf has a path of none, which protobuf leaves out.
  if (const JsonNode* hashes = members.Find("hashes")) {
    if (hashes->kind != JsonKind::kArray) {
      return Refuse(Check::kMalformed, "`hashes` must be an array");
    }
    if (hashes->child_count > kMaxInclusionHashes) {
      return Refuse(Check::kTooLarge, "an inclusion proof with more than ", kMaxInclusionHashes,
                    " hashes");
    }
    for (const JsonNode& node : tree.Children(*hashes)) {
      std::optional<std::string> hash =
          node.kind == JsonKind::kString ? DecodeBase64(node.text) : std::nullopt;
      if (!hash || hash->size() != kHashBytes) {
        return Refuse(Check::kMalformed, "a hash of an inclusion proof must have ", kHashBytes,
                      " bytes");
      }
      proof.hashes.push_back(*std::move(hash));
    }
  }
  ZTP_VERIFY_OR_RETURN(const Members checkpoint, members.Object("checkpoint"));
  ZTP_VERIFY_OR_RETURN(proof.checkpoint, checkpoint.Text("envelope", kMaxCheckpointBytes));
  return proof;
}

Verified<LogEntry> ReadLogEntry(const JsonTree& tree, const JsonNode& node) {
  if (node.kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "an entry of a log must be an object");
  }
  const Members members(tree, node, "an entry of a log");
  LogEntry entry;
  ZTP_VERIFY_OR_RETURN(entry.index, members.Number("logIndex"));
  ZTP_VERIFY_OR_RETURN(const Members log, members.Object("logId"));
  ZTP_VERIFY_OR_RETURN(entry.log_id, log.Hash("keyId"));
  ZTP_VERIFY_OR_RETURN(const Members kind, members.Object("kindVersion"));
  ZTP_VERIFY_OR_RETURN(entry.kind, kind.Text("kind", 64));
  ZTP_VERIFY_OR_RETURN(entry.version, kind.Text("version", 64));
  ZTP_VERIFY_OR_RETURN(entry.body, members.Bytes("canonicalizedBody", kMaxLogBodyBytes));
  if (members.Find("integratedTime") != nullptr) {
    ZTP_VERIFY_OR_RETURN(const uint64_t seconds, members.Number("integratedTime"));
    if (seconds > static_cast<uint64_t>(kLastSecond)) {
      return Refuse(Check::kMalformed, "`integratedTime` is behind the year 9999");
    }
    entry.integrated_at = Time{static_cast<int64_t>(seconds) * kMicrosPerSecond};
  }
  if (members.Find("inclusionPromise") != nullptr) {
    ZTP_VERIFY_OR_RETURN(const Members promise, members.Object("inclusionPromise"));
    ZTP_VERIFY_OR_RETURN(entry.signed_at_signature,
                         promise.Bytes("signedEntryTimestamp", kMaxSignatureBytes));
  }
  if (members.Find("inclusionProof") != nullptr) {
    ZTP_VERIFY_OR_RETURN(const Members proof, members.Object("inclusionProof"));
    ZTP_VERIFY_OR_RETURN(entry.proof, ReadProof(tree, proof));
  }
  return entry;
}

Verified<Certificate> ReadOne(const JsonTree& tree, const JsonNode& node) {
  if (node.kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "a certificate must be an object");
  }
  const Members members(tree, node, "a certificate");
  ZTP_VERIFY_OR_RETURN(const std::string der, members.Bytes("rawBytes", kMaxCertificateBytes));
  return Certificate::FromDer(der);
}

std::optional<Refusal> ReadMaterial(const JsonTree& tree, const Members& material,
                                    SigstoreBundle* bundle) {
  const JsonNode* key = material.Find("publicKey");
  const JsonNode* chain = material.Find("x509CertificateChain");
  const JsonNode* single = material.Find("certificate");
  if ((key != nullptr) + (chain != nullptr) + (single != nullptr) != 1) {
    return Refuse(Check::kMalformed,
                  "verification material must be one of `publicKey`, `x509CertificateChain` and "
                  "`certificate`");
  }
  if (key != nullptr) {
    bundle->has_key = true;
    ZTP_VERIFY_OR_RETURN(const Members members, material.Object("publicKey"));
    // Before version 1.0 the key itself stood there; what comes with a signature says nothing.
    if (members.Find("hint") != nullptr) {
      ZTP_VERIFY_OR_RETURN(bundle->key_hint, members.Text("hint", 512));
    }
  } else if (chain != nullptr) {
    bundle->is_chain = true;
    ZTP_VERIFY_OR_RETURN(const Members members, material.Object("x509CertificateChain"));
    ZTP_VERIFY_OR_RETURN(const JsonNode* nodes, members.Need("certificates", JsonKind::kArray));
    if (nodes->child_count == 0) return Refuse(Check::kMalformed, "an empty certificate chain");
    if (nodes->child_count > kMaxChainCertificates) {
      return Refuse(Check::kTooLarge, "more than ", kMaxChainCertificates, " certificates");
    }
    for (const JsonNode& node : tree.Children(*nodes)) {
      ZTP_VERIFY_OR_RETURN(Certificate certificate, ReadOne(tree, node));
      bundle->certificates.push_back(std::move(certificate));
    }
  } else {
    ZTP_VERIFY_OR_RETURN(Certificate certificate, ReadOne(tree, *single));
    bundle->certificates.push_back(std::move(certificate));
  }
  const JsonNode* entries = material.Find("tlogEntries");
  if (entries == nullptr) return std::nullopt;
  if (entries->kind != JsonKind::kArray) {
    return Refuse(Check::kMalformed, "`tlogEntries` must be an array");
  }
  if (entries->child_count > kMaxLogEntries) {
    return Refuse(Check::kTooLarge, "more than ", kMaxLogEntries, " entries of logs");
  }
  for (const JsonNode& node : tree.Children(*entries)) {
    ZTP_VERIFY_OR_RETURN(LogEntry entry, ReadLogEntry(tree, node));
    bundle->log_entries.push_back(std::move(entry));
  }
  return std::nullopt;
}

}  // namespace

Verified<SigstoreBundle> ReadSigstoreBundle(std::string_view json) {
  if (json.size() > kMaxDsseBytes) {
    return Refuse(Check::kTooLarge, "a bundle of ", json.size(), " bytes; at most ", kMaxDsseBytes,
                  " are read");
  }
  JsonTree tree;
  JsonError error;
  if (!tree.Parse(json, JsonPath(), &error)) {
    return Refuse(Check::kMalformed, "a bundle is no JSON at ", JsonExcerpt(error.path), ": ",
                  error.message);
  }
  if (tree.root().kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "a bundle must be an object");
  }
  const Members members(tree, tree.root(), "a bundle");
  ZTP_VERIFY_OR_RETURN(const std::string type, members.Text("mediaType", 256));
  if (type != kSigstoreBundleType) {
    return Refuse(Check::kMalformed, "a bundle of the type ", Quoted(JsonExcerpt(type)),
                  "; it takes ", kSigstoreBundleType);
  }
  SigstoreBundle bundle;
  ZTP_VERIFY_OR_RETURN(const Members material, members.Object("verificationMaterial"));
  if (auto refusal = ReadMaterial(tree, material, &bundle)) return *std::move(refusal);
  ZTP_VERIFY_OR_RETURN(const JsonNode* envelope, members.Need("dsseEnvelope", JsonKind::kObject));
  ZTP_VERIFY_OR_RETURN(bundle.envelope, ReadDsse(tree, *envelope));
  return bundle;
}

}  // namespace ztp::evidence
