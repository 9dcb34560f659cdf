#include "engine/facts/set_hash.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ztp {
namespace {

SetHash Of(const std::vector<std::string>& members) {
  SetHasher hasher;
  SetHash hash;
  for (const std::string& member : members) hasher.Add(member, &hash);
  return hash;
}

TEST(SetHash, IsTheSameWhateverTheOrder) {
  EXPECT_EQ(Of({"a", "b", "c"}), Of({"c", "a", "b"}));
  EXPECT_FALSE(Of({"a", "b", "c"}) == Of({"a", "b", "d"}));
  EXPECT_FALSE(Of({"ab", "c"}) == Of({"a", "bc"}));
}

TEST(SetHash, WhatIsTakenOutWasNeverThere) {
  SetHasher hasher;
  SetHash hash = Of({"a", "b", "c"});
  hasher.Remove("b", &hash);
  EXPECT_EQ(hash, Of({"a", "c"}));
  hasher.Add("d", &hash);
  EXPECT_EQ(hash, Of({"c", "d", "a"}));
}

TEST(SetHash, TheDigestIsOfStateAndCount) {
  const SetHash hash = Of({"a", "b"});
  EXPECT_THAT(hash.Digest(2), ::testing::MatchesRegex("sha256:[0-9a-f]{64}"));
  EXPECT_NE(hash.Digest(2), hash.Digest(3));
  EXPECT_EQ(SetHash().Digest(0), Of({}).Digest(0));
  // Pinned: versions stand in logs and decisions.
  EXPECT_EQ(hash.Digest(2),
            "sha256:75bd315a7870506c5420d882f2109dfc8508d25f450fe41bc73960908029721b");
}

// Each lane takes part: a member changes about as many of them as chance would leave.
TEST(SetHash, AMemberReachesEveryLane) {
  size_t zeros = 0;
  std::vector<bool> moved(SetHash::kLanes, false);
  for (int i = 0; i < 8; ++i) {
    const SetHash hash = Of({std::to_string(i)});
    for (size_t lane = 0; lane < SetHash::kLanes; ++lane) {
      zeros += hash.lanes()[lane] == 0;
      if (hash.lanes()[lane] != 0) moved[lane] = true;
    }
  }
  EXPECT_LT(zeros, 8u);
  EXPECT_THAT(moved, ::testing::Each(true));
}

}  // namespace
}  // namespace ztp
