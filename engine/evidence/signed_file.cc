// See signed_file.h.
#include "engine/evidence/signed_file.h"

#include <algorithm>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/sha256.h"
#include "engine/evidence/statement.h"
#include "engine/facts/json_items.h"
#include "engine/facts/json_sink.h"

namespace ztp::evidence {
namespace {

constexpr std::string_view kDigestPrefix = "sha256:";
constexpr Duration kLeeway{60 * kMicrosPerSecond};  // of the signer's clock
constexpr uint64_t kMaxVersion = (uint64_t{1} << 53) - 1;

bool IsDigest(std::string_view text) {
  return text.substr(0, kDigestPrefix.size()) == kDigestPrefix &&
         IsSha256Hex(text.substr(kDigestPrefix.size()));
}

Verified<Time> ReadTime(const JsonTree& tree, const JsonNode& predicate, std::string_view name) {
  const JsonNode* node = tree.Find(predicate, name);
  if (node != nullptr && node->kind == JsonKind::kString) {
    if (const auto time = ParseTime(node->text); time.ok()) return *time;
  }
  return Refuse(Check::kMalformed, "a signed file has no time `", name, "`");
}

std::optional<Refusal> RefuseForm(const SignedFile& file, Check check) {
  if (file.name.empty() || file.name.size() > kMaxSignedNameBytes) {
    return Refuse(check, "a signed file must have a name of 1 to ", kMaxSignedNameBytes, " bytes");
  }
  if (!IsDigest(file.digest)) return Refuse(check, "a signed file must have a digest");
  if (file.version == 0 || file.version > kMaxVersion) {
    return Refuse(check, "a signed file's version must be from 1 to ", kMaxVersion);
  }
  if (file.expires_at <= file.issued_at) {
    return Refuse(check, "a signed file must expire after it was issued");
  }
  return std::nullopt;
}

}  // namespace

Verified<DsseEnvelope> MakeSignedFile(const SignedFile& file) {
  if (auto refusal = RefuseForm(file, Check::kUsage)) return *std::move(refusal);
  std::string payload;
  JsonSink sink(&payload);
  sink.Put("{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":");
  sink.PutText(file.name);
  sink.Put(",\"digest\":{\"sha256\":\"");
  sink.PutPlain(std::string_view(file.digest).substr(kDigestPrefix.size()));
  sink.Put("\"}}],\"predicateType\":\"");
  sink.PutPlain(kSignedFilePredicateType);
  sink.Put("\",\"predicate\":{\"version\":");
  sink.PutPlain(Cat(file.version));
  sink.Put(",\"issued\":");
  sink.PutTime(file.issued_at);
  sink.Put(",\"expires\":");
  sink.PutTime(file.expires_at);
  sink.Put("}}");
  sink.Flush();
  return DsseEnvelope{.payload_type = std::string(kStatementPayloadType),
                      .payload = std::move(payload),
                      .signatures = {}};
}

Verified<SignedFile> ReadSignedFile(const DsseEnvelope& envelope) {
  if (envelope.payload_type != kStatementPayloadType) {
    return Refuse(Check::kMalformed, "the payload is not of the type ", kStatementPayloadType);
  }
  JsonTree tree;
  ZTP_VERIFY_OR_RETURN(const Statement statement, ReadStatement(envelope.payload, &tree));
  if (statement.predicate_type != kSignedFilePredicateType) {
    return Refuse(Check::kMalformed, "a statement with the predicate ",
                  Quoted(JsonExcerpt(statement.predicate_type)), "; it takes ",
                  kSignedFilePredicateType);
  }
  if (statement.subjects.size() != 1) {
    return Refuse(Check::kMalformed, "a signed file's statement must be about one file");
  }
  SignedFile file;
  file.name = statement.subjects.front().name;
  file.digest = Cat(kDigestPrefix, statement.subjects.front().Digest("sha256"));
  const JsonNode* version = tree.Find(*statement.predicate, "version");
  const auto number = version != nullptr && version->kind == JsonKind::kNumber
                          ? ParseInt(version->text)
                          : absl::StatusOr<int64_t>(int64_t{0});
  file.version = number.ok() && *number > 0 ? static_cast<uint64_t>(*number) : 0;
  ZTP_VERIFY_OR_RETURN(file.issued_at, ReadTime(tree, *statement.predicate, "issued"));
  ZTP_VERIFY_OR_RETURN(file.expires_at, ReadTime(tree, *statement.predicate, "expires"));
  if (auto refusal = RefuseForm(file, Check::kMalformed)) return *std::move(refusal);
  return file;
}

Verified<VerifiedFile> VerifySignedFile(std::string_view text, std::string_view digest,
                                        const SignedFilePolicy& policy,
                                        const std::optional<SignedFileState>& before, Time now) {
  if (text.size() > kMaxSignedFileBytes) {
    return Refuse(Check::kTooLarge, "an envelope of ", text.size(), " bytes; at most ",
                  kMaxSignedFileBytes, " are read");
  }
  if (before && before->name != policy.name) {
    return Refuse(Check::kUsage, "what was kept is about ", Quoted(JsonExcerpt(before->name)),
                  ", not about ", Quoted(JsonExcerpt(policy.name)));
  }
  ZTP_VERIFY_OR_RETURN(const DsseEnvelope envelope, ReadDsse(text));
  ZTP_VERIFY_OR_RETURN(const std::vector<size_t> signers,
                       CheckDsse(envelope, policy.keys, policy.threshold));
  VerifiedFile result;
  ZTP_VERIFY_OR_RETURN(result.file, ReadSignedFile(envelope));
  const SignedFile& file = result.file;
  if (file.name != policy.name) {
    return Refuse(Check::kSubject, "signed as ", Quoted(JsonExcerpt(file.name)), ", not as ",
                  Quoted(JsonExcerpt(policy.name)));
  }
  if (file.digest != digest) {
    return Refuse(Check::kContent, "the file is another than the one that was signed");
  }
  if (before && file.version < before->version) {
    return Refuse(Check::kVersion, "version ", file.version, " after version ", before->version);
  }
  if (before && file.version == before->version && file.digest != before->digest) {
    return Refuse(Check::kVersion, "two files of version ", file.version);
  }
  const Checked<Time> soonest = CheckedAdd(now, kLeeway);
  if (soonest && file.issued_at > *soonest) {
    return Refuse(Check::kIssuedInFuture, "issued at ", FormatTime(file.issued_at),
                  ", which is in the future");
  }
  const Time latest = before ? std::max(now, before->latest) : now;
  if (latest >= file.expires_at) {
    return Refuse(Check::kExpired, "expired at ", FormatTime(file.expires_at),
                  now < latest ? "; the clock was set back" : "");
  }
  for (const size_t i : signers) result.signers.push_back(policy.keys[i].id);
  result.envelope_digest = Sha256Digest(text);
  result.state = {
      .name = file.name, .version = file.version, .digest = file.digest, .latest = latest};
  return result;
}

}  // namespace ztp::evidence
