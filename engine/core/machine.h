// The evaluator of node programs: works out one node, and whatever it needs, for one request.
//
// Boundary: freestanding. Values, validities and missing facts of nodes; what a decision makes of
// them is decide.cc's. It has a stack of its own, so a program may be as deep as it likes; each
// node is worked out at most once for a request, or once for each element of the folds that it
// depends on.
#pragma once

#include <cstdint>
#include <span>

#include "engine/core/checked.h"
#include "engine/core/facts_read.h"
#include "engine/core/request_view.h"
#include "engine/core/result.h"
#include "engine/core/workspace.h"

namespace ztp {

class Machine {
 public:
  // What is reached from an entity over one kind of edges. `absent`: those reached, itself
  // included, that are not there.
  struct Reached {
    std::span<const uint32_t> members;  // ascending
    FactSet absent = 0;
  };

  // Forgets what the workspace, which was prepared for the policy, had for earlier requests. Both
  // must outlive the machine. Costs next to nothing until something is run: most decisions need
  // nothing run.
  Machine(const RequestView& request, Workspace& workspace)
      : request_(request),
        policy_(*request.policy),
        facts_(*request.facts),
        s_(workspace),
        now_(request.now),
        steps_left_(policy_.step_limit) {
    s_.Begin();
  }

  // Works a node out. False: the step budget is spent, and the node has no result.
  bool Run(uint32_t node);
  // Of a node that Run worked out.
  const Result& At(uint32_t node) const { return s_.results_[node]; }

  // Sets a fold's variable, for a body that is run by itself.
  void SetVariable(uint32_t slot, const Val& val);
  void RestoreSteps() { steps_left_ = policy_.step_limit; }
  // What the element that the variable stands for contributes to a quantifier; unknown too where
  // the budget is spent.
  Result Quantified(const QuantifierRecord& quantifier);

 private:
  friend class ProbeReader;
  using Phase = Workspace::Fold::Phase;

  // machine.cc
  bool Ready(uint32_t node) const {
    return s_.stamps_[node] >= needed_[policy_.nodes[node].flags & Node::kFreeSlots];
  }
  void Start();
  bool Need(uint32_t node);
  void Store(uint32_t node, const Result& result);
  void Finish(uint32_t node, const Result& result) {
    Store(node, result);
    --s_.stack_size_;
  }
  // A checked program never has more frames than its depth; one that has spends the budget.
  void Push(uint32_t node) {
    if (s_.stack_size_ == s_.stack_capacity_) return Charge(steps_left_);
    s_.stack_[s_.stack_size_++] = {node, 0};
  }
  void Charge(uint64_t steps) { steps_left_ -= steps < steps_left_ ? steps : steps_left_; }
  void Step();
  void StepStrict(Workspace::Frame& frame, const Node& node);
  void StepLogic(Workspace::Frame& frame, const Node& node, bool deciding);
  void StepIf(Workspace::Frame& frame, const Node& node);
  void StepCoalesce(Workspace::Frame& frame, const Node& node);
  void StepQuantifier(Workspace::Frame& frame, const Node& node);
  Result Strict(const Node& node);
  const Result& Arg(const Node& node, uint32_t i) const {
    return s_.results_[policy_.args[node.first_arg + i]];
  }
  const Val& ArgVal(const Node& node, uint32_t i) const { return Arg(node, i).val; }

  // folds.cc
  void StepFold(Workspace::Frame& frame, const Node& node);
  void BeginFold(Workspace::Fold& fold, const Node& node, const Result& collection);
  void AddElement(Workspace::Fold& fold, const Node& node);
  Result FinishFold(Workspace::Fold& fold, const Node& node, const Result& collection);

  // operators.cc: of operators all of whose arguments are known
  Result Apply(const Node& node);
  Result ApplyCollection(const Node& node);
  Result NowCompare(const Node& node);
  Result NowWithin(const Node& node);
  Result Matches(const Node& node);
  Result Make(const Node& node);
  Result Number(TypeKind kind, Checked<int64_t> number);
  Result OfLabel(const Label& label) { return Result::Of(Val::OfLabel(label, s_.arena_)); }

  // entities.cc
  Result ReadFact(const Val& val, const EvidenceWindow* window, bool optional, FactSet name) const;
  Result Param(uint32_t param_ref) const;
  Result HasParam(uint32_t param_ref) const;
  Result Input(uint32_t input) const;
  Result HasInput(uint32_t input) const;
  Result InputTime(uint32_t input, bool issued) const;
  Result Attr(const Node& node);
  Result AttrOf(uint32_t entity, uint32_t attribute_ref);
  Result AttrTime(const Node& node, bool issued);
  Result HasAttrOf(uint32_t entity, uint32_t attribute_ref);
  Result ReadAttribute(uint32_t entity, uint32_t attribute, const EvidenceWindow** window);
  Result Inherited(uint32_t entity, uint32_t attribute);
  bool IsThere(uint32_t entity) const;
  Reached Reach(uint32_t entity, bool lineage);
  Reached ReachThroughCarried(uint32_t entity, bool lineage);
  bool ReachesCarried(uint32_t entity, bool lineage) const;
  FactsClosure ClosureOf(uint32_t entity, bool lineage) const {
    return lineage ? LineageOf(facts_, entity) : MembershipsOf(facts_, entity);
  }
  Result In(uint32_t x, uint32_t y);
  Result InAny(const Node& node);
  Result DerivesFrom(const Node& node);
  Result Ancestors(const Node& node);
  bool QuantifierApplies(uint32_t entity) const;

  const RequestView& request_;
  const PolicyView& policy_;
  const FactsView& facts_;
  Workspace& s_;
  const int64_t now_;
  uint64_t steps_left_;
  bool started_ = false;
  // By the slots that a node depends on: its result must be as new.
  uint32_t needed_[Node::kFreeSlots + 1];
};

}  // namespace ztp
