// Every check has a name of its own.
#include "engine/evidence/verified.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace ztp::evidence {
namespace {

TEST(Verified, HasAValueOrTheRefusal) {
  const Verified<int> good = 7;
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(*good, 7);
  const Verified<int> bad = Refuse(Check::kAudience, "for ", 3, " others");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.refusal().check, Check::kAudience);
  EXPECT_EQ(bad.refusal().message, "for 3 others");
}

TEST(Verified, ARefusalIsPassedOn) {
  const auto half = [](int n) -> Verified<int> {
    if (n % 2 != 0) return Refuse(Check::kClaim, n, " is odd");
    return n / 2;
  };
  const auto quarter = [&](int n) -> Verified<int> {
    ZTP_VERIFY_OR_RETURN(const int h, half(n));
    return half(h);
  };
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).refusal().message, "3 is odd");
  EXPECT_EQ(quarter(7).refusal().message, "7 is odd");
}

TEST(Verified, ChecksHaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  size_t count = 0;
#define ZTP_CHECK(number, id, name) \
  ++count;                          \
  names.insert(NameOf(Check::id));
#include "engine/evidence/checks.def"
#undef ZTP_CHECK
  EXPECT_EQ(names.size(), count);
}

}  // namespace
}  // namespace ztp::evidence
