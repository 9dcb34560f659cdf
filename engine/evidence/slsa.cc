// See slsa.h.
#include "engine/evidence/slsa.h"

#include <algorithm>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/sha256.h"
#include "engine/core/glob.h"
#include "engine/evidence/claims.h"
#include "engine/evidence/statement.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

constexpr size_t kMaxDependencies = 4096;
constexpr size_t kMaxLevels = 64;
constexpr int kMaxLevel = 4;
constexpr std::string_view kBuildLevel = "SLSA_BUILD_LEVEL_";

Verified<std::optional<Time>> ReadTime(const Claims& claims, std::string_view name, Time now) {
  ZTP_VERIFY_OR_RETURN(const std::optional<std::string> text, claims.Text(name));
  if (!text) return std::optional<Time>();
  const auto time = ParseTime(*text);
  if (!time.ok()) return Refuse(Check::kClaim, "`", name, "` is no time");
  if (*time > now) {
    return Refuse(Check::kIssuedInFuture, "`", name, "` is ", FormatTime(*time),
                  ", which is in the future");
  }
  return std::optional<Time>(*time);
}

// The one dependency that is a commit of a git repository.
std::optional<Refusal> ReadSource(const JsonTree& tree, const JsonNode& definition, Slsa* slsa) {
  const JsonNode* dependencies = tree.Find(definition, "resolvedDependencies");
  if (dependencies == nullptr) return std::nullopt;
  if (dependencies->kind != JsonKind::kArray || dependencies->child_count > kMaxDependencies) {
    return Refuse(Check::kClaim, "`resolvedDependencies` must be an array of at most ",
                  kMaxDependencies);
  }
  size_t found = 0;
  for (const JsonNode& node : tree.Children(*dependencies)) {
    if (node.kind != JsonKind::kObject) {
      return Refuse(Check::kClaim, "a resolved dependency must be an object");
    }
    const Claims dependency(tree, node);
    ZTP_VERIFY_OR_RETURN(const std::optional<std::string> uri, dependency.Text("uri"));
    ZTP_VERIFY_OR_RETURN(const std::optional<Claims> digest, dependency.Object("digest"));
    if (!uri || !uri->starts_with("git+") || !digest) continue;
    ZTP_VERIFY_OR_RETURN(std::optional<std::string> commit, digest->Text("gitCommit"));
    if (!commit) {
      ZTP_VERIFY_OR_RETURN(commit, digest->Text("sha1"));
    }
    if (!commit || ++found > 1) continue;
    slsa->source = uri;
    slsa->commit = commit;
  }
  if (found > 1) {  // which one was built, nobody says
    slsa->source.reset();
    slsa->commit.reset();
  }
  return std::nullopt;
}

std::optional<Refusal> ReadProvenance(const JsonTree& tree, const JsonNode& predicate,
                                      const SlsaPolicy& policy, Time now, Slsa* slsa) {
  const Claims claims(tree, predicate);
  ZTP_VERIFY_OR_RETURN(const Claims details, claims.RequiredObject("runDetails"));
  ZTP_VERIFY_OR_RETURN(const Claims builder, details.RequiredObject("builder"));
  ZTP_VERIFY_OR_RETURN(slsa->builder, builder.RequiredText("id"));
  const auto trusted =
      std::find_if(policy.builders.begin(), policy.builders.end(),
                   [&](const SlsaBuilder& known) { return known.id == slsa->builder; });
  if (trusted == policy.builders.end()) {
    return Refuse(Check::kIssuer, "built by ", Quoted(JsonExcerpt(slsa->builder)),
                  ", of which the policy says nothing");
  }
  slsa->level = trusted->level;
  ZTP_VERIFY_OR_RETURN(const Claims definition, claims.RequiredObject("buildDefinition"));
  ZTP_VERIFY_OR_RETURN(slsa->build_type, definition.RequiredText("buildType"));
  if (auto refusal = ReadSource(tree, *tree.Find(predicate, "buildDefinition"), slsa)) {
    return refusal;
  }
  ZTP_VERIFY_OR_RETURN(const std::optional<Claims> metadata, details.Object("metadata"));
  if (metadata) {
    ZTP_VERIFY_OR_RETURN(slsa->issued_at, ReadTime(*metadata, "finishedOn", now));
  }
  return std::nullopt;
}

std::optional<Refusal> ReadSummary(const JsonTree& tree, const JsonNode& predicate,
                                   const SlsaPolicy& policy, Time now, Slsa* slsa) {
  const Claims claims(tree, predicate);
  slsa->is_summary = true;
  ZTP_VERIFY_OR_RETURN(const Claims verifier, claims.RequiredObject("verifier"));
  ZTP_VERIFY_OR_RETURN(slsa->builder, verifier.RequiredText("id"));
  if (std::find(policy.verifiers.begin(), policy.verifiers.end(), slsa->builder) ==
      policy.verifiers.end()) {
    return Refuse(Check::kIssuer, "verified by ", Quoted(JsonExcerpt(slsa->builder)),
                  ", which the policy does not name");
  }
  if (policy.resources) {
    ZTP_VERIFY_OR_RETURN(const std::string uri, claims.RequiredText("resourceUri"));
    if (std::none_of(policy.resources->begin(), policy.resources->end(),
                     [&](const std::string& pattern) { return GlobMatches(pattern, uri); })) {
      return Refuse(Check::kSubject, "a summary of ", Quoted(JsonExcerpt(uri)),
                    ", which is not among the source's `resources`");
    }
  }
  ZTP_VERIFY_OR_RETURN(slsa->issued_at, ReadTime(claims, "timeVerified", now));
  if (!slsa->issued_at) return Refuse(Check::kClaim, "a summary has no `timeVerified`");
  ZTP_VERIFY_OR_RETURN(const std::string result, claims.RequiredText("verificationResult"));
  if (result != "PASSED") {
    return Refuse(Check::kStatus, "the verifier's result is ", Quoted(JsonExcerpt(result)));
  }
  ZTP_VERIFY_OR_RETURN(const auto levels, claims.Texts("verifiedLevels", kMaxLevels));
  if (!levels) return Refuse(Check::kClaim, "a summary has no `verifiedLevels`");
  for (const std::string& level : *levels) {
    if (level.size() != kBuildLevel.size() + 1 || !level.starts_with(kBuildLevel)) continue;
    const int number = level.back() - '0';
    if (number >= 0 && number <= kMaxLevel) slsa->level = std::max<int64_t>(slsa->level, number);
  }
  return std::nullopt;
}

}  // namespace

Verified<Slsa> VerifySlsa(std::string_view evidence, const SlsaPolicy& policy, Time now) {
  ZTP_VERIFY_OR_RETURN(SignedStatement signed_by,
                       VerifyStatementText(evidence, policy.signers, now));
  JsonTree tree;
  ZTP_VERIFY_OR_RETURN(const Statement statement, ReadStatement(signed_by.payload, &tree));
  Slsa slsa;
  for (const StatementSubject& subject : statement.subjects) {
    const std::string_view digest = subject.Digest("sha256");
    if (!digest.empty()) slsa.subject_digests.push_back(Cat("sha256:", digest));
  }
  if (slsa.subject_digests.empty()) {
    return Refuse(Check::kMalformed, "a statement about nothing that has a SHA-256");
  }
  std::optional<Refusal> refusal;
  if (statement.predicate_type == kProvenancePredicateType) {
    refusal = ReadProvenance(tree, *statement.predicate, policy, now, &slsa);
  } else if (statement.predicate_type == kSummaryPredicateType) {
    refusal = ReadSummary(tree, *statement.predicate, policy, now, &slsa);
  } else {
    refusal = Refuse(Check::kMalformed, "a statement with the predicate ",
                     Quoted(JsonExcerpt(statement.predicate_type)), "; it takes ",
                     kProvenancePredicateType, " and ", kSummaryPredicateType);
  }
  if (refusal) return *std::move(refusal);
  slsa.signer = std::move(signed_by.signer);
  slsa.valid_until = signed_by.valid_until;
  slsa.digest = std::move(signed_by.digest);
  return slsa;
}

}  // namespace ztp::evidence
