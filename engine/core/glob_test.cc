// Globs, by cases and against a matcher that tries everything.
#include "engine/core/glob.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>

namespace ztp {
namespace {

TEST(GlobTest, Cases) {
  struct Case {
    std::string_view pattern, text;
    bool matches;
  };
  constexpr Case kCases[] = {
      {"", "", true},
      {"", "a", false},
      {"abc", "abc", true},
      {"abc", "abcd", false},
      {"abc", "ab", false},
      {"*", "", true},
      {"*", "abc", true},
      {"*", "a/b", false},
      {"**", "a/b", true},
      {"***", "a/b", true},
      {"a*", "a", true},
      {"a*c", "abbbc", true},
      {"a*c", "ab/c", false},
      {"a**c", "ab/c", true},
      {"*/*", "a/b", true},
      {"*/*", "a/b/c", false},
      {"**/c", "a/b/c", true},
      {"**/c", "c", false},
      {"models/*/v*", "models/face/v2", true},
      {"models/*/v*", "models/face/x/v2", false},
      {"models/**/v*", "models/face/x/v2", true},
      {R"(a\*b)", "a*b", true},
      {R"(a\*b)", "axb", false},
      {R"(a\\b)", R"(a\b)", true},
      {R"(\*\**)", "**x", true},
      {R"(\a)", "a", true},
      {"a?b", "a?b", true},
      {"a?b", "axb", false},
      {"[a]", "[a]", true},
      {"*a*b", "aXabb", true},
      {"*a/*b", "a/a/b", false},
      {"**a/*b", "a/a/b", true},
      {"*é*", "caféine", true},
      {"*.org", "acme.org", true},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(GlobMatches(c.pattern, c.text), c.matches) << c.pattern << " " << c.text;
  }
  EXPECT_TRUE(GlobMatches(std::string_view("a\0*", 3), std::string_view("a\0b", 3)));
}

TEST(GlobTest, Check) {
  EXPECT_EQ(CheckGlob(R"(a\)"), GlobError::kTrailingBackslash);
  EXPECT_EQ(CheckGlob(R"(a\\)"), GlobError::kNone);
  EXPECT_EQ(CheckGlob(std::string(kMaxGlobBytes, '*')), GlobError::kNone);
  EXPECT_EQ(CheckGlob(std::string(kMaxGlobBytes + 1, 'a')), GlobError::kTooLong);
  EXPECT_FALSE(GlobMatches(R"(a\)", R"(a\)"));
  EXPECT_FALSE(
      GlobMatches(std::string(kMaxGlobBytes + 1, 'a'), std::string(kMaxGlobBytes + 1, 'a')));
  EXPECT_TRUE(GlobMatches(std::string(kMaxGlobBytes, 'a'), std::string(kMaxGlobBytes, 'a')));
  EXPECT_TRUE(
      GlobMatches("*" + std::string(kMaxGlobBytes - 1, 'a'), std::string(kMaxGlobBytes - 1, 'a')));
}

bool Naive(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    const bool deep = pattern.size() > 1 && pattern[1] == '*';
    if (Naive(pattern.substr(deep ? 2 : 1), text)) return true;
    return !text.empty() && (deep || text[0] != '/') && Naive(pattern, text.substr(1));
  }
  if (pattern[0] == '\\') pattern.remove_prefix(1);
  return !text.empty() && text[0] == pattern[0] && Naive(pattern.substr(1), text.substr(1));
}

TEST(GlobTest, AgreesWithTryingEverything) {
  std::mt19937 random(7);
  int matches = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string pattern, text;
    for (unsigned n = random() % 9; n > 0; --n) {
      constexpr std::string_view kPieces[] = {"*", "*", "**", "a", "b", "/", R"(\*)", R"(\a)"};
      pattern += kPieces[random() % 8];
    }
    for (unsigned n = random() % 11; n > 0; --n) text += "aaab//*"[random() % 7];
    const bool expected = Naive(pattern, text);
    ASSERT_EQ(GlobMatches(pattern, text), expected) << pattern << " " << text;
    if (expected) ++matches;
  }
  EXPECT_GT(matches, 5'000);
}

// Going back would take |pattern| * |text| steps: the automaton answers, and answers the same.
TEST(GlobTest, PatternsThatKeepGoingBack) {
  const std::string run(500, 'a');
  const std::string text(20'000, 'a');
  EXPECT_TRUE(GlobMatches("**" + run + "b**", text + "b/c"));
  EXPECT_TRUE(GlobMatches("*" + run + "b*", text + "bc"));
  EXPECT_FALSE(GlobMatches("*" + run + "b*", text + "b/c"));
  EXPECT_FALSE(GlobMatches("**" + run + "b**", text));
  EXPECT_TRUE(GlobMatches("c**" + run + R"(\b**d)", "c" + text + "b/d"));
  EXPECT_TRUE(GlobMatches("c**" + run + R"(\b**d)", "c" + text + "b/d"));
}

// What makes a backtracking matcher exponential takes at most |pattern| * |text| steps here.
TEST(GlobTest, HostilePatternIsBounded) {
  std::string pattern;
  while (pattern.size() + 3 <= kMaxGlobBytes) pattern += "**a";
  const std::string text(20'000, 'a');
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(GlobMatches(pattern.substr(0, pattern.size() - 1) + "b", text));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace
}  // namespace ztp
