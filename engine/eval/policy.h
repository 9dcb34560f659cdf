// A policy that is ready to decide: a decision program with what a host adds to it (patterns,
// schedules).
//
// Boundary: immutable and shared by any number of threads; knows no facts and no request.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "engine/base/schedule.h"
#include "engine/bundle/constant_names.h"
#include "engine/bundle/decision_program.h"
#include "engine/facts/pattern.h"
#include "engine/facts/snapshot_builder.h"

namespace ztp {

class Policy {
 public:
  // The program comes from ir/ or has passed CheckProgram. InvalidArgument: the host lacks what it
  // needs (a time zone).
  static absl::StatusOr<std::shared_ptr<const Policy>> Make(DecisionProgram program);

  const DecisionProgram& program() const { return *program_; }
  const std::shared_ptr<const DecisionProgram>& shared_program() const { return program_; }
  const Schema& schema() const { return program_->schema; }
  const ConstantNames& names() const { return *names_; }

  const Pattern& pattern(uint32_t index) const { return *patterns_[index]; }
  const Schedule& schedule(uint32_t index) const { return schedules_[index]; }

  // A definition's argument may hold a fold, and the definition may use it inside of a fold of the
  // same slot. The inner one does not depend on the outer one's variable, so it is worked out
  // before the outer one begins: these, for a fold.
  std::span<const uint32_t> EarlierFolds(uint32_t fold) const {
    if (earlier_folds_.empty()) return {};
    auto it = earlier_folds_.find(fold);
    if (it == earlier_folds_.end()) return {};
    return it->second;
  }

 private:
  Policy() = default;
  void FindEarlierFolds();

  std::shared_ptr<const DecisionProgram> program_;
  std::optional<ConstantNames> names_;
  std::vector<std::unique_ptr<Pattern>> patterns_;
  std::vector<Schedule> schedules_;
  absl::flat_hash_map<uint32_t, std::vector<uint32_t>> earlier_folds_;
};

// Works out the policy's quantifiers, for SnapshotBuilder::Build. The policy must outlive it; one
// thread at a time.
std::unique_ptr<QuantifierSolver> MakeSolver(const Policy& policy);

// The snapshot of these records for the policy, with everything worked out at load that can be. The
// errors of SnapshotBuilder.
absl::StatusOr<std::shared_ptr<const Snapshot>> MakeSnapshot(
    const Policy& policy, const std::vector<EntityRecord>& records);

}  // namespace ztp
