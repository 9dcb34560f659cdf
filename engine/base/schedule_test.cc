#include "engine/base/schedule.h"

#include <gtest/gtest.h>

#include "engine/base/scalar_text.h"

namespace ztp {
namespace {

Schedule Of(const char* text) {
  auto schedule = Schedule::Parse(text);
  EXPECT_TRUE(schedule.ok()) << schedule.status();
  return *schedule;
}
Time At(const char* text) { return *ParseTime(text); }

TEST(ScheduleTest, WorkingHours) {
  const Schedule s = Of("Mon-Fri 08:00-18:00 Europe/Berlin");
  EXPECT_FALSE(s.Contains(At("2030-01-01T06:59:59Z")));  // a Tuesday, winter: one hour ahead of UTC
  EXPECT_TRUE(s.Contains(At("2030-01-01T07:00:00Z")));
  EXPECT_TRUE(s.Contains(At("2030-01-01T16:59:59.999999Z")));
  EXPECT_FALSE(s.Contains(At("2030-01-01T17:00:00Z")));
  EXPECT_FALSE(s.Contains(At("2030-01-05T10:00:00Z")));  // a Saturday
  EXPECT_EQ(*s.NextFlip(At("2030-01-04T17:00:00Z")), At("2030-01-07T07:00:00Z"));
}

TEST(ScheduleTest, WrappingMidnightBelongsToTheDayItBeginsOn) {
  const Schedule s = Of("Fri 22:00-02:00 UTC");
  EXPECT_TRUE(s.Contains(At("2030-01-05T01:59:00Z")));
  EXPECT_FALSE(s.Contains(At("2030-01-04T01:59:00Z")));
  EXPECT_EQ(*s.NextFlip(At("2030-01-04T23:00:00Z")), At("2030-01-05T02:00:00Z"));
}

TEST(ScheduleTest, AdjacentDaysJoinAndAWholeWeekNeverFlips) {
  EXPECT_EQ(*Of("Sat,Sun 00:00-24:00 UTC").NextFlip(At("2030-01-05T10:00:00Z")), At("2030-01-07T00:00:00Z"));
  EXPECT_FALSE(Of("00:00-24:00 UTC").NextFlip(At("2030-01-05T10:00:00Z")).has_value());
  EXPECT_EQ(*Of("Fri-Mon 00:00-24:00 UTC").NextFlip(At("2030-01-05T10:00:00Z")), At("2030-01-08T00:00:00Z"));
}

// The next flip is where stepping minute by minute sees the change, over the days on which clocks jump.
TEST(ScheduleTest, NextFlipAgreesWithStepping) {
  constexpr int64_t kMinute = 60'000'000;
  for (const char* text : {"Mon-Fri 08:00-18:00 Europe/Berlin", "02:30-03:00 Europe/Berlin", "Sat,Sun 01:30-02:30 America/New_York",
                           "22:00-02:30 Europe/Berlin", "Sun 00:00-24:00 Australia/Lord_Howe"}) {
    const Schedule s = Of(text);
    for (const char* from : {"2029-03-24T00:00:00Z", "2029-10-27T00:00:00Z", "2029-11-03T00:00:00Z", "2029-03-31T00:00:00Z"}) {
      Time t = At(from);
      const Time end{t.micros + 3 * 1440 * kMinute};
      while (t < end) {
        const std::optional<Time> flip = s.NextFlip(t);
        Time step = t;
        while (s.Contains(step) == s.Contains(t) && step < end) step.micros += kMinute;
        if (step >= end) break;
        ASSERT_TRUE(flip.has_value()) << text << " " << FormatTime(t);
        ASSERT_EQ(FormatTime(*flip), FormatTime(step)) << text << " from " << FormatTime(t);
        t = *flip;
      }
    }
  }
}

TEST(ScheduleTest, SaysWhatIsWrong) {
  for (const char* text : {"", "08:00-18:00", "Mun 08:00-18:00 UTC", "Mon 8-18 UTC", "Mon 08:00-08:00 UTC", "Mon 08:00-25:00 UTC",
                           "Mon 24:00-08:00 UTC", "Mon 08:00-18:00 Mars/Base", "Mon 08:00-18:00 UTC x", "Mon 08:60-18:00 UTC"}) {
    EXPECT_FALSE(Schedule::Parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace ztp
