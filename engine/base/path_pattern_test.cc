#include "engine/base/path_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ztp {
namespace {

using Relation = PathPattern::Relation;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Match(std::string_view pattern, std::string_view path, bool fold = false) {
  const auto parsed = pattern.starts_with("spiffe") ? PathPattern::ParseSpiffe(pattern)
                                                    : PathPattern::ParsePath(pattern);
  if (!parsed.ok()) return std::string(parsed.status().message());
  std::vector<std::string_view> captures;
  if (!parsed->Match(path, fold, &captures)) return "no";
  std::string out = "yes";
  for (const std::string_view capture : captures) out += " " + std::string(capture);
  return out;
}

TEST(PathPatternTest, MeetTakesWhatFitsBoth) {
  const auto meet = [](std::string_view a, std::string_view b) {
    return PathPattern::Meet(*PathPattern::ParsePath(a), *PathPattern::ParsePath(b));
  };
  const struct {
    const char* a;
    const char* b;
    const char* both;
  } cases[] = {
      {"/{x}/b", "/a/{y}", "/a/b"},
      {"/{x}/b/{z}", "/a/{y}/{w}", "/a/b/{w}"},
      {"/a/{rest...}", "/{x}/b", "/a/b"},
      {"/a/{rest...}", "/{x}/b/{more...}", "/a/b/{more...}"},
      {"/{x}/{rest...}", "/a/{y}/", "/a/{y}/"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(meet(c.a, c.b).Text(), c.both);
    const PathPattern both = meet(c.b, c.a);
    const PathPattern a = *PathPattern::ParsePath(c.a);
    const PathPattern b = *PathPattern::ParsePath(c.b);
    EXPECT_EQ(PathPattern::Compare(both, meet(c.a, c.b)), Relation::kSame) << c.both;
    EXPECT_EQ(PathPattern::Compare(both, a), Relation::kNarrower) << c.both;
    const Relation of_b = PathPattern::Compare(both, b);
    EXPECT_TRUE(of_b == Relation::kNarrower || of_b == Relation::kSame) << c.both;
    // A list in the order of widths has it first.
    EXPECT_LT(both.Width(), a.Width()) << c.both;
  }
}

TEST(PathPatternTest, Matches) {
  const struct {
    const char* pattern;
    const char* path;
    const char* expected;
  } cases[] = {
      {"/", "/", "yes"},
      {"/a", "/a", "yes"},
      {"/a", "/a/", "no"},
      {"/a/", "/a/", "yes"},
      {"/a", "/b", "no"},
      {"/a", "/", "no"},
      {"/v2/models/{model}/infer", "/v2/models/face/infer", "yes face"},
      {"/v2/models/{model}/infer", "/v2/models//infer", "no"},
      {"/v2/models/{model}/infer", "/v2/models/a/b/infer", "no"},
      {"/v2/models/{model}", "/v2/models", "no"},
      {"/files/{rest...}", "/files/a/b", "yes a/b"},
      {"/files/{rest...}", "/files/", "no"},
      {"/files/{rest...}", "/files", "no"},
      {"/{a}/{b}", "/x/y", "yes x y"},
      {"/A", "/a", "no"},
      {"spiffe://acme.org/ns/{ns}/sa/{sa}", "spiffe://acme.org/ns/ml/sa/train", "yes ml train"},
      {"spiffe://acme.org/ns/{ns}/sa/{sa}", "spiffe://evil.org/ns/ml/sa/train", "no"},
      {"spiffe://acme.org/ns/{ns}/sa/{sa}", "spiffe://acme.org/ns/ml/sa/train/x", "no"},
      {"spiffe://acme.org", "spiffe://acme.org", "yes"},
      {"spiffe://acme.org", "spiffe://acme.org.evil.org", "no"},
      {"spiffe://acme.org/{id...}", "spiffe://acme.org/a/b", "yes a/b"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Match(c.pattern, c.path), c.expected) << c.pattern << " " << c.path;
  }
  EXPECT_EQ(Match("/V1/chat/{x}", "/v1/CHAT/Y", true), "yes Y");
}

TEST(PathPatternTest, WhatIsNone) {
  for (const char* bad :
       {"", "a", "//", "/a//b", "/a/../b", "/a/./b", "/a b", "/a%20b", "/a;b", "/a?b", "/{a}x",
        "/x{a}", "/{}", "/{a-b}", "/{rest...}/x", "/{a}/{a}", "/\xc3\xa4"}) {
    EXPECT_FALSE(PathPattern::ParsePath(bad).ok()) << bad;
  }
  for (const char* bad :
       {"acme.org/a", "https://acme.org", "spiffe://", "spiffe://{td}/a", "spiffe://Acme.org/a",
        "spiffe://acme.org/", "spiffe://acme.org//a", "spiffe://acme.org/a b",
        "spiffe://acme.org/../a", "spiffe://acme.org:1/a"}) {
    EXPECT_FALSE(PathPattern::ParseSpiffe(bad).ok()) << bad;
  }
}

TEST(PathPatternTest, WhichIsNarrower) {
  const struct {
    const char* a;
    const char* b;
    Relation expected;
  } cases[] = {
      {"/a", "/a", Relation::kSame},
      {"/A", "/a", Relation::kSame},
      {"/{x}", "/{y}", Relation::kSame},
      {"/a", "/b", Relation::kApart},
      {"/a", "/a/", Relation::kApart},
      {"/{x}", "/", Relation::kApart},
      {"/a/{x}", "/a/b", Relation::kWider},
      {"/a/{r...}", "/a/b/c", Relation::kWider},
      {"/a/{r...}", "/a/{x}", Relation::kWider},
      {"/a/{r...}", "/a/", Relation::kApart},
      {"/a/{r...}", "/a", Relation::kApart},
      {"/a/{x}", "/{y}/b", Relation::kCrossing},
      {"/{y}/b/{r...}", "/a/{x}/c", Relation::kCrossing},
      {"/a/{r...}", "/{y}/{s...}", Relation::kNarrower},
  };
  for (const auto& c : cases) {
    const auto a = PathPattern::ParsePath(c.a), b = PathPattern::ParsePath(c.b);
    ASSERT_TRUE(a.ok() && b.ok()) << c.a << " " << c.b;
    EXPECT_EQ(PathPattern::Compare(*a, *b), c.expected) << c.a << " " << c.b;
    const Relation back = c.expected == Relation::kWider      ? Relation::kNarrower
                          : c.expected == Relation::kNarrower ? Relation::kWider
                                                              : c.expected;
    EXPECT_EQ(PathPattern::Compare(*b, *a), back) << c.b << " " << c.a;
  }
}

TEST(TextTemplateTest, Names) {
  const auto made = TextTemplate::Parse("a/{x}-{y}.z");
  ASSERT_TRUE(made.ok());
  ASSERT_EQ(made->pieces.size(), 2u);
  EXPECT_EQ(made->pieces[0].before + "|" + made->pieces[0].name, "a/|x");
  EXPECT_EQ(made->pieces[1].before + "|" + made->pieces[1].name, "-|y");
  EXPECT_EQ(made->after, ".z");
  for (const char* bad : {"{", "}", "{}", "{a}{b}", "{a b}", "a}b"}) {
    EXPECT_FALSE(TextTemplate::Parse(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace ztp
