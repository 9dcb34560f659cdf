// What `ztp ci` says: to people, to code hosts, to programs.
//
// Boundary: results in, text out.
#pragma once

#include <string>
#include <vector>

#include "bindings/cli/ci_check.h"

namespace ztp::cli {

struct CiReport {
  std::string folder;  // as the user named it
  std::vector<CiResult> results;
  std::vector<EvidenceOutcome> shared;
  std::vector<const CiEvidence*> orphans;  // about nothing that is there
  std::string policy_digest;
  std::string facts_version;
  const DecisionProgram* program = nullptr;

  size_t Denied() const;
  size_t Refused() const;  // pieces of evidence
};

// A paragraph an artefact, and a line of counts.
std::string CiText(const CiReport& report);

// A line an artefact: {"artifact", "digest", "decision", "context", "reasons"}, the last two as
// `ztp decide` and as the text have them.
std::string CiJsonLines(const CiReport& report);

// A result an artefact that is denied (error) or whose evidence is refused (warning), at its path,
// with the place in the policy beside it; and one for evidence that is about nothing.
std::string CiSarif(const CiReport& report);

}  // namespace ztp::cli
