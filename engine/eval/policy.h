// A policy that is ready to decide: a decision program with what a host adds to it (patterns,
// schedules).
//
// Boundary: immutable and shared by any number of threads; knows no facts and no request.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/schedule.h"
#include "engine/bundle/decision_program.h"
#include "engine/core/policy_view.h"
#include "engine/core/request_view.h"
#include "engine/facts/pattern.h"
#include "engine/facts/snapshot_builder.h"

namespace ztp {

class Policy {
 public:
  // The program comes from ir/ or has passed CheckProgram. InvalidArgument: the host lacks what it
  // needs (a time zone).
  static absl::StatusOr<std::shared_ptr<const Policy>> Make(DecisionProgram program);

  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  const DecisionProgram& program() const { return *program_; }
  const std::shared_ptr<const DecisionProgram>& shared_program() const { return program_; }
  const Schema& schema() const { return program_->schema; }

  // The same for the kernel.
  const PolicyView& view() const { return view_; }
  const HostFunctions& host() const { return host_; }

 private:
  Policy() = default;

  std::shared_ptr<const DecisionProgram> program_;
  std::vector<std::unique_ptr<Pattern>> patterns_;
  std::vector<Schedule> schedules_;
  PolicyView view_;
  HostFunctions host_;
};

// Works out the policy's quantifiers, for SnapshotBuilder::Build. The policy must outlive it; one
// thread at a time.
std::unique_ptr<QuantifierSolver> MakeSolver(const Policy& policy);

// The snapshot of these records for the policy, with everything worked out at load that can be. The
// errors of SnapshotBuilder.
absl::StatusOr<std::shared_ptr<const Snapshot>> MakeSnapshot(
    const Policy& policy, const std::vector<EntityRecord>& records);
// The same of what a builder was given, which is for the policy's program: builder.Build with all
// that can be worked out at load.
absl::StatusOr<std::shared_ptr<const Snapshot>> BuildSnapshot(const Policy& policy,
                                                              SnapshotBuilder& builder);

}  // namespace ztp
