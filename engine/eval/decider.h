// The rules of a decision over what the machine worked out.
//
// Boundary: inside of eval/; decide.cc and explain.cc use it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/eval/candidates.h"
#include "engine/eval/machine.h"
#include "engine/eval/scratch.h"
#include "engine/eval/verdict.h"

namespace ztp {

class Decider {
 public:
  Decider(const BoundRequest& request, Scratch& scratch);

  Verdict Decide();

  // For explanations.
  Machine& machine() { return machine_; }
  bool InScope(uint32_t rule) const;
  // Its candidates of every kind, in source order.
  std::vector<uint32_t> RulesInScope() const;
  // The obligations' arguments together: true, or unknown with their facts. Only if Run() holds.
  Result Args(const RuleRecord& rule);
  bool CanCarryOut(const RuleRecord& rule) const;
  // Works a node out; false: the step budget is spent.
  bool Run(uint32_t node);

  static std::vector<std::string> Names(const BoundRequest& request, const Scratch& scratch,
                                        std::span<const FactSet> sets);

 private:
  // Calls visit(rule index, its record, what its condition came to) for the candidates of a kind in
  // source order until it returns false. Rules that are no candidates are false for ever.
  template <typename Visit>
  bool ForEach(RuleRecord::Kind kind, const Visit& visit);
  bool Forbids(Verdict* verdict);
  bool Permits(Verdict* verdict);
  bool Duties(Verdict* verdict);
  // As Candidates::Shorten.
  bool Shorten(uint32_t first_rank, uint32_t last_rank, int64_t* until);
  void CollectUnknown(Verdict* verdict);
  void AddObligations(const RuleRecord& rule);
  Verdict Limit();

  const BoundRequest& request_;
  const DecisionProgram& program_;
  const ActionPlan& plan_;
  Scratch& s_;
  Machine machine_;
  Candidates candidates_;
  bool spent_ = false;
  uint32_t rank_ = 0;  // of the candidate that was visited last
  // Of the permits in scope: the minimum over them, and does one rest on an unknown.
  int64_t permits_until_ = kForEver;
  bool permit_unknown_ = false;
};

}  // namespace ztp
