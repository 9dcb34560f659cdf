// The parts of an inherited attribute, joined.
//
// Boundary: freestanding; the arithmetic only. Whose parts count, and what an unknown one means, is
// the caller's.
#pragma once

#include <cstdint>

#include "engine/core/label.h"
#include "engine/core/program.h"
#include "engine/core/val.h"

namespace ztp {

// `Items` collects the elements of sets: a vector or a GrowingArray of Val.
template <typename Items>
class InheritedParts {
 public:
  // `items` must outlive it and is empty.
  InheritedParts(Inherit how, Items* items) : how_(how), items_(*items) {}

  void Add(const Val& part) {
    switch (how_) {
      case Inherit::kNo:
        break;
      case Inherit::kJoin:
        label_ = any_ ? Join(label_, part.label()) : part.label();
        break;
      case Inherit::kUnion:
        for (uint32_t i = 0; i < part.size; ++i) items_.push_back(part.list[i]);
        break;
      case Inherit::kAny:
        boolean_ = any_ ? (boolean_ || part.boolean()) : part.boolean();
        break;
      case Inherit::kAll:
        boolean_ = any_ ? (boolean_ && part.boolean()) : part.boolean();
        break;
    }
    any_ = true;
  }
  bool any() const { return any_; }

  // Only if any(). A set's elements are those of `items`, sorted and each once; a label that needs
  // it is kept in `arena`.
  template <typename ArenaType>
  Val Finish(ArenaType& arena) {
    switch (how_) {
      case Inherit::kNo:
        break;
      case Inherit::kJoin:
        return Val::OfLabel(label_, arena);
      case Inherit::kUnion:
        return Val::Items(
            TypeKind::kSet,
            {items_.data(), SortUnique(items_.data(), static_cast<uint32_t>(items_.size()))});
      case Inherit::kAny:
      case Inherit::kAll:
        return Val::Bool(boolean_);
    }
    return Val();
  }

 private:
  const Inherit how_;
  bool any_ = false;
  bool boolean_ = false;
  Label label_ = {};
  Items& items_;
};

}  // namespace ztp
