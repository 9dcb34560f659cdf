// The facts that a set of missing ones stands for (core/missing_facts.h).
//
// Boundary: allocates; for denials that rest on an unknown, and for loading facts.
#pragma once

#include <vector>

#include "engine/core/missing_facts.h"

namespace ztp {

// Calls visit(kind, index) for every leaf of a set, each at least once.
template <typename Visit>
void ForEachMissing(const MissingFacts& facts, FactSet set, const Visit& visit) {
  std::vector<FactSet> waiting = {set};
  std::vector<bool> seen(facts.union_count() + 1, false);
  while (!waiting.empty()) {
    const FactSet s = waiting.back();
    waiting.pop_back();
    if (s == 0) continue;
    const MissingFacts::Kind kind = static_cast<MissingFacts::Kind>(s >> 30);
    if (kind != MissingFacts::kUnion) {
      visit(kind, s & MissingFacts::kIndexMask);
    } else if (!seen[s]) {
      seen[s] = true;
      waiting.push_back(facts.UnionOf(s).a);
      waiting.push_back(facts.UnionOf(s).b);
    }
  }
}

}  // namespace ztp
