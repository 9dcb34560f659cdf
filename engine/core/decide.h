// A decision: forbids, then permits, then duties, over what the machine works out.
//
// Boundary: freestanding; everything that a decision depends on is in the request's view: no clock,
// no state, no allocation, no lock. What goes wrong in a decision is part of the verdict.
#pragma once

#include <cstdint>

#include "engine/core/candidates.h"
#include "engine/core/machine.h"
#include "engine/core/request_view.h"
#include "engine/core/verdict.h"
#include "engine/core/workspace.h"

namespace ztp {

// Decides a request. The verdict points into the workspace and is good until that is used again.
// Where the workspace is too small for the policy, or for this request, the verdict is a denial
// with `out_of_memory`.
Verdict Decide(const RequestView& request, Workspace& workspace);

class Decider {
 public:
  // The workspace was prepared for the policy. Both must outlive it.
  Decider(const RequestView& request, Workspace& workspace)
      : request_(request),
        policy_(*request.policy),
        s_(workspace),
        machine_(request, workspace),
        candidates_(request, workspace, machine_) {}

  Verdict Decide();

  // For explanations.
  Machine& machine() { return machine_; }
  bool InScope(uint32_t rule) const;
  // The obligations' arguments together: true, or unknown with their facts. Only if Run() holds.
  Result Args(const RuleRecord& rule);
  bool CanCarryOut(const RuleRecord& rule) const;
  // Works a node out; false: the step budget is spent.
  bool Run(uint32_t node);

 private:
  bool Forbids(Verdict* verdict);
  void AskPassingForbids(int64_t* until);
  bool Permits(Verdict* verdict);
  bool Duties(Verdict* verdict);
  bool CarryOutDuties(int64_t* until);
  void Shorten(uint32_t first_rank, uint32_t last_rank, int64_t* until) {
    candidates_.Shorten(first_rank, last_rank, until);
  }
  // The step budget or the workspace: what was worked out since is not to be believed.
  bool Spent() const { return spent_ || candidates_.spent() || s_.arena_.full(); }
  void CollectUnknown(Verdict* verdict);
  void AddObligations(const RuleRecord& rule);
  Verdict Limit();

  const RequestView& request_;
  const PolicyView& policy_;
  Workspace& s_;
  Machine machine_;
  Candidates candidates_;
  bool spent_ = false;
  // The minimum over the permits up to the one that applied.
  int64_t permits_until_ = kForEver;
  // Forbids that are false for at least so long, but not for ever: what their leases are is asked
  // only of an allow that they can shorten. With more than there is room for all are asked.
  struct Passing {
    uint32_t rank;
    int64_t floor;
  };
  static constexpr size_t kMostPassing = 16;
  size_t passing_count_ = 0;
  int64_t passing_floor_ = kForEver;
  Passing passing_[kMostPassing];
};

}  // namespace ztp
