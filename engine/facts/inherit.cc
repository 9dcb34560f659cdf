// See inherit.h.
#include "engine/facts/inherit.h"

#include <algorithm>

namespace ztp {

void InheritedParts::Add(const Val& part) {
  switch (how_) {
    case Inherit::kNo:
      break;
    case Inherit::kJoin:
      label_ = any_ ? Join(label_, part.label()) : part.label();
      break;
    case Inherit::kUnion:
      items_.insert(items_.end(), part.list, part.list + part.size);
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

Val InheritedParts::Finish(Arena& arena) {
  switch (how_) {
    case Inherit::kNo:
      break;
    case Inherit::kJoin:
      return Val::OfLabel(label_, arena);
    case Inherit::kUnion: {
      const uint32_t count = SortUnique(items_.data(), static_cast<uint32_t>(items_.size()));
      Val* items = arena.NewArray<Val>(count);
      std::copy_n(items_.begin(), count, items);
      return Val::Items(TypeKind::kSet, {items, count});
    }
    case Inherit::kAny:
    case Inherit::kAll:
      return Val::Bool(boolean_);
  }
  return Val();
}

}  // namespace ztp
