// Decisions: which rules decide, what is obliged, how long it lasts, what is missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/reference/test_program.h"

namespace ztp::reference {
namespace {

using sema::RuleKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Decisions : public testing::Test, public TestProgram {
 protected:
  Decisions() {
    user = Entity("User");
    tool = Entity("Tool");
    other = Entity("Other");
    Action call;
    call.name = call.json_name = "call";
    call.params.push_back({.name = "size", .type = integer});
    call.params.push_back({.name = "note", .type = integer, .optional = true});
    p.schema.actions.push_back(call);
    p.schema.actions.push_back(call);
    audit = Obligation("audit");
    taint = Obligation("taint");
    request.principal = {user, "ann"};
    request.action = ActionId{0};
    request.resource = {tool, "t"};
    request.params = {Fact::Of(Value::Int(4)), Fact::Missing()};
  }
  ObligationId Obligation(std::string name) {
    ObligationType type;
    type.name = type.json_name = std::move(name);
    type.params.push_back({.name = "level", .type = integer});
    p.schema.obligations.push_back(std::move(type));
    return ObligationId{static_cast<uint32_t>(p.schema.obligations.size() - 1)};
  }
  sema::Rule& Rule(RuleKind kind, std::vector<ExprId> clauses,
                   std::vector<std::pair<ObligationId, ExprId>> obliges = {}) {
    sema::Rule rule;
    rule.kind = kind;
    rule.package = "acme";
    rule.name = "r" + std::to_string(p.rules.size());
    rule.principals = {user};
    rule.actions = {ActionId{0}};
    rule.resources = {tool};
    for (ExprId clause : clauses) rule.clauses.push_back({.condition = clause});
    for (auto& [obligation, arg] : obliges) rule.obliges.push_back({obligation, {arg}, {}});
    p.rules.push_back(std::move(rule));
    return p.rules.back();
  }
  sema::Rule& Permit(std::vector<ExprId> clauses,
                     std::vector<std::pair<ObligationId, ExprId>> obliges = {}) {
    return Rule(RuleKind::kPermit, std::move(clauses), std::move(obliges));
  }
  sema::Rule& Forbid(std::vector<ExprId> clauses) {
    return Rule(RuleKind::kForbid, std::move(clauses));
  }
  sema::Rule& Duty(std::vector<ExprId> clauses,
                   std::vector<std::pair<ObligationId, ExprId>> obliges) {
    return Rule(RuleKind::kDuty, std::move(clauses), std::move(obliges));
  }
  Decision Get(uint64_t budget = kDefaultStepBudget) const {
    return Decide(p, World(p.schema, records), request, budget);
  }
  std::vector<RuleTrace> GetTrace() const { return Trace(p, World(p.schema, records), request); }
  // `allow by 0, 2 +5 {facts}`
  std::string Of(const Decision& d) const {
    std::string text = d.allow ? "allow" : "deny";
    for (size_t i = 0; i < d.rules.size(); ++i) {
      text += (i == 0 ? " by " : ", ") + std::to_string(d.rules[i]);
    }
    text += d.valid_until ? " +" + std::to_string(d.valid_until->micros - kNow) : " for ever";
    if (d.unknown.empty()) return text;
    for (size_t i = 0; i < d.unknown.size(); ++i) text += (i == 0 ? " {" : ", ") + d.unknown[i];
    return text + "}";
  }
  std::string Of() const { return Of(Get()); }
  static ObligationCall Call(ObligationId id, int64_t arg) { return {id, {Value::Int(arg)}}; }

  EntityTypeId user, tool, other;
  ObligationId audit, taint;
};

TEST_F(Decisions, NothingPermitsNothing) { EXPECT_EQ(Of(), "deny for ever"); }

TEST_F(Decisions, TheFirstPermitThatAppliesDecides) {
  Permit({Until(false, 9)}).because = "no";
  Permit({Until(true, 5)}).because = "yes";
  Permit({Until(true, 1)}).because = "also";
  EXPECT_EQ(Of(), "allow by 1 +5");
  EXPECT_EQ(Get().reason, "yes");
  p.rules[0].clauses.clear();
  EXPECT_EQ(Of(), "allow by 0 for ever");
}

TEST_F(Decisions, AnAllowLastsAsLongAsWhatItRestsOn) {
  Permit({UnknownUntil("a", 8)});
  Permit({Bool(true)});
  Duty({Until(false, 7)}, {{audit, Int(1)}});
  Forbid({Until(false, 6)});
  EXPECT_EQ(Of(), "allow by 1 +6");
  p.rules[3].clauses.clear();
  p.rules[3].clauses.push_back({.condition = Bool(false)});
  EXPECT_EQ(Of(), "allow by 1 +7");
  p.rules[2].clauses[0].condition = Bool(false);
  EXPECT_EQ(Of(), "allow by 1 +8");
}

TEST_F(Decisions, ObligationArgumentsCountInTheLease) {
  const ExprId level = Make(Op::kIf, integer, {Until(true, 4), Int(1), Int(2)});
  Permit({Until(true, 9)}, {{audit, level}});
  EXPECT_EQ(Of(), "allow by 0 +4");
  EXPECT_THAT(Get().obligations, ElementsAre(Call(audit, 1)));
}

TEST_F(Decisions, ARuleOutOfScopeContributesNothing) {
  Permit({});
  Forbid({Until(true, 1)}).principals = {other};
  Forbid({Until(true, 1)}).actions = {ActionId{1}};
  Forbid({Unknown("a")}).resources = {other};
  Rule(RuleKind::kNever, {Until(true, 1)});
  Rule(RuleKind::kAlways, {Until(true, 1)});
  EXPECT_EQ(Of(), "allow by 0 for ever");
  EXPECT_EQ(GetTrace().size(), 1u);
}

TEST_F(Decisions, AForbidWinsUnlessItIsFalse) {
  Permit({});
  Forbid({Until(false, 5)});
  EXPECT_EQ(Of(), "allow by 0 +5");
  Forbid({Unknown("a"), Until(true, 3)});
  EXPECT_EQ(Of(), "deny by 2 +3 {a}");
  Forbid({Until(true, 2)}).because = "known";
  EXPECT_EQ(Of(), "deny by 2, 3 +3");  // one that applies is known: it does not rest on the unknown
  EXPECT_EQ(Get().reason, std::nullopt);
}

TEST_F(Decisions, AnUnknownForbidNamesAllThatIsMissing) {
  Permit({Unknown("c")});
  Forbid({Unknown("b")});
  Duty({Unknown("a")}, {{audit, Int(1)}});
  EXPECT_EQ(Of(), "deny by 1 for ever {a, b, c}");
}

TEST_F(Decisions, ForbidsThatApplyMakeItADenyByForbidsPermitOrNot) {
  Forbid({}).because = "never";
  EXPECT_EQ(Of(), "deny by 0 for ever");
  EXPECT_EQ(Get().reason, "never");
}

TEST_F(Decisions, ADenyForWantOfAPermitLastsUntilOneMayApply) {
  Permit({Until(false, 8), Until(false, 2)});
  Permit({Until(false, 5)});
  Forbid({Until(false, 1)});
  Duty({Until(false, 1)}, {{audit, Int(1)}});
  EXPECT_EQ(Of(), "deny +5");
  Permit({Unknown("x")});
  EXPECT_EQ(Of(), "deny +5 {x}");
}

TEST_F(Decisions, APermitNeedsItsArgumentsKnown) {
  const ExprId level = Input("level", integer, Fact::Missing());
  Permit({Until(true, 7)}, {{audit, level}});
  EXPECT_EQ(Of(), "deny +7 {level}");
  Permit({Until(false, 9)}, {{audit, Input("unread", integer, Fact::Missing())}});
  EXPECT_EQ(Of(), "deny +7 {level}");
  Permit({Until(true, 9)}, {{audit, Int(2)}});
  EXPECT_EQ(Of(), "allow by 2 +7");
}

TEST_F(Decisions, APermitNeedsACallerWhoCanCarryItOut) {
  Permit({}, {{audit, Int(1)}});
  Permit({}, {{taint, Int(1)}});
  EXPECT_EQ(Of(), "allow by 0 for ever");
  request.can = {taint};
  EXPECT_EQ(Of(), "allow by 1 for ever");
  request.can = std::vector<ObligationId>{};
  EXPECT_EQ(Of(), "deny for ever");
}

TEST_F(Decisions, ObligationsOfThePermitThenOfTheDutiesEqualOnesOnce) {
  Duty({}, {{taint, Int(3)}, {audit, Int(1)}});
  Permit({}, {{audit, Int(1)}, {audit, Int(2)}});
  Duty({Unknown("a")}, {{taint, Int(4)}, {audit, Int(2)}});
  Duty({Bool(false)}, {{taint, Int(5)}});
  EXPECT_EQ(Of(), "allow by 1 for ever");
  EXPECT_THAT(Get().obligations,
              ElementsAre(Call(audit, 1), Call(audit, 2), Call(taint, 3), Call(taint, 4)));
}

TEST_F(Decisions, ADutyThatCannotBeCarriedOutDenies) {
  Permit({Until(true, 6)}).because = "yes";
  Duty({Until(true, 9)}, {{audit, Int(1)}});
  Duty({}, {{taint, Int(1)}});
  request.can = {taint};
  EXPECT_EQ(Of(), "deny by 1 +6");
  EXPECT_EQ(Get().reason, std::nullopt);
  EXPECT_THAT(Get().obligations, IsEmpty());
  // The duties count only if some permit applied.
  p.rules[0].clauses[0].condition = Until(false, 5);
  EXPECT_EQ(Of(), "deny +5");
}

TEST_F(Decisions, ADutyOfUnknownArgumentsDeniesAndSaysSo) {
  Permit({});
  Duty({Until(true, 9)}, {{audit, Input("level", integer, Fact::Missing())}});
  EXPECT_EQ(Of(), "deny by 1 +9 {level}");
  p.rules[1].clauses[0].condition = Until(false, 9);
  EXPECT_EQ(Of(), "allow by 0 +9");
}

TEST_F(Decisions, ParametersComeFromTheAction) {
  Permit({Eq(Make(Op::kParam, integer, {}, Name("size")), Int(4)),
          Not(Make(Op::kHasParam, boolean, {}, Name("note")))});
  EXPECT_EQ(Of(), "allow by 0 for ever");
  request.params[1] = Fact::Of(Value::Int(1));
  EXPECT_EQ(Of(), "deny for ever");
}

TEST_F(Decisions, BeyondItsBudgetTheAnswerIsDeny) {
  Permit({And({Bool(true), Bool(true)})});
  EXPECT_EQ(Of(Get(4)), "allow by 0 for ever");
  const Decision decision = Get(2);
  EXPECT_EQ(Of(decision), "deny for ever");
  EXPECT_TRUE(decision.limit);
  EXPECT_EQ(decision.reason, "limit");
}

TEST_F(Decisions, ATraceShowsEachClauseOfEachRuleInScope) {
  const ExprId optional = Input("o", integer, Fact::Missing(), true);
  Permit({Make(Op::kHasInput, boolean, {}, 0), Eq(optional, Int(1)), Until(true, 3), Unknown("u")});
  Permit({}, {{audit, Int(7)}});
  const std::vector<RuleTrace> trace = GetTrace();
  ASSERT_EQ(trace.size(), 2u);
  using Outcome = Finding::Outcome;
  ASSERT_EQ(trace[0].clauses.size(), 4u);
  EXPECT_EQ(trace[0].clauses[0].outcome, Outcome::kFalse);
  EXPECT_EQ(trace[0].clauses[1].outcome, Outcome::kSkipped);
  EXPECT_EQ(trace[0].clauses[2].outcome, Outcome::kTrue);
  EXPECT_EQ(trace[0].clauses[2].valid_until, Time{kNow + 3});
  EXPECT_EQ(trace[0].clauses[3].outcome, Outcome::kUnknown);
  EXPECT_THAT(trace[0].clauses[3].facts, ElementsAre("u"));
  EXPECT_EQ(trace[0].condition.outcome, Outcome::kFalse);
  EXPECT_FALSE(trace[0].applies);
  EXPECT_TRUE(trace[1].applies);
  ASSERT_EQ(trace[1].obliges.size(), 1u);
  EXPECT_EQ(trace[1].obliges[0].outcome, Outcome::kTrue);

  const std::string text = DescribeDecision(p, Get(), trace);
  EXPECT_THAT(text, HasSubstr("allow for ever\n  by acme.r1\n  obliged audit(7)\n"));
  EXPECT_THAT(text, HasSubstr("unknown for ever {u}"));
  EXPECT_THAT(text, HasSubstr("true until 1970-01-01T00:00:01.000003Z"));
}

}  // namespace
}  // namespace ztp::reference
