// Kleene's three-valued logic.
//
// Boundary: freestanding. Where unknown comes from, and what a decision makes of it, is not known
// here.
#pragma once

#include <cstdint>

namespace ztp {

enum class Tri : uint8_t { kFalse = 0, kTrue = 1, kUnknown = 2 };

constexpr Tri ToTri(bool b) { return b ? Tri::kTrue : Tri::kFalse; }

constexpr Tri And(Tri a, Tri b) {
  if (a == Tri::kFalse || b == Tri::kFalse) return Tri::kFalse;
  if (a == Tri::kTrue && b == Tri::kTrue) return Tri::kTrue;
  return Tri::kUnknown;
}

constexpr Tri Or(Tri a, Tri b) {
  if (a == Tri::kTrue || b == Tri::kTrue) return Tri::kTrue;
  if (a == Tri::kFalse && b == Tri::kFalse) return Tri::kFalse;
  return Tri::kUnknown;
}

constexpr Tri Not(Tri a) {
  if (a == Tri::kUnknown) return Tri::kUnknown;
  return a == Tri::kTrue ? Tri::kFalse : Tri::kTrue;
}

}  // namespace ztp
