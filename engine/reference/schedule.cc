// `now within "Mon-Fri 08:00-18:00 Europe/Berlin"`: the spans of the days around now, laid out one
// by one.
#include <algorithm>
#include <array>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "engine/reference/evaluator.h"

namespace ztp::reference {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
// Weeks are alike but for changes of the clock, so three of them show every change of the answer.
constexpr int kDaysBack = 8;
constexpr int kDaysOn = 22;

struct Schedule {
  std::array<bool, 7> days = {};  // Monday first
  int begin = 0;                  // minutes after midnight
  int end = 0;                    // up to 24:00; not after begin: on the next day
  absl::TimeZone zone;
};

size_t DayIndex(absl::string_view name) {
  return static_cast<size_t>(
      std::find(kDays.begin(), kDays.end(), std::string_view(name.data(), name.size())) -
      kDays.begin());
}

int Minutes(absl::string_view clock) {
  const std::vector<absl::string_view> parts = absl::StrSplit(clock, ':');
  int hours = 0;
  int minutes = 0;
  (void)absl::SimpleAtoi(parts.front(), &hours);
  (void)absl::SimpleAtoi(parts.back(), &minutes);
  return hours * 60 + minutes;
}

// The compiler has checked the text: days, hours and a zone that exists.
Schedule Parse(const std::string& text) {
  const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipWhitespace());
  Schedule schedule;
  if (words.size() < 2) return schedule;
  const std::string& hours_word = words[words.size() - 2];
  const std::string days_word = words.size() == 2 ? "Mon-Sun" : words[0];
  for (absl::string_view item : absl::StrSplit(days_word, ',')) {
    const std::vector<absl::string_view> range = absl::StrSplit(item, '-');
    const size_t last = DayIndex(range.back());
    for (size_t day = DayIndex(range.front()); day < kDays.size(); day = (day + 1) % kDays.size()) {
      schedule.days[day] = true;
      if (day == last) break;
    }
  }
  const std::vector<absl::string_view> hours = absl::StrSplit(hours_word, '-');
  schedule.begin = Minutes(hours.front());
  schedule.end = Minutes(hours.back());
  absl::LoadTimeZone(words.back(), &schedule.zone);
  return schedule;
}

struct TimeSpan {
  absl::Time begin;
  absl::Time end;
};

TimeSpan SpanOf(const Schedule& schedule, absl::CivilDay day) {
  const absl::CivilSecond midnight(day);
  const int days_after = schedule.end > schedule.begin ? 0 : 1;
  return {absl::FromCivil(midnight + schedule.begin * 60, schedule.zone),
          absl::FromCivil(absl::CivilSecond(day + days_after) + schedule.end * 60, schedule.zone)};
}

}  // namespace

Within NowWithin(const std::string& text, Time now) {
  const Schedule schedule = Parse(text);
  const absl::Time instant = absl::FromUnixMicros(now.micros);
  const absl::CivilDay today = absl::ToCivilDay(instant, schedule.zone);

  std::vector<TimeSpan> spans;
  std::vector<absl::Time> edges;
  for (absl::CivilDay day = today - kDaysBack; day < today + kDaysOn; ++day) {
    if (!schedule.days[static_cast<size_t>(absl::GetWeekday(day))]) continue;
    spans.push_back(SpanOf(schedule, day));
    edges.push_back(spans.back().begin);
    edges.push_back(spans.back().end);
  }
  auto inside = [&](absl::Time t) {
    return std::any_of(spans.begin(), spans.end(),
                       [&](const TimeSpan& span) { return span.begin <= t && t < span.end; });
  };

  Within within{inside(instant), std::nullopt};
  // The last day's span would seem to end where the next day's, which is not laid out, may go on.
  const absl::Time horizon =
      std::min(absl::FromCivil(absl::CivilSecond(today + (kDaysOn - 1)), schedule.zone),
               absl::FromUnixMicros(std::numeric_limits<int64_t>::max()));
  std::sort(edges.begin(), edges.end());
  for (absl::Time edge : edges) {
    if (edge <= instant || edge > horizon || inside(edge) == within.inside) continue;
    within.flip = Time{absl::ToUnixMicros(edge)};
    break;
  }
  return within;
}

}  // namespace ztp::reference
