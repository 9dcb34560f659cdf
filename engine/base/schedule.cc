// Schedules: the hours of each civil day as a pair of instants. Days of one schedule never overlap
// (at most they touch), so a walk over the days near an instant finds both what holds and when it
// changes.
#include "engine/base/schedule.h"

#include <cstdlib>
#include <fstream>

#include "absl/time/civil_time.h"
#include "engine/base/scalar_cursor.h"
#include "engine/base/status.h"

namespace ztp {
namespace {

constexpr int kMinutesPerDay = 24 * 60;
constexpr uint8_t kEveryDay = 0x7f;
constexpr size_t kMaxZoneBytes = 64;

// A zone has moved across the date line: the hours that count may have begun two civil days ago, or
// tomorrow.
constexpr int kDaysBefore = 2;
constexpr int kDaysAfter = 1;
// How far ahead a change is looked for. Each week has one, but the clock can jump over it.
constexpr int kDaysAhead = 21;

constexpr std::string_view kDayNames[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

absl::StatusOr<int> ParseDay(ScalarCursor& cursor) {
  for (int day = 0; day < 7; ++day) {
    if (cursor.Take(kDayNames[day])) return day;
  }
  return cursor.Expected("a day (Mon, Tue, Wed, Thu, Fri, Sat, Sun)");
}

absl::StatusOr<uint8_t> ParseDays(ScalarCursor& cursor) {
  unsigned days = 0;
  do {
    ZTP_ASSIGN_OR_RETURN(const int first, ParseDay(cursor));
    int last = first;
    if (cursor.Take('-')) {
      ZTP_ASSIGN_OR_RETURN(last, ParseDay(cursor));
    }
    for (int day = first;; day = (day + 1) % 7) {
      days |= 1u << day;
      if (day == last) break;
    }
  } while (cursor.Take(','));
  return static_cast<uint8_t>(days);
}

absl::StatusOr<int> TwoDigits(ScalarCursor& cursor, std::string_view what) {
  int value = 0;
  for (int i = 0; i < 2; ++i, cursor.Advance()) {
    if (!cursor.AtDigit()) return cursor.Expected(what);
    value = value * 10 + (cursor.peek() - '0');
  }
  return value;
}

// Minutes since midnight; 24:00 only if `is_end`.
absl::StatusOr<int> ParseMinute(ScalarCursor& cursor, bool is_end) {
  const size_t begin = cursor.at();
  ZTP_ASSIGN_OR_RETURN(const int hour, TwoDigits(cursor, "two digits of the hour, as in '08:00'"));
  if (!cursor.Take(':')) return cursor.Expected("':' after the hour");
  ZTP_ASSIGN_OR_RETURN(const int minute, TwoDigits(cursor, "two digits of the minute"));
  const int total = hour * 60 + minute;
  if (minute > 59 || total > kMinutesPerDay || (total == kMinutesPerDay && !is_end)) {
    return InvalidArgument("expected a time of day from 00:00 to ", is_end ? "24:00" : "23:59",
                           ", found another at character ", begin + 1);
  }
  return total;
}

absl::Status TakeSpaces(ScalarCursor& cursor, std::string_view what) {
  if (!cursor.Take(' ')) return cursor.Expected(what);
  while (cursor.Take(' ')) {
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::TimeZone> ParseZone(ScalarCursor& cursor) {
  constexpr std::string_view kZone = "a time zone such as 'Europe/Berlin' or 'UTC'";
  const std::string name(cursor.rest());
  if (name.empty()) return cursor.Expected(kZone);
  // abseil hands a name to the file system: nothing may lead out of the zone directory.
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool inner = IsAsciiDigit(c) || c == '/' || c == '_' || c == '+' || c == '-';
    if (!letter && !(i > 0 && inner)) {
      return cursor.Expected(
          i == 0 ? kZone : "a letter, a digit or one of '/_+-' of a time zone's name",
          cursor.at() + i);
    }
  }
  // "localtime" is another zone on each machine, "Fixed/UTC…" is abseil's own invention.
  absl::TimeZone zone;
  if (name.size() > kMaxZoneBytes || name == "localtime" || name.starts_with("Fixed/") ||
      !absl::LoadTimeZone(name, &zone)) {
    return InvalidArgument("expected ", kZone, ", found ",
                           Quoted(std::string_view(name).substr(0, kMaxZoneBytes)),
                           " at character ", cursor.at() + 1);
  }
  return zone;
}

}  // namespace

absl::StatusOr<Schedule> Schedule::Parse(std::string_view text) {
  ScalarCursor cursor(text);
  if (text.empty()) {
    return cursor.Expected("a schedule such as 'Mon-Fri 08:00-18:00 Europe/Berlin'");
  }
  Schedule schedule;
  schedule.days_ = kEveryDay;
  if (!cursor.AtDigit()) {
    ZTP_ASSIGN_OR_RETURN(schedule.days_, ParseDays(cursor));
    ZTP_RETURN_IF_ERROR(TakeSpaces(cursor, "'-', ',' or a space and the hours after the day"));
  }
  ZTP_ASSIGN_OR_RETURN(schedule.begin_minute_, ParseMinute(cursor, /*is_end=*/false));
  if (!cursor.Take('-')) return cursor.Expected("'-' and when the hours end");
  ZTP_ASSIGN_OR_RETURN(schedule.end_minute_, ParseMinute(cursor, /*is_end=*/true));
  if (schedule.begin_minute_ == schedule.end_minute_) {
    return InvalidArgument("expected hours that end at another time than they begin, ",
                           "found the same (the whole day is '00:00-24:00')");
  }
  if (schedule.end_minute_ < schedule.begin_minute_) schedule.end_minute_ += kMinutesPerDay;
  ZTP_RETURN_IF_ERROR(TakeSpaces(cursor, "a space and a time zone after the hours"));
  ZTP_ASSIGN_OR_RETURN(schedule.zone_, ParseZone(cursor));
  return schedule;
}

int64_t Schedule::CivilDayOf(absl::Time t) const {
  return absl::CivilDay(zone_.At(t).cs) - absl::CivilDay(1970, 1, 1);
}

bool Schedule::BeginsOn(int64_t day) const {
  const int64_t weekday = ((day + 3) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
  return (days_ >> weekday & 1) != 0;
}

Schedule::Interval Schedule::On(int64_t day) const {
  const auto instant = [&](int minute) {
    const absl::CivilDay civil = absl::CivilDay(1970, 1, 1) + (day + minute / kMinutesPerDay);
    return absl::FromCivil(absl::CivilSecond(civil) + int64_t{60} * (minute % kMinutesPerDay),
                           zone_);
  };
  return {instant(begin_minute_), instant(end_minute_)};
}

bool Schedule::Contains(Time t) const {
  const absl::Time at = absl::FromUnixMicros(t.micros);
  const int64_t today = CivilDayOf(at);
  for (int64_t day = today - kDaysBefore; day <= today + kDaysAfter; ++day) {
    if (!BeginsOn(day)) continue;
    const Interval on = On(day);
    if (on.begin <= at && at < on.end) return true;
  }
  return false;
}

std::optional<Time> Schedule::NextFlip(Time now) const {
  const absl::Time at = absl::FromUnixMicros(now.micros);
  const int64_t today = CivilDayOf(at);
  std::optional<absl::Time> flip;
  bool within = false;  // then `flip` is the end of the hours that go on without a break since `at`
  for (int64_t day = today - kDaysBefore; day <= today + kDaysAhead; ++day) {
    if (!BeginsOn(day)) continue;
    const Interval on = On(day);
    if (on.end <= at || on.begin >= on.end) continue;  // over, or jumped over by the clock
    if (!within && on.begin > at) {
      flip = on.begin;
      break;
    }
    if (within && on.begin > *flip) break;
    within = true;
    flip = on.end;
    if (day == today + kDaysAhead) return std::nullopt;  // one day after the other: it never ends
  }
  if (!flip || *flip > absl::FromUnixMicros(INT64_MAX)) return std::nullopt;
  return Time{absl::ToUnixMicros(*flip)};
}

std::string TimeZoneDataVersion() {
  const char* configured = std::getenv("TZDIR");
  const std::string folder = configured != nullptr ? configured : "/usr/share/zoneinfo";
  constexpr std::string_view kComment = "# version ";
  std::string line;
  // The text form of the data names its version in a comment; some systems have a file for it.
  std::ifstream text(Cat(folder, "/tzdata.zi"));
  if (std::getline(text, line) && line.starts_with(kComment)) return line.substr(kComment.size());
  std::ifstream version(Cat(folder, "/+VERSION"));
  if (std::getline(version, line) && !line.empty()) return line;
  return "unknown";
}

}  // namespace ztp
