// Every way there is to decide, side by side: the reference interpreter over the typed program, the
// decision program with its index, with a finer one and without (rule by rule), and the decision
// program out of a serialised bundle. A test that passes has passed in all of them.
//
// Boundary: deciding only. What a decision should be is the caller's to say.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/source.h"
#include "engine/base/world.h"
#include "engine/eval/decide.h"
#include "engine/eval/policy.h"
#include "engine/facts/snapshot.h"
#include "engine/reference/interpreter.h"
#include "engine/sema/program.h"

namespace ztp::scenario {

// Not thread-safe: it has its own scratch.
class Ways {
 public:
  // The facts in each way's own form.
  struct World {
    std::vector<EntityRecord> records;
    std::unique_ptr<reference::World> reference;
    std::shared_ptr<const Snapshot> snapshot;
    std::shared_ptr<const Snapshot> for_bundle;
    std::shared_ptr<const Snapshot> for_plain;
    std::shared_ptr<const Snapshot> for_fine;
  };

  // `program` must outlive the result. An error is a fault of the compiler, not of the policy.
  static absl::StatusOr<std::unique_ptr<Ways>> Make(const sema::Program& program,
                                                    const SourceManager& sources);

  // InvalidArgument as SnapshotBuilder::Build.
  absl::StatusOr<World> Load(std::vector<EntityRecord> records) const;

  // The decision that all ways agree on. Internal: they don't; the message shows each.
  absl::StatusOr<Decision> Decide(const World& world, const Request& request);

  // Why, by the decision program.
  Explanation Explain(const World& world, const Request& request);

  const sema::Program& program() const { return program_; }
  const Policy& policy() const { return *policy_; }

 private:
  explicit Ways(const sema::Program& program) : program_(program) {
    plain_scratch_.workspace().set_machine_only(true);
  }

  const sema::Program& program_;
  std::shared_ptr<const Policy> policy_;
  std::shared_ptr<const Policy> from_bundle_;
  std::shared_ptr<const Policy> plain_;  // no index, and everything by the machine
  std::shared_ptr<const Policy> fine_;   // one that tells apart whatever can be told apart
  Scratch scratch_;
  Scratch plain_scratch_;
};

}  // namespace ztp::scenario
