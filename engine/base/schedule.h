// Schedules: `Mon-Fri 08:00-18:00 Europe/Berlin`, the right side of `now within`.
//
// Boundary: the one place that knows time zones (abseil's, from the system's zone data). Immutable and safe to
// share between threads once parsed; Contains and NextFlip allocate nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/core/time.h"

namespace ztp {

// What the text says, before any calendar.
struct ScheduleSpec {
  uint8_t days = 0;      // bit 0 Monday … bit 6 Sunday: the days on which it begins
  int begin_minute = 0;  // of the day, 0 to 1439
  int end_minute = 0;    // 1 to 1440; at or before begin: of the next day
  std::string zone;      // IANA name
};

// [days] HH:MM-HH:MM zone. Days are a list of names and ranges (`Mon-Fri`, `Sat,Sun`, `Fri-Mon`); without them,
// every day. `24:00` may end it.
absl::StatusOr<ScheduleSpec> ParseScheduleSpec(std::string_view text);

class Schedule {
 public:
  // InvalidArgument for a malformed text or a zone that the system's data does not have.
  static absl::StatusOr<Schedule> Parse(std::string_view text);

  // Half-open: [begin, end). Beginnings and ends are civil times in the zone: one that daylight saving skips
  // counts from the instant of the jump, one that comes twice from the first.
  bool Contains(Time t) const;

  // The first instant after `t` at which Contains changes; none if it never does.
  std::optional<Time> NextFlip(Time t) const;

  const ScheduleSpec& spec() const { return spec_; }

 private:
  // The interval that begins on the civil day `day_number` (days since 1970-01-01), whether that day is one of
  // spec_.days or not.
  struct Interval {
    Time begin;
    Time end;
  };
  Interval On(int64_t day_number) const;
  bool BeginsOn(int64_t day_number) const;
  int64_t CivilDayNumber(Time t) const;

  ScheduleSpec spec_;
  absl::TimeZone zone_;
};

// The version of the zone data in use, such as "2025b"; "unknown" where the system does not say.
std::string TimeZoneDataVersion();

}  // namespace ztp
