#include "engine/scenario/run_tests.h"

#include <gtest/gtest.h>

#include "engine/diag/render.h"
#include "engine/driver/compiler.h"

namespace ztp::scenario {
namespace {

constexpr char kPolicy[] =
    "ztp 1\n"
    "package a\n"
    "entity User { admin: Bool }\n"
    "entity Doc { hold: Bool = false }\n"
    "action read on Doc by User\n"
    "permit admins { principal u: User action read resource any when u.admin }\n"
    "forbid held { resource d: Doc when d.hold }\n"
    "fixture f { entity ann = User::\"ann\" { admin: true } entity d = Doc::\"d\" { } }\n";

TestReport RunText(const std::string& tests, std::string_view filter = "",
                   Coverage* coverage = nullptr) {
  driver::Compiler compiler;
  compiler.AddText("a.ztp", kPolicy + tests);
  EXPECT_TRUE(compiler.Check()) << RenderText(compiler.diagnostics(), compiler.sources());
  TestReport report;
  if (compiler.program() != nullptr)
    RunTests(*compiler.program(), compiler.sources(), filter, &report, coverage);
  return report;
}

TEST(RunTestsTest, PassesAndFails) {
  const TestReport report = RunText(
      "test \"good\" { using f expect allow ann read d by admins }\n"
      "test \"bad\" { using f expect deny ann read d }\n");
  ASSERT_EQ(report.results.size(), 2u);
  EXPECT_TRUE(report.results[0].passed());
  ASSERT_EQ(report.results[1].failures.size(), 1u);
  EXPECT_NE(report.results[1].failures[0].message.find("got: allow by a.admins"), std::string::npos)
      << report.results[1].failures[0].message;
}

TEST(RunTestsTest, ADenialThatRestsOnAnUnknownMustSaySo) {
  const TestReport report = RunText(
      "test \"plain\" { using f expect deny User::\"bob\" read d }\n"
      "test \"unknown\" { using f expect deny unknown User::\"bob\" read d }\n");
  ASSERT_EQ(report.results.size(), 2u);
  ASSERT_FALSE(report.results[0].passed());
  EXPECT_NE(report.results[0].failures[0].message.find("User::\"bob\""), std::string::npos);
  EXPECT_TRUE(report.results[1].passed());
}

TEST(RunTestsTest, FiltersAndMeasuresCoverage) {
  Coverage coverage;
  const TestReport report = RunText(
      "test \"one\" { using f expect allow ann read d }\n"
      "test \"two\" { using f expect allow ann read d }\n",
      "one", &coverage);
  EXPECT_EQ(report.results.size(), 1u);
  ASSERT_EQ(coverage.rules.size(), 2u);
  EXPECT_EQ(coverage.rules[0].decided, 1u);
  EXPECT_EQ(coverage.rules[1].decided, 0u);
  EXPECT_EQ(coverage.rules[1].in_scope, 1u);
}

}  // namespace
}  // namespace ztp::scenario
