// The one layout: what it looks like, that it is stable, and that it changes nothing.
#include "engine/syntax/format.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/syntax/parse_guard.h"
#include "engine/syntax/test_util.h"

namespace ztp::syntax {
namespace {

std::string Formatted(std::string text) {
  SourceManager sources;
  DiagnosticSink sink;
  const FileId file = sources.Add("test.ztp", std::move(text));
  absl::StatusOr<std::string> result = Format(sources, file, sink);
  if (!result.ok())
    return Cat("error: ", Message(result.status()), "\n", RenderText(sink, sources));
  return *result;
}

std::string FormattedBody(std::string_view text) {
  const std::string header = "ztp 1\npackage p\n\n";
  const std::string result = Formatted(header + std::string(text));
  return result.starts_with(header) ? result.substr(header.size()) : result;
}

TEST(FormatTest, SamplesKeepTheirTreeAndSettleAtOnce) {
  for (const char* name : kSamples) {
    const std::string text = ReadSample(name);
    const std::string once = Formatted(text);
    EXPECT_EQ(Parsed(text).Dump(), Parsed(once).Dump()) << name;
    EXPECT_EQ(once, Formatted(once)) << name;
  }
}

TEST(FormatTest, RulesAreAligned) {
  EXPECT_EQ(FormattedBody("permit a{principal u:U,V in G::\"g\" action read,write resource any "
                          "when x==1 and -y in{1,2}"
                          " unless f( a,b )[0].c oblige audit(\"x\")because \"y\"}"),
            R"(permit a {
  principal u: U, V in G::"g"
  action    read, write
  resource  any
  when      x == 1 and -y in { 1, 2 }
  unless    f(a, b)[0].c
  oblige    audit("x")
  because   "y"
}
)");
}

TEST(FormatTest, LongConditionsBreakAtTheLoosestOperator) {
  EXPECT_EQ(FormattedBody("forbid a { when aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa and "
                          "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb or "
                          "ccccccccccccccccccccccccccccc and ddddddddd }"),
            R"(forbid a {
  when      aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa and bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
            or ccccccccccccccccccccccccccccc and ddddddddd
}
)");
}

TEST(FormatTest, CommentsStayWhereTheyAre) {
  EXPECT_EQ(FormattedBody(R"(// above
entity A { // opens
  a: Int // of a
  // between
  b: Int, // of b

  // last
}
// below A
entity B // of B


/// Doc.

permit p { // opens p
  // first
  when a // of a
    // inside
    and b
  // last
} // closes
// end
)"),
            R"(// above
entity A {  // opens
  a: Int  // of a
  // between
  b: Int  // of b

  // last
}
// below A
entity B  // of B

/// Doc.
permit p {  // opens p
  // first
  when      a  // of a
            // inside
            and b
  // last
}  // closes

// end
)");
}

TEST(FormatTest, EntitiesStayOnALineIfTheyFit) {
  EXPECT_EQ(FormattedBody("entity A { a: Int b: Set<String>, c?: Bool=false }\nentity B {\n a: Int "
                          "}\nentity C { }\n"),
            "entity A { a: Int, b: Set<String>, c?: Bool = false }\nentity B {\n  a: "
            "Int\n}\nentity C {}\n");
}

TEST(FormatTest, RecordTypesGetTheirCommas) {
  EXPECT_EQ(FormattedBody("type T = { a: Int b: { c: Int, d: Map<String,Set<Int>>, } }"),
            "type T = { a: Int, b: { c: Int, d: Map<String, Set<Int>> } }\n");
}

TEST(FormatTest, StatementsInARowAreAligned) {
  EXPECT_EQ(FormattedBody(R"(test "t" {
  using lab
  entity a = A::"a"
  entity bcd = B::"b"
  input x = 1

  expect deny a r b
  expect allow a r b
  expect deny unknown a r b
  let y = 2
  expect deny a r b
})"),
            R"(test "t" {
  using lab
  entity a   = A::"a"
  entity bcd = B::"b"
  input  x = 1

  expect deny  a r b
  expect allow a r b
  expect deny unknown a r b
  let y = 2
  expect deny a r b
}
)");
}

TEST(FormatTest, BracesBrokenByTheAuthorStayBroken) {
  EXPECT_EQ(FormattedBody("const c: Map<String, Int> = {\n \"a\": 1, \"b\": 2 }\nconst d = { "
                          "\"a\": 1,\n \"b\": 2 }\n"),
            "const c: Map<String, Int> = {\n  \"a\": 1,\n  \"b\": 2\n}\nconst d = { \"a\": 1, "
            "\"b\": 2 }\n");
}

TEST(FormatTest, WordsAreToldFromOperators) {
  EXPECT_EQ(FormattedBody("def f(to: Int) = a.join (b) join join(x in s:x) and to (1) == a.in and "
                          "a flows to (b) - -c\n"),
            "def f(to: Int) = a.join(b) join join(x in s: x) and to(1) == a.in and a flows to (b) "
            "- -c\n");
}

TEST(FormatTest, AnUnparsableFileIsLeftAlone) {
  SourceManager sources;
  DiagnosticSink sink;
  const FileId file = sources.Add("test.ztp", "ztp 1\npackage p\npermit {");
  EXPECT_FALSE(Format(sources, file, sink).ok());
  EXPECT_TRUE(sink.has_errors());
}

// Any blanks, line ends and comments between any two tokens: nothing is lost, and the result is
// stable.
TEST(FormatTest, SurvivesAnySpacing) {
  std::mt19937 random(7);
  for (const char* name : kSamples) {
    SourceManager sources;
    const FileId file = sources.Add(name, ReadSample(name));
    const std::vector<LexedToken> tokens = Lex(sources, file);
    for (int round = 0; round < 40; ++round) {
      std::string text;
      int comments = 0;
      for (const LexedToken& token : tokens) {
        if (token.kind == TokenKind::kComment) continue;
        text += sources.Text(token.span);
        switch (random() % (round % 4 == 0 ? 4u : 40u)) {
          case 0:
            text += "\n";
            break;
          case 1:
            text += "\n\n\n  ";
            break;
          case 2:
            text += Cat(" // remark ", ++comments, "\n");
            break;
          case 3:
            text += Cat("\n // remark ", ++comments, "\n\n");
            break;
          default:
            text += "  ";
        }
      }
      const std::string once = Formatted(text);
      ASSERT_FALSE(once.starts_with("error")) << once << text;
      ASSERT_EQ(once, Formatted(once)) << text;
    }
  }
}

}  // namespace
}  // namespace ztp::syntax
