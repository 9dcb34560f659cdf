// Decimal's arithmetic, its rounding first of all.
#include "engine/core/decimal.h"

#include <gtest/gtest.h>

#include <random>

namespace ztp {
namespace {

TEST(DecimalTest, SumsAndOrder) {
  EXPECT_EQ(CheckedAdd(Decimal{1}, Decimal{-3})->units, -2);
  EXPECT_EQ(CheckedSub(Decimal{1}, Decimal{3})->units, -2);
  EXPECT_EQ(CheckedNeg(Decimal{7})->units, -7);
  EXPECT_FALSE(CheckedAdd(Decimal{INT64_MAX}, Decimal{1}));
  EXPECT_FALSE(CheckedSub(Decimal{INT64_MIN}, Decimal{1}));
  EXPECT_FALSE(CheckedNeg(Decimal{INT64_MIN}));
  EXPECT_LT(Decimal{-1}, Decimal{0});
}

TEST(DecimalTest, ProductsRoundHalfToEven) {
  struct Case {
    int64_t a, b, product;
  };
  constexpr int64_t kOne = Decimal::kUnitsPerOne;
  constexpr Case kCases[] = {
      {2 * kOne, 3 * kOne, 6 * kOne},
      {kOne / 2, kOne / 2, kOne / 4},
      {1, kOne / 2, 0},      // 0.5 units: to the even 0
      {3, kOne / 2, 2},      // 1.5: to the even 2
      {5, kOne / 2, 2},      // 2.5: to the even 2
      {7, kOne / 2, 4},      // 3.5: to the even 4
      {1, kOne / 2 + 1, 1},  // just above a half
      {3, kOne / 2 - 1, 1},  // just below one and a half
      {-1, kOne / 2, 0},     // the same below zero
      {-3, kOne / 2, -2},
      {-5, kOne / 2, -2},
      {1, 1, 0},
      {INT64_MAX, kOne, INT64_MAX},
      {INT64_MIN, kOne, INT64_MIN},
      {INT64_MIN, -1, 9223372037},  // 9223372036.854775808 units
      {0, INT64_MIN, 0},
  };
  for (const Case& c : kCases) {
    const Checked<Decimal> product = CheckedMul(Decimal{c.a}, Decimal{c.b});
    ASSERT_TRUE(product) << c.a << " * " << c.b;
    EXPECT_EQ(product->units, c.product) << c.a << " * " << c.b;
    EXPECT_EQ(CheckedMul(Decimal{c.b}, Decimal{c.a}), product);
  }
}

TEST(DecimalTest, ProductOverflow) {
  constexpr int64_t kOne = Decimal::kUnitsPerOne;
  EXPECT_FALSE(CheckedMul(Decimal{INT64_MIN}, Decimal{-kOne}));
  EXPECT_FALSE(CheckedMul(Decimal{INT64_MIN}, Decimal{INT64_MIN}));
  EXPECT_FALSE(CheckedMul(Decimal{INT64_MAX}, Decimal{INT64_MAX}));
  EXPECT_FALSE(CheckedMul(Decimal{INT64_MAX}, Decimal{kOne + 1}));
}

// The rounded product is within half a unit of the exact one, and even where it is exactly half a
// unit away.
TEST(DecimalTest, ProductsAreNearest) {
  std::mt19937_64 random(2);
  int checked = 0;
  for (int i = 0; i < 100'000; ++i) {
    const auto a = static_cast<int64_t>(random()) >> (random() % 64);
    const auto b = static_cast<int64_t>(random()) >> (random() % 64);
    const Checked<Decimal> product = CheckedMul(Decimal{a}, Decimal{b});
    const Int128 exact = Int128{a} * b;  // in units of 10^-18
    if (!product) {
      const Int128 limit = Int128{INT64_MAX} * Decimal::kUnitsPerOne;
      EXPECT_TRUE(exact > limit || -exact > limit);
      continue;
    }
    ++checked;
    Int128 distance = Int128{product->units} * Decimal::kUnitsPerOne - exact;
    if (distance < 0) distance = -distance;
    EXPECT_LE(distance * 2, Int128{Decimal::kUnitsPerOne});
    if (distance * 2 == Decimal::kUnitsPerOne) {
      EXPECT_EQ(product->units % 2, 0);
    }
  }
  EXPECT_GT(checked, 10'000);
}

}  // namespace
}  // namespace ztp
