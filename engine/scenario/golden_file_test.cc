#include "engine/scenario/golden_file.h"

#include <gtest/gtest.h>

namespace ztp::scenario {
namespace {

constexpr char kFile[] =
    "A held data set is not read.\n"
    "\n"
    "== policy a.ztp ==\n"
    "ztp 1\n"
    "\n"
    "package a\n"
    "\n"
    "== decisions ==\n"
    "deny by a.held\n";

TEST(GoldenFileTest, TakenApartAndPutTogetherIsTheSame) {
  const auto file = ParseGolden(kFile);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->intro, "A held data set is not read.");
  ASSERT_EQ(file->sections.size(), 2u);
  EXPECT_EQ(file->sections[0].argument, "a.ztp");
  EXPECT_EQ(file->sections[0].content, "ztp 1\n\npackage a");
  EXPECT_EQ(file->Print(), kFile);
}

TEST(GoldenFileTest, WhatStandsInAnotherFileStaysThere) {
  constexpr char kBeside[] =
      "x\n\n== policy a.ztp ==\n\n== facts facts.json ==\n\n== trust trust.json ==\n";
  const auto file = ParseGolden(kBeside);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->Find("trust")->argument, "trust.json");
  EXPECT_EQ(file->Print(), kBeside);
}

TEST(GoldenFileTest, KnowsTheLinesOfItsSections) {
  const auto file =
      ParseGolden("x\n\n== policy a.ztp ==\n\n\nztp 1\n\n== facts ==\n== trust ==\n{}\n");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->sections[0].line, 3u);
  EXPECT_EQ(file->sections[0].content_line, 6u);
  EXPECT_EQ(file->sections[2].line, 9u);
  EXPECT_EQ(file->sections[2].content_line, 10u);
}

TEST(GoldenFileTest, OnlyTheExpectedPartChanges) {
  auto file = ParseGolden(kFile);
  ASSERT_TRUE(file.ok());
  file->Set("decisions", "allow by a.read\n");
  file->Set("diagnostics", "warning\n\n");
  EXPECT_EQ(file->Find("decisions")->content, "allow by a.read");
  EXPECT_EQ(file->Find("diagnostics")->content, "warning");
  file->Set("diagnostics", "");
  EXPECT_EQ(file->Find("diagnostics"), nullptr);
  EXPECT_EQ(file->Find("policy")->content, "ztp 1\n\npackage a");
}

TEST(GoldenFileTest, SaysWhatIsWrongWithAHeader) {
  for (const auto& [text, message] : {
           std::pair{"x\n== polcy a.ztp ==\n", "line 2: there is no section 'polcy'"},
           std::pair{"x\n== policy ==\n", "line 2: a policy section is named"},
           std::pair{"x\n== policy a ==\n== facts ==\n== facts ==\n", "line 4: a second section"},
           std::pair{"x\n== policy a ==\n== http a ==\n", "line 3: a policy section is named"},
           std::pair{"x\n== policy a\n", "line 2: a section's header"},
           std::pair{"x\n", "there is no policy section"},
           std::pair{"== policy a ==\n", "begins with a sentence"},
       }) {
    const auto file = ParseGolden(text);
    ASSERT_FALSE(file.ok()) << text;
    EXPECT_NE(std::string(file.status().message()).find(message), std::string::npos)
        << file.status();
  }
}

}  // namespace
}  // namespace ztp::scenario
