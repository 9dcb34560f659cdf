// Snapshots with their quantifiers worked out: the evaluator lends itself to the loader.
#include <memory>

#include "engine/base/status.h"
#include "engine/eval/machine.h"
#include "engine/eval/policy.h"

namespace ztp {
namespace {

// Filters and bodies of quantifiers read no request, so an empty one will do.
class Solver : public QuantifierSolver {
 public:
  explicit Solver(const Policy& policy) : policy_(policy) {}

  Tri Solve(const Snapshot& snapshot, uint32_t quantifier, uint32_t ancestor,
            std::vector<uint32_t>* missing) override {
    const QuantifierRecord& q = policy_.program().quantifiers[quantifier];
    BoundRequest request;
    request.BindNothing(policy_, snapshot);
    Machine machine(request, scratch_);
    for (uint32_t fold : policy_.EarlierFolds(q.fold)) {
      if (!machine.Run(fold)) return Tri::kUnknown;
    }
    machine.SetVariable(q.slot, Val::Entity(snapshot.TypeOf(ancestor).index, ancestor));
    return machine.Quantified(q, missing);
  }

 private:
  const Policy& policy_;
  Scratch scratch_;
};

}  // namespace

Tri Machine::Quantified(const QuantifierRecord& q, std::vector<uint32_t>* missing) {
  KleeneFold element(q.is_all == 0 ? false : true);
  // Filter and body may be one node: which of them a result is of goes by its place.
  for (const bool is_filter : {true, false}) {
    const uint32_t part = is_filter ? q.filter : q.body;
    if (part == kNone32) continue;
    RestoreSteps();
    if (!Run(part)) return Tri::kUnknown;
    Result result = At(part);
    if (q.is_all && is_filter && result.known()) {
      result.val = Val::Bool(!result.val.boolean());
    }
    element.Add(result, s_.facts_);
  }
  const Result result = element.Finish();
  if (result.known()) return ToTri(result.val.boolean());
  s_.facts_.ForEach(result.facts, [&](MissingFacts::Kind kind, uint32_t index) {
    if (kind == MissingFacts::kEntity) {
      missing->push_back(index);
    } else if (kind == MissingFacts::kList) {
      const auto list = snapshot_.List(index);
      missing->insert(missing->end(), list.begin(), list.end());
    } else {
      missing->push_back(kNone32);  // an overflow: no input is read
    }
  });
  return Tri::kUnknown;
}

std::unique_ptr<QuantifierSolver> MakeSolver(const Policy& policy) {
  return std::make_unique<Solver>(policy);
}

absl::StatusOr<std::shared_ptr<const Snapshot>> MakeSnapshot(
    const Policy& policy, const std::vector<EntityRecord>& records) {
  SnapshotBuilder builder(policy.shared_program());
  for (const EntityRecord& record : records) ZTP_RETURN_IF_ERROR(builder.Add(record));
  Solver solver(policy);
  return builder.Build(&solver);
}

}  // namespace ztp
