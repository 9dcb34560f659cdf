// Time and Duration as text. Dates are proleptic Gregorian; the conversions between days and dates
// count from 1 March, so that the leap day is a year's last.
#include <string>

#include "absl/strings/str_format.h"
#include "engine/base/scalar_cursor.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"

namespace ztp {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;
constexpr int64_t kDaysPerEra = 146'097;         // 400 years
constexpr int64_t kDaysFromMarch0000 = 719'468;  // to 1970-01-01

struct Date {
  int64_t year;
  int month;  // 1 to 12
  int day;    // 1 to 31
};

int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

int64_t DaysSinceEpoch(const Date& date) {
  const int64_t year = date.month <= 2 ? date.year - 1 : date.year;
  const int64_t era = FloorDivide(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year =
      (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * kDaysPerEra + day_of_era - kDaysFromMarch0000;
}

Date DateOfDays(int64_t days) {
  days += kDaysFromMarch0000;
  const int64_t era = FloorDivide(days, kDaysPerEra);
  const int64_t day_of_era = days - era * kDaysPerEra;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  const int month = static_cast<int>(month_from_march + (month_from_march < 10 ? 3 : -9));
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

int DaysInMonth(int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

// Exactly `count` digits, whose value is from `low` to `high`.
absl::StatusOr<int> Digits(ScalarCursor& cursor, int count, int low, int high,
                           std::string_view what) {
  const size_t begin = cursor.at();
  int value = 0;
  for (int i = 0; i < count; ++i, cursor.Advance()) {
    if (!cursor.AtDigit()) return cursor.Expected(Cat("a digit of the ", what));
    value = value * 10 + (cursor.peek() - '0');
  }
  if (value < low || value > high) {
    return InvalidArgument(
        absl::StrFormat("expected %0*d to %0*d for the %s, found %0*d at character %d", count, low,
                        count, high, std::string(what), count, value, static_cast<int>(begin) + 1));
  }
  return value;
}

absl::StatusOr<Date> ParseDate(ScalarCursor& cursor) {
  ZTP_ASSIGN_OR_RETURN(const int year, Digits(cursor, 4, 1, 9999, "year"));
  if (!cursor.Take('-')) return cursor.Expected("'-' after the year");
  ZTP_ASSIGN_OR_RETURN(const int month, Digits(cursor, 2, 1, 12, "month"));
  if (!cursor.Take('-')) return cursor.Expected("'-' after the month");
  ZTP_ASSIGN_OR_RETURN(const int day,
                       Digits(cursor, 2, 1, DaysInMonth(year, month), "day of that month"));
  return Date{year, month, day};
}

// The seconds of `12:08:59` since midnight.
absl::StatusOr<int64_t> ParseTimeOfDay(ScalarCursor& cursor) {
  ZTP_ASSIGN_OR_RETURN(const int hour, Digits(cursor, 2, 0, 23, "hour"));
  if (!cursor.Take(':')) return cursor.Expected("':' after the hour");
  ZTP_ASSIGN_OR_RETURN(const int minute, Digits(cursor, 2, 0, 59, "minute"));
  if (!cursor.Take(':')) return cursor.Expected("':' after the minute");
  ZTP_ASSIGN_OR_RETURN(const int second, Digits(cursor, 2, 0, 59, "second"));
  return hour * int64_t{3600} + minute * int64_t{60} + second;
}

// The microseconds of `.5`; zero without a point.
absl::StatusOr<int64_t> ParseFraction(ScalarCursor& cursor) {
  if (!cursor.Take('.')) return int64_t{0};
  if (!cursor.AtDigit()) return cursor.Expected("a digit after the point");
  int64_t micros = 0;
  for (int64_t unit = kMicrosPerSecond / 10; cursor.AtDigit(); cursor.Advance(), unit /= 10) {
    if (unit == 0 && cursor.peek() != '0') {
      return cursor.Expected("at most six places of a second (whole microseconds)");
    }
    micros += unit * (cursor.peek() - '0');
  }
  return micros;
}

// The seconds by which the text's clock is ahead of UTC.
absl::StatusOr<int64_t> ParseOffset(ScalarCursor& cursor) {
  if (cursor.Take('Z') || cursor.Take('z')) return int64_t{0};
  const bool west = cursor.peek() == '-';
  if (!cursor.Take('-') && !cursor.Take('+')) {
    return cursor.Expected("'Z' or an offset such as '+01:00'");
  }
  ZTP_ASSIGN_OR_RETURN(const int hours, Digits(cursor, 2, 0, 23, "offset's hours"));
  if (!cursor.Take(':')) return cursor.Expected("':' after the offset's hours");
  ZTP_ASSIGN_OR_RETURN(const int minutes, Digits(cursor, 2, 0, 59, "offset's minutes"));
  const int64_t seconds = hours * int64_t{3600} + minutes * int64_t{60};
  return west ? -seconds : seconds;
}

struct Unit {
  std::string_view name;
  int64_t micros;
};
// Largest first.
constexpr Unit kUnits[] = {{"d", kSecondsPerDay* kMicrosPerSecond},
                           {"h", 3600 * kMicrosPerSecond},
                           {"m", 60 * kMicrosPerSecond},
                           {"s", kMicrosPerSecond},
                           {"ms", 1000},
                           {"us", 1}};

}  // namespace

absl::StatusOr<Time> ParseTime(std::string_view text) {
  ScalarCursor cursor(text);
  if (text.empty()) return cursor.Expected("a Time such as '2026-11-23T12:08:59Z'");
  ZTP_ASSIGN_OR_RETURN(const Date date, ParseDate(cursor));
  if (!cursor.Take('T') && !cursor.Take('t')) return cursor.Expected("'T' after the date");
  ZTP_ASSIGN_OR_RETURN(const int64_t time_of_day, ParseTimeOfDay(cursor));
  ZTP_ASSIGN_OR_RETURN(const int64_t micros, ParseFraction(cursor));
  ZTP_ASSIGN_OR_RETURN(const int64_t offset, ParseOffset(cursor));
  if (!cursor.done()) return cursor.Expected("the end of the Time");
  const int64_t seconds = DaysSinceEpoch(date) * kSecondsPerDay + time_of_day - offset;
  if (seconds < DaysSinceEpoch({1, 1, 1}) * kSecondsPerDay ||
      seconds >= DaysSinceEpoch({10000, 1, 1}) * kSecondsPerDay) {
    return InvalidArgument("expected a Time from the years 0001 to 9999 in UTC, found one beyond");
  }
  return Time{seconds * kMicrosPerSecond + micros};
}

std::string FormatTime(Time value) {
  char text[kMaxTimeText];
  return std::string(text, WriteTime(value, text));
}

char* WriteTime(Time value, char* at) {
  const int64_t seconds = FloorDivide(value.micros, kMicrosPerSecond);
  // Not value - seconds * 10^6: near the lowest time that product is below 64 bits.
  const int64_t micros = ((value.micros % kMicrosPerSecond) + kMicrosPerSecond) % kMicrosPerSecond;
  const int64_t days = FloorDivide(seconds, kSecondsPerDay);
  const int64_t time_of_day = seconds - days * kSecondsPerDay;
  const Date date = DateOfDays(days);
  static_assert(sizeof("-292277-12-31T23:59:59.999999Z") <= kMaxTimeText);
  const auto put = [&at](int64_t number, int digits) {
    for (int i = digits - 1; i >= 0; --i, number /= 10) {
      at[i] = static_cast<char>('0' + number % 10);
    }
    at += digits;
  };
  const auto put_behind = [&](char separator, int64_t number) {
    *at++ = separator;
    put(number, 2);
  };
  const int64_t year = date.year < 0 ? -date.year : date.year;
  if (date.year < 0) *at++ = '-';
  put(year, year < 10'000 ? 4 : year < 100'000 ? 5 : 6);
  put_behind('-', date.month);
  put_behind('-', date.day);
  put_behind('T', time_of_day / 3600);
  put_behind(':', time_of_day / 60 % 60);
  put_behind(':', time_of_day % 60);
  if (micros != 0) {
    *at++ = '.';
    put(micros, 6);
    while (at[-1] == '0') --at;
  }
  *at++ = 'Z';
  return at;
}

absl::StatusOr<Duration> ParseDuration(std::string_view text) {
  ScalarCursor cursor(text);
  if (text.empty()) return cursor.Expected("a Duration such as '10m'");
  const bool negative = cursor.Take('-');
  Int128 total = 0;
  const Unit* next = kUnits;  // the largest unit that may still come
  do {
    const std::string_view digits = cursor.TakeDigits();
    if (digits.empty()) return cursor.Expected("a digit");
    const size_t unit_at = cursor.at();
    const Unit* found = nullptr;
    for (const Unit& unit : kUnits) {
      // The longer name wins: `ms` is not `m` and then an `s` without a number.
      if (cursor.rest().starts_with(unit.name) &&
          (!found || unit.name.size() > found->name.size())) {
        found = &unit;
      }
    }
    if (found == nullptr) return cursor.Expected("a unit (d, h, m, s, ms or us)");
    if (found < next) {
      return cursor.Expected("a unit smaller than the one before (d, h, m, s, ms, us)", unit_at);
    }
    cursor.Reset(unit_at + found->name.size());
    next = found + 1;
    uint64_t amount = 0;
    if (!DigitsToNumber(digits, &amount)) amount = UINT64_MAX;  // beyond any unit's range
    total += static_cast<Int128>(amount) * found->micros;
  } while (!cursor.done());
  const Checked<int64_t> micros = Narrow(negative ? -total : total);
  if (!micros)
    return InvalidArgument("expected a Duration of at most 106751991d, found a longer one");
  return Duration{*micros};
}

std::string FormatDuration(Duration value) {
  if (value.micros == 0) return "0s";
  std::string out = value.micros < 0 ? "-" : "";
  const auto bits = static_cast<uint64_t>(value.micros);
  uint64_t rest = value.micros < 0 ? 0 - bits : bits;
  for (const Unit& unit : kUnits) {
    const auto size = static_cast<uint64_t>(unit.micros);
    if (rest >= size) Append(out, rest / size, unit.name);
    rest %= size;
  }
  return out;
}

}  // namespace ztp
