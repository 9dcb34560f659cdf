// An in-toto Statement: what a predicate of some type says about subjects named by digest.
// github.com/in-toto/attestation, spec/v1/statement.md; v0.1, which says the same, is read too.
//
// Boundary: a signed payload in, its parts out; what a predicate means is its reader's (oms.h,
// slsa.h, signed_file.h). Who signed it: dsse.h, signed_statement.h.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/evidence/verified.h"
#include "engine/facts/json_tree.h"

namespace ztp::evidence {

inline constexpr std::string_view kStatementPayloadType = "application/vnd.in-toto+json";
// Of bills of materials; a version may follow, as "/v1.6".
inline constexpr std::string_view kCycloneDxPredicateType = "https://cyclonedx.org/bom";
inline constexpr std::string_view kSpdxPredicateType = "https://spdx.dev/Document";
inline constexpr size_t kMaxStatementSubjects = 65'536;
inline constexpr size_t kMaxSubjectDigests = 16;
inline constexpr size_t kMaxStatementTextBytes = 4096;  // a name, a type, a digest

struct StatementSubject {
  std::string name;                                          // may be empty
  std::vector<std::pair<std::string, std::string>> digests;  // {"sha256", "9f86…"}
  // Hexadecimal; empty: none of this algorithm.
  std::string_view Digest(std::string_view algorithm) const;
};

struct Statement {
  std::vector<StatementSubject> subjects;  // at least one, each with a digest at least
  std::string predicate_type;
  const JsonNode* predicate = nullptr;  // an object of the tree
};

// Is `type` this predicate type, or a version of it?
inline bool IsPredicateOf(std::string_view predicate, std::string_view type) {
  return type.starts_with(predicate) &&
         (type.size() == predicate.size() || type[predicate.size()] == '/');
}

// 64 digits of hexadecimal in lower case?
bool IsSha256Hex(std::string_view text);

// `tree` holds the predicate, and has to live as long as it is looked at.
//   kTooLarge, kMalformed: also a digest of a known algorithm that is not one
Verified<Statement> ReadStatement(std::string_view payload, JsonTree* tree);

}  // namespace ztp::evidence
