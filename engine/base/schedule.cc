#include "engine/base/schedule.h"

#include <array>
#include <cstdio>

#include "absl/time/civil_time.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr int kMinutesADay = 1440;

absl::Status Bad(std::string_view text, std::string_view what) {
  return InvalidArgument(what, " in the schedule ", Quoted(text), "; one is written 'Mon-Fri 08:00-18:00 Europe/Berlin'");
}

int DayIndex(std::string_view name) {
  for (size_t i = 0; i < kDays.size(); ++i) {
    if (kDays[i] == name) return static_cast<int>(i);
  }
  return -1;
}

// "HH:MM" to minutes, or -1.
int Minutes(std::string_view text) {
  auto digit = [&](size_t i) { return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : -100000; };
  if (text.size() != 5 || text[2] != ':') return -1;
  const int hours = digit(0) * 10 + digit(1), minutes = digit(3) * 10 + digit(4);
  if (hours < 0 || minutes < 0 || minutes > 59 || hours > 24 || (hours == 24 && minutes != 0)) return -1;
  return hours * 60 + minutes;
}

Time FromAbslTime(absl::Time t) { return Time{absl::ToUnixMicros(t)}; }

}  // namespace

absl::StatusOr<ScheduleSpec> ParseScheduleSpec(std::string_view text) {
  std::array<std::string_view, 3> words;
  size_t count = 0;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    const size_t end = std::min(text.find(' ', at), text.size());
    if (count == words.size()) return Bad(text, "too many words");
    words[count++] = text.substr(at, end - at);
    at = end;
  }
  if (count < 2) return Bad(text, "expected hours and a time zone");
  ScheduleSpec spec;
  if (count == 2) {
    spec.days = 0x7f;
    words[2] = words[1];
    words[1] = words[0];
  } else {
    std::string_view days = words[0];
    while (true) {
      const size_t comma = days.find(',');
      const std::string_view item = days.substr(0, comma);
      const size_t dash = item.find('-');
      const int first = DayIndex(item.substr(0, dash));
      const int last = dash == std::string_view::npos ? first : DayIndex(item.substr(dash + 1));
      if (first < 0 || last < 0) return Bad(text, "expected days such as Mon, Sat,Sun or Mon-Fri");
      for (int day = first;; day = (day + 1) % 7) {
        spec.days = static_cast<uint8_t>(spec.days | 1u << day);
        if (day == last) break;
      }
      if (comma == std::string_view::npos) break;
      days.remove_prefix(comma + 1);
    }
  }
  const size_t dash = words[1].find('-');
  if (dash == std::string_view::npos) return Bad(text, "expected hours such as 08:00-18:00");
  spec.begin_minute = Minutes(words[1].substr(0, dash));
  spec.end_minute = Minutes(words[1].substr(dash + 1));
  if (spec.begin_minute < 0 || spec.end_minute < 0 || spec.begin_minute == kMinutesADay) {
    return Bad(text, "expected hours such as 08:00-18:00");
  }
  // `22:00-00:00` ends at midnight, like `22:00-24:00`.
  if (spec.end_minute == 0) spec.end_minute = kMinutesADay;
  if (spec.begin_minute == spec.end_minute) return Bad(text, "an empty range (a whole day is 00:00-24:00)");
  spec.zone = std::string(words[2]);
  return spec;
}

absl::StatusOr<Schedule> Schedule::Parse(std::string_view text) {
  Schedule schedule;
  ZTP_ASSIGN_OR_RETURN(schedule.spec_, ParseScheduleSpec(text));
  // abseil takes "localtime" and fixed offsets too, which would mean another thing on another machine.
  const std::string& zone = schedule.spec_.zone;
  if (zone == "localtime" || zone.starts_with("Fixed/") || !absl::LoadTimeZone(zone, &schedule.zone_)) {
    return Bad(text, Cat("there is no time zone ", Quoted(zone)));
  }
  return schedule;
}

Schedule::Interval Schedule::On(int64_t day_number) const {
  auto instant = [&](int minute) {
    const absl::CivilDay day = absl::CivilDay(1970, 1, 1) + day_number + minute / kMinutesADay;
    const absl::TimeZone::TimeInfo info =
        zone_.At(absl::CivilSecond(day) + int64_t{60} * (minute % kMinutesADay));
    return FromAbslTime(info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre);
  };
  const int end = spec_.end_minute > spec_.begin_minute ? spec_.end_minute : spec_.end_minute + kMinutesADay;
  return {instant(spec_.begin_minute), instant(end)};
}

bool Schedule::BeginsOn(int64_t day_number) const {
  // 1970-01-01 was a Thursday.
  const int64_t weekday = ((day_number + 3) % 7 + 7) % 7;
  return (spec_.days >> weekday & 1) != 0;
}

int64_t Schedule::CivilDayNumber(Time t) const {
  return absl::CivilDay(zone_.At(absl::FromUnixMicros(t.micros)).cs) - absl::CivilDay(1970, 1, 1);
}

bool Schedule::Contains(Time t) const {
  const int64_t today = CivilDayNumber(t);
  // One that wraps midnight began yesterday; where clocks jump, a day to either side may reach here too.
  for (int64_t day = today - 2; day <= today + 1; ++day) {
    if (!BeginsOn(day)) continue;
    const Interval on = On(day);
    if (on.begin <= t && t < on.end) return true;
  }
  return false;
}

std::optional<Time> Schedule::NextFlip(Time t) const {
  const bool now = Contains(t);
  const int64_t today = CivilDayNumber(t);
  // Some day of every week begins one; adjacent days may join, so look at each edge in order. After a week and the
  // days that an interval reaches over, all edges repeat: if none flipped by then, none will (`00:00-24:00`).
  for (int64_t day = today - 2; day <= today + 16; ++day) {
    if (!BeginsOn(day)) continue;
    const Interval on = On(day);
    for (Time edge : {on.begin, on.end}) {
      if (edge > t && Contains(edge) != now) {
        // Intervals of different days can overlap where clocks jump: an edge of the next one may come first.
        if (BeginsOn(day + 1)) {
          const Interval next = On(day + 1);
          if (next.begin > t && next.begin < edge && Contains(next.begin) != now) edge = next.begin;
        }
        return edge;
      }
    }
  }
  return std::nullopt;
}

std::string TimeZoneDataVersion() {
  std::FILE* file = std::fopen("/usr/share/zoneinfo/tzdata.zi", "rb");
  if (file == nullptr) return "unknown";
  char line[64] = {};
  const size_t size = std::fread(line, 1, sizeof(line) - 1, file);
  std::fclose(file);
  std::string_view text(line, size);
  text = text.substr(0, text.find('\n'));
  constexpr std::string_view kPrefix = "# version ";
  return text.starts_with(kPrefix) ? std::string(text.substr(kPrefix.size())) : "unknown";
}

}  // namespace ztp
