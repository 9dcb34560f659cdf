// Sets of missing facts as numbers: what an unknown result rests on. Putting two together costs one
// entry; the facts themselves are listed only for a denial that rests on an unknown.
//
// Boundary: numbers only. Names are found with the request (decide.cc).
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace ztp {

// 0 is the empty set. The upper two bits say what the others are: a union kept by MissingFacts, an
// input, an entity, or a list of a snapshot.
using FactSet = uint32_t;

class MissingFacts {
 public:
  enum Kind : uint32_t { kUnion = 0, kInput = 1, kEntity = 2, kList = 3 };
  static constexpr uint32_t kIndexMask = (1u << 30) - 1;

  static FactSet Input(uint32_t input) { return kInput << 30 | input; }
  static FactSet Overflow() { return kInput << 30 | kIndexMask; }
  static FactSet Entity(uint32_t entity) { return kEntity << 30 | entity; }
  // A list of Snapshot::List; the empty one is the empty set.
  static FactSet List(uint32_t list) { return list == 0 ? 0 : kList << 30 | list; }

  void Clear() { unions_.resize(1); }
  FactSet Union(FactSet a, FactSet b) {
    if (a == b || b == 0) return a;
    if (a == 0) return b;
    unions_.emplace_back(a, b);
    return static_cast<FactSet>(unions_.size() - 1);
  }

  // Calls visit(kind, index) for every leaf of a set, each at least once.
  template <typename Visit>
  void ForEach(FactSet set, const Visit& visit) const {
    std::vector<FactSet> waiting = {set};
    std::vector<bool> seen(unions_.size(), false);
    while (!waiting.empty()) {
      const FactSet s = waiting.back();
      waiting.pop_back();
      if (s == 0) continue;
      const Kind kind = static_cast<Kind>(s >> 30);
      if (kind != kUnion) {
        visit(kind, s & kIndexMask);
      } else if (!seen[s]) {
        seen[s] = true;
        waiting.push_back(unions_[s].first);
        waiting.push_back(unions_[s].second);
      }
    }
  }

 private:
  std::vector<std::pair<FactSet, FactSet>> unions_ = {{0, 0}};
};

}  // namespace ztp
