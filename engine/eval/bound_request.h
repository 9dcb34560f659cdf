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

  // What of a request is another than when it was bound: bit i of `params` and `inputs` for the
  // i-th, the last bit for all from there on.
  struct Changes {
    bool principal = false;
    bool resource = false;
    uint64_t params = 0;
    uint64_t inputs = 0;
    bool others = false;  // what the caller can carry out, carried entities
    static uint64_t Bit(size_t i) { return uint64_t{1} << (i < 63 ? i : 63); }
    bool any() const { return principal || resource || params != 0 || inputs != 0 || others; }
  };
  // The same as binding it anew to the same policy and snapshot, where `changes` says all that is
  // another: what has not changed is not worked out again. The errors of Bind; then it must be
  // bound before it is decided.
  absl::Status Rebind(const Request& request, const Changes& changes);

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

  // What was overwritten stays in the arena until everything is bound anew: when it is so many
  // bytes, or so many entities that the snapshot does not know.
  static constexpr size_t kMostOverwrittenBytes = 64 << 10;
  static constexpr size_t kMostStrangers = 64;

  absl::Status Check(const Request& request, Complete complete) const;
  absl::Status CheckEntities(const Request& request) const;
  void BindEntity(bool is_principal, const EntityUid& uid, Encoder& encoder);
  const uint64_t* RowOf(const Val& holder) const;
  BoundFact BindParam(const Request& request, size_t i, Encoder& encoder) const;
  void BindCarried(const EntityRecord& record, Encoder& encoder);
  void BindObligations(const Request& request);
  bool HasEvidence() const;

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
  size_t bound_bytes_ = 0;  // of the arena, when everything was bound
};

}  // namespace ztp
