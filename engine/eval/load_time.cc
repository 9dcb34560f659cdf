// Snapshots with their quantifiers worked out: the evaluator lends itself to the loader.
#include <memory>

#include "engine/base/status.h"
#include "engine/core/machine.h"
#include "engine/eval/missing_names.h"
#include "engine/eval/policy.h"
#include "engine/eval/scratch.h"

namespace ztp {
namespace {

// Filters and bodies of quantifiers read no request, so an empty one will do.
class Solver : public QuantifierSolver {
 public:
  explicit Solver(const Policy& policy) : policy_(policy) { scratch_.Reserve(policy.view()); }

  Tri Solve(const Snapshot& snapshot, uint32_t quantifier, uint32_t ancestor,
            std::vector<uint32_t>* missing) override {
    do {
      const Result result = Try(snapshot, quantifier, ancestor);
      if (scratch_.workspace().full()) continue;
      if (result.known()) return ToTri(result.val.boolean());
      ListMissing(snapshot, result.facts, missing);
      return Tri::kUnknown;
    } while (scratch_.Grow());
    return Tri::kUnknown;
  }

 private:
  Result Try(const Snapshot& snapshot, uint32_t quantifier, uint32_t ancestor) {
    const QuantifierRecord& q = policy_.program().quantifiers[quantifier];
    Workspace& workspace = scratch_.workspace();
    if (!workspace.Prepare(policy_.view())) return Result::Unknown(0);
    BoundRequest request;
    request.BindNothing(policy_, snapshot);
    Machine machine(request.view(), workspace);
    for (const EarlierFold& earlier : policy_.view().EarlierFolds(q.fold)) {
      if (!machine.Run(earlier.inner)) return Result::Unknown(0);
    }
    machine.SetVariable(q.slot, Val::Entity(snapshot.TypeOf(ancestor).index, ancestor));
    return machine.Quantified(q);
  }

  void ListMissing(const Snapshot& snapshot, FactSet facts, std::vector<uint32_t>* missing) const {
    ForEachMissing(scratch_.workspace().missing_facts(), facts,
                   [&](MissingFacts::Kind kind, uint32_t index) {
                     if (kind == MissingFacts::kEntity) {
                       missing->push_back(index);
                     } else if (kind == MissingFacts::kList) {
                       const auto list = snapshot.List(index);
                       missing->insert(missing->end(), list.begin(), list.end());
                     } else {
                       missing->push_back(kNone32);  // an overflow: no input is read
                     }
                   });
  }

  const Policy& policy_;
  Scratch scratch_;
};

}  // namespace

std::unique_ptr<QuantifierSolver> MakeSolver(const Policy& policy) {
  return std::make_unique<Solver>(policy);
}

absl::StatusOr<std::shared_ptr<const Snapshot>> MakeSnapshot(
    const Policy& policy, const std::vector<EntityRecord>& records) {
  SnapshotBuilder builder(policy.shared_program());
  for (const EntityRecord& record : records) ZTP_RETURN_IF_ERROR(builder.Add(record));
  return BuildSnapshot(policy, builder);
}

absl::StatusOr<std::shared_ptr<const Snapshot>> BuildSnapshot(const Policy& policy,
                                                              SnapshotBuilder& builder) {
  Solver solver(policy);
  return builder.Build(&solver);
}

}  // namespace ztp
