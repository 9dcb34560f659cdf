// The plan of `ztp ci`: which entries of a folder are artefacts, and what is asked about each.
//
// Boundary: a JSON document, or the command's flags, to plain data. What a type or an action is,
// the policy knows, and says so when a request is made (ci_check.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/facts/json_error.h"

namespace ztp::cli {

// What is asked about the artefacts that a pattern covers. JSON texts are objects, or empty.
struct PlannedArtifacts {
  std::string match;     // a glob over the path below the folder: `*` stops at `/`, `**` does not
  bool ignored = false;  // no artefact, and not looked at
  std::string type;      // of the resource
  std::string action;
  std::string parameters;  // JSON
  std::string properties;  // JSON: of a carried resource, besides what is measured
};

// Evidence that is not about one artefact, as the token of the pipeline's own run.
struct SharedEvidence {
  std::string input;
  std::string kind;  // either may be empty, not both
  std::string source;
  std::string file;  // relative to the plan
};

struct Plan {
  std::string subject;                      // JSON: AuthZEN's subject
  std::string context;                      // JSON, or empty
  std::vector<PlannedArtifacts> artifacts;  // the first that covers a path counts
  std::vector<SharedEvidence> evidence;
};

// False: *errors says what is wrong, each with its JSON path. A member that is not known is an
// error.
bool ReadPlan(std::string_view text, Plan* plan, std::vector<JsonError>* errors);

// Every entry of the folder is an artefact of one type. InvalidArgument: `principal` is no entity.
absl::StatusOr<Plan> PlanOf(const std::string& principal, const std::string& action,
                            const std::string& type);

inline constexpr size_t kMaxPlanBytes = size_t{1} << 20;
inline constexpr size_t kMaxPlannedArtifacts = 1000;

}  // namespace ztp::cli
