// The three forms of a diagnostic.
#include "engine/diag/render.h"

#include <string>
#include <string_view>

#include "engine/base/str.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace ztp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kPolicy =
    "ztp 1\n"
    "package acme\n"
    "entity Dataset { hold: Bool }\n"
    "\n"
    "\n"
    "\n"
    "forbid held {\n"
    "  resource d: Dataset\n"
    "  when d.hodl\n"
    "}\n";

class RenderTest : public ::testing::Test {
 protected:
  FileId Add(std::string name, std::string_view text) {
    return sources_.Add(std::move(name), std::string(text));
  }

  // The first place of `what` in the file.
  Span Find(FileId file, std::string_view what) {
    const size_t at = sources_.file(file).text().find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return Span{file, static_cast<uint32_t>(at), static_cast<uint32_t>(at + what.size())};
  }

  Diagnostic Misspelt(FileId file) {
    return Diagnostic(DiagKind::kUnknownAttribute, Find(file, "hodl"),
                      "'Dataset' has no attribute 'hodl'")
        .Mark("not an attribute of Dataset")
        .Label(Find(file, "Dataset"), "declared here")
        .Expected("one of: hold")
        .Help("did you mean 'hold'?")
        .Fix(Find(file, "hodl"), "hold");
  }

  SourceManager sources_;
};

TEST_F(RenderTest, ShowsSourceMarksAndNotes) {
  const FileId file = Add("policy.ztp", kPolicy);
  EXPECT_EQ(RenderText(Misspelt(file), sources_),
            "error[ZTP1204]: 'Dataset' has no attribute 'hodl'\n"
            "  --> policy.ztp:9:10\n"
            "  |\n"
            "3 | entity Dataset { hold: Bool }\n"
            "  |        ------- declared here\n"
            "...\n"
            "9 |   when d.hodl\n"
            "  |          ^^^^ not an attribute of Dataset\n"
            "   = expected: one of: hold\n"
            "   = help: did you mean 'hold'?\n"
            "\n");
}

TEST_F(RenderTest, ShowsAnotherFile) {
  const FileId file = Add("a.ztp", "permit x {}\n");
  const FileId other = Add("b.ztp", std::string(11, '\n') + "permit x {}\n");
  const Diagnostic diagnostic =
      Diagnostic(DiagKind::kDuplicateDeclaration, Find(file, "x"), "'x' is declared twice")
          .Label(Find(other, "x"), "first declared here");
  EXPECT_EQ(RenderText(diagnostic, sources_),
            "error[ZTP1202]: 'x' is declared twice\n"
            "   --> a.ztp:1:8\n"
            "   |\n"
            " 1 | permit x {}\n"
            "   |        ^\n"
            "   ::: b.ztp:12:8\n"
            "   |\n"
            "12 | permit x {}\n"
            "   |        - first declared here\n"
            "\n");
}

TEST_F(RenderTest, AlignsMarksUnderTabsAndWideCharacters) {
  const FileId file = Add("t.ztp", "\twhen \"\xE6\xBC\xA2\xC3\xA9\" == bad\n");
  const std::string text =
      RenderText(Diagnostic(DiagKind::kUnknownName, Find(file, "bad"), "m"), sources_);
  EXPECT_THAT(text, HasSubstr("t.ztp:1:15\n"));
  // Four for the tab, "when " five, quotes two, the ideograph two, the accented letter one, " == "
  // four.
  EXPECT_THAT(text, HasSubstr("  | " + std::string(18, ' ') + "^^^\n"));
}

TEST_F(RenderTest, ShowsNothingThatHarmsATerminal) {
  const FileId file = Add("t.ztp", "a \x1b[31m \xff \xE2\x80\xAE b\r\n");
  const std::string text =
      RenderText(Diagnostic(DiagKind::kUnknownName, Find(file, "b"), "evil \x1b[0m\xff"), sources_);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\xff")));
  EXPECT_THAT(text, Not(HasSubstr("\xE2\x80\xAE")));
  EXPECT_THAT(text, Not(HasSubstr("\r")));
}

TEST_F(RenderTest, CutsLongLines) {
  const FileId file = Add("t.ztp", std::string(100'000, 'x') + " bad " + std::string(100'000, 'y'));
  const std::string text =
      RenderText(Diagnostic(DiagKind::kUnknownName, Find(file, "bad"), "m"), sources_);
  EXPECT_LT(text.size(), 600u);
  EXPECT_THAT(text, HasSubstr("xx bad yy"));
  EXPECT_THAT(text, HasSubstr("^^^\n"));
}

TEST_F(RenderTest, MarksTheFirstLineOfALongSpanAndTheEndOfTheFile) {
  const FileId file = Add("t.ztp", "permit x {\n  when true");
  EXPECT_THAT(
      RenderText(Diagnostic(DiagKind::kMissingScopeLine, Find(file, "x {\n  when"), "m"), sources_),
      HasSubstr("1 | permit x {\n  |        ^^^\n"));
  const auto size = static_cast<uint32_t>(sources_.file(file).text().size());
  EXPECT_THAT(
      RenderText(Diagnostic(DiagKind::kUnexpectedToken, Span{file, size, size}, "m"), sources_),
      HasSubstr("2 |   when true\n  |            ^\n"));
  // An empty file still has a line to point at.
  const FileId empty = Add("e.ztp", "");
  EXPECT_EQ(RenderText(Diagnostic(DiagKind::kMissingHeader, Span{empty, 0, 0}, "m"), sources_),
            "error[ZTP1107]: m\n  --> e.ztp:1:1\n  |\n1 |\n  | ^\n\n");
}

TEST_F(RenderTest, TwoMarksOnALine) {
  const FileId file = Add("t.ztp", "when a < b\n");
  const Diagnostic diagnostic = Diagnostic(DiagKind::kNoOrderOnLabels, Find(file, "<"), "m")
                                    .Mark("no order")
                                    .Label(Find(file, "b"), "a label")
                                    .Label(Find(file, "a"), "a label too");
  EXPECT_THAT(RenderText(diagnostic, sources_), HasSubstr("1 | when a < b\n"
                                                          "  |        ^ no order\n"
                                                          "  |      - a label too\n"
                                                          "  |          - a label\n"));
}

TEST_F(RenderTest, PlacesThatAreNoSource) {
  const Diagnostic diagnostic =
      Diagnostic(DiagKind::kSeveralRoots, Span{}, "m").Place("facts.json: [3].attrs.digest");
  EXPECT_EQ(RenderText(diagnostic, sources_),
            "error[ZTP1211]: m\n  --> facts.json: [3].attrs.digest\n\n");
}

TEST_F(RenderTest, NotesOfSeveralLinesAreIndented) {
  const FileId file = Add("t.ztp", "x");
  EXPECT_THAT(RenderText(Diagnostic(DiagKind::kUnknownName, Find(file, "x"), "m").Help("one\ntwo"),
                         sources_),
              HasSubstr("   = help: one\n           two\n"));
}

TEST_F(RenderTest, Colors) {
  const FileId file = Add("policy.ztp", kPolicy);
  const std::string text = RenderText(Misspelt(file), sources_, TextOptions{.color = true});
  EXPECT_THAT(text, HasSubstr("\x1b[1;31merror[ZTP1204]\x1b[0m"));
  EXPECT_THAT(text, HasSubstr("\x1b[1;34m------- declared here\x1b[0m"));
}

TEST_F(RenderTest, SummaryCounts) {
  const FileId file = Add("policy.ztp", kPolicy);
  DiagnosticSink sink;
  EXPECT_EQ(SummaryLine(sink), "");
  EXPECT_EQ(RenderText(sink, sources_), "");
  sink.Report(Misspelt(file));
  EXPECT_EQ(SummaryLine(sink), "1 error");
  sink.Report(Diagnostic(DiagKind::kUnusedDeclaration, Find(file, "held"), "m"));
  sink.Report(Diagnostic(DiagKind::kUnusedDeclaration, Find(file, "acme"), "m"));
  EXPECT_EQ(SummaryLine(sink), "1 error, 2 warnings");
  EXPECT_THAT(RenderText(sink, sources_), HasSubstr("\n\n1 error, 2 warnings\n"));
}

TEST_F(RenderTest, JsonHasEverything) {
  const FileId file = Add("policy.ztp", kPolicy);
  DiagnosticSink sink;
  sink.Report(Misspelt(file));
  sink.Report(Diagnostic(DiagKind::kUnusedDeclaration, Span{}, "broken \xff").Place("x.json"));
  const auto json = nlohmann::json::parse(RenderJson(sink, sources_));
  EXPECT_EQ(json["errors"], 1);
  EXPECT_EQ(json["warnings"], 1);
  ASSERT_EQ(json["diagnostics"].size(), 2u);
  const auto& first = json["diagnostics"][0];
  EXPECT_EQ(first["message"], "broken \xEF\xBF\xBD");
  EXPECT_EQ(first["place"], "x.json");
  EXPECT_FALSE(first.contains("range"));
  const auto& second = json["diagnostics"][1];
  EXPECT_EQ(second["code"], "ZTP1204");
  EXPECT_EQ(second["name"], "unknown-attribute");
  EXPECT_EQ(second["severity"], "error");
  EXPECT_EQ(second["file"], "policy.ztp");
  EXPECT_EQ(second["range"]["start"]["line"], 9);
  EXPECT_EQ(second["range"]["start"]["column"], 10);
  EXPECT_EQ(second["range"]["end"]["column"], 14);
  EXPECT_EQ(second["labels"][0]["message"], "declared here");
  EXPECT_EQ(second["labels"][0]["range"]["start"]["line"], 3);
  EXPECT_EQ(second["expected"], "one of: hold");
  EXPECT_EQ(second["help"][0], "did you mean 'hold'?");
  EXPECT_EQ(second["fix"]["replacement"], "hold");
}

TEST_F(RenderTest, JsonOfNothing) {
  const auto json = nlohmann::json::parse(RenderJson(DiagnosticSink(), sources_));
  EXPECT_TRUE(json["diagnostics"].is_array());
  EXPECT_TRUE(json["diagnostics"].empty());
  EXPECT_EQ(json["errors"], 0);
}

TEST_F(RenderTest, SarifHasRulesAndResults) {
  const FileId file = Add("my policies/p.ztp", kPolicy);
  DiagnosticSink sink;
  sink.Report(Misspelt(file));
  sink.Report(Diagnostic(DiagKind::kUnusedDeclaration, Find(file, "acme"), "m"));
  sink.Report(Diagnostic(DiagKind::kSeveralRoots, Span{}, "no place"));
  const auto json = nlohmann::json::parse(RenderSarif(sink, sources_, "0.1.0"));
  EXPECT_EQ(json["version"], "2.1.0");
  ASSERT_EQ(json["runs"].size(), 1u);
  const auto& run = json["runs"][0];
  const auto& rules = run["tool"]["driver"]["rules"];
  ASSERT_EQ(rules.size(), 3u);
  ASSERT_EQ(run["results"].size(), 3u);
  for (const auto& result : run["results"]) {
    EXPECT_EQ(rules[result["ruleIndex"].get<size_t>()]["id"], result["ruleId"]);
  }
  EXPECT_FALSE(run["results"][0].contains("locations"));
  EXPECT_EQ(run["results"][1]["level"], "warning");
  const auto& result = run["results"][2];
  const auto& place = result["locations"][0]["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"], "my%20policies/p.ztp");
  EXPECT_EQ(place["region"]["startLine"], 9);
  EXPECT_EQ(place["region"]["endColumn"], 14);
  EXPECT_THAT(result["message"]["text"].get<std::string>(),
              HasSubstr("help: did you mean 'hold'?"));
  EXPECT_EQ(result["relatedLocations"][0]["message"]["text"], "declared here");
  const auto& change = result["fixes"][0]["artifactChanges"][0];
  EXPECT_EQ(change["replacements"][0]["insertedContent"]["text"], "hold");
}

}  // namespace
}  // namespace ztp
