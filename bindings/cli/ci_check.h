// What a policy says about one artefact, by what was measured of it and the evidence that there is.
//
// Boundary: an artefact and documents in, a decision with its reasons out. The engine decides; here
// a request is made, evidence is verified and bound, and what would make the decision one about
// other bytes than those that were hashed is refused whatever the policy says.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bindings/cli/ci_artifacts.h"
#include "engine/eval/explanation.h"
#include "engine/eval/policy.h"
#include "engine/eval/scratch.h"
#include "engine/evidence/policy_trust.h"
#include "engine/facts/json_error.h"
#include "engine/facts/snapshot.h"

namespace ztp::cli {

// What became of a document.
struct CiUse {
  const CiEvidence* evidence = nullptr;
  std::vector<std::string> inputs;  // that it proves
  bool described = false;           // a bill of materials that names the artefact
  EvidenceOutcome outcome;          // of the first of them; or the check that it did not pass
  bool refused() const { return !outcome.bound(); }
};

// Why it is denied: a rule, the clause of it that decided, and where that stands.
struct CiReason {
  std::string rule;  // with its package; or "ztp.ci.…", which no policy has
  std::string message;
  SourcePos pos;
};

struct CiResult {
  const CiArtifact* artifact = nullptr;
  bool allow = false;
  std::string asked;                 // "promote Model by Pipeline::\"release\""
  std::optional<Decision> decision;  // nothing: nothing was asked
  std::vector<CiReason> reasons;     // of a denial, the first the one to show
  std::vector<std::string>
      missing;  // proven inputs that the reasons miss, and what would prove them
  std::vector<CiUse> evidence;
  std::optional<int64_t> build_level;  // the highest that was verified
};

class CiChecker {
 public:
  // All must outlive it.
  CiChecker(const Policy& policy, const Snapshot& facts, const evidence::PolicyTrust& trust,
            const Plan& plan, Time now)
      : policy_(policy), facts_(facts), trust_(trust), plan_(plan), now_(now) {}

  // Verifies the plan's own evidence, `bytes` of its file. A refusal is no error: what it should
  // prove is not proven.
  void AddShared(const SharedEvidence& evidence, std::string_view bytes);
  const std::vector<EvidenceOutcome>& shared() const { return shared_; }

  // False: the request that the plan makes of it is none of the policy's; *errors says why.
  bool CheckArtifact(const CiFolder& folder, size_t artifact, CiResult* result,
                     std::vector<JsonError>* errors);

 private:
  struct SharedFact {
    InputId input;
    evidence::SharedFact fact;
  };

  std::string RequestOf(const CiArtifact& artifact, const PlannedArtifacts& planned,
                        const CiFolder& folder) const;
  void Prove(const CiFolder& folder, size_t index, Request* request, CiResult* result);
  void ProveStatement(const CiArtifact& artifact, Request* request, CiUse* use, CiResult* result);
  std::vector<InputId> InputsOf(std::string_view kind) const;
  void HoldFactsToBytes(const Request& request, CiResult* result) const;
  void Explain(const Request& request, CiResult* result);
  void AddMissing(const Explanation& explanation, const Request& request, CiResult* result) const;

  const Policy& policy_;
  const Snapshot& facts_;
  const evidence::PolicyTrust& trust_;
  const Plan& plan_;
  const Time now_;
  std::vector<SharedFact> shared_facts_;
  std::vector<EvidenceOutcome> shared_;
  Scratch scratch_;
};

}  // namespace ztp::cli
