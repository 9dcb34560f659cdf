// The 268 JWS vectors of Project Wycheproof (Apache-2.0, C2SP/wycheproof).
//
// They are not part of the project: the test reads them from $ZTP_FIXTURES, or from
// ../shared/fixtures, and is skipped where they are not; with ZTP_REQUIRE_FIXTURES=1 it fails then.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "engine/evidence/jose_testing.h"
#include "engine/evidence/jws.h"

namespace ztp::evidence {
namespace {

std::string Fixtures() {
  const char* folder = std::getenv("ZTP_FIXTURES");
  return folder != nullptr ? folder : "../shared/fixtures";
}

TEST(WycheproofJws, NoInvalidOneIsAcceptedAndTheValidOnesAre) {
  const std::string path = Fixtures() + "/wycheproof/jws.json";
  std::ifstream file(path);
  if (!file) {
    const char* required = std::getenv("ZTP_REQUIRE_FIXTURES");
    if (required != nullptr && std::string_view(required) == "1") {
      FAIL() << "the vectors are not at " << path;
    }
    GTEST_SKIP() << "the vectors are not at " << path << " (see ZTP_FIXTURES)";
  }
  std::stringstream text;
  text << file.rdbuf();
  const auto vectors = nlohmann::json::parse(text.str(), nullptr, false);
  ASSERT_FALSE(vectors.is_discarded());

  // Valid for a library, refused by us: the key says another algorithm than the header, or one
  // that does not exist.
  const std::set<int> key_says_otherwise = {346, 347, 350};
  int count = 0;
  int accepted = 0;
  for (const auto& group : vectors["testGroups"]) {
    // Those of HMAC have no public key; their tokens are tried with no key at all.
    JwkSet keys;
    if (group.contains("public")) {
      Verified<JwkSet> set = ParseJwkSet(Cat(R"({"keys":[)", group["public"].dump(), "]}"));
      ASSERT_TRUE(set.ok()) << group["comment"] << ": " << set.refusal().message;
      keys = *std::move(set);
      ASSERT_EQ(keys.keys.size(), 1u);
    }
    for (const auto& test : group["tests"]) {
      const int id = test["tcId"];
      SCOPED_TRACE(::testing::Message() << "tcId " << id << " " << test["comment"]);
      const auto jws =
          VerifyJws(test["jws"].get<std::string>(), keys, {.algorithms = JwsAlgorithms::All()});
      ++count;
      accepted += jws.ok();
      if (test["result"] != "valid") {
        EXPECT_FALSE(jws.ok());
      } else if (!group.contains("public")) {
        // 373 has a character in its payload that base64url does not.
        EXPECT_EQ(testing::CheckOf(jws), id == 373 ? "form" : "algorithm");
      } else if (key_says_otherwise.contains(id)) {
        EXPECT_EQ(testing::CheckOf(jws), "algorithm");
      } else {
        EXPECT_TRUE(jws.ok()) << jws.refusal().message;
      }
    }
  }
  EXPECT_EQ(count, 268);
  EXPECT_EQ(accepted, 20);
}

}  // namespace
}  // namespace ztp::evidence
