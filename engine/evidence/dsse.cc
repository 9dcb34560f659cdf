// See dsse.h.
#include "engine/evidence/dsse.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/evidence/base64.h"
#include "engine/facts/json_items.h"
#include "engine/facts/json_sink.h"

namespace ztp::evidence {
namespace {

constexpr size_t kMaxKeyIdHintBytes = 512;

// A string member; nothing where it is not there, or null where that may be.
Verified<std::optional<std::string_view>> Text(const JsonTree& tree, const JsonNode& object,
                                               std::string_view name, bool may_be_null) {
  const JsonNode* node = tree.Find(object, name);
  if (node == nullptr || (may_be_null && node->kind == JsonKind::kNull)) {
    return std::optional<std::string_view>();
  }
  if (node->kind != JsonKind::kString) {
    return Refuse(Check::kMalformed, "`", name, "` of an envelope must be a string, not ",
                  JsonKindName(node->kind));
  }
  return std::optional(node->text);
}

Verified<std::string> Base64Member(const JsonTree& tree, const JsonNode& object,
                                   std::string_view name) {
  ZTP_VERIFY_OR_RETURN(const std::optional<std::string_view> text,
                       Text(tree, object, name, /*may_be_null=*/false));
  if (!text) return Refuse(Check::kMalformed, "an envelope has no `", name, "`");
  std::optional<std::string> bytes = DecodeBase64(*text);
  if (!bytes || bytes->empty()) {
    return Refuse(Check::kMalformed, "`", name, "` of an envelope is not base64");
  }
  return *std::move(bytes);
}

Verified<DsseSignature> ReadSignature(const JsonTree& tree, const JsonNode& node) {
  if (node.kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "a signature of an envelope must be an object, not ",
                  JsonKindName(node.kind));
  }
  DsseSignature signature;
  ZTP_VERIFY_OR_RETURN(signature.signature, Base64Member(tree, node, "sig"));
  if (signature.signature.size() > kMaxSignatureBytes) {
    return Refuse(Check::kTooLarge, "a signature of ", signature.signature.size(),
                  " bytes; at most ", kMaxSignatureBytes, " are read");
  }
  ZTP_VERIFY_OR_RETURN(const std::optional<std::string_view> key_id,
                       Text(tree, node, "keyid", /*may_be_null=*/true));
  if (key_id) {
    if (key_id->size() > kMaxKeyIdHintBytes) {
      return Refuse(Check::kTooLarge, "`keyid` has more than ", kMaxKeyIdHintBytes, " bytes");
    }
    signature.key_id = *key_id;
  }
  return signature;
}

}  // namespace

std::string DssePae(std::string_view payload_type, std::string_view payload) {
  return Cat("DSSEv1 ", payload_type.size(), " ", payload_type, " ", payload.size(), " ", payload);
}

Verified<DsseEnvelope> ReadDsse(const JsonTree& tree, const JsonNode& object) {
  if (object.kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "an envelope must be an object, not ",
                  JsonKindName(object.kind));
  }
  DsseEnvelope envelope;
  ZTP_VERIFY_OR_RETURN(const std::optional<std::string_view> type,
                       Text(tree, object, "payloadType", /*may_be_null=*/false));
  if (!type || type->empty()) {
    return Refuse(Check::kMalformed, "an envelope does not say its `payloadType`");
  }
  if (type->size() > kMaxPayloadTypeBytes) {
    return Refuse(Check::kTooLarge, "`payloadType` has more than ", kMaxPayloadTypeBytes, " bytes");
  }
  envelope.payload_type = *type;
  ZTP_VERIFY_OR_RETURN(envelope.payload, Base64Member(tree, object, "payload"));
  const JsonNode* signatures = tree.Find(object, "signatures");
  if (signatures == nullptr || signatures->kind != JsonKind::kArray ||
      signatures->child_count == 0) {
    return Refuse(Check::kMalformed, "an envelope has no array of `signatures`, or it is empty");
  }
  if (signatures->child_count > kMaxDsseSignatures) {
    return Refuse(Check::kTooLarge, "an envelope with ", signatures->child_count,
                  " signatures; at most ", kMaxDsseSignatures, " are read");
  }
  for (const JsonNode& node : tree.Children(*signatures)) {
    ZTP_VERIFY_OR_RETURN(DsseSignature signature, ReadSignature(tree, node));
    envelope.signatures.push_back(std::move(signature));
  }
  return envelope;
}

Verified<DsseEnvelope> ReadDsse(std::string_view json) {
  if (json.size() > kMaxDsseBytes) {
    return Refuse(Check::kTooLarge, "an envelope of ", json.size(), " bytes; at most ",
                  kMaxDsseBytes, " are read");
  }
  JsonTree tree;
  JsonError error;
  if (!tree.Parse(json, JsonPath(), &error)) {
    return Refuse(Check::kMalformed, "an envelope is no JSON at ", JsonExcerpt(error.path), ": ",
                  error.message);
  }
  return ReadDsse(tree, tree.root());
}

Verified<std::vector<size_t>> CheckDsse(const DsseEnvelope& envelope,
                                        std::span<const SignatureKey> keys, size_t threshold) {
  if (keys.size() > kMaxSignatureKeys) {
    return Refuse(Check::kTooLarge, "more than ", kMaxSignatureKeys, " keys");
  }
  if (threshold == 0 || threshold > keys.size()) {
    return Refuse(Check::kUsage, "a threshold of ", threshold, " with ", keys.size(), " keys");
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (keys[i].id == keys[j].id) {
        return Refuse(Check::kUsage, "the key ", keys[i].id, " is given twice");
      }
    }
  }
  const std::string signed_text = DssePae(envelope.payload_type, envelope.payload);
  std::vector<size_t> signers;
  bool named = false;
  for (size_t i = 0; i < keys.size(); ++i) {
    // A signature that names a key of ours is that key's or nobody's: what an attacker can make us
    // verify stays small.
    const auto is_ours = [&](const DsseSignature& signature) {
      return std::any_of(keys.begin(), keys.end(),
                         [&](const SignatureKey& key) { return key.id == signature.key_id; });
    };
    for (const DsseSignature& signature : envelope.signatures) {
      const bool by_name = signature.key_id == keys[i].id;
      named = named || by_name;
      if (!by_name && is_ours(signature)) continue;
      if (!IsSignedBy(keys[i], signed_text, signature.signature)) continue;
      signers.push_back(i);
      break;
    }
  }
  if (signers.size() >= threshold) return signers;
  if (!signers.empty()) {
    return Refuse(Check::kThreshold, "signed by ", signers.size(), " of the ", keys.size(),
                  " keys; it takes ", threshold);
  }
  if (named || (keys.size() == 1 && envelope.signatures.size() == 1)) {
    return Refuse(Check::kSignature, "the signature is not that of the key",
                  keys.size() == 1 ? Cat(" ", keys[0].id) : std::string(" that it names"));
  }
  return Refuse(Check::kKeyUnknown, "none of the ", envelope.signatures.size(),
                " signatures is by one of the ", keys.size(), " keys");
}

bool SignDsse(const DocumentSigner& key, DsseEnvelope* envelope) {
  const std::string& id = key.public_key().id;
  if (envelope->signatures.size() >= kMaxDsseSignatures) return false;
  for (const DsseSignature& signature : envelope->signatures) {
    if (signature.key_id == id) return false;
  }
  std::string signature = key.Sign(DssePae(envelope->payload_type, envelope->payload));
  if (signature.empty()) return false;
  envelope->signatures.push_back({.key_id = id, .signature = std::move(signature)});
  return true;
}

std::string WriteDsse(const DsseEnvelope& envelope) {
  std::string out;
  JsonSink sink(&out);
  sink.Put("{\"payload\":\"");
  sink.PutPlain(EncodeBase64(envelope.payload));
  sink.Put("\",\"payloadType\":");
  sink.PutText(envelope.payload_type);
  sink.Put(",\"signatures\":[");
  for (size_t i = 0; i < envelope.signatures.size(); ++i) {
    if (i != 0) sink.Put(',');
    sink.Put("{\"keyid\":");
    sink.PutText(envelope.signatures[i].key_id);
    sink.Put(",\"sig\":\"");
    sink.PutPlain(EncodeBase64(envelope.signatures[i].signature));
    sink.Put("\"}");
  }
  sink.Put("]}");
  sink.Flush();
  return out;
}

}  // namespace ztp::evidence
