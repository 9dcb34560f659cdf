// A request in the evaluator's form: names resolved, values encoded, carried entities placed beside
// the stored.
//
// Boundary: belongs to the policy and the snapshot that it was bound to, which must outlive it.
// Once bound it is only read, so many threads may decide it at once. Binding again reuses its
// memory.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/world.h"
#include "engine/eval/policy.h"
#include "engine/eval/reading.h"
#include "engine/facts/snapshot.h"

namespace ztp {

class BoundRequest : public UidSource {
 public:
  // A parameter, input or carried attribute as it came.
  struct BoundFact {
    Val val;  // kNone: missing; with Val::kNotKnown not known
    EvidenceWindow window;
  };
  struct CarriedEntity {
    uint32_t entity = 0;
    std::span<const BoundFact> attributes;
    std::span<const uint32_t> parents;
    std::span<const uint32_t> derives;
  };

  BoundRequest() : arena_(4096) {}

  // InvalidArgument: the snapshot is another program's, or the request fits no declared action (a
  // principal or resource of a wrong type, a required parameter left out, a wrong number of facts),
  // or it carries what is not carried. Then the request must not be decided.
  absl::Status Bind(const Policy& policy, const Snapshot& snapshot, const Request& request);

  // For evaluating what reads no request.
  void BindNothing(const Policy& policy, const Snapshot& snapshot) {
    policy_ = &policy;
    snapshot_ = &snapshot;
  }

  const Policy& policy() const { return *policy_; }
  const Snapshot& snapshot() const { return *snapshot_; }
  ActionId action() const { return action_; }
  const Val& principal() const { return principal_; }
  const Val& resource() const { return resource_; }
  // The stored row, if the request carries no entity, so that it is all there is to say; else null.
  const uint64_t* principal_row() const { return principal_row_; }
  const uint64_t* resource_row() const { return resource_row_; }
  const BoundFact& param(uint32_t index) const { return params_[index]; }
  const BoundFact& input(uint32_t index) const { return inputs_[index]; }
  int64_t now() const { return now_; }
  void set_now(Time now) { now_ = now.micros; }
  // What the request says to the index's first probes. One that is not settled depends on the time,
  // or on entities that the request carries.
  const Reading* readings() const { return readings_.data(); }
  // What it says to the index's first marks.
  uint64_t marks() const { return marks_; }
  // Each of them is known for ever.
  bool marks_known() const { return marks_known_; }
  bool Can(ObligationId obligation) const { return can_all_ || can_[obligation.index]; }

  // Entities: those of the snapshot, then those that only the request knows.
  EntityTypeId TypeOf(uint32_t entity) const {
    const uint32_t known = snapshot_->entity_count();
    return entity < known ? snapshot_->TypeOf(entity) : strangers_[entity - known].type;
  }
  EntityUid Uid(uint32_t entity) const override;
  bool carries_any() const { return !carried_.empty(); }
  std::span<const CarriedEntity> carried() const { return carried_; }
  const CarriedEntity* Carried(uint32_t entity) const {
    for (const CarriedEntity& c : carried_) {
      if (c.entity == entity) return &c;
    }
    return nullptr;
  }

 private:
  class Encoder;
  struct Stranger {
    EntityTypeId type;
    std::string_view id;
  };

  absl::Status Check(const Request& request) const;
  BoundFact BindFact(const Fact& fact, Encoder& encoder);
  void ReadProbes();
  void ReadProbe(const Probe& probe, Reading* reading) const;

  const Policy* policy_ = nullptr;
  const Snapshot* snapshot_ = nullptr;
  ActionId action_;
  Val principal_;
  Val resource_;
  const uint64_t* principal_row_ = nullptr;
  const uint64_t* resource_row_ = nullptr;
  std::vector<BoundFact> params_;
  std::vector<BoundFact> inputs_;
  std::vector<CarriedEntity> carried_;
  std::vector<Stranger> strangers_;
  std::vector<Reading> readings_;
  uint64_t marks_ = 0;
  bool marks_known_ = false;
  bool can_all_ = true;
  std::vector<bool> can_;
  int64_t now_ = 0;
  Arena arena_;
};

}  // namespace ztp
