// Decimal: an exact fixed-point number with nine places in 64 bits, about ±9.2 thousand million.
//
// Boundary: freestanding. Text is parsed and printed in base/scalar_text.h.
#pragma once

#include <compare>
#include <cstdint>

#include "engine/core/checked.h"

namespace ztp {

struct Decimal {
  static constexpr int kPlaces = 9;
  static constexpr int64_t kUnitsPerOne = 1'000'000'000;

  int64_t units = 0;  // thousand-millionths

  constexpr auto operator<=>(const Decimal&) const = default;
};

constexpr Checked<Decimal> CheckedAdd(Decimal a, Decimal b) {
  const Checked<int64_t> units = CheckedAdd(a.units, b.units);
  return units ? Checked<Decimal>(Decimal{*units}) : Checked<Decimal>();
}

constexpr Checked<Decimal> CheckedSub(Decimal a, Decimal b) {
  const Checked<int64_t> units = CheckedSub(a.units, b.units);
  return units ? Checked<Decimal>(Decimal{*units}) : Checked<Decimal>();
}

constexpr Checked<Decimal> CheckedNeg(Decimal a) {
  const Checked<int64_t> units = CheckedNeg(a.units);
  return units ? Checked<Decimal>(Decimal{*units}) : Checked<Decimal>();
}

// The exact product, rounded half to even to nine places, then checked.
Checked<Decimal> CheckedMul(Decimal a, Decimal b);

}  // namespace ztp
