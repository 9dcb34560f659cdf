// Version keys: their order against an order worked out part by part, and what is refused.
#include "engine/core/version.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace ztp {
namespace {

std::string Key(std::string_view text, bool hex = false) {
  VersionKey key;
  const VersionResult result = hex ? EncodeHexVersion(text, &key) : EncodeVersion(text, &key);
  EXPECT_EQ(result.error, VersionError::kNone) << text;
  return std::string(reinterpret_cast<const char*>(key.bytes), key.size);
}

TEST(VersionTest, Order) {
  const std::vector<std::string> ascending = {"0-0",
                                              "0",
                                              "0.0.1",
                                              "0.9",
                                              "1-alpha",
                                              "1.0-alpha.1",
                                              "1.0-alpha.1.0",
                                              "1-alpha.2",
                                              "1-alpha.10",
                                              "1-alpha.a",
                                              "1-alpha.a.0",
                                              "1-alpha.aa",
                                              "1-alpha-",
                                              "1-alpha0",
                                              "1-beta",
                                              "1-rc.1",
                                              "1",
                                              "1.0.0.1-pre",
                                              "1.0.0.1",
                                              "1.0.1",
                                              "1.2",
                                              "1.10",
                                              "1.255",
                                              "1.256",
                                              "1.65535",
                                              "1.65536",
                                              "2-1",
                                              "2-10",
                                              "2-A",
                                              "2-a",
                                              "2",
                                              "10",
                                              "525.60.13",
                                              "550.54.15",
                                              "550.90.07",
                                              "550.100",
                                              "18446744073709551615"};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t k = 0; k < ascending.size(); ++k) {
      EXPECT_EQ(Key(ascending[i]) < Key(ascending[k]), i < k)
          << ascending[i] << " " << ascending[k];
    }
  }
}

TEST(VersionTest, Equal) {
  EXPECT_EQ(Key("1.2"), Key("1.2.0"));
  EXPECT_EQ(Key("1.2"), Key("01.002.0.0"));
  EXPECT_EQ(Key("0"), Key("0.0.0"));
  EXPECT_EQ(Key("1.2-rc.1"), Key("1.2.0-rc.01"));
  EXPECT_EQ(Key("1.2"), Key("1.2+build.5"));
  EXPECT_EQ(Key("1.2-rc"), Key("1.2-rc+b-1.00"));
  EXPECT_EQ(Key("96.00.5E.00.01", true), Key("96.0.5e.0.1.0", true));
  EXPECT_LT(Key("9.ff", true), Key("a", true));
  EXPECT_LT(Key("96.00.5E.00.01", true), Key("96.00.5E.00.10", true));
}

TEST(VersionTest, Refused) {
  struct Case {
    std::string text;
    VersionError error;
    size_t position;
    bool hex = false;
  };
  std::string parts17 = "1";
  for (int i = 0; i < 16; ++i) parts17 += ".1";
  const std::vector<Case> cases = {
      {"", VersionError::kExpectedDigit, 0},
      {"v1", VersionError::kExpectedDigit, 0},
      {".1", VersionError::kExpectedDigit, 0},
      {"1.", VersionError::kExpectedDigit, 2},
      {"1..2", VersionError::kExpectedDigit, 2},
      {"1.x", VersionError::kExpectedDigit, 2},
      {"-1", VersionError::kExpectedDigit, 0},
      {"1.2-", VersionError::kExpectedIdentifier, 4},
      {"1.2-a..b", VersionError::kExpectedIdentifier, 6},
      {"1.2-a.", VersionError::kExpectedIdentifier, 6},
      {"1.2+", VersionError::kExpectedIdentifier, 4},
      {"1.2+a+b", VersionError::kUnexpected, 5},
      {"1.2 ", VersionError::kUnexpected, 3},
      {"1.2_1", VersionError::kUnexpected, 3},
      {"1.2-rc~1", VersionError::kUnexpected, 6},
      {"1.18446744073709551616", VersionError::kTooLarge, 2},
      {"1-18446744073709551616", VersionError::kTooLarge, 2},
      {parts17, VersionError::kTooManyParts, 32},
      {std::string(300, '1'), VersionError::kTooLong, 256},
      {"", VersionError::kExpectedDigit, 0, true},
      {"96.0g", VersionError::kUnexpected, 4, true},
      {"96-1", VersionError::kUnexpected, 2, true},
      {"96+1", VersionError::kUnexpected, 2, true},
      {"10000000000000000", VersionError::kTooLarge, 0, true},
  };
  for (const Case& c : cases) {
    VersionKey key;
    const VersionResult result =
        c.hex ? EncodeHexVersion(c.text, &key) : EncodeVersion(c.text, &key);
    EXPECT_EQ(result.error, c.error) << c.text;
    EXPECT_EQ(result.position, c.position) << c.text;
  }
}

// The texts that make the most key of the fewest characters stay within the key's capacity.
TEST(VersionTest, WorstCasesFit) {
  std::string numeric = "1-1", text = "1-a", dense;
  while (numeric.size() + 2 <= kMaxVersionText) numeric += ".1";
  while (text.size() + 2 <= kMaxVersionText) text += ".a";
  for (int i = 0; i < 16; ++i) dense += (i ? "." : "") + std::string("255");
  for (const std::string& version : {numeric, text, dense, std::string(20, '0') + "7"}) {
    EXPECT_LE(Key(version).size(), VersionKey::kCapacity);
    EXPECT_EQ(Key(version), Key(version));
  }
}

// A version as its parts and identifiers, compared by the rules as they are written.
struct Plain {
  std::vector<uint64_t> parts;
  std::vector<std::string> identifiers;  // none: a release

  std::string Text() const {
    std::string out;
    for (size_t i = 0; i < parts.size(); ++i) out += (i ? "." : "") + std::to_string(parts[i]);
    for (size_t i = 0; i < identifiers.size(); ++i) out += (i ? "." : "-") + identifiers[i];
    return out;
  }
};

int Compare(const std::string& a, const std::string& b) {
  const bool a_number = a.find_first_not_of("0123456789") == std::string::npos;
  const bool b_number = b.find_first_not_of("0123456789") == std::string::npos;
  if (a_number && b_number) {
    const uint64_t x = std::stoull(a), y = std::stoull(b);
    return x < y ? -1 : x > y;
  }
  if (a_number != b_number) return a_number ? -1 : 1;
  const int c = a.compare(b);
  return c < 0 ? -1 : c > 0;
}

int Compare(const Plain& a, const Plain& b) {
  for (size_t i = 0; i < std::max(a.parts.size(), b.parts.size()); ++i) {
    const uint64_t x = i < a.parts.size() ? a.parts[i] : 0;
    const uint64_t y = i < b.parts.size() ? b.parts[i] : 0;
    if (x != y) return x < y ? -1 : 1;
  }
  if (a.identifiers.empty() || b.identifiers.empty()) {
    return static_cast<int>(a.identifiers.empty()) - static_cast<int>(b.identifiers.empty());
  }
  for (size_t i = 0; i < std::min(a.identifiers.size(), b.identifiers.size()); ++i) {
    if (const int c = Compare(a.identifiers[i], b.identifiers[i]); c != 0) return c;
  }
  if (a.identifiers.size() == b.identifiers.size()) return 0;
  return a.identifiers.size() < b.identifiers.size() ? -1 : 1;
}

TEST(VersionTest, AgreesWithComparingPartByPart) {
  std::mt19937_64 random(6);
  const std::vector<std::string> pool = {"0", "1",  "2",  "10", "255", "256", "a",
                                         "A", "aa", "a-", "-",  "rc1", "9a"};
  auto make = [&] {
    Plain plain;
    for (size_t i = 1 + random() % 4; i > 0; --i) {
      plain.parts.push_back(random() % 3 == 0 ? random() >> (random() % 64) : random() % 3);
    }
    if (random() % 2 == 0) {
      for (size_t i = 1 + random() % 3; i > 0; --i) {
        plain.identifiers.push_back(pool[random() % pool.size()]);
      }
    }
    return plain;
  };
  int equal = 0;
  for (int i = 0; i < 50'000; ++i) {
    const Plain a = make(), b = make();
    const int by_key = Key(a.Text()).compare(Key(b.Text()));
    ASSERT_EQ(by_key < 0 ? -1 : by_key > 0, Compare(a, b)) << a.Text() << " " << b.Text();
    if (by_key == 0) ++equal;
  }
  EXPECT_GT(equal, 100);
}

}  // namespace
}  // namespace ztp
