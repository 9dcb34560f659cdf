// The parts of an inherited attribute, joined.
//
// Boundary: the arithmetic only; whose parts count, and what an unknown one means, is the caller's.
#pragma once

#include <vector>

#include "engine/base/schema.h"
#include "engine/facts/val.h"

namespace ztp {

class InheritedParts {
 public:
  explicit InheritedParts(Inherit how) : how_(how) {}

  void Clear() {
    any_ = false;
    items_.clear();
  }
  void Add(const Val& part);
  bool any() const { return any_; }
  // Only if any().
  Val Finish(Arena& arena);

 private:
  Inherit how_;
  bool any_ = false;
  bool boolean_ = false;
  Label label_ = {};
  std::vector<Val> items_;
};

}  // namespace ztp
