// Answers as JSON, to the letter: programs read them.
#include "engine/eval/json_decision.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/base/scalar_text.h"
#include "engine/facts/json_test_schema.h"

namespace ztp {
namespace {

class JsonDecision : public testing::Test {
 protected:
  JsonDecision() {
    program_.schema = s_.schema;
    CellWriter writer(&program_.pool);
    program_.sources = {
        {writer.AddText("a.ztp"), writer.AddText("acme"), writer.AddText("sha256:00")}};
    for (const char* name : {"train_own", "tainted"}) {
      RuleRecord rule;
      rule.kind = program_.rules.empty() ? RuleRecord::Kind::kPermit : RuleRecord::Kind::kForbid;
      rule.package = writer.AddText("acme");
      rule.name = writer.AddText(name);
      rule.pos = SourcePos{
          .source = 0, .column = 8, .line = static_cast<uint32_t>(3 + program_.rules.size())};
      rule.clause_count = 1;
      rule.first_clause = static_cast<uint32_t>(program_.rules.size());
      program_.rules.push_back(rule);
      ClauseRecord clause;
      clause.pos = SourcePos{.source = 0, .column = 3, .line = rule.pos.line + 10};
      clause.text = writer.AddText("w in d.owners");
      program_.clauses.push_back(clause);
    }
  }

  JsonTestSchema s_;
  DecisionProgram program_;
};

TEST_F(JsonDecision, Allow) {
  Decision d;
  d.allow = true;
  d.rules = {0};
  d.reason = "the team owns it \"and\"\nmore \u00e9";
  d.obligations = {
      {ObligationId{0},
       {Value::String("full"),
        Value::OfLabel(s_.schema.ProductLabel(
            s_.label, {s_.schema.ChainLabel(s_.chain, 1), s_.schema.SetLabel(s_.tags, {0}),
                       s_.schema.SetLabel(s_.regions, {1, 2})}))}},
      {ObligationId{1}, {}}};
  d.valid_until = *ParseTime("2026-11-23T12:08:59Z");
  EXPECT_EQ(
      WriteDecision(program_, d, {"sha256:aa", "v7"}),
      R"({"decision":true,"context":{"rules":["acme.train_own"],"reason":"the team owns it \"and\"\nmore )"
      "\u00e9"
      R"(","obligations":[{"id":"audit","args":{"level":"full","taint":{"level":"internal","tags":["pii"],"regions":["us","ap"]}}},{"id":"notify","args":{}}],"valid_until":"2026-11-23T12:08:59Z","unknown":[],"policy":"sha256:aa","facts":"v7"}})");
}

TEST_F(JsonDecision, DenyWithoutEnd) {
  Decision d;
  d.unknown = {"Team::\"a\"", "device"};
  EXPECT_EQ(
      WriteDecision(program_, d, {}),
      R"({"decision":false,"context":{"rules":[],"reason":null,"obligations":[],)"
      R"("valid_until":null,"unknown":["Team::\"a\"","device"],"policy":null,"facts":null}})");
}

TEST_F(JsonDecision, Explained) {
  Explanation e;
  e.rules.resize(2);
  e.rules[0].index = 0;
  e.rules[0].condition = Explanation::Outcome::kUnknown;
  e.rules[0].clauses = {
      {0, Explanation::Outcome::kUnknown, {"device"}, {{"resource.owners", "{}"}}}};
  e.rules[1].index = 1;
  e.rules[1].applied = true;
  e.rules[1].condition = Explanation::Outcome::kTrue;
  e.rules[1].clauses = {{1, Explanation::Outcome::kSkipped, {}, {}}};
  EXPECT_EQ(
      WriteDecision(program_, Decision(), {}, &e),
      R"({"decision":false,"context":{"rules":[],"reason":null,"obligations":[],"valid_until":null,)"
      R"("unknown":[],"policy":null,"facts":null,"explanation":[)"
      R"({"rule":"acme.train_own","kind":"permit","source":"a.ztp:3:8","applied":false,"value":"unknown",)"
      R"("clauses":[{"clause":"w in d.owners","value":"unknown","source":"a.ztp:13:3",)"
      R"("unknown":["device"],"read":{"resource.owners":"{}"}}]},)"
      R"({"rule":"acme.tainted","kind":"forbid","source":"a.ztp:4:8","applied":true,"value":"true",)"
      R"("clauses":[{"clause":"w in d.owners","value":"skipped","source":"a.ztp:14:3","read":{}}]}]}})");
}

TEST_F(JsonDecision, TextThatIsNotUtf8IsReplaced) {
  Decision d;
  d.reason = "a\xff";
  EXPECT_NE(WriteDecision(program_, d, {}).find("\"a\xEF\xBF\xBD\""), std::string::npos);
}

TEST_F(JsonDecision, Refusal) {
  EXPECT_EQ(WriteRefusal({JsonError{.code = JsonErrorCode::kUnknownAction,
                                    .file = {},
                                    .path = "$.action.name",
                                    .line = 1,
                                    .column = 9,
                                    .message = "there is no action `x`",
                                    .help = {}}}),
            R"({"decision":false,"context":{"errors":[{"code":"ZTP3030","path":"$.action.name",)"
            R"("line":1,"column":9,"message":"there is no action `x`","help":null}]}})");
}

}  // namespace
}  // namespace ztp
