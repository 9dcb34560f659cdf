// The filter's configuration: what is taken, and that nothing wrong is taken for something else.
#include "bindings/envoy/config.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "engine/base/status.h"

namespace ztp::envoy {
namespace {

using server::Tell;

TEST(Config, Defaults) {
  const absl::StatusOr<Config> config = ParseConfig(R"({"policy": "gate.ztpb"})");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->policy, "gate.ztpb");
  EXPECT_EQ(config->tell, Tell::kReason);
  EXPECT_EQ(config->watch.count(), 1);
  EXPECT_EQ(config->max_body, size_t{1} << 20);
  EXPECT_FALSE(config->can.has_value());
  EXPECT_EQ(config->audit, server::AuditLogOptions());
}

TEST(Config, Everything) {
  const absl::StatusOr<Config> config = ParseConfig(R"({
      "policy": "p", "facts": ["a", "b"], "trust": "t", "signed-by": ["k"], "threshold": 2,
      "state": "s", "epoch": "e", "watch": 0, "tell": "all", "can": [], "max-body": 100,
      "audit": "a", "audit-key": "k", "audit-origin": "o", "audit-mode": "written",
      "audit-when-full": "drop", "audit-mask": "m", "audit-mask-key": "s", "audit-requests": true,
      "audit-timeout": 3})");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->facts, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config->trust, "t");
  EXPECT_EQ(config->signed_by, std::vector<std::string>{"k"});
  EXPECT_EQ(config->threshold, 2U);
  EXPECT_EQ(config->state, "s");
  EXPECT_EQ(config->epoch, "e");
  EXPECT_EQ(config->watch.count(), 0);
  EXPECT_EQ(config->tell, Tell::kAll);
  ASSERT_TRUE(config->can.has_value());  // none, which is not all
  EXPECT_TRUE(config->can->empty());
  EXPECT_EQ(config->max_body, 100U);
  EXPECT_EQ(config->audit, (server::AuditLogOptions{.folder = "a",
                                                    .key = "k",
                                                    .origin = "o",
                                                    .when_full = audit::WhenFull::kDrop,
                                                    .durable = false,
                                                    .mask = "m",
                                                    .mask_key = "s",
                                                    .with_request = true}));
  EXPECT_EQ(config->audit_timeout.count(), 3);
}

TEST(Config, Mistakes) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"[]", "object"},
      {"{}", "`policy` is missing"},
      {R"({"policy": 1})", "`policy` must be a string, not a number"},
      {R"({"policy": "p", "facts": "f"})", "`facts` must be an array"},
      {R"({"policy": "p", "facts": [1]})", "`facts` must be an array"},
      {R"({"policy": "p", "trsut": "t"})", "no setting `trsut`"},
      {R"({"policy": "p", "signed_by": ["k"]})", "no setting `signed_by`"},
      {R"({"policy": "p", "threshold": 2})", "needs `signed-by`"},
      {R"({"policy": "p", "threshold": 0})", "`threshold` must be"},
      {R"({"policy": "p", "watch": -1})", "`watch` must be"},
      {R"({"policy": "p", "max-body": 1e3})", "`max-body` must be"},
      {R"({"policy": "p", "max-body": 1000000000})", "`max-body` must be"},
      {R"({"policy": "p", "tell": "everything"})", "`tell` must be"},
      {R"({"policy": "p", "policy": "q"})", ""},
      {R"({"policy": "p", "audit": "a"})", "needs `audit-key`"},
      {R"({"policy": "p", "audit": "a", "audit-key": "k"})", "needs `audit-origin`"},
      {R"({"policy": "p", "audit": "", "audit-key": "k", "audit-origin": "o"})", "a folder"},
      {R"({"policy": "p", "audit-key": "k"})", "is for `audit`"},
      {R"({"policy": "p", "audit-mode": "fast"})", "must be durable or written"},
      {R"({"policy": "p", "audit-when-full": true})", "must be block or drop"},
      {R"({"policy": "p", "audit-requests": "yes"})", "must be true or false"},
      {R"({"policy": "p", "audit-timeout": 0})", "`audit-timeout` must be"},
      {R"({"policy": "p", "audit-request": true})", "no setting `audit-request`"},
  };
  for (const auto& [json, message] : cases) {
    const absl::StatusOr<Config> config = ParseConfig(json);
    ASSERT_FALSE(config.ok()) << json;
    EXPECT_NE(Message(config.status()).find(message), std::string_view::npos)
        << json << ": " << config.status();
  }
}

}  // namespace
}  // namespace ztp::envoy
