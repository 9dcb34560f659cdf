// How an artefact was built: SLSA provenance 1.0, and the summary of a verifier who looked at it.
// slsa.dev/spec/v1.0/provenance, slsa.dev/spec/v1.0/verification_summary.
//
// Boundary: a signed statement in, std.ai's Slsa out. Provenance does not say a level: that comes
// from what the caller's policy says about its builder. A summary says one, and counts as much as
// the verifier who wrote it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/time.h"
#include "engine/evidence/signed_statement.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr std::string_view kProvenancePredicateType = "https://slsa.dev/provenance/v1";
inline constexpr std::string_view kSummaryPredicateType =
    "https://slsa.dev/verification_summary/v1";

struct SlsaBuilder {
  std::string id;  // "https://github.com/actions/runner/github-hosted", to the letter
  int level = 0;   // 0 to 3: what its provenance is worth
};

// One source of statements: who may sign them, and what they are believed. Another signer with
// other builders is another source.
struct SlsaPolicy {
  SignerPolicy signers;
  std::vector<SlsaBuilder> builders;   // whose provenance they may sign
  std::vector<std::string> verifiers;  // ids of verifiers whose summaries they may sign
  // What their summaries may be of: patterns (core/glob.h) that a summary's `resourceUri` must
  // match byte by byte, one of them. Nothing: a summary of any resource, told apart by its digest
  // alone.
  std::optional<std::vector<std::string>> resources;
};

// std.ai's Slsa, and what it is about.
struct Slsa {
  int64_t level = 0;
  // Of a summary, which does not name the builder: the verifier's id.
  std::string builder;
  std::optional<std::string> source;  // where exactly one git source was built
  std::optional<std::string> commit;
  std::optional<std::string> build_type;
  std::vector<std::string> subject_digests;  // "sha256:…": it holds for each
  bool is_summary = false;
  std::optional<Time> issued_at;  // when the build ended, or was verified, as the statement says
  StatementSigner signer;
  std::optional<Time> valid_until;  // of the signer's certificate
  std::string digest;               // "sha256:…" of the evidence
};

// `evidence`: a Sigstore bundle, or a DSSE envelope that one of the policy's keys has signed.
// Thread-safe. Refuses with what VerifySignedStatement and CheckDsse do, or
//   kMalformed        another predicate, no subject with a SHA-256
//   kIssuer           a builder or verifier that the policy does not name
//   kSubject          a summary of a resource that the policy does not expect
//   kStatus           a summary that did not pass
//   kClaim            a member that is required is missing or of another type
//   kIssuedInFuture
Verified<Slsa> VerifySlsa(std::string_view evidence, const SlsaPolicy& policy, Time now);

}  // namespace ztp::evidence
