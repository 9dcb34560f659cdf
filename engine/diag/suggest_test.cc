// Suggestions for misspelt names.
#include "engine/diag/suggest.h"

#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"

namespace ztp {
namespace {

std::string Suggest(std::string_view wanted, std::vector<std::string_view> candidates) {
  return ClosestName(wanted, std::span<const std::string_view>(candidates)).value_or("-");
}

TEST(EditDistance, CountsEdits) {
  EXPECT_EQ(EditDistance("", "", 5), 0u);
  EXPECT_EQ(EditDistance("hold", "hold", 5), 0u);
  EXPECT_EQ(EditDistance("hold", "hodl", 5), 1u);
  EXPECT_EQ(EditDistance("hold", "holds", 5), 1u);
  EXPECT_EQ(EditDistance("kitten", "sitting", 5), 3u);
  EXPECT_EQ(EditDistance("", "abc", 5), 3u);
}

TEST(EditDistance, StopsAtTheLimit) {
  EXPECT_EQ(EditDistance("kitten", "sitting", 2), 3u);
  EXPECT_EQ(EditDistance("a", "abcdefgh", 2), 3u);
}

TEST(ClosestName, FindsTypos) {
  EXPECT_EQ(Suggest("hodl", {"label", "hold", "owners"}), "hold");
  EXPECT_EQ(Suggest("clearence", {"clearance", "clear"}), "clearance");
  EXPECT_EQ(Suggest("Workloda", {"Worker", "Workload"}), "Workload");
}

TEST(ClosestName, SeesThroughCaseAndSeparators) {
  EXPECT_EQ(Suggest("gpuDriver", {"gpu", "gpu_driver"}), "gpu_driver");
  EXPECT_EQ(Suggest("TEAM", {"term", "Team"}), "Team");
}

TEST(ClosestName, StaysSilentWhereNothingIsNear) {
  EXPECT_EQ(Suggest("zebra", {"label", "owners"}), "-");
  EXPECT_EQ(Suggest("x", {"y"}), "-");
  EXPECT_EQ(Suggest("ab", {"cd", "xy"}), "-");
  EXPECT_EQ(Suggest("hold", {}), "-");
  EXPECT_EQ(Suggest("hold", {"hold"}), "-");
  EXPECT_EQ(Suggest("", {"a"}), "-");
}

TEST(ClosestName, TakesTheFirstOfEquals) {
  EXPECT_EQ(Suggest("hol", {"hold", "hole"}), "hold");
  EXPECT_EQ(Suggest("hol", {"hole", "hold"}), "hole");
}

TEST(ClosestName, IsBounded) {
  const std::string huge(100'000, 'a');
  EXPECT_EQ(Suggest(huge, {"a"}), "-");
  EXPECT_EQ(Suggest("aaa", {huge}), "-");
}

TEST(ClosestName, TakesStringsToo) {
  const std::vector<std::string> names = {"label", "hold"};
  EXPECT_EQ(ClosestName("hodl", std::span<const std::string>(names)), "hold");
}

}  // namespace
}  // namespace ztp
