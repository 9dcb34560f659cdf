#include "engine/scenario/report.h"

#include <gtest/gtest.h>

namespace ztp::scenario {
namespace {

TestReport Two() {
  TestReport report;
  report.results.push_back({.suite = "acme", .name = "holds", .place = "a.ztp:1:1"});
  report.results.push_back({.suite = "acme",
                            .name = "a < b & \"c\"",
                            .place = "a.ztp:9:1",
                            .failures = {{"a.ztp:10:3", "expected allow\ncame deny"}}});
  return report;
}

TEST(ReportTest, PrettyShowsFailuresAndCounts) {
  EXPECT_EQ(RenderPretty(Two()),
            "FAIL  acme: a < b & \"c\"\n"
            "      a.ztp:10:3\n"
            "        expected allow\n"
            "        came deny\n"
            "1 passed, 1 failed\n");
  EXPECT_NE(RenderPretty(Two(), {.verbose = true}).find("pass  acme: holds\n"), std::string::npos);
}

TEST(ReportTest, JUnitEscapesWhatXmlMeansOtherwise) {
  const std::string xml = RenderJUnit(Two());
  EXPECT_NE(xml.find("<testsuite name=\"acme\" tests=\"2\" failures=\"1\""), std::string::npos);
  EXPECT_NE(xml.find("name=\"a &lt; b &amp; &quot;c&quot;\""), std::string::npos);
}

TEST(ReportTest, JsonListsEveryTest) {
  const std::string json = RenderTestsJson(Two());
  EXPECT_NE(json.find("\"failed\": 1"), std::string::npos);
  EXPECT_NE(json.find("\"message\": \"expected allow\\ncame deny\""), std::string::npos);
}

}  // namespace
}  // namespace ztp::scenario
