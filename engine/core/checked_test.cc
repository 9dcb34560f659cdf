// Checked integers, Tri, and the arithmetic of Time and Duration.
#include "engine/core/checked.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "engine/core/time.h"
#include "engine/core/tri.h"

namespace ztp {
namespace {

constexpr Checked<int64_t> kOverflow = {};

TEST(CheckedTest, Edges) {
  EXPECT_EQ(CheckedAdd(INT64_MAX, INT64_C(0)), Checked<int64_t>(INT64_MAX));
  EXPECT_EQ(CheckedAdd(INT64_MAX, INT64_C(1)), kOverflow);
  EXPECT_EQ(CheckedSub(INT64_MIN, INT64_C(1)), kOverflow);
  EXPECT_EQ(CheckedSub(INT64_C(0), INT64_MIN), kOverflow);
  EXPECT_EQ(CheckedSub(INT64_C(-1), INT64_MIN), Checked<int64_t>(INT64_MAX));
  EXPECT_EQ(CheckedMul(INT64_MIN, INT64_C(-1)), kOverflow);
  EXPECT_EQ(CheckedMul(INT64_MIN, INT64_C(1)), Checked<int64_t>(INT64_MIN));
  EXPECT_EQ(CheckedNeg(INT64_MIN), kOverflow);
  EXPECT_EQ(CheckedNeg(INT64_MAX), Checked<int64_t>(-INT64_MAX));
  EXPECT_EQ(Narrow(Int128{INT64_MAX}), Checked<int64_t>(INT64_MAX));
  EXPECT_EQ(Narrow(Int128{INT64_MAX} + 1), kOverflow);
  EXPECT_EQ(Narrow(Int128{INT64_MIN}), Checked<int64_t>(INT64_MIN));
  EXPECT_EQ(Narrow(Int128{INT64_MIN} - 1), kOverflow);
}

TEST(CheckedTest, AnOverflowEqualsNoValue) {
  EXPECT_FALSE(kOverflow == Checked<int64_t>(0));
  EXPECT_TRUE(kOverflow == Checked<int64_t>());
  EXPECT_FALSE(kOverflow.ok());
  EXPECT_EQ(*kOverflow, 0);
}

TEST(CheckedTest, AgreesWith128Bits) {
  std::mt19937_64 random(1);
  int overflows = 0;
  for (int i = 0; i < 100'000; ++i) {
    // Shifted by up to 63 bits, so that sums and products fall on both sides of the limit.
    const auto a = static_cast<int64_t>(random()) >> (random() % 64);
    const auto b = static_cast<int64_t>(random()) >> (random() % 64);
    EXPECT_EQ(CheckedAdd(a, b), Narrow(Int128{a} + b));
    EXPECT_EQ(CheckedSub(a, b), Narrow(Int128{a} - b));
    EXPECT_EQ(CheckedMul(a, b), Narrow(Int128{a} * b));
    if (!CheckedMul(a, b)) ++overflows;
  }
  EXPECT_GT(overflows, 10'000);
  EXPECT_LT(overflows, 90'000);
}

TEST(TimeTest, Arithmetic) {
  EXPECT_EQ(*CheckedAdd(Time{5}, Duration{-7}), Time{-2});
  EXPECT_EQ(*CheckedSub(Time{5}, Duration{7}), Time{-2});
  EXPECT_EQ(*CheckedSub(Time{5}, Time{7}), Duration{-2});
  EXPECT_EQ(*CheckedAdd(Duration{5}, Duration{7}), Duration{12});
  EXPECT_EQ(*CheckedSub(Duration{5}, Duration{7}), Duration{-2});
  EXPECT_EQ(*CheckedMul(Duration{5}, INT64_C(-3)), Duration{-15});
  EXPECT_EQ(*CheckedNeg(Duration{5}), Duration{-5});
  EXPECT_LT(Time{-1}, Time{0});
  EXPECT_LT(Duration{-1}, Duration{0});
}

TEST(TimeTest, Overflow) {
  EXPECT_FALSE(CheckedAdd(Time{INT64_MAX}, Duration{1}));
  EXPECT_FALSE(CheckedSub(Time{INT64_MIN}, Duration{1}));
  EXPECT_FALSE(CheckedSub(Time{INT64_MIN}, Time{1}));
  EXPECT_FALSE(CheckedAdd(Duration{INT64_MIN}, Duration{-1}));
  EXPECT_FALSE(CheckedSub(Duration{INT64_MIN}, Duration{1}));
  EXPECT_FALSE(CheckedMul(Duration{INT64_MAX}, INT64_C(2)));
  EXPECT_FALSE(CheckedNeg(Duration{INT64_MIN}));
}

TEST(TriTest, KleeneTables) {
  constexpr Tri kF = Tri::kFalse, kT = Tri::kTrue, kU = Tri::kUnknown;
  struct Row {
    Tri a, b, conjunction, disjunction;
  };
  constexpr Row kRows[] = {{kF, kF, kF, kF}, {kF, kT, kF, kT}, {kF, kU, kF, kU},
                           {kT, kF, kF, kT}, {kT, kT, kT, kT}, {kT, kU, kU, kT},
                           {kU, kF, kF, kU}, {kU, kT, kU, kT}, {kU, kU, kU, kU}};
  for (const Row& row : kRows) {
    EXPECT_EQ(And(row.a, row.b), row.conjunction);
    EXPECT_EQ(Or(row.a, row.b), row.disjunction);
    EXPECT_EQ(Not(And(row.a, row.b)), Or(Not(row.a), Not(row.b)));
  }
  EXPECT_EQ(Not(kF), kT);
  EXPECT_EQ(Not(kT), kF);
  EXPECT_EQ(Not(kU), kU);
  EXPECT_EQ(ToTri(true), kT);
  EXPECT_EQ(ToTri(false), kF);
}

}  // namespace
}  // namespace ztp
