// Schedules: parsing, wrapping, clocks that jump, and flips against stepping through time minute by
// minute.
#include "engine/base/schedule.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"

namespace ztp {
namespace {

constexpr int64_t kMinute = 60 * kMicrosPerSecond;
constexpr int64_t kDay = 1440 * kMinute;

Schedule Of(const std::string& text) {
  auto schedule = Schedule::Parse(text);
  EXPECT_TRUE(schedule.ok()) << text << ": " << schedule.status();
  return *std::move(schedule);
}

Time At(std::string_view text) { return *ParseTime(text); }

std::string FlipOf(const std::string& schedule, std::string_view now) {
  const std::optional<Time> flip = Of(schedule).NextFlip(At(now));
  return flip ? FormatTime(*flip) : "never";
}

TEST(ScheduleTest, WorkingHours) {
  const std::string text = "Mon-Fri 08:00-18:00 Europe/Berlin";
  const Schedule s = Of(text);
  EXPECT_FALSE(
      s.Contains(At("2030-01-01T06:59:59.999999Z")));  // a Tuesday in winter, one hour ahead of UTC
  EXPECT_TRUE(s.Contains(At("2030-01-01T07:00:00Z")));
  EXPECT_TRUE(s.Contains(At("2030-01-01T16:59:59.999999Z")));
  EXPECT_FALSE(s.Contains(At("2030-01-01T17:00:00Z")));
  EXPECT_TRUE(s.Contains(At("2030-07-01T06:00:00Z")));   // a Monday in summer, two hours ahead
  EXPECT_FALSE(s.Contains(At("2030-01-05T10:00:00Z")));  // a Saturday
  EXPECT_EQ(FlipOf(text, "2030-01-04T17:00:00Z"), "2030-01-07T07:00:00Z");
  EXPECT_EQ(FlipOf(text, "2030-01-04T16:59:59.999999Z"), "2030-01-04T17:00:00Z");
  EXPECT_EQ(FlipOf(text, "2030-01-04T07:00:00Z"), "2030-01-04T17:00:00Z");
  EXPECT_EQ(FlipOf(text, "2030-01-04T06:59:59.999999Z"), "2030-01-04T07:00:00Z");
}

TEST(ScheduleTest, DaysAreListsAndRanges) {
  const auto days_of = [](const std::string& days) {
    const Schedule s = Of(days + (days.empty() ? "" : " ") + "12:00-13:00 UTC");
    std::string out;
    for (int day = 0; day < 7; ++day) {  // 2030-01-07 is a Monday
      out +=
          s.Contains(Time{At("2030-01-07T12:00:00Z").micros + day * kDay}) ? "MTWTFSS"[day] : '-';
    }
    return out;
  };
  EXPECT_EQ(days_of(""), "MTWTFSS");
  EXPECT_EQ(days_of("Mon"), "M------");
  EXPECT_EQ(days_of("Sat,Sun"), "-----SS");
  EXPECT_EQ(days_of("Mon-Wed,Fri"), "MTW-F--");
  EXPECT_EQ(days_of("Fri-Mon"), "M---FSS");
  EXPECT_EQ(days_of("Mon-Sun"), "MTWTFSS");
  EXPECT_EQ(days_of("Tue,Tue-Wed"), "-TW----");
  EXPECT_EQ(days_of("Sun-Sat"), "MTWTFSS");
}

TEST(ScheduleTest, WrappingMidnightBelongsToTheDayItBeginsOn) {
  const std::string text = "Fri 22:00-02:00 UTC";
  const Schedule s = Of(text);
  EXPECT_TRUE(s.Contains(At("2030-01-05T01:59:00Z")));
  EXPECT_FALSE(s.Contains(At("2030-01-05T02:00:00Z")));
  EXPECT_FALSE(s.Contains(At("2030-01-04T01:59:00Z")));
  EXPECT_FALSE(s.Contains(At("2030-01-05T22:00:00Z")));
  EXPECT_EQ(FlipOf(text, "2030-01-04T23:00:00Z"), "2030-01-05T02:00:00Z");
  EXPECT_EQ(FlipOf("Sun 22:00-00:00 UTC", "2030-01-06T23:00:00Z"), "2030-01-07T00:00:00Z");
  EXPECT_EQ(FlipOf("Sun 22:00-24:00 UTC", "2030-01-06T23:00:00Z"), "2030-01-07T00:00:00Z");
  EXPECT_EQ(FlipOf("Sun 22:00-06:00 UTC", "2030-01-07T01:00:00Z"), "2030-01-07T06:00:00Z");
}

TEST(ScheduleTest, AdjacentDaysJoinAndAWholeWeekNeverFlips) {
  EXPECT_EQ(FlipOf("Sat,Sun 00:00-24:00 UTC", "2030-01-05T10:00:00Z"), "2030-01-07T00:00:00Z");
  EXPECT_EQ(FlipOf("Fri-Mon 00:00-24:00 UTC", "2030-01-05T10:00:00Z"), "2030-01-08T00:00:00Z");
  EXPECT_EQ(FlipOf("Tue-Sun 00:00-24:00 UTC", "2030-01-01T00:00:00Z"), "2030-01-07T00:00:00Z");
  for (const char* zone : {"UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"}) {
    for (const char* now : {"1890-05-05T00:00:00Z", "2011-12-29T12:00:00Z", "2030-03-30T00:00:00Z",
                            "9000-01-01T00:00:00Z"}) {
      EXPECT_EQ(FlipOf(Cat("00:00-24:00 ", zone), now), "never") << zone << " " << now;
      EXPECT_EQ(FlipOf(Cat("Mon-Sun 00:00-24:00 ", zone), now), "never") << zone << " " << now;
      EXPECT_TRUE(Of(Cat("00:00-24:00 ", zone)).Contains(At(now)));
    }
  }
}

// Berlin, 2029-03-25: 02:00 becomes 03:00, at 01:00 UTC. 2029-10-28: 03:00 becomes 02:00, at 01:00
// UTC.
TEST(ScheduleTest, ClocksThatJump) {
  EXPECT_EQ(FlipOf("02:30-04:00 Europe/Berlin", "2029-03-25T00:00:00Z"), "2029-03-25T01:00:00Z");
  EXPECT_EQ(FlipOf("00:00-02:30 Europe/Berlin", "2029-03-25T00:00:00Z"), "2029-03-25T01:00:00Z");
  EXPECT_EQ(FlipOf("02:15-02:45 Europe/Berlin", "2029-03-25T00:00:00Z"), "2029-03-26T00:15:00Z");
  // All but 02:15 to 02:45, which that night does not have: no flip until the next.
  EXPECT_EQ(FlipOf("02:45-02:15 Europe/Berlin", "2029-03-24T12:00:00Z"), "2029-03-26T00:15:00Z");
  EXPECT_EQ(FlipOf("02:30-04:00 Europe/Berlin", "2029-10-28T00:00:00Z"), "2029-10-28T00:30:00Z");
  EXPECT_EQ(FlipOf("02:30-04:00 Europe/Berlin", "2029-10-28T00:30:00Z"), "2029-10-28T03:00:00Z");
  EXPECT_EQ(FlipOf("00:00-02:30 Europe/Berlin", "2029-10-28T00:00:00Z"), "2029-10-28T00:30:00Z");
  EXPECT_FALSE(
      Of("00:00-02:30 Europe/Berlin").Contains(At("2029-10-28T01:15:00Z")));  // the second 02:15
  // Samoa had no 30 December 2011, a Friday.
  EXPECT_EQ(FlipOf("Fri 08:00-18:00 Pacific/Apia", "2011-12-24T12:00:00Z"), "2012-01-05T18:00:00Z");
  EXPECT_EQ(FlipOf("Sat 00:00-24:00 Pacific/Apia", "2011-12-29T12:00:00Z"), "2011-12-30T10:00:00Z");
}

TEST(ScheduleTest, EndsOfTime) {
  for (const char* text :
       {"Mon-Fri 08:00-18:00 Europe/Berlin", "Sun 22:00-02:00 UTC", "00:00-24:00 UTC"}) {
    const Schedule s = Of(text);
    EXPECT_FALSE(s.NextFlip(Time{INT64_MAX}).has_value());
    const std::optional<Time> first = s.NextFlip(Time{INT64_MIN});
    EXPECT_EQ(first.has_value(), std::string_view(text) != "00:00-24:00 UTC");
    if (first) {
      EXPECT_NE(s.Contains(*first), s.Contains(Time{INT64_MIN}));
    }
  }
}

// What the schedule says, straight from its definition and independent of the class.
struct Spec {
  std::array<bool, 7> days;  // Monday first
  int begin, end;            // minutes; end at or below begin: on the next day
  std::string zone;

  std::string Text() const {
    std::string out;
    constexpr const char* kNames[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    for (int i = 0; i < 7; ++i) {
      if (days[i]) Append(out, out.empty() ? "" : ",", kNames[i]);
    }
    const auto clock = [](int minute) {
      return Cat(minute / 600, minute / 60 % 10, ":", minute % 60 / 10, minute % 10);
    };
    return Cat(out, " ", clock(begin), "-", clock(end), " ", zone);
  }
};

// Stepping through time sees a change exactly where NextFlip says, and none before it.
TEST(ScheduleTest, NextFlipAgreesWithStepping) {
  const std::vector<std::string> texts = {"Mon-Fri 08:00-18:00 Europe/Berlin",
                                          "02:30-03:00 Europe/Berlin",
                                          "Sat,Sun 01:30-02:30 America/New_York",
                                          "22:00-02:30 Europe/Berlin",
                                          "02:45-02:15 Europe/Berlin",
                                          "Sun 00:00-24:00 Australia/Lord_Howe",
                                          "01:45-02:15 Australia/Lord_Howe",
                                          "Sat 23:30-00:30 America/Sao_Paulo",
                                          "Sun,Wed 00:00-12:00 Africa/Casablanca",
                                          "Fri 08:00-18:00 Pacific/Apia",
                                          "00:30-00:15 America/Santiago"};
  int flips = 0;
  for (const std::string& text : texts) {
    const Schedule s = Of(text);
    for (const char* from :
         {"2029-03-23T00:00:00Z", "2029-10-26T00:00:00Z", "2029-11-02T00:00:00Z",
          "2029-03-31T00:00:00Z", "2017-10-14T00:00:00Z", "2011-12-28T00:00:00Z"}) {
      const Time end{At(from).micros + 4 * kDay};
      for (Time t = At(from); t < end;) {
        const bool within = s.Contains(t);
        Time step = t;
        while (step < end && s.Contains(step) == within) step.micros += kMinute;
        const std::optional<Time> flip = s.NextFlip(t);
        if (step >= end) {
          EXPECT_TRUE(!flip || *flip >= end) << text << " " << FormatTime(t);
          break;
        }
        ASSERT_TRUE(flip.has_value()) << text << " " << FormatTime(t);
        ASSERT_EQ(FormatTime(*flip), FormatTime(step)) << text << " from " << FormatTime(t);
        ++flips;
        t = *flip;
      }
    }
  }
  EXPECT_GT(flips, 300);
}

// Membership against the definition: between the two civil times of a day of the schedule.
TEST(ScheduleTest, AgreesWithTheDefinition) {
  std::mt19937_64 random(8);
  const std::vector<std::string> zones = {
      "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
      "UTC",           "Asia/Kolkata",     "Pacific/Apia"};
  const int64_t low = At("1990-01-01T00:00:00Z").micros / kMinute;
  const int64_t high = At("2060-01-01T00:00:00Z").micros / kMinute;
  int within = 0;
  for (int i = 0; i < 3'000; ++i) {
    Spec spec{{},
              static_cast<int>(random() % 1440),
              static_cast<int>(random() % 1440),
              zones[random() % zones.size()]};
    if (spec.begin == spec.end) continue;
    for (bool& day : spec.days) day = random() % 2 == 0;
    spec.days[random() % 7] = true;
    const Schedule s = Of(spec.Text());
    absl::TimeZone zone;
    ASSERT_TRUE(absl::LoadTimeZone(spec.zone, &zone));

    for (int k = 0; k < 20; ++k) {
      const Time t{(low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low))) *
                   kMinute};
      const absl::Time at = absl::FromUnixMicros(t.micros);
      bool expected = false;
      for (int back = -2; back <= 3; ++back) {
        const absl::CivilDay day = absl::ToCivilDay(at, zone) - back;
        if (!spec.days[static_cast<size_t>(absl::GetWeekday(day))]) continue;
        const absl::CivilDay last = spec.end > spec.begin ? day : day + 1;
        expected =
            expected || (absl::FromCivil(absl::CivilSecond(day) + spec.begin * 60, zone) <= at &&
                         at < absl::FromCivil(absl::CivilSecond(last) + spec.end * 60, zone));
      }
      ASSERT_EQ(s.Contains(t), expected) << spec.Text() << " " << FormatTime(t);
      within += expected ? 1 : 0;
      const std::optional<Time> flip = s.NextFlip(t);
      ASSERT_TRUE(flip.has_value()) << spec.Text() << " " << FormatTime(t);
      ASSERT_GT(*flip, t);
      ASSERT_EQ(s.Contains(Time{flip->micros - 1}), expected)
          << spec.Text() << " " << FormatTime(t);
      ASSERT_NE(s.Contains(*flip), expected) << spec.Text() << " " << FormatTime(t);
    }
  }
  EXPECT_GT(within, 10'000);
}

TEST(ScheduleTest, SaysWhatIsWrong) {
  constexpr std::string_view kDays = "expected a day (Mon, Tue, Wed, Thu, Fri, Sat, Sun)";
  constexpr std::string_view kZone = "expected a time zone such as 'Europe/Berlin' or 'UTC'";
  const std::vector<std::pair<std::string, std::string>> mistakes = {
      {"", "expected a schedule such as 'Mon-Fri 08:00-18:00 Europe/Berlin', found an empty text"},
      {"Mun 08:00-18:00 UTC", Cat(kDays, ", found 'M' at character 1")},
      {"mon 08:00-18:00 UTC", Cat(kDays, ", found 'm' at character 1")},
      {"Mon, Tue 08:00-18:00 UTC", Cat(kDays, ", found ' ' at character 5")},
      {"Mon-Fry 08:00-18:00 UTC", Cat(kDays, ", found 'F' at character 5")},
      {"Monday 08:00-18:00 UTC",
       "expected '-', ',' or a space and the hours after the day, found 'd' at character 4"},
      {"Mon 8-18 UTC", "expected two digits of the hour, as in '08:00', found '-' at character 6"},
      {"Mon 08-18 UTC", "expected ':' after the hour, found '-' at character 7"},
      {"Mon 08:0-18:00 UTC", "expected two digits of the minute, found '-' at character 9"},
      {"Mon 08:60-18:00 UTC",
       "expected a time of day from 00:00 to 23:59, found another at character 5"},
      {"Mon 24:00-08:00 UTC",
       "expected a time of day from 00:00 to 23:59, found another at character 5"},
      {"Mon 08:00-24:01 UTC",
       "expected a time of day from 00:00 to 24:00, found another at character 11"},
      {"Mon 08:00 UTC", "expected '-' and when the hours end, found ' ' at character 10"},
      {"Mon 08:00-08:00 UTC",
       "expected hours that end at another time than they begin, found the same (the whole day is "
       "'00:00-24:00')"},
      {"08:00-18:00",
       "expected a space and a time zone after the hours, found the end at character 12"},
      {"08:00-18:00 ", Cat(kZone, ", found the end at character 13")},
      {"08:00-18:00 Mars/Base", Cat(kZone, ", found 'Mars/Base' at character 13")},
      {"08:00-18:00 localtime", Cat(kZone, ", found 'localtime' at character 13")},
      {"08:00-18:00 Fixed/UTC", Cat(kZone, ", found 'Fixed/UTC' at character 13")},
      {"08:00-18:00 /etc/passwd", Cat(kZone, ", found '/' at character 13")},
      {"08:00-18:00 Europe/../UTC",
       "expected a letter, a digit or one of '/_+-' of a time zone's name, found '.' at character "
       "20"},
      {"08:00-18:00 UTC x",
       "expected a letter, a digit or one of '/_+-' of a time zone's name, found ' ' at character "
       "16"},
      {"08:00-18:00 " + std::string(5000, 'a'),
       Cat(kZone, ", found '", std::string(64, 'a'), "' at character 13")}};
  for (const auto& [text, message] : mistakes) {
    const absl::StatusOr<Schedule> schedule = Schedule::Parse(text);
    ASSERT_FALSE(schedule.ok()) << text;
    EXPECT_EQ(Message(schedule.status()), message) << text;
  }
}

TEST(ScheduleTest, ZoneDataHasAVersion) { EXPECT_FALSE(TimeZoneDataVersion().empty()); }

}  // namespace
}  // namespace ztp
