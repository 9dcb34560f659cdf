// Entities from a reader straight into a snapshot that is being made.
//
// Boundary: joins json_facts.h and snapshot_builder.h, which know nothing of each other.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/status.h"
#include "engine/facts/json_facts.h"
#include "engine/facts/snapshot_builder.h"

namespace ztp {

class BuilderSink final : public EntitySink {
 public:
  // `builder`, which makes a snapshot from nothing, must outlive it.
  explicit BuilderSink(SnapshotBuilder* builder) : builder_(*builder) {}

  std::optional<uint32_t> Taken(const EntityUid& uid) const override {
    return builder_.FindStored(uid);
  }
  absl::StatusOr<uint32_t> Take(const EntityRecord& record) override {
    uint32_t number = 0;
    ZTP_RETURN_IF_ERROR(builder_.Add(record, &number));
    return number;
  }

 private:
  SnapshotBuilder& builder_;
};

}  // namespace ztp
