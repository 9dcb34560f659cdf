// Int and Decimal as text.
#include <algorithm>
#include <string>

#include "engine/base/scalar_cursor.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"

namespace ztp {
namespace {

// The digits before a point or of an integer: at least one, the first not a zero unless it is
// alone.
absl::StatusOr<std::string_view> WholeDigits(ScalarCursor& cursor) {
  const size_t begin = cursor.at();
  const std::string_view digits = cursor.TakeDigits();
  if (digits.empty()) return cursor.Expected("a digit");
  if (digits.size() > 1 && digits[0] == '0') {
    return cursor.Expected("a number without leading zeros", begin);
  }
  return digits;
}

absl::Status DecimalRange() {
  return InvalidArgument(
      "expected a Decimal from -9223372036.854775808 to 9223372036.854775807, found one beyond");
}

// An exponent's value, kept small enough to add to lengths of text: anything beyond is out of range
// anyway.
absl::StatusOr<int64_t> Exponent(ScalarCursor& cursor) {
  const bool negative = cursor.Take('-');
  if (!negative) cursor.Take('+');
  const std::string_view digits = cursor.TakeDigits();
  if (digits.empty()) return cursor.Expected("a digit of the exponent");
  constexpr uint64_t kHuge = uint64_t{1} << 40;
  uint64_t magnitude = 0;
  if (!DigitsToNumber(digits, &magnitude)) magnitude = kHuge;
  const auto exponent = static_cast<int64_t>(std::min(magnitude, kHuge));
  return negative ? -exponent : exponent;
}

absl::StatusOr<Decimal> ParseDecimalText(std::string_view text, bool allow_exponent) {
  ScalarCursor cursor(text);
  const bool negative = cursor.Take('-');
  ZTP_ASSIGN_OR_RETURN(const std::string_view whole, WholeDigits(cursor));
  std::string digits(whole);
  int64_t places = 0;
  if (cursor.Take('.')) {
    const std::string_view fraction = cursor.TakeDigits();
    if (fraction.empty()) return cursor.Expected("a digit after the point");
    digits.append(fraction);
    places = static_cast<int64_t>(fraction.size());
  }
  if (allow_exponent && (cursor.Take('e') || cursor.Take('E'))) {
    ZTP_ASSIGN_OR_RETURN(const int64_t exponent, Exponent(cursor));
    places -= exponent;
  }
  if (!cursor.done()) return cursor.Expected("a digit or the end of the Decimal");

  // From here on the value is digits * 10^-places; zeros at either end do not count.
  const size_t last = digits.find_last_not_of('0');
  if (last == std::string::npos) return Decimal{0};
  places -= static_cast<int64_t>(digits.size() - last - 1);
  digits.resize(last + 1);
  digits.erase(0, digits.find_first_not_of('0'));
  if (places > Decimal::kPlaces) {
    return InvalidArgument("expected at most ", Decimal::kPlaces,
                           " places after the point, found more");
  }
  const int64_t zeros = Decimal::kPlaces - places;
  if (static_cast<int64_t>(digits.size()) + zeros > 19) return DecimalRange();
  digits.append(static_cast<size_t>(zeros), '0');

  uint64_t magnitude = 0;
  const uint64_t limit = static_cast<uint64_t>(INT64_MAX) + (negative ? 1 : 0);
  if (!DigitsToNumber(digits, &magnitude) || magnitude > limit) return DecimalRange();
  return Decimal{static_cast<int64_t>(negative ? 0 - magnitude : magnitude)};
}

}  // namespace

absl::StatusOr<int64_t> ParseInt(std::string_view text) {
  ScalarCursor cursor(text);
  const bool negative = cursor.Take('-');
  ZTP_ASSIGN_OR_RETURN(const std::string_view digits, WholeDigits(cursor));
  if (!cursor.done()) return cursor.Expected("a digit or the end of the Int");
  uint64_t magnitude = 0;
  const uint64_t limit = static_cast<uint64_t>(INT64_MAX) + (negative ? 1 : 0);
  if (!DigitsToNumber(digits, &magnitude) || magnitude > limit) {
    return InvalidArgument("expected an Int from ", INT64_MIN, " to ", INT64_MAX,
                           ", found one beyond");
  }
  return static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
}

absl::StatusOr<Decimal> ParseDecimal(std::string_view text) {
  return ParseDecimalText(text, /*allow_exponent=*/false);
}

absl::StatusOr<Decimal> ParseJsonDecimal(std::string_view text) {
  return ParseDecimalText(text, /*allow_exponent=*/true);
}

std::string FormatDecimal(Decimal value) {
  const bool negative = value.units < 0;
  const auto units = static_cast<uint64_t>(value.units);
  const uint64_t magnitude = negative ? 0 - units : units;
  constexpr uint64_t kOne = Decimal::kUnitsPerOne;
  std::string out = Cat(negative ? "-" : "", magnitude / kOne);
  if (magnitude % kOne == 0) return out;
  std::string fraction = Cat(magnitude % kOne);
  fraction.insert(0, static_cast<size_t>(Decimal::kPlaces) - fraction.size(), '0');
  fraction.resize(fraction.find_last_not_of('0') + 1);
  Append(out, ".", fraction);
  return out;
}

}  // namespace ztp
