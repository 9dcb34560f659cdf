// References to entities that are not there: no error, but what rests on them is unknown.
#pragma once

#include <string>
#include <vector>

#include "engine/base/value.h"
#include "engine/facts/snapshot.h"

namespace ztp {

struct DanglingReference {
  EntityUid from;
  std::string where;  // `parents`, `derives`, or the attribute's name
  EntityUid to;
  bool operator==(const DanglingReference&) const = default;
};

// All of them, each once, in the order of the entities' numbers. Types that are always present and
// carried types are never missing from the facts.
std::vector<DanglingReference> FindDanglingReferences(const Snapshot& snapshot);

}  // namespace ztp
