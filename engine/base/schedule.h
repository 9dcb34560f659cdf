// Schedule: the right side of `now within "Mon-Fri 08:00-18:00 Europe/Berlin"`.
//
// Boundary: the one place of the engine that knows time zones (abseil's, from the system's zone
// data). Immutable and safe to share between threads once parsed; Contains and NextFlip allocate
// nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/core/time.h"

namespace ztp {

class Schedule {
 public:
  // `[DAYS] HH:MM-HH:MM ZONE`. DAYS are weekdays (`Mon` … `Sun`) and ranges of them with commas
  // between; without them, every day; a range may pass Sunday (`Fri-Mon`). The end is excluded and
  // may be 24:00; an end before the begin is on the next day. ZONE is a name of the tz database or
  // `UTC`. InvalidArgument says what is wrong and where, a zone that the system's data does not
  // have included.
  static absl::StatusOr<Schedule> Parse(std::string_view text);

  // Is t in [begin, end) of a day of the schedule? Begin and end are civil times in the zone: one
  // that the clock skips counts as the instant of the jump, one that comes twice as the first of
  // the two.
  bool Contains(Time t) const;

  // The first instant after `now` at which Contains changes; nothing if it never does, or not
  // before the end of Time.
  std::optional<Time> NextFlip(Time now) const;

 private:
  // The hours that begin on one civil day.
  struct Interval {
    absl::Time begin;
    absl::Time end;
  };

  Schedule() = default;

  // Days are counted from 1970-01-01.
  int64_t CivilDayOf(absl::Time t) const;
  bool BeginsOn(int64_t day) const;
  Interval On(int64_t day) const;

  uint8_t days_ = 0;      // bit 0 Monday … bit 6 Sunday: the days on which it begins
  int begin_minute_ = 0;  // of the day, 0 to 1439
  int end_minute_ = 0;    // above begin_minute_; from 1440 on, of the next day
  absl::TimeZone zone_;
};

// The version of the time zone data in use, such as "2025b"; "unknown" where the data does not say.
std::string TimeZoneDataVersion();

}  // namespace ztp
