// Scalars' texts: what is taken, what is printed, and what is said about the rest.
#include "engine/base/scalar_text.h"
#include "engine/core/spiffe.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "engine/base/status.h"

namespace ztp {
namespace {

struct Mistake {
  std::string text;
  std::string_view message;
};

template <typename Parse>
void ExpectMistakes(Parse parse, const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    const auto result = parse(mistake.text);
    ASSERT_FALSE(result.ok()) << mistake.text;
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Message(result.status()), mistake.message) << mistake.text;
  }
}

TEST(IntTextTest, Parses) {
  EXPECT_EQ(*ParseInt("0"), 0);
  EXPECT_EQ(*ParseInt("-0"), 0);
  EXPECT_EQ(*ParseInt("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(*ParseInt("-9223372036854775808"), INT64_MIN);
  constexpr std::string_view kBeyond =
      "expected an Int from -9223372036854775808 to 9223372036854775807, found one beyond";
  ExpectMistakes(
      ParseInt,
      {{"", "expected a digit, found an empty text"},
       {"-", "expected a digit, found the end at character 2"},
       {"+1", "expected a digit, found '+' at character 1"},
       {"12é", "expected a digit or the end of the Int, found 'é' at character 3"},
       {"1.0", "expected a digit or the end of the Int, found '.' at character 2"},
       {"007", "expected a number without leading zeros, found '0' at character 1"},
       {"1\n", "expected a digit or the end of the Int, found the character U+000A at character 2"},
       {"\xff", "expected a digit, found the byte 0xFF at character 1"},
       {"9223372036854775808", kBeyond},
       {"-9223372036854775809", kBeyond},
       {std::string(1000, '9'), kBeyond}});
}

TEST(DecimalTextTest, RoundTrips) {
  for (const char* text : {"0", "0.95", "-0.25", "1", "0.000000001", "9223372036.854775807",
                           "-9223372036.854775808", "-0.000000001", "1000000000"}) {
    ASSERT_TRUE(ParseDecimal(text).ok()) << text;
    EXPECT_EQ(FormatDecimal(*ParseDecimal(text)), text);
  }
  EXPECT_EQ(ParseDecimal("12")->units, 12'000'000'000);
  EXPECT_EQ(ParseDecimal("1.50000000000000000000000")->units, 1'500'000'000);
  EXPECT_EQ(ParseDecimal("-0.0")->units, 0);
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const Decimal value{static_cast<int64_t>(random()) >> (random() % 64)};
    ASSERT_EQ(*ParseDecimal(FormatDecimal(value)), value);
  }
}

TEST(DecimalTextTest, Mistakes) {
  constexpr std::string_view kBeyond =
      "expected a Decimal from -9223372036.854775808 to 9223372036.854775807, found one beyond";
  constexpr std::string_view kPlaces = "expected at most 9 places after the point, found more";
  ExpectMistakes(ParseDecimal,
                 {{"", "expected a digit, found an empty text"},
                  {"1.", "expected a digit after the point, found the end at character 3"},
                  {".5", "expected a digit, found '.' at character 1"},
                  {"00.5", "expected a number without leading zeros, found '0' at character 1"},
                  {"1,5", "expected a digit or the end of the Decimal, found ',' at character 2"},
                  {"1e3", "expected a digit or the end of the Decimal, found 'e' at character 2"},
                  {"0.0000000001", kPlaces},
                  {"9223372036.854775808", kBeyond},
                  {"-9223372036.854775809", kBeyond},
                  {"10000000000", kBeyond},
                  {std::string(5000, '9'), kBeyond}});
}

TEST(DecimalTextTest, JsonHasExponents) {
  EXPECT_EQ(ParseJsonDecimal("9.5e-1")->units, 950'000'000);
  EXPECT_EQ(ParseJsonDecimal("1E+3")->units, 1000 * Decimal::kUnitsPerOne);
  EXPECT_EQ(ParseJsonDecimal("1230e-10")->units, 123);
  EXPECT_EQ(ParseJsonDecimal("0.0000000001e1")->units, 1);
  EXPECT_EQ(ParseJsonDecimal("0e999999999999999999999999")->units, 0);
  EXPECT_EQ(ParseJsonDecimal("-12.5")->units, -12'500'000'000);
  ExpectMistakes(
      ParseJsonDecimal,
      {{"1e", "expected a digit of the exponent, found the end at character 3"},
       {"1e-99999999999999999999", "expected at most 9 places after the point, found more"},
       {"1e99999999999999999999",
        "expected a Decimal from -9223372036.854775808 to 9223372036.854775807, found one "
        "beyond"}});
}

TEST(TimeTextTest, IsUtcInMicroseconds) {
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00Z")->micros, 0);
  EXPECT_EQ(ParseTime("2030-01-01t00:00:00z")->micros, 1893456000000000);
  EXPECT_EQ(*ParseTime("2030-01-01T02:00:00+02:00"), *ParseTime("2030-01-01T00:00:00Z"));
  EXPECT_EQ(*ParseTime("2029-12-31T23:30:00-00:30"), *ParseTime("2030-01-01T00:00:00Z"));
  EXPECT_EQ(*ParseTime("2030-01-01T00:00:00-00:00"), *ParseTime("2030-01-01T00:00:00Z"));
  EXPECT_EQ(ParseTime("1969-12-31T23:59:59.999999Z")->micros, -1);
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00.1234560000Z")->micros, 123456);
}

TEST(TimeTextTest, Prints) {
  EXPECT_EQ(FormatTime(Time{-1}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(FormatTime(Time{100'000}), "1970-01-01T00:00:00.1Z");
  EXPECT_EQ(FormatTime(*ParseTime("2026-11-23T12:08:59Z")), "2026-11-23T12:08:59Z");
  EXPECT_EQ(FormatTime(Time{ParseTime("9999-12-31T23:59:59Z")->micros + kMicrosPerSecond}),
            "10000-01-01T00:00:00Z");
  EXPECT_EQ(FormatTime(Time{INT64_MAX}), "294247-01-10T04:00:54.775807Z");
  EXPECT_EQ(FormatTime(Time{INT64_MIN}), "-290308-12-21T19:59:05.224192Z");
  EXPECT_EQ(FormatTime(Time{ParseTime("0001-01-01T00:00:00Z")->micros - 1}),
            "0000-12-31T23:59:59.999999Z");
}

TEST(TimeTextTest, RoundTripsAndAgreesWithAbseil) {
  std::mt19937_64 random(2);
  const int64_t low = ParseTime("0001-01-01T00:00:00Z")->micros;
  const int64_t high = ParseTime("9999-12-31T23:59:59.999999Z")->micros;
  std::uniform_int_distribution<int64_t> any(low, high);
  for (int i = 0; i < 20'000; ++i) {
    const Time time{any(random)};
    const std::string text = FormatTime(time);
    ASSERT_EQ(*ParseTime(text), time) << text;
    const absl::CivilSecond civil =
        absl::ToCivilSecond(absl::FromUnixMicros(time.micros), absl::UTCTimeZone());
    ASSERT_EQ(text.substr(0, 19),
              FromAbsl(absl::FormatTime("%E4Y-%m-%dT%H:%M:%S", absl::FromUnixMicros(time.micros),
                                        absl::UTCTimeZone())))
        << civil;
  }
}

TEST(TimeTextTest, Mistakes) {
  constexpr std::string_view kBeyond =
      "expected a Time from the years 0001 to 9999 in UTC, found one beyond";
  ExpectMistakes(
      ParseTime,
      {{"", "expected a Time such as '2026-11-23T12:08:59Z', found an empty text"},
       {"23.11.2026", "expected a digit of the year, found '.' at character 3"},
       {"0000-01-01T00:00:00Z", "expected 0001 to 9999 for the year, found 0000 at character 1"},
       {"2030-1-1T00:00:00Z", "expected a digit of the month, found '-' at character 7"},
       {"2030-13-01T00:00:00Z", "expected 01 to 12 for the month, found 13 at character 6"},
       {"2023-02-29T00:00:00Z",
        "expected 01 to 28 for the day of that month, found 29 at character 9"},
       {"2100-02-29T00:00:00Z",
        "expected 01 to 28 for the day of that month, found 29 at character 9"},
       {"2024-04-31T00:00:00Z",
        "expected 01 to 30 for the day of that month, found 31 at character 9"},
       {"2030-01-01", "expected 'T' after the date, found the end at character 11"},
       {"2030-01-01 00:00:00Z", "expected 'T' after the date, found ' ' at character 11"},
       {"2030-01-01T24:00:00Z", "expected 00 to 23 for the hour, found 24 at character 12"},
       {"2030-01-01T23:60:00Z", "expected 00 to 59 for the minute, found 60 at character 15"},
       {"2016-12-31T23:59:60Z", "expected 00 to 59 for the second, found 60 at character 18"},
       {"2030-01-01T00:00Z", "expected ':' after the minute, found 'Z' at character 17"},
       {"2030-01-01T00:00:00.Z", "expected a digit after the point, found 'Z' at character 21"},
       {"2030-01-01T00:00:00.0000001Z",
        "expected at most six places of a second (whole microseconds), found '1' at character 27"},
       {"2030-01-01T00:00:00",
        "expected 'Z' or an offset such as '+01:00', found the end at character 20"},
       {"2030-01-01T00:00:00+0100",
        "expected ':' after the offset's hours, found '0' at character 23"},
       {"2030-01-01T00:00:00Z ", "expected the end of the Time, found ' ' at character 21"},
       {"0001-01-01T00:00:00+00:01", kBeyond},
       {"9999-12-31T23:59:59-00:01", kBeyond}});
  EXPECT_TRUE(ParseTime("2000-02-29T00:00:00Z").ok());
  EXPECT_TRUE(ParseTime("2024-02-29T00:00:00Z").ok());
}

TEST(DurationTextTest, ParsesAndPrints) {
  const std::vector<std::pair<std::string, int64_t>> canonical = {
      {"0s", 0},
      {"1h30m", 5'400'000'000},
      {"250ms", 250'000},
      {"30s", 30'000'000},
      {"7d", 604'800'000'000},
      {"-5m", -300'000'000},
      {"1s500ms", 1'500'000},
      {"1d1us", 86'400'000'001},
      {"1d2h3m4s5ms6us", 93'784'005'006},
      {"106751991d4h54s775ms807us", INT64_MAX},
      {"-106751991d4h54s775ms808us", INT64_MIN}};
  for (const auto& [text, micros] : canonical) {
    ASSERT_TRUE(ParseDuration(text).ok()) << text << " " << ParseDuration(text).status();
    EXPECT_EQ(ParseDuration(text)->micros, micros) << text;
    EXPECT_EQ(FormatDuration(Duration{micros}), text);
  }
  EXPECT_EQ(FormatDuration(*ParseDuration("90m")), "1h30m");
  EXPECT_EQ(FormatDuration(*ParseDuration("1h90m")), "2h30m");
  EXPECT_EQ(FormatDuration(*ParseDuration("48h")), "2d");
  EXPECT_EQ(FormatDuration(*ParseDuration("-0s")), "0s");
  EXPECT_EQ(FormatDuration(*ParseDuration("1h05m")), "1h5m");
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    const Duration value{static_cast<int64_t>(random()) >> (random() % 64)};
    ASSERT_EQ(*ParseDuration(FormatDuration(value)), value);
  }
}

TEST(DurationTextTest, Mistakes) {
  constexpr std::string_view kLonger =
      "expected a Duration of at most 106751991d, found a longer one";
  constexpr std::string_view kOrder =
      "expected a unit smaller than the one before (d, h, m, s, ms, us)";
  ExpectMistakes(ParseDuration,
                 {{"", "expected a Duration such as '10m', found an empty text"},
                  {"-", "expected a digit, found the end at character 2"},
                  {"0", "expected a unit (d, h, m, s, ms or us), found the end at character 2"},
                  {"10x", "expected a unit (d, h, m, s, ms or us), found 'x' at character 3"},
                  {"1.5h", "expected a unit (d, h, m, s, ms or us), found '.' at character 2"},
                  {"1h 30m", "expected a digit, found ' ' at character 3"},
                  {"1h-30m", "expected a digit, found '-' at character 3"},
                  {"10min", "expected a digit, found 'i' at character 4"},
                  {"30m1h", Cat(kOrder, ", found 'h' at character 5")},
                  {"1s1s", Cat(kOrder, ", found 's' at character 4")},
                  {"1ms1s", Cat(kOrder, ", found 's' at character 5")},
                  {"106751992d", kLonger},
                  {"106751991d4h54s775ms808us", kLonger},
                  {"99999999999999999999999999d", kLonger},
                  {"18446744073709551615d18446744073709551615h", kLonger}});
}

TEST(VersionTextTest, Prints) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"550.90.07", "550.90.7"},
      {"1.2.0", "1.2"},
      {"0.0", "0"},
      {"0.1", "0.1"},
      {"1.0.2", "1.0.2"},
      {"1.0.0-rc.01.x-y+build", "1-rc.1.x-y"},
      {"0-0", "0-0"},
      {"18446744073709551615.0.1-18446744073709551615",
       "18446744073709551615.0.1-18446744073709551615"}};
  for (const auto& [text, printed] : cases) {
    const absl::StatusOr<std::string> key = ParseVersion(text);
    ASSERT_TRUE(key.ok()) << text;
    EXPECT_EQ(FormatVersion(*key), printed);
    EXPECT_EQ(*ParseVersion(printed), *key);
  }
  EXPECT_EQ(FormatHexVersion(*ParseHexVersion("96.00.5E.00.01")), "96.0.5e.0.1");
  EXPECT_EQ(FormatHexVersion(*ParseHexVersion("FFFFFFFFFFFFFFFF")), "ffffffffffffffff");
  EXPECT_LT(*ParseVersion("550.90.07"), *ParseVersion("550.127.05"));
  EXPECT_LT(*ParseVersion("550.90.07-beta"), *ParseVersion("550.90.07"));
}

TEST(VersionTextTest, PrintingReadsNoFurtherThanTheKey) {
  const std::string key = *ParseVersion("1.2.300-rc.1.x");
  for (size_t size = 0; size <= key.size(); ++size) {
    const std::string exact(key.data(),
                            size);  // its own allocation, so that ASan sees one byte too many
    EXPECT_LE(FormatVersion(exact).size(), FormatVersion(key).size());
  }
}

TEST(VersionTextTest, Mistakes) {
  ExpectMistakes(
      ParseVersion,
      {{"", "expected a Version such as '550.90.7', found an empty text"},
       {"v1", "expected a digit, found 'v' at character 1"},
       {"1..2", "expected a digit, found '.' at character 3"},
       {"1.2-", "expected a letter, a digit or '-', found the end at character 5"},
       {"1.2_3",
        "expected a digit, '.', '-', '+' or the end of the Version, found '_' at character 4"},
       {"1.99999999999999999999",
        "expected a number of at most 64 bits, found a larger one at character 3"},
       {"1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1", "expected a Version of at most 16 parts, found more"},
       {std::string(300, '1'), "expected a Version of at most 256 characters, found 300"}});
  ExpectMistakes(ParseHexVersion,
                 {{"", "expected a HexVersion such as '96.00.5e', found an empty text"},
                  {"96.g", "expected a hexadecimal digit, found 'g' at character 4"},
                  {"96-1",
                   "expected a hexadecimal digit, '.' or the end of the HexVersion, found '-' at "
                   "character 3"}});
}

TEST(IpTextTest, RoundTrips) {
  for (const char* text : {"10.1.2.3", "0.0.0.0", "255.255.255.255", "::", "::1",
                           "1::", "2001:db8::1", "2001:db8::ff00:42:8329", "fe80::1:0:0:1",
                           "1:2:3:4:5:6:7:8", "1:0:2:0:3:0:4:0", "::fffe:a01:203", "1::2:0:0:3"}) {
    ASSERT_TRUE(ParseIp(text).ok()) << text << " " << ParseIp(text).status();
    EXPECT_EQ(FormatIp(*ParseIp(text)), text);
  }
  EXPECT_EQ(FormatIp(*ParseIp("1:0:0:2:0:0:0:3")), "1:0:0:2::3");
  EXPECT_EQ(FormatIp(*ParseIp("2001:0DB8:0000:0:0:0:0:0001")), "2001:db8::1");
  EXPECT_EQ(FormatIp(*ParseIp("1:2:3:4:5:6:0:8")), "1:2:3:4:5:6:0:8");
  EXPECT_EQ(*ParseIp("::ffff:10.1.2.3"), *ParseIp("10.1.2.3"));
  EXPECT_EQ(*ParseIp("::ffff:a01:203"), *ParseIp("10.1.2.3"));
  EXPECT_EQ(FormatIp(*ParseIp("::ffff:a01:203")), "10.1.2.3");
  EXPECT_EQ(*ParseIp("64:ff9b::10.1.2.3"), *ParseIp("64:ff9b::a01:203"));
  EXPECT_EQ(*ParseIp("1:2:3:4:5:6:10.1.2.3"), *ParseIp("1:2:3:4:5:6:a01:203"));
  EXPECT_EQ(*ParseIp("1::3:4:5:6:7:8"), *ParseIp("1:0:3:4:5:6:7:8"));
  EXPECT_EQ(*ParseIp("::2:3:4:5:6:7:8"), *ParseIp("0:2:3:4:5:6:7:8"));
  EXPECT_EQ(*ParseIp("1:2:3:4:5:6:7::"), *ParseIp("1:2:3:4:5:6:7:0"));
  std::mt19937_64 random(4);
  for (int i = 0; i < 20'000; ++i) {
    Ip ip;
    for (uint8_t& byte : ip.bytes) byte = random() % 2 == 0 ? 0 : static_cast<uint8_t>(random());
    ASSERT_EQ(*ParseIp(FormatIp(ip)), ip) << FormatIp(ip);
  }
}

TEST(IpTextTest, Mistakes) {
  constexpr std::string_view kAddress = "expected an address such as '10.1.2.3' or '2001:db8::1'";
  ExpectMistakes(
      ParseIp,
      {{"", Cat(kAddress, ", found an empty text")},
       {"localhost", Cat(kAddress, ", found 'l' at character 1")},
       {"10.1.2", "expected '.' and the rest of an IPv4 address, found the end at character 7"},
       {"10.1.2.256", "expected a number from 0 to 255, found a larger one at character 8"},
       {"010.1.2.3", "expected a number without leading zeros, found '0' at character 1"},
       {"1.2.3.4.5", "expected the end of the address, found '.' at character 8"},
       {"10.1.2.3/8", "expected the end of the address, found '/' at character 9"},
       {"1.2..3", "expected a number from 0 to 255, found '.' at character 5"},
       {":1", "expected '::', found ':' at character 1"},
       {"1:2:3:4:5:6:7",
        "expected ':' and the rest of an IPv6 address, found the end at character 14"},
       {"1:2:3:4:5:6:7:8:9", "expected the end of the address, found ':' at character 16"},
       {"1::2::3", "expected only one '::', found ':' at character 5"},
       {"::12345", "expected the end of the address, found '5' at character 7"},
       {":::", "expected the end of the address, found ':' at character 3"},
       {"1:", "expected a hexadecimal digit, found the end at character 3"},
       {"::1:", "expected a hexadecimal digit, found the end at character 5"},
       {"fe80::1%eth0", "expected the end of the address, found '%' at character 8"},
       {"1:2:3:4:5:6:7:1.2.3.4",
        "expected one group of hexadecimal digits, found '1' at character 15"},
       {"1:2:3:4::5:6:7:8", "expected at most seven groups beside '::', found eight"},
       {"::1:2:3:4:5:6:7:8", "expected at most seven groups beside '::', found eight"},
       {"10", "expected ':' and the rest of an IPv6 address, found the end at character 3"}});
}

TEST(CidrTextTest, ParsesAndPrints) {
  for (const char* text : {"10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/32", "::/0", "2001:db8::/32",
                           "::1/128", "fe80::/10", "::fffe:0:0/95"}) {
    ASSERT_TRUE(ParseCidr(text).ok()) << text << " " << ParseCidr(text).status();
    EXPECT_EQ(FormatCidr(*ParseCidr(text)), text);
  }
  EXPECT_EQ(*ParseCidr("::ffff:10.0.0.0/104"), *ParseCidr("10.0.0.0/8"));
  EXPECT_EQ(*ParseCidr("::ffff:0:0/96"), *ParseCidr("0.0.0.0/0"));
  EXPECT_EQ(*ParseCidrOrIp("10.1.2.3"), *ParseCidr("10.1.2.3/32"));
  EXPECT_EQ(*ParseCidrOrIp("::1"), *ParseCidr("::1/128"));
  EXPECT_EQ(*ParseCidrOrIp("10.0.0.0/8"), *ParseCidr("10.0.0.0/8"));
  EXPECT_TRUE(Contains(*ParseCidr("10.0.0.0/8"), *ParseIp("::ffff:10.200.0.1")));
  EXPECT_FALSE(Contains(*ParseCidr("0.0.0.0/0"), *ParseIp("::1")));
  ExpectMistakes(
      ParseCidr,
      {{"10.1.2.3/8", "expected no bits after the prefix, found some: the network is '10.0.0.0/8'"},
       {"2001:db8::1/32",
        "expected no bits after the prefix, found some: the network is '2001:db8::/32'"},
       {"::ffff:10.0.0.0/90",
        "expected no bits after the prefix, found some: the network is '::ffc0:0:0/90'"},
       {"10.0.0.0/33", "expected a prefix length from 0 to 32, found a larger one at character 10"},
       {"::/129", "expected a prefix length from 0 to 128, found a larger one at character 4"},
       {"10.0.0.0", "expected '/' and a prefix length, found the end at character 9"},
       {"10.0.0.0/", "expected a prefix length, found the end at character 10"},
       {"10.0.0.0/08", "expected a prefix length without leading zeros, found '0' at character 10"},
       {"10.0.0.0/8 ", "expected the end of the Cidr, found ' ' at character 11"},
       {"10.0.0.0/255.0.0.0", "expected the end of the Cidr, found '.' at character 13"}});
}

TEST(DigestTextTest, Parses) {
  EXPECT_EQ(*ParseDigest("sha256:" + std::string(64, 'A')), "sha256:" + std::string(64, 'a'));
  EXPECT_TRUE(ParseDigest("sha384:" + std::string(96, '0')).ok());
  EXPECT_TRUE(ParseDigest("sha512:" + std::string(128, '9')).ok());
  constexpr std::string_view kAlgorithm =
      "expected 'sha256:', 'sha384:' or 'sha512:' and hexadecimal digits";
  ExpectMistakes(ParseDigest,
                 {{"", Cat(kAlgorithm, ", found an empty text")},
                  {"md5:" + std::string(32, 'a'), Cat(kAlgorithm, ", found 'm' at character 1")},
                  {"SHA256:" + std::string(64, 'a'), Cat(kAlgorithm, ", found 'S' at character 1")},
                  {"sha256:ab", "expected 64 hexadecimal digits after 'sha256:', found 2"},
                  {"sha256:", "expected 64 hexadecimal digits after 'sha256:', found 0"},
                  {"sha256:" + std::string(65, 'a'),
                   "expected 64 hexadecimal digits after 'sha256:', found 65"},
                  {"sha512:" + std::string(64, 'a'),
                   "expected 128 hexadecimal digits after 'sha512:', found 64"},
                  {"sha256:" + std::string(63, 'a') + "g",
                   "expected a hexadecimal digit, found 'g' at character 71"}});
}

TEST(SpiffeIdTextTest, Parses) {
  const std::string longest_domain(255, 'a');
  for (const std::string& text :
       {std::string("spiffe://acme"), std::string("spiffe://a.b-c_1/X/y.z"),
        std::string("spiffe://acme/..."), "spiffe://" + longest_domain + "/x",
        "spiffe://acme/" + std::string(2048 - 14, 'x')}) {
    ASSERT_TRUE(ParseSpiffeId(text).ok()) << text;
    EXPECT_EQ(*ParseSpiffeId(text), text);
  }
  EXPECT_EQ(SpiffeTrustDomain("spiffe://acme.org/trainer/7"), "acme.org");
  EXPECT_EQ(SpiffePath("spiffe://acme.org/trainer/7"), "/trainer/7");
  EXPECT_EQ(SpiffeTrustDomain("spiffe://acme"), "acme");
  EXPECT_EQ(SpiffePath("spiffe://acme"), "");
  constexpr std::string_view kId = "expected a SpiffeId such as 'spiffe://acme.org/trainer'";
  constexpr std::string_view kSegment = "expected a path segment (letters, digits, '-', '.', '_')";
  ExpectMistakes(
      ParseSpiffeId,
      {{"", Cat(kId, ", found an empty text")},
       {"http://acme/x", Cat(kId, ", found 'h' at character 1")},
       {"SPIFFE://acme/x", Cat(kId, ", found 'S' at character 1")},
       {"spiffe://",
        "expected a trust domain (lower-case letters, digits, '-', '.', '_'), found the end at "
        "character 10"},
       {"spiffe:///x",
        "expected a trust domain (lower-case letters, digits, '-', '.', '_'), found '/' at "
        "character 10"},
       {"spiffe://acmE/x",
        "expected a lower-case letter, a digit, '-', '.', '_' or '/', found 'E' at character 13"},
       {"spiffe://a:1/x",
        "expected a lower-case letter, a digit, '-', '.', '_' or '/', found ':' at character 11"},
       {"spiffe://acme/", Cat(kSegment, ", found the end at character 15")},
       {"spiffe://acme//x", Cat(kSegment, ", found '/' at character 15")},
       {"spiffe://acme/x/", Cat(kSegment, ", found the end at character 17")},
       {"spiffe://acme/../x",
        "expected a path segment other than '.' and '..', found '.' at character 15"},
       {"spiffe://acme/.",
        "expected a path segment other than '.' and '..', found '.' at character 15"},
       {"spiffe://acme/x?y",
        "expected a letter, a digit, '-', '.', '_' or '/', found '?' at character 16"},
       {"spiffe://acme/%41", Cat(kSegment, ", found '%' at character 15")},
       {"spiffe://" + longest_domain + "a/x",
        "expected a trust domain of at most 255 bytes, found 256"},
       {"spiffe://acme/" + std::string(2048 - 13, 'x'),
        "expected a SpiffeId of at most 2048 bytes, found 2049"}});
}

TEST(GlobTextTest, Parses) {
  EXPECT_EQ(*ParseGlob(R"(models/*/v\*)"), R"(models/*/v\*)");
  EXPECT_EQ(*ParseGlob(""), "");
  ExpectMistakes(
      ParseGlob,
      {{R"(a\)", "expected a character after the last backslash, found the end at character 3"},
       {std::string(2000, 'a'), "expected a pattern of at most 1024 bytes, found 2000"}});
}

TEST(Utf8Test, WellFormed) {
  for (std::string_view text :
       {std::string_view(""), std::string_view("abc"), std::string_view("a\0b", 3),
        std::string_view("\xc3\xa9"), std::string_view("\xe2\x82\xac"),
        std::string_view("\xed\x9f\xbf"), std::string_view("\xee\x80\x80"),
        std::string_view("\xf0\x90\x80\x80"), std::string_view("\xf4\x8f\xbf\xbf")}) {
    EXPECT_TRUE(IsValidUtf8(text)) << text;
    EXPECT_EQ(FindInvalidUtf8(text), std::string_view::npos);
  }
}

TEST(Utf8Test, IllFormed) {
  const std::pair<std::string_view, size_t> cases[] = {{"\x80", 0},
                                                       {"a\xc0\xaf", 1},
                                                       {"ab\xc1\xbf", 2},
                                                       {"\xe0\x80\x80", 0},
                                                       {"\xe0\x9f\xbf", 0},
                                                       {"\xc3\xa9\xed\xa0\x80", 2},
                                                       {"\xed\xbf\xbf", 0},
                                                       {"\xf0\x8f\xbf\xbf", 0},
                                                       {"\xf4\x90\x80\x80", 0},
                                                       {"\xf5\x80\x80\x80", 0},
                                                       {"\xff", 0},
                                                       {"abc\xc3", 3},
                                                       {"\xe2\x82", 0},
                                                       {"\xf0\x9f\x98", 0},
                                                       {"\xe2\x28\xa1", 0},
                                                       {"\xc3(", 0}};
  for (const auto& [text, at] : cases) {
    EXPECT_FALSE(IsValidUtf8(text));
    EXPECT_EQ(FindInvalidUtf8(text), at);
  }
}

}  // namespace
}  // namespace ztp
