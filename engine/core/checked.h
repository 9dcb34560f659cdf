// Arithmetic on 64-bit integers that notices overflow instead of wrapping, and the 128-bit type for
// exact sums.
//
// Boundary: freestanding, no dependency. What an overflow means (in a decision: unknown) is the
// caller's affair.
#pragma once

#include <cstdint>

namespace ztp {

// GCC and Clang have it on every 64-bit target; `__extension__` keeps -Wpedantic quiet about that.
__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

// A result, or the fact that it did not fit. Reading the value of an overflow gives T{}.
template <typename T>
class Checked {
 public:
  constexpr Checked() = default;  // overflow
  constexpr Checked(T value) : value_(value), ok_(true) {}

  constexpr bool ok() const { return ok_; }
  constexpr explicit operator bool() const { return ok_; }
  constexpr const T& operator*() const { return value_; }
  constexpr const T* operator->() const { return &value_; }

  // Two overflows are the same; an overflow equals no value.
  constexpr bool operator==(const Checked& other) const {
    return ok_ == other.ok_ && (!ok_ || value_ == other.value_);
  }

 private:
  T value_ = {};
  bool ok_ = false;
};

constexpr Checked<int64_t> CheckedAdd(int64_t a, int64_t b) {
  int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result)) return {};
  return result;
}

constexpr Checked<int64_t> CheckedSub(int64_t a, int64_t b) {
  int64_t result = 0;
  if (__builtin_sub_overflow(a, b, &result)) return {};
  return result;
}

constexpr Checked<int64_t> CheckedMul(int64_t a, int64_t b) {
  int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) return {};
  return result;
}

// The lowest integer has no positive counterpart.
constexpr Checked<int64_t> CheckedNeg(int64_t a) { return CheckedSub(0, a); }

// An exact intermediate result back to 64 bits.
constexpr Checked<int64_t> Narrow(Int128 wide) {
  if (wide < INT64_MIN || wide > INT64_MAX) return {};
  return static_cast<int64_t>(wide);
}

}  // namespace ztp
