// See rekor.h.
#include "engine/evidence/rekor.h"

#include <algorithm>
#include <vector>

#include "engine/base/hex.h"
#include "engine/base/merkle.h"
#include "engine/base/scalar_text.h"
#include "engine/base/sha256.h"
#include "engine/evidence/base64.h"
#include "engine/evidence/pem.h"
#include "engine/evidence/signed_note.h"

namespace ztp::evidence {
namespace {

// The key whose id the entry names: the SHA-256 of its SubjectPublicKeyInfo.
const SignatureKey* KeyOf(const LogEntry& entry, std::span<const SignatureKey> keys) {
  const std::string id = Cat("sha256:", Hex(entry.log_id));
  for (const SignatureKey& key : keys) {
    if (key.id == id) return &key;
  }
  return nullptr;
}

std::string_view TextAt(const JsonTree& tree, const JsonNode& object,
                        std::initializer_list<std::string_view> path) {
  const JsonNode* node = &object;
  for (const std::string_view name : path) {
    node = node->kind == JsonKind::kObject ? tree.Find(*node, name) : nullptr;
    if (node == nullptr) return {};
  }
  return node->kind == JsonKind::kString ? node->text : std::string_view();
}

// The text up to the line's end, which is taken off `text`; nothing: there is no line.
std::optional<std::string_view> TakeLine(std::string_view& text) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

// What the first four bytes of a signature are made of differs by the key's kind; they are a hint
// only, and names are not looked at: the entry says which key it is.
bool NoteIsSignedBy(const SignatureKey& key, const SignedNote& note) {
  return std::any_of(note.signatures.begin(), note.signatures.end(), [&](const auto& signature) {
    return IsSignedBy(key, note.text, signature.bytes);
  });
}

}  // namespace

std::optional<Refusal> RefuseOtherEntry(const LogEntry& entry, const DsseEnvelope& envelope,
                                        const Certificate& certificate) {
  if (entry.kind != "dsse" || entry.version != "0.0.1") {
    return Refuse(Check::kLog, "an entry of another kind than dsse 0.0.1");
  }
  JsonTree tree;
  JsonError error;
  if (!tree.Parse(entry.body, JsonPath(), &error)) {
    return Refuse(Check::kLog, "an entry of the log is no JSON");
  }
  const JsonNode& root = tree.root();
  if (TextAt(tree, root, {"kind"}) != entry.kind ||
      TextAt(tree, root, {"apiVersion"}) != entry.version) {
    return Refuse(Check::kLog, "an entry of the log is of another kind than the bundle says");
  }
  const std::string digest = Hex(Sha256Bytes(envelope.payload));
  if (TextAt(tree, root, {"spec", "payloadHash", "algorithm"}) != "sha256" ||
      TextAt(tree, root, {"spec", "payloadHash", "value"}) != digest) {
    return Refuse(Check::kLog, "the entry of the log is about another payload");
  }
  const JsonNode* spec = tree.Find(root, "spec");  // an object, as it has members
  const JsonNode* signatures = tree.Find(*spec, "signatures");
  if (signatures == nullptr || signatures->kind != JsonKind::kArray ||
      signatures->child_count != envelope.signatures.size()) {
    return Refuse(Check::kLog, "the entry of the log has other signatures");
  }
  size_t i = 0;
  for (const JsonNode& signature : tree.Children(*signatures)) {
    if (TextAt(tree, signature, {"signature"}) != EncodeBase64(envelope.signatures[i].signature)) {
      return Refuse(Check::kLog, "the entry of the log has another signature");
    }
    const std::optional<std::string> pem = DecodeBase64(TextAt(tree, signature, {"verifier"}));
    const auto verifier = ReadPem(pem.value_or(std::string()), "CERTIFICATE",
                                  {.max_blocks = 1, .max_block_bytes = kMaxCertificateBytes});
    if (!verifier.ok() || verifier->front() != certificate.der()) {
      return Refuse(Check::kLog, "the entry of the log is by another certificate");
    }
    ++i;
  }
  return std::nullopt;
}

Verified<Time> LoggedAt(const LogEntry& entry, std::span<const SignatureKey> log_keys) {
  if (entry.signed_at_signature.empty()) {
    return Refuse(Check::kLog, "the log has not signed when it took the entry in");
  }
  const SignatureKey* key = KeyOf(entry, log_keys);
  if (key == nullptr) return Refuse(Check::kLog, "an entry of a log that is not trusted");
  // RFC 8785 of these four.
  const std::string text = Cat(R"({"body":")", EncodeBase64(entry.body), R"(","integratedTime":)",
                               entry.integrated_at.micros / kMicrosPerSecond, R"(,"logID":")",
                               Hex(entry.log_id), R"(","logIndex":)", entry.index, "}");
  if (!IsSignedBy(*key, text, entry.signed_at_signature)) {
    return Refuse(Check::kLog, "the signed entry timestamp is not the log's");
  }
  return entry.integrated_at;
}

std::optional<Refusal> RefuseInclusion(const LogEntry& entry,
                                       std::span<const SignatureKey> log_keys) {
  if (!entry.proof) return Refuse(Check::kLog, "an entry without an inclusion proof");
  const InclusionProof& proof = *entry.proof;
  const SignatureKey* key = KeyOf(entry, log_keys);
  if (key == nullptr) return Refuse(Check::kLog, "an entry of a log that is not trusted");
  const auto note = ReadNote(proof.checkpoint);
  if (!note.ok()) return Refuse(Check::kLog, "a checkpoint: ", note.refusal().message);
  if (!NoteIsSignedBy(*key, *note)) {
    return Refuse(Check::kLog, "the checkpoint is not signed by the log");
  }
  std::string_view text = note->text;
  const auto origin = TakeLine(text);
  const auto size = TakeLine(text);
  const auto root = TakeLine(text);
  if (!origin || !size || !root) return Refuse(Check::kLog, "a checkpoint of another form");
  if (*size != Cat(proof.tree_size) || DecodeBase64(*root) != proof.root) {
    return Refuse(Check::kLog, "the inclusion proof is for another tree than the checkpoint's");
  }
  if (!IsIncluded(MerkleLeafHash(entry.body), proof.index, proof.tree_size, proof.hashes,
                  proof.root)) {
    return Refuse(Check::kLog, "the entry is not under the root of the inclusion proof");
  }
  return std::nullopt;
}

}  // namespace ztp::evidence
