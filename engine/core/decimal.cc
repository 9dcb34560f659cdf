// The one operation on Decimal that is more than a line: the rounded product.
#include "engine/core/decimal.h"

namespace ztp {
namespace {

struct Quotient {
  Uint128 quotient;
  uint64_t remainder;
};

// A 128-bit division written out in 32-bit digits, because the compiler's own is a call into
// libgcc, which a driver does not have.
Quotient DivideByOne(Uint128 dividend) {
  constexpr uint64_t kDivisor =
      Decimal::kUnitsPerOne;  // below 2^30, so a digit and the rest fit 64 bits
  Quotient result = {0, 0};
  for (int shift = 96; shift >= 0; shift -= 32) {
    const uint64_t digit = static_cast<uint32_t>(dividend >> shift);
    const uint64_t part = (result.remainder << 32) | digit;
    result.quotient = (result.quotient << 32) | (part / kDivisor);
    result.remainder = part % kDivisor;
  }
  return result;
}

}  // namespace

Checked<Decimal> CheckedMul(Decimal a, Decimal b) {
  const Int128 product = static_cast<Int128>(a.units) * b.units;  // at most 2^126: fits
  const bool negative = product < 0;
  const Uint128 magnitude =
      negative ? -static_cast<Uint128>(product) : static_cast<Uint128>(product);

  Quotient q = DivideByOne(magnitude);
  constexpr uint64_t kHalf = Decimal::kUnitsPerOne / 2;
  const bool odd = (q.quotient & 1) != 0;
  if (q.remainder > kHalf || (q.remainder == kHalf && odd)) ++q.quotient;

  const Int128 rounded = static_cast<Int128>(q.quotient);
  const Checked<int64_t> units = Narrow(negative ? -rounded : rounded);
  return units ? Checked<Decimal>(Decimal{*units}) : Checked<Decimal>();
}

}  // namespace ztp
