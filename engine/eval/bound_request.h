// A request in the kernel's form: names resolved, values encoded, carried entities placed beside
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
#include "engine/core/request_view.h"
#include "engine/eval/policy.h"
#include "engine/facts/snapshot.h"

namespace ztp {

// A fact in the kernel's form.
BoundFact BindFact(const Fact& fact, ValEncoder& encoder);

class BoundRequest : public UidSource {
 public:
  BoundRequest() : arena_(4096) {}

  // InvalidArgument: the snapshot is another program's, or the request fits no declared action (a
  // principal or resource of a wrong type, a required parameter left out, a wrong number of facts),
  // or it carries what is not carried. Then the request must not be decided.
  // kPartly: required parameters may be missing, for who gives them later (batch.h).
  enum class Complete : uint8_t { kPartly, kWholly };
  absl::Status Bind(const Policy& policy, const Snapshot& snapshot, const Request& request,
                    Complete complete = Complete::kWholly);

  // For evaluating what reads no request.
  void BindNothing(const Policy& policy, const Snapshot& snapshot);

  const Policy& policy() const { return *policy_; }
  const Snapshot& snapshot() const { return *snapshot_; }
  // What the kernel decides. Good until the request is bound again.
  const RequestView& view() const { return view_; }
  void set_now(Time now) { view_.now = now.micros; }

  // Entities: those of the snapshot, then those that only the request knows.
  EntityUid Uid(uint32_t entity) const override;
  uint32_t stranger_count() const { return static_cast<uint32_t>(stranger_types_.size()); }

 private:
  class Encoder;

  absl::Status Check(const Request& request, Complete complete) const;
  void BindCarried(const EntityRecord& record, Encoder& encoder);
  void BindObligations(const Request& request);

  const Policy* policy_ = nullptr;
  const Snapshot* snapshot_ = nullptr;
  RequestView view_;  // points to what follows
  std::vector<BoundFact> params_;
  std::vector<BoundFact> inputs_;
  std::vector<CarriedEntity> carried_;
  std::vector<uint32_t> stranger_types_;
  std::vector<std::string_view> stranger_ids_;
  std::vector<Reading> readings_;
  std::vector<uint64_t> can_;
  Arena arena_;
};

}  // namespace ztp
