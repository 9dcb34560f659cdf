// The same facts by another way: an earlier state of them, and the changes that lead here.
//
// Boundary: plain records and changes; snapshots are the caller's.
#pragma once

#include <vector>

#include "engine/base/world.h"
#include "tests/differential/random.h"

namespace ztp::differential {

struct Change {
  enum class Kind : uint8_t { kUpsert, kAddEdges, kDelete };
  Kind kind = Kind::kUpsert;
  EntityRecord
      record;  // kDelete: its uid alone; kAddEdges: the edges that are new, and some others
};

struct History {
  std::vector<EntityRecord> before;
  std::vector<Change> changes;
};

// How `now` may have come about.
History GenerateHistory(Random& random, const Schema& schema, const std::vector<EntityRecord>& now,
                        uint32_t ids);

}  // namespace ztp::differential
