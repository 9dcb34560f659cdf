// See statement.h.
#include "engine/evidence/statement.h"

#include <algorithm>

#include "engine/evidence/dsse.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

constexpr std::string_view kTypes[] = {"https://in-toto.io/Statement/v1",
                                       "https://in-toto.io/Statement/v0.1"};

struct DigestLength {
  std::string_view algorithm;
  size_t digits;
};
constexpr DigestLength kDigestLengths[] = {{"sha256", 64}, {"sha384", 96},    {"sha512", 128},
                                           {"sha1", 40},   {"gitCommit", 40}, {"sha224", 56}};

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Verified<std::string> Text(const JsonTree& tree, const JsonNode& object, std::string_view name,
                           bool required) {
  const JsonNode* node = tree.Find(object, name);
  if (node == nullptr && !required) return std::string();
  if (node == nullptr || node->kind != JsonKind::kString || (required && node->text.empty())) {
    return Refuse(Check::kMalformed, "`", name, "` of a statement must be a string",
                  required ? ", and not empty" : "");
  }
  if (node->text.size() > kMaxStatementTextBytes) {
    return Refuse(Check::kTooLarge, "`", name, "` of a statement has more than ",
                  kMaxStatementTextBytes, " bytes");
  }
  return std::string(node->text);
}

Verified<StatementSubject> ReadSubject(const JsonTree& tree, const JsonNode& node) {
  if (node.kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "a subject must be an object, not ", JsonKindName(node.kind));
  }
  StatementSubject subject;
  ZTP_VERIFY_OR_RETURN(subject.name, Text(tree, node, "name", /*required=*/false));
  const JsonNode* digests = tree.Find(node, "digest");
  if (digests == nullptr || digests->kind != JsonKind::kObject || digests->child_count == 0) {
    return Refuse(Check::kMalformed, "a subject has no digest");
  }
  if (digests->child_count > kMaxSubjectDigests) {
    return Refuse(Check::kTooLarge, "a subject with more than ", kMaxSubjectDigests, " digests");
  }
  for (const JsonNode& digest : tree.Children(*digests)) {
    if (digest.kind != JsonKind::kString || digest.text.empty() ||
        digest.text.size() > kMaxStatementTextBytes || digest.key.size() > kMaxStatementTextBytes) {
      return Refuse(Check::kMalformed, "a digest of a subject must be a short string");
    }
    for (const DigestLength& known : kDigestLengths) {
      if (known.algorithm != digest.key) continue;
      if (digest.text.size() != known.digits || !IsHex(digest.text)) {
        return Refuse(Check::kMalformed, "a digest of ", known.algorithm, " has ", known.digits,
                      " digits of hexadecimal in lower case");
      }
    }
    subject.digests.emplace_back(digest.key, digest.text);
  }
  return subject;
}

}  // namespace

std::string_view StatementSubject::Digest(std::string_view algorithm) const {
  for (const auto& [of, value] : digests) {
    if (of == algorithm) return value;
  }
  return {};
}

bool IsSha256Hex(std::string_view text) { return text.size() == 64 && IsHex(text); }

Verified<Statement> ReadStatement(std::string_view payload, JsonTree* tree) {
  if (payload.size() > kMaxDsseBytes) {
    return Refuse(Check::kTooLarge, "a statement of ", payload.size(), " bytes; at most ",
                  kMaxDsseBytes, " are read");
  }
  JsonError error;
  if (!tree->Parse(payload, JsonPath(), &error)) {
    return Refuse(Check::kMalformed, "a statement is no JSON at ", JsonExcerpt(error.path), ": ",
                  error.message);
  }
  const JsonNode& root = tree->root();
  if (root.kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "a statement must be an object, not ",
                  JsonKindName(root.kind));
  }
  ZTP_VERIFY_OR_RETURN(const std::string type, Text(*tree, root, "_type", /*required=*/true));
  if (std::find(std::begin(kTypes), std::end(kTypes), type) == std::end(kTypes)) {
    return Refuse(Check::kMalformed, "a statement of the type ", Quoted(JsonExcerpt(type)),
                  "; it takes ", kTypes[0]);
  }
  Statement statement;
  ZTP_VERIFY_OR_RETURN(statement.predicate_type,
                       Text(*tree, root, "predicateType", /*required=*/true));
  const JsonNode* subjects = tree->Find(root, "subject");
  if (subjects == nullptr || subjects->kind != JsonKind::kArray || subjects->child_count == 0) {
    return Refuse(Check::kMalformed, "a statement has no subject");
  }
  if (subjects->child_count > kMaxStatementSubjects) {
    return Refuse(Check::kTooLarge, "a statement about ", subjects->child_count,
                  " subjects; at most ", kMaxStatementSubjects, " are read");
  }
  for (const JsonNode& node : tree->Children(*subjects)) {
    ZTP_VERIFY_OR_RETURN(StatementSubject subject, ReadSubject(*tree, node));
    statement.subjects.push_back(std::move(subject));
  }
  statement.predicate = tree->Find(root, "predicate");
  if (statement.predicate == nullptr || statement.predicate->kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "a statement has no predicate that is an object");
  }
  return statement;
}

}  // namespace ztp::evidence
