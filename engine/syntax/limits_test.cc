// Text made to break a parser.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "engine/base/limits.h"
#include "engine/base/str.h"
#include "engine/syntax/format.h"
#include "engine/syntax/parse_guard.h"
#include "engine/syntax/test_util.h"

namespace ztp::syntax {
namespace {

using ::testing::HasSubstr;

constexpr int kMany = 50'000;

std::string Repeat(std::string_view text, int times) {
  std::string out;
  out.reserve(text.size() * static_cast<size_t>(times));
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string ErrorsOf(const std::string& text) {
  Parsed parsed(text);
  EXPECT_TRUE(parsed.ast->broken);
  return parsed.Errors();
}

std::string InDef(const std::string& expr) { return WithHeader("def f() = " + expr + "\n"); }

TEST(LimitsTest, DeepBrackets) {
  for (const char* open : {"(", "[", "{", "{a: ", "f(", "a[", "any(x in ", "not(", "{ {}, "}) {
    EXPECT_THAT(ErrorsOf(InDef(Repeat(open, kMany))), HasSubstr("nesting-too-deep")) << open;
  }
  EXPECT_THAT(ErrorsOf(InDef(Repeat("(", kMany) + "1" + Repeat(")", kMany))),
              HasSubstr("nesting-too-deep"));
  EXPECT_THAT(ErrorsOf(WithHeader("type T = " + Repeat("{ a: ", kMany))),
              HasSubstr("nesting-too-deep"));
}

TEST(LimitsTest, DeepOperators) {
  EXPECT_THAT(ErrorsOf(InDef(Repeat("not ", kMany) + "a")), HasSubstr("nesting-too-deep"));
  EXPECT_THAT(ErrorsOf(InDef(Repeat("- ", kMany) + "a")), HasSubstr("nesting-too-deep"));
  EXPECT_THAT(ErrorsOf(InDef(Repeat("!", kMany) + "a")), HasSubstr("'!' is written 'not'"));
  EXPECT_THAT(ErrorsOf(InDef(Repeat("a ?? ", kMany) + "a")), HasSubstr("nesting-too-deep"));
  EXPECT_THAT(ErrorsOf(InDef(Repeat("a + ", kMany) + "a")), HasSubstr("nesting-too-deep"));
  EXPECT_THAT(ErrorsOf(InDef(Repeat("a.", kMany) + "a")), HasSubstr("nesting-too-deep"));
  EXPECT_THAT(ErrorsOf(InDef("a" + Repeat("[b]", kMany))), HasSubstr("nesting-too-deep"));
  EXPECT_THAT(ErrorsOf(InDef(Repeat("has ", kMany) + "a")), HasSubstr("has"));
  EXPECT_THAT(ErrorsOf(InDef(Repeat("a < ", kMany) + "a")), HasSubstr("chained-comparison"));
  EXPECT_THAT(ErrorsOf(InDef(Repeat("if a then ", kMany))), HasSubstr("nesting-too-deep"));
  EXPECT_THAT(ErrorsOf(InDef(Repeat("if a then b else ", kMany) + "c")),
              HasSubstr("nesting-too-deep"));
  EXPECT_THAT(ErrorsOf(WithHeader("type T = " + Repeat("Set<", kMany))),
              HasSubstr("nesting-too-deep"));
}

TEST(LimitsTest, LongRowsThatAreNotDeepAreFine) {
  Parsed parsed(InDef(Repeat("a and ", kMany) + "a or " + Repeat("b or ", kMany) + "b"));
  EXPECT_EQ(parsed.Errors(), "");
  Parsed list(InDef("{ " + Repeat("1, ", kMany) + "2 }"));
  EXPECT_EQ(list.Errors(), "");
}

TEST(LimitsTest, NestingUpToTheLimitIsFine) {
  EXPECT_EQ(
      Parsed(InDef(Repeat("(", kMaxNestingDepth - 2) + "1" + Repeat(")", kMaxNestingDepth - 2)))
          .Errors(),
      "");
  EXPECT_EQ(Parsed(InDef(Repeat("not ", kMaxNestingDepth - 2) + "a")).Errors(), "");
}

TEST(LimitsTest, ManyErrorsAreCounted) {
  Parsed parsed(WithHeader(Repeat("def f)\n", kMany)));
  EXPECT_LE(parsed.sink.diagnostics().size(), kMaxDiagnosticsShownPerFile);
  EXPECT_GE(parsed.sink.error_count(), kMaxDiagnosticsShownPerFile / 2);
}

TEST(LimitsTest, Characters) {
  using std::string_literals::operator""s;
  EXPECT_THAT(ErrorsOf("ztp 1\npackage p\n\0"s), HasSubstr("control-character 3:1 a NUL byte"));
  EXPECT_THAT(ErrorsOf(Repeat("\0"s, 100)), HasSubstr("control-character 1:5"));
  EXPECT_THAT(ErrorsOf("ztp 1\npackage p\n// \xFF\xFE"), HasSubstr("not-utf8 3:4 the byte 0xff"));
  EXPECT_THAT(ErrorsOf("ztp 1\npackage p\n// \xC0\x80"), HasSubstr("not-utf8"));
  EXPECT_THAT(ErrorsOf("ztp 1\npackage p\n// \xED\xA0\x80"), HasSubstr("not-utf8"));
  EXPECT_THAT(ErrorsOf("ztp 1\npackage p\n// \xE2\x80\xAE"), HasSubstr("changes the direction"));
  EXPECT_THAT(ErrorsOf("ztp 1\npackage p\nentity \xC3\xA9t\xC3\xA9\n"),
              HasSubstr("unknown-character 3:8"));
  EXPECT_EQ(Parsed("ztp 1\npackage p\n// \xC3\xA9 \xE2\x80\xA6\ntest \"\xC3\xA9\" { }\n").Errors(),
            "");
}

TEST(LimitsTest, Sizes) {
  EXPECT_THAT(ErrorsOf(std::string(kMaxSourceFileBytes + 1, ' ')), HasSubstr("file-too-large"));
  EXPECT_THAT(ErrorsOf(std::string(size_t{100} << 20, '(')), HasSubstr("file-too-large"));
  EXPECT_THAT(ErrorsOf(Repeat("a ", 4'000'000)), HasSubstr("file-too-large"));
  EXPECT_THAT(ErrorsOf(InDef("\"" + std::string(kMaxStringLiteralBytes + 1, 'a') + "\"")),
              HasSubstr("string-too-long"));
  EXPECT_THAT(ErrorsOf(InDef(std::string(kMaxIdentifierBytes + 1, 'a'))),
              HasSubstr("name-too-long"));
  EXPECT_EQ(Parsed(InDef(std::string(kMaxIdentifierBytes, 'a'))).Errors(), "");
}

TEST(LimitsTest, EmptyAndNearlyEmptyFiles) {
  for (const char* text : {"", " ", "\n", "//", "///", "\xEF\xBB\xBF", "ztp", "ztp 1", "\"", "'",
                           "/*", "{", "}", "\\"}) {
    Parsed parsed(text);
    EXPECT_TRUE(parsed.sink.has_errors()) << text;
  }
}

TEST(LimitsTest, FilesCutAnywhere) {
  for (const char* name : kSamples) {
    const std::string text = ReadSample(name);
    const size_t step = text.size() > 6000 ? 7 : 1;
    for (size_t i = 0; i < text.size(); i += step) {
      Parsed parsed(text.substr(0, i));
      EXPECT_EQ(parsed.ast->broken, parsed.sink.has_errors()) << name << " cut at " << i;
      Print(*parsed.ast, parsed.interner);
    }
  }
}

TEST(LimitsTest, FilesWithTokensLostOrMixed) {
  std::mt19937 random(11);
  for (const char* name : kSamples) {
    SourceManager sources;
    const FileId file = sources.Add(name, ReadSample(name));
    const std::vector<LexedToken> tokens = Lex(sources, file);
    for (int round = 0; round < 150; ++round) {
      std::string text;
      for (size_t i = 0; i < tokens.size(); ++i) {
        const unsigned dice = random() % 100;
        if (dice == 0) continue;
        const size_t pick = dice == 1 ? random() % tokens.size() : i;
        text += sources.Text(tokens[pick].span);
        text += dice % 10 == 2 || tokens[pick].kind == TokenKind::kComment ? "\n" : " ";
      }
      Parsed parsed(text);
      EXPECT_EQ(parsed.ast->broken, parsed.sink.has_errors());
      const std::string dump = parsed.Dump();
      if (!parsed.ast->broken) {
        DiagnosticSink none;
        EXPECT_TRUE(Format(parsed.sources, parsed.file, none).ok()) << text;
      }
    }
  }
}

TEST(LimitsTest, TenThousandRules) {
  std::string text =
      WithHeader("entity U { a: Int }\nentity D { owners: Set<U> }\naction train on D by U\n");
  for (int i = 0; i < 10'000; ++i) {
    Append(text, "/// Rule ", i, " allows what is needed.\npermit rule_", i, R"( {
  principal u: U
  action    train
  resource  d: D
  when      u in d.owners and d.label > 3
  when      trust(action.purpose) == "research" or any(x in d.owners: x.a > 3)
  unless    d.label == 17 and not (u.a < 5)
  oblige    audit("full")
  because   "the team owns the data and the GPU is attested"
}
)");
  }
  ASSERT_GT(text.size(), size_t{3} << 20);
  const auto begin = std::chrono::steady_clock::now();
  Parsed parsed(std::move(text));
  const auto seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_EQ(parsed.Errors(), "");
  EXPECT_EQ(parsed.ast->rules.size(), 10'000u);
  // About half a second on a laptop; far more only with sanitizers or a grammar that has become
  // slow.
  EXPECT_LT(seconds, 30.0);
}

}  // namespace
}  // namespace ztp::syntax
