// Time and Duration: whole microseconds in 64 bits, UTC. About 292,000 years either way.
//
// Boundary: freestanding. Text is parsed and printed in base/scalar_text.h; calendars live in
// base/schedule.h.
#pragma once

#include <compare>
#include <cstdint>

#include "engine/core/checked.h"

namespace ztp {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;

struct Duration {
  int64_t micros = 0;
  constexpr auto operator<=>(const Duration&) const = default;
};

// An instant.
struct Time {
  int64_t micros = 0;  // since 1970-01-01T00:00:00Z, leap seconds not counted
  constexpr auto operator<=>(const Time&) const = default;
};

constexpr Checked<Duration> CheckedAdd(Duration a, Duration b) {
  const Checked<int64_t> micros = CheckedAdd(a.micros, b.micros);
  return micros ? Checked<Duration>(Duration{*micros}) : Checked<Duration>();
}

constexpr Checked<Duration> CheckedSub(Duration a, Duration b) {
  const Checked<int64_t> micros = CheckedSub(a.micros, b.micros);
  return micros ? Checked<Duration>(Duration{*micros}) : Checked<Duration>();
}

constexpr Checked<Duration> CheckedMul(Duration a, int64_t n) {
  const Checked<int64_t> micros = CheckedMul(a.micros, n);
  return micros ? Checked<Duration>(Duration{*micros}) : Checked<Duration>();
}

constexpr Checked<Duration> CheckedNeg(Duration a) {
  const Checked<int64_t> micros = CheckedNeg(a.micros);
  return micros ? Checked<Duration>(Duration{*micros}) : Checked<Duration>();
}

constexpr Checked<Time> CheckedAdd(Time t, Duration d) {
  const Checked<int64_t> micros = CheckedAdd(t.micros, d.micros);
  return micros ? Checked<Time>(Time{*micros}) : Checked<Time>();
}

constexpr Checked<Time> CheckedSub(Time t, Duration d) {
  const Checked<int64_t> micros = CheckedSub(t.micros, d.micros);
  return micros ? Checked<Time>(Time{*micros}) : Checked<Time>();
}

constexpr Checked<Duration> CheckedSub(Time a, Time b) {
  const Checked<int64_t> micros = CheckedSub(a.micros, b.micros);
  return micros ? Checked<Duration>(Duration{*micros}) : Checked<Duration>();
}

}  // namespace ztp
