// What text becomes which tree, and what mistakes are told.
#include "engine/syntax/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/quote.h"
#include "engine/base/str.h"
#include "engine/syntax/parse_guard.h"
#include "engine/syntax/strings.h"
#include "engine/syntax/test_util.h"

namespace ztp::syntax {
namespace {

using ::testing::HasSubstr;

std::string ErrorsOf(std::string_view text) { return Parsed(WithHeader(text)).Errors(); }

std::string DumpOf(std::string_view text) {
  Parsed parsed(WithHeader(text));
  if (!parsed.sink.empty()) return parsed.Errors();
  const std::string header = "ztp 1\npackage p\n";
  std::string dump = parsed.Dump();
  return dump.starts_with(header) ? dump.substr(header.size()) : dump;
}

TEST(ParserTest, SamplesParseWithoutAWord) {
  for (const char* name : kSamples) {
    Parsed parsed(ReadSample(name));
    EXPECT_EQ(parsed.Errors(), "") << name;
    EXPECT_FALSE(parsed.ast->broken) << name;
    EXPECT_GT(parsed.ast->decls.size(), 15u) << name;
  }
}

TEST(ParserTest, GrammarIsUnambiguousOnAllSamples) {
  for (const char* name : kSamples) {
    std::vector<std::string> errors;
    EXPECT_THAT(FindAmbiguities(ReadSample(name), &errors), ::testing::IsEmpty()) << name;
    EXPECT_THAT(errors, ::testing::IsEmpty()) << name;
  }
}

TEST(ParserTest, AmbiguityListenerReportsWhatDoesNotParse) {
  std::vector<std::string> errors;
  FindAmbiguities("ztp 1\npackage", &errors);
  EXPECT_THAT(errors, ::testing::SizeIs(1));
}

TEST(ParserTest, EveryDeclarationOfTheSampleIsInTheTree) {
  const std::string dump = Parsed(ReadSample("everything")).Dump();
  for (const char* part : {"lattice Chain {low < mid < high}",
                           "lattice Set_of of {a, b, c}",
                           "lattice Of_far of std.ai.Region",
                           "lattice Dual dual of {eu, us, ap}",
                           "lattice Dual_enum dual of Colour",
                           "type Deep = Map<String, List<Set<Map<Int, Decimal>>>>",
                           "  in tenant?: Tenant\n",
                           "  derives Model, Dataset\n",
                           "entity Carried carried claimed",
                           "  hold: Bool inherited any\n",
                           "  cleared: Bool inherited all\n",
                           "  signature?: Oms proven for digest\n",
                           "  when: Time\n",
                           "  low: Chain = (. bottom Chain)\n",
                           "input peer: Svid proven for principal.spiffe",
                           "action chat = \"chat.completions\"",
                           "action group Everything {read, train, acme.lib.Other}",
                           "obligation none()",
                           "delegate acme.blue",
                           "caller mesh\n  peer \"spiffe://acme.org/{peer}\"",
                           "route caller\n  on GET, POST \"/a/",
                           "by mesh, route",
                           "proven token from bearer",
                           "doc Docs.\npermit all_forms",
                           "principal == User::\"x\"",
                           "unless obliged audit(\"x\")",
                           "expect deny unknown w train d",
                           "by rule.name obliged audit(\"full\") obliged none()"}) {
    EXPECT_THAT(dump, HasSubstr(part));
  }
}

TEST(ParserTest, DocCommentsBelongToTheDeclarationBelow) {
  Parsed parsed(
      WithHeader("// plain\n/// One.\n///Two.\nentity A\n\n/// Not above.\n// cut\nentity B\n"));
  ASSERT_EQ(parsed.ast->decls.size(), 2u);
  EXPECT_EQ(parsed.ast->decls[0].doc, "One.\nTwo.");
  EXPECT_EQ(parsed.ast->decls[1].doc, "");
}

TEST(ParserTest, SpansCoverTheText) {
  const std::string text = WithHeader("def f() = (a + 1) * b.c(2)\n");
  Parsed parsed(text);
  const Ast& ast = *parsed.ast;
  const Expr& product = ast[ast.defs[0].body];
  EXPECT_EQ(parsed.sources.Text(product.span), "(a + 1) * b.c(2)");
  EXPECT_EQ(parsed.sources.Text(product.name_span), "*");
  const Expr& sum = ast[ast.Child(product, 0)];
  EXPECT_TRUE(sum.parens);
  EXPECT_EQ(parsed.sources.Text(sum.span), "a + 1");
  const Expr& call = ast[ast.Child(product, 1)];
  EXPECT_EQ(parsed.sources.Text(call.span), "b.c(2)");
  EXPECT_EQ(parsed.sources.Text(call.name_span), "c");
  EXPECT_EQ(parsed.sources.Text(ast.decls[0].head), "def f");
}

TEST(ParserTest, Precedence) {
  EXPECT_EQ(ExprTree("a or b and c"), "(or a (and b c))");
  EXPECT_EQ(ExprTree("a and b and c"), "(and a b c)");
  EXPECT_EQ(ExprTree("(a and b) and c"), "(and (and a b) c)");
  EXPECT_EQ(ExprTree("not a == b"), "(not (== a b))");
  EXPECT_EQ(ExprTree("not a and not not b"), "(and (not a) (not (not b)))");
  EXPECT_EQ(ExprTree("a + b - c join d"), "(join (- (+ a b) c) d)");
  EXPECT_EQ(ExprTree("a + b * c == d"), "(== (+ a (* b c)) d)");
  EXPECT_EQ(ExprTree("a flows to b meet c"), "(flows to a (meet b c))");
  EXPECT_EQ(ExprTree("-a * b"), "(* (- a) b)");
  EXPECT_EQ(ExprTree("-a ?? b"), "(- (?? a b))");
  EXPECT_EQ(ExprTree("a ?? b ?? c"), "(?? a (?? b c))");
  EXPECT_EQ(ExprTree("a ?? -b ?? c"), "(?? a (- (?? b c)))");
  EXPECT_EQ(ExprTree("a.b ?? 0 * 2"), "(* (?? (. b a) 0) 2)");
  EXPECT_EQ(ExprTree("a not in b or a in b"), "(or (not in a b) (in a b))");
  EXPECT_EQ(ExprTree("has x and y has z"), "(and (has x) (has z y))");
  EXPECT_EQ(ExprTree("not has x"), "(not (has x))");
  EXPECT_EQ(ExprTree("if a then b else if c then d else e"), "(if a b (if c d e))");
  EXPECT_EQ(ExprTree("if a or b then c and d else e == f"), "(if (or a b) (and c d) (== e f))");
}

TEST(ParserTest, Literals) {
  EXPECT_EQ(ExprTree("-5"), "-5");
  EXPECT_EQ(ExprTree("1 - 5"), "(- 1 5)");
  EXPECT_EQ(ExprTree("--5"), "(- -5)");
  EXPECT_EQ(ExprTree("-(5)"), "(- 5)");
  EXPECT_EQ(ExprTree("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(ExprTree("1h30m"), "1h30m");
  EXPECT_EQ(ExprTree("0.95"), "0.95");
  EXPECT_EQ(ExprTree("{}"), "{}");
  EXPECT_EQ(ExprTree("{a}"), "(set a)");
  EXPECT_EQ(ExprTree("{a: 1, in: 2}"), "(record a: 1 in: 2)");
  EXPECT_EQ(ExprTree("{\"a\": 1, b.c: 2}"), "(map \"a\" 1 (. c b) 2)");
  EXPECT_EQ(ExprTree("{ .. }"), "(record ..)");
  EXPECT_EQ(ExprTree("[a, [b]]"), "(list a (list b))");
  EXPECT_EQ(ExprTree("std.ai.Team::\"x\""), "std.ai.Team::\"x\"");
}

TEST(ParserTest, KeywordsAreNamesInTheirPlaces) {
  EXPECT_EQ(ExprTree("a.when.in.has"), "(. has (. in (. when a)))");
  EXPECT_EQ(ExprTree("a has if"), "(has if a)");
  EXPECT_EQ(ExprTree("type == group"), "(== type group)");
  EXPECT_EQ(DumpOf("entity E { when: Int in: Bool, any: Int }"),
            "entity E\n  when: Int\n  in: Bool\n  any: Int\n");
}

TEST(ParserTest, CallsAndMembers) {
  EXPECT_EQ(ExprTree("f()"), "(call f)");
  EXPECT_EQ(ExprTree("a.f(x, y,)"), "(method f a x y)");
  EXPECT_EQ(ExprTree("a.b[c].d"), "(. d (index (. b a) c))");
  EXPECT_EQ(ExprTree("set(a in b where c: d).size"), "(. size (fold set a b c d))");
  EXPECT_EQ(ExprTree("count(a in b: c)"), "(fold count a b () c)");
}

TEST(ParserTest, StringsKeepBothReadings) {
  Parsed parsed(WithHeader(R"(def f() = "a\"b\*\\")"));
  const Ast& ast = *parsed.ast;
  const StringLiteral& literal = ast.String(ast[ast.defs[0].body]);
  EXPECT_EQ(literal.pattern, "a\"b\\*\\\\");
  EXPECT_EQ(literal.value, "a\"b\\*\\");
  ASSERT_TRUE(literal.bad_escape.has_value());
  EXPECT_EQ(parsed.sources.Text(*literal.bad_escape), "\\*");
  EXPECT_EQ(parsed.Errors(), "");
  ReportBadEscape(parsed.sources, ast, ast.defs[0].body, parsed.sink);
  EXPECT_THAT(parsed.Errors(), HasSubstr("bad-escape 3:16 this escape means nothing in a string"));
}

TEST(ParserTest, Escapes) {
  std::string value;
  EXPECT_FALSE(DecodeString("\\n\\r\\t\\\"\\\\\\u{e9}\\u{1F600}", value).has_value());
  EXPECT_EQ(value, "\n\r\t\"\\\xC3\xA9\xF0\x9F\x98\x80");
  for (const char* bad :
       {"\\x", "\\u", "\\u{", "\\u{}", "\\u{110000}", "\\u{D800}", "\\u{0000001}", "\\'"}) {
    EXPECT_TRUE(DecodeString(bad, value).has_value()) << bad;
  }
  EXPECT_EQ(QuoteText("a\n\"\\\x01"), "\"a\\n\\\"\\\\\\u{01}\"");
}

TEST(ParserTest, SlipsFromOtherLanguages) {
  EXPECT_THAT(ExprTree("a && b"), HasSubstr("'&&' is written 'and'"));
  EXPECT_THAT(ExprTree("a || b"), HasSubstr("'||' is written 'or'"));
  EXPECT_THAT(ExprTree("!a"), HasSubstr("'!' is written 'not'"));
  EXPECT_THAT(ExprTree("a = b"), HasSubstr("'=' is written '=='"));
  EXPECT_THAT(ExprTree("'a'"), HasSubstr("double quotes"));
  EXPECT_THAT(ExprTree("True"), HasSubstr("'True' is written 'true'"));
  EXPECT_THAT(ExprTree("a / b"), HasSubstr("there is no division"));
  EXPECT_THAT(ExprTree("a => b"), HasSubstr("an implication is written: not a or b"));
  EXPECT_THAT(ExprTree("10.0.0.1"),
              HasSubstr("versions and addresses are written as strings: \"10.0.0.1\""));
  EXPECT_THAT(ExprTree("5x"), HasSubstr("'5x' is no number"));
  EXPECT_THAT(ExprTree("\xE2\x80\x9C"
                       "a"),
              HasSubstr("plain double quotes"));
  EXPECT_THAT(ExprTree("a /* b */"), HasSubstr("comments begin with //"));
  EXPECT_THAT(ExprTree("a;"), HasSubstr("there are no semicolons"));
  EXPECT_THAT(ExprTree("99999999999999999999"), HasSubstr("does not fit into 64 bits"));
  EXPECT_THAT(ExprTree("\"abc"), HasSubstr("unterminated-string"));
}

TEST(ParserTest, ComparisonsDoNotChain) {
  EXPECT_THAT(ExprTree("a < b < c"), HasSubstr("chained-comparison 3:17"));
  EXPECT_THAT(ExprTree("a == b in c"), HasSubstr("chained-comparison"));
  EXPECT_THAT(ExprTree("has a == b"), HasSubstr("chained-comparison"));
  EXPECT_EQ(ExprTree("(a < b) == c"), "(== (< a b) c)");
  EXPECT_THAT(ExprTree("a == not b"), HasSubstr("'not' needs parentheses"));
}

TEST(ParserTest, RuleLinesHaveAnOrder) {
  EXPECT_THAT(ErrorsOf("forbid f { when a principal U }"),
              HasSubstr("clause-order 3:19 'principal' stands after 'when'"));
  EXPECT_THAT(ErrorsOf("forbid f { resource R action a }"), HasSubstr("clause-order 3:23"));
  EXPECT_THAT(ErrorsOf("permit f { because \"x\" when a }"),
              HasSubstr("'when' stands after 'because'"));
  EXPECT_THAT(ErrorsOf("forbid f { action a action b }"), HasSubstr("duplicate-line 3:21"));
  EXPECT_EQ(
      ErrorsOf("forbid f { principal U action a resource R when a unless b when c because \"x\" }"),
      "");
}

TEST(ParserTest, MarksStandWhereTheyMeanSomething) {
  EXPECT_THAT(ErrorsOf("type T = { a: Int claimed }"),
              HasSubstr("a field of a record has no rank"));
  EXPECT_THAT(ErrorsOf("action a on R by P with { x: Int proven }"), HasSubstr("never 'proven'"));
  EXPECT_THAT(ErrorsOf("def f(x: Int claimed) = x"), HasSubstr("only 'proven'"));
  EXPECT_THAT(ErrorsOf("input x: Int inherited"), HasSubstr("only an entity's attribute"));
  EXPECT_THAT(ErrorsOf("input x: Int = 3"), HasSubstr("a default value has no meaning here"));
  EXPECT_THAT(ErrorsOf("obligation o(x?: Int)"), HasSubstr("never optional"));
  EXPECT_THAT(ErrorsOf("entity E { a: Int claimed vouched }"), HasSubstr("a second rank"));
}

TEST(ParserTest, HeaderIsDemanded) {
  EXPECT_THAT(Parsed("package p\n").Errors(),
              HasSubstr("missing-header 1:1 the file does not say its edition"));
  EXPECT_THAT(Parsed("ztp 1\n").Errors(), HasSubstr("the file does not name its package"));
  EXPECT_THAT(Parsed("ztp 2\npackage p\n").Errors(), HasSubstr("unknown-edition 1:5"));
  EXPECT_THAT(Parsed("ztp 1\npackage p\nentity A\nimport b\n").Errors(),
              HasSubstr("imports stand before"));
  EXPECT_EQ(Parsed("\xEF\xBB\xBFztp 1\npackage p\n").Errors(), "");
}

TEST(ParserTest, AllErrorsAreReportedAndTheRestIsUnderstood) {
  Parsed parsed(WithHeader(R"(
entity A { a: Int, b Int, c: Int }
entity B in { x: Int }
entty C
permit one {
  principal u: U
  action    read
  resource  any
  when      a ==
  when      b < c < d
  subject   foo
  when      (a b)
  because   "x"
}
allow two { when a }
test "t" {
  expect allow a read b
  expct deny a read b
  expect deny a read b
}
def last() = 1
)"));
  const std::string errors = parsed.Errors();
  EXPECT_THAT(errors,
              HasSubstr("4:22 unexpected 'Int' [':' or '?'] (an attribute is written name: Type)"));
  EXPECT_THAT(errors, HasSubstr("5:13 unexpected '{' [a name]"));
  EXPECT_THAT(errors, HasSubstr("6:1 unexpected 'entty' [a declaration] (did you mean 'entity'?)"));
  EXPECT_THAT(errors, HasSubstr("12:3 unexpected 'when' [an expression]"));
  EXPECT_THAT(errors, HasSubstr("chained-comparison 12:19"));
  EXPECT_THAT(
      errors,
      HasSubstr(
          "13:3 unexpected 'subject' [a line of the rule or '}'] (did you mean 'principal'?)"));
  EXPECT_THAT(errors, HasSubstr("14:16 unexpected 'b' [')']"));
  EXPECT_THAT(errors,
              HasSubstr("17:1 unexpected 'allow' [a declaration] (did you mean 'permit'?)"));
  EXPECT_THAT(errors, HasSubstr("did you mean 'expect'?"));
  EXPECT_TRUE(parsed.ast->broken);
  const std::string dump = parsed.Dump();
  EXPECT_THAT(dump, HasSubstr("broken entity A\n  a: Int\n  c: Int\n"));
  EXPECT_THAT(dump,
              HasSubstr("broken permit one\n  principal u: U\n  action read\n  resource any\n"));
  EXPECT_THAT(dump, HasSubstr("  because \"x\"\n"));
  EXPECT_THAT(dump, HasSubstr("\ndef last() = 1\n"));
}

TEST(ParserTest, AMissingBraceShowsWhereItWasOpened) {
  Parsed parsed(WithHeader("permit a {\n  when b\nforbid c { when d }\n"));
  ASSERT_EQ(parsed.sink.diagnostics().size(), 1u);
  const Diagnostic& diagnostic = parsed.sink.diagnostics()[0];
  ASSERT_EQ(diagnostic.labels.size(), 1u);
  EXPECT_EQ(parsed.sources.Locate(diagnostic.labels[0].span), (LineColumn{3, 10}));
  EXPECT_EQ(parsed.ast->rules.size(), 2u);
}

TEST(ParserTest, KeywordsAsNamesAreCalledSo) {
  EXPECT_THAT(ErrorsOf("permit when { }"),
              HasSubstr("keyword-as-name 3:8 'when' is a keyword and no name here"));
  EXPECT_THAT(ErrorsOf("entity if"), HasSubstr("keyword-as-name 3:8"));
}

TEST(ParserTest, DefinitionsNeedParentheses) {
  EXPECT_THAT(ErrorsOf("def x = 5"), HasSubstr("parameters stand in parentheses"));
  EXPECT_THAT(ErrorsOf("def x() == 5"), HasSubstr("a declaration has a single '='"));
}

TEST(ParserTest, FixturesExpectNothing) {
  EXPECT_THAT(ErrorsOf("fixture f { expect allow a b c }"), HasSubstr("a fixture expects nothing"));
  EXPECT_THAT(ErrorsOf("test \"t\" { entity e = E::\"x\" with { } }"),
              HasSubstr("'with' changes an entity"));
  EXPECT_THAT(ErrorsOf("delegate a.b { because \"x\" }"),
              HasSubstr("a delegation has no 'because'"));
}

}  // namespace
}  // namespace ztp::syntax
