// Facts from files or texts into one snapshot: JSON entity by entity, or a facts file mapped.
//
// Boundary: finds out which kind each file is; what the kinds are made of is facts/'s. All of it is
// taken or nothing.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/mapped_file.h"
#include "engine/eval/policy.h"
#include "engine/evidence/policy_trust.h"
#include "engine/evidence/stored_proof.h"
#include "engine/facts/ingest.h"
#include "engine/facts/json_facts.h"
#include "engine/facts/snapshot.h"

namespace ztp {

struct LoadFactsOptions {
  bool assume_proven = false;  // as FactsOptions
  // Whose `evidence` is taken, which is of the policy; null: nobody's. Verified at `now`.
  std::shared_ptr<const evidence::PolicyTrust> trust;
  Time now;
  bool keep_evidence = false;  // for WriteFacts
  // Called now and then: how many of a text's bytes were read, of how many, and how many entities
  // of all. With an empty name once all are read and edges are about to be followed.
  std::function<void(std::string_view name, size_t done, size_t bytes, size_t entities)> progress;
};

// One set of facts. Not thread-safe. Add everything, then Finish.
class FactsLoader {
 public:
  // `policy` must outlive the snapshot's making; the snapshot keeps what it needs of it.
  FactsLoader(const Policy& policy, LoadFactsOptions options);

  // A file: JSON, or a facts file (.ztpf), which is all the facts there are and may have proven
  // attributes only with assume_proven, or by evidence of its own, which is verified. The errors of
  // MapFile and SnapshotFile::Open. Mistakes in JSON are errors()'.
  absl::Status AddFile(const std::string& path);
  // The same of what the caller has mapped from that path, for everything if it is a facts file.
  absl::Status AddFile(const std::string& path, MappedFile file);
  // JSON in memory; `name` is what errors call it. It need not outlive the call.
  absl::Status AddJson(std::string_view name, std::string_view text);

  // What is wrong in JSON, up to a limit; nothing is loaded then.
  const std::vector<JsonError>& errors() const {
    return evidence_errors_.empty() ? reader_.errors() : evidence_errors_;
  }

  // InvalidArgument: there are errors(), or a cycle; the errors of SnapshotBuilder::Build.
  absl::StatusOr<std::shared_ptr<const Snapshot>> Finish();

 private:
  absl::Status TakeEvidence(const std::string& path, std::string_view text);

  const Policy& policy_;
  LoadFactsOptions options_;
  SnapshotBuilder builder_;
  BuilderSink sink_;
  std::optional<evidence::FactsProver> prover_;
  std::string_view name_;  // of what is being read
  size_t bytes_ = 0;
  FactsReader reader_;
  bool any_json_ = false;
  std::shared_ptr<const Snapshot> mapped_;
  std::vector<JsonError> evidence_errors_;  // of what a facts file brings along
};

// Writes a facts file, which has the evidence and not what it proved: whoever loads it verifies
// that anew. FailedPrecondition: evidence was not kept (keep_evidence); the errors of
// SnapshotFile::Write.
absl::Status WriteFacts(const Policy& policy, const std::shared_ptr<const Snapshot>& facts,
                        const std::string& path);

// The same facts for another policy: as they are if they were loaded for it, else from a copy of
// their bytes or, where its rules ask for something else, from their records. InvalidArgument: the
// policies differ in entity types, or in what is taken where an attribute is left out.
absl::StatusOr<std::shared_ptr<const Snapshot>> FactsFor(
    const Policy& policy, const std::shared_ptr<const Snapshot>& facts);

// The same facts in memory of their own, from their records: for a successor where they have one
// already. The policy takes the same records as the facts' own.
absl::StatusOr<std::shared_ptr<const Snapshot>> CopyFacts(const Policy& policy,
                                                          const Snapshot& facts);

}  // namespace ztp
