// Sets of missing facts as numbers: what an unknown result rests on. Putting two together costs one
// entry; the facts themselves are listed only for a denial that rests on an unknown.
//
// Boundary: freestanding; numbers only. Names are found with the request (eval/decide.cc).
#pragma once

#include <cstdint>

#include "engine/core/fixed_arena.h"

namespace ztp {

// 0 is the empty set. The upper two bits say what the others are: a union kept by MissingFacts, an
// input, an entity, or a list of a snapshot.
using FactSet = uint32_t;

class MissingFacts {
 public:
  enum Kind : uint32_t { kUnion = 0, kInput = 1, kEntity = 2, kList = 3 };
  static constexpr uint32_t kIndexMask = (1u << 30) - 1;
  // Where an input's number would be: no fact at all.
  static constexpr uint32_t kOverflow = kIndexMask;
  static constexpr uint32_t kHost = kIndexMask - 1;

  static FactSet Input(uint32_t input) { return kInput << 30 | input; }
  static FactSet Overflow() { return Input(kOverflow); }
  // What only a host can say (HostFunctions), and there is none.
  static FactSet Host() { return Input(kHost); }
  static FactSet Entity(uint32_t entity) { return kEntity << 30 | entity; }
  // A list of FactsView::List; the empty one is the empty set.
  static FactSet List(uint32_t list) { return list == 0 ? 0 : kList << 30 | list; }

  // To be called whenever the arena was reset.
  void Begin(FixedArena* arena) { unions_.Begin(arena); }
  // Where the arena is full, one of the two: whoever decides sees that it is.
  FactSet Union(FactSet a, FactSet b) {
    if (a == b || b == 0) return a;
    if (a == 0) return b;
    if (!unions_.push_back({a, b})) return a;
    return static_cast<FactSet>(unions_.size());
  }

  struct Pair {
    FactSet a;
    FactSet b;
  };
  // What was put together; of a set of kind kUnion.
  const Pair& UnionOf(FactSet set) const { return unions_[set - 1]; }
  size_t union_count() const { return unions_.size(); }

 private:
  GrowingArray<Pair> unions_;
};

}  // namespace ztp
