// What goes on of the engine's answers.
#include "bindings/envoy/answer.h"

#include <gtest/gtest.h>

namespace ztp::envoy {
namespace {

constexpr std::string_view kAnswer =
    R"({"decision":false,"context":{"rules":["acme.gate"],"reason":"only \"trainers\"","obligations":[],"unknown":["device"]}})";

TEST(Answer, ADenialTellsWhatItMay) {
  JsonTree tree;
  EXPECT_EQ(DenialBody(kAnswer, Tell::kDecision, tree), R"({"decision":false})");
  EXPECT_EQ(DenialBody(kAnswer, Tell::kReason, tree),
            R"({"decision":false,"context":{"reason":"only \"trainers\""}})");
  EXPECT_EQ(DenialBody(kAnswer, Tell::kAll, tree), kAnswer);
  EXPECT_EQ(DenialBody(R"({"decision":false,"context":{"reason":null}})", Tell::kReason, tree),
            R"({"decision":false})");
  EXPECT_EQ(DenialBody("{", Tell::kReason, tree), R"({"decision":false})");
}

TEST(Answer, ARefusalSaysWhyUnlessNothingIsTold) {
  EXPECT_EQ(RefusalBody(400, "no \"model\"", Tell::kReason),
            R"({"decision":false,"context":{"error":{"status":400,"message":"no \"model\""}}})");
  EXPECT_EQ(RefusalBody(400, "no model", Tell::kDecision), R"({"decision":false})");
}

TEST(Answer, ObligationsFitIntoHeaders) {
  JsonTree tree;
  std::vector<std::string> obligations;
  ASSERT_TRUE(
      Obligations("{\"decision\":true,\"context\":{\"obligations\":["
                  "{\"id\":\"audit\",\"args\":{\"level\":\"full\"}},"
                  "{\"id\":\"mark\",\"args\":{\"text\":\"caf\u00e9 \U0001f512 \x7f\"}}]}}",
                  tree, obligations));
  ASSERT_EQ(obligations.size(), 2U);
  EXPECT_EQ(obligations[0], R"({"id":"audit","args":{"level":"full"}})");
  EXPECT_EQ(obligations[1],
            "{\"id\":\"mark\",\"args\":{\"text\":\"caf\\u00e9 \\ud83d\\udd12 \\u007f\"}}");
  EXPECT_FALSE(Obligations("{", tree, obligations));
  EXPECT_FALSE(Obligations(R"({"decision":true,"context":{}})", tree, obligations));
}

}  // namespace
}  // namespace ztp::envoy
