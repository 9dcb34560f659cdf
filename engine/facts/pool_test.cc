#include "engine/facts/pool.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ztp {
namespace {

using Small = Pool<uint32_t, 12, 4>;  // four segments of 4,096

TEST(Pool, WhatIsAllocatedStaysWhereItIs) {
  Small pool;
  std::vector<std::pair<uint64_t, uint32_t*>> all;
  for (uint32_t i = 0; i < 1500; ++i) {
    uint64_t place = 0;
    uint32_t* at = pool.Allocate(7, &place);
    ASSERT_NE(at, nullptr);
    for (uint32_t j = 0; j < 7; ++j) at[j] = i * 7 + j;
    all.emplace_back(place, at);
  }
  for (uint32_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(pool.At(all[i].first), all[i].second);
    for (uint32_t j = 0; j < 7; ++j) ASSERT_EQ(pool.At(all[i].first)[j], i * 7 + j);
  }
  EXPECT_GT(pool.table().size(), 1u);
}

TEST(Pool, IsFullInTheEnd) {
  Small pool;
  uint64_t place = 0;
  EXPECT_EQ(pool.Allocate(4097, &place), nullptr) << "more than a segment has";
  for (int i = 0; i < 4; ++i) EXPECT_NE(pool.Allocate(4096, &place), nullptr);
  EXPECT_EQ(pool.Allocate(1, &place), nullptr);
  EXPECT_EQ(pool.used(), 4u * 4096);
}

TEST(Pool, NothingHasAPlaceWithinASegmentToo) {
  Small pool;
  uint64_t place = 0;
  ASSERT_NE(pool.Allocate(4096, &place), nullptr);
  uint32_t* nothing = pool.Allocate(0, &place);
  ASSERT_NE(nothing, nullptr);
  EXPECT_EQ(pool.At(place), nothing);
}

TEST(Pool, GivesBackWhatCameAfterAMark) {
  Small pool;
  uint64_t first = 0, second = 0;
  *pool.Allocate(1, &first) = 5;
  const auto mark = pool.mark();
  ASSERT_NE(pool.Allocate(4000, &second), nullptr);
  ASSERT_NE(pool.Allocate(4000, &second), nullptr);
  pool.Return(mark);
  EXPECT_EQ(pool.used(), 1u);
  EXPECT_EQ(*pool.At(first), 5u);
  ASSERT_NE(pool.Allocate(1, &second), nullptr);
  EXPECT_EQ(second, first + 1);
}

TEST(Block, IsAlignedAndEmpty) {
  for (size_t bytes : {size_t{1}, size_t{4096}, size_t{3} << 20}) {
    const Block block = Block::Make(bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block.data()) % 64, 0u);
    for (size_t i = 0; i < bytes; i += 511) ASSERT_EQ(block.data()[i], std::byte{0});
  }
}

}  // namespace
}  // namespace ztp
