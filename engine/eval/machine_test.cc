// What the evaluator does beyond the operators: definitions' folds within folds, entities that a
// request carries on the way between stored ones, programs too deep for a thread's stack, answers
// worked out at load.
#include "engine/core/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/bundle/kernel_tables.h"
#include "engine/eval/eval_testing.h"
#include "engine/reference/interpreter.h"

namespace ztp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Both folds are of slot 0, as the argument is checked outside of the definition's fold: the bodies
// have the same comparison `x > 1` of different elements.
constexpr char kFoldInArgument[] = R"(ztp 1
package p
entity User
entity Box { a: Set<Int>, b: Set<Int>, c: List<Int> }
action go, count_it, thrice on Box by User
def every(s: Set<Int>, ok: Bool) = all(x in s: x > 1 and ok)
def some(s: Set<Int>, n: Int) = any(x in s: x > 1 and n == 2)
def wrapped(s: List<Int>, t: Set<Int>) = any(x in s: x > 1 and some(t, count(y in s: y > 1)))
permit one { principal User action go resource b: Box when every(b.a, any(y in b.b: y > 1)) }
permit two { principal User action count_it resource b: Box when some(b.a, count(y in b.b: y > 1)) }
permit three { principal User action thrice resource b: Box when wrapped(b.c, b.a) }
test "folds" {
  entity yes = Box::"yes" { a: { 2, 3 }, b: { 0, 1, 5, 7 }, c: [0, 2, 3] }
  entity no = Box::"no" { a: { 2, 3 }, b: { 0, 1 }, c: [3] }
  expect allow User::"u" go yes
  expect deny  User::"u" go no
  expect allow User::"u" count_it yes
  expect deny  User::"u" count_it no
  expect allow User::"u" thrice yes
  expect deny  User::"u" thrice no
}
)";

TEST(Machine, KeepsADefinitionsFoldsApartFromItsArguments) {
  PolicyUnderTest p(kFoldInArgument);
  ASSERT_TRUE(p.ok());
  p.CheckExpects();
}

constexpr char kCarried[] = R"(ztp 1
package p
entity Group in Group, Agent
entity Agent in Group derives Model carried vouched { level: Int, tags: Set<String> inherited }
entity Data { hold: Bool, tags: Set<String> }
entity Model derives Model, Data, Agent { hold: Bool, tags: Set<String> inherited }
action enter, tagged, held, up on Model by Agent
permit enters { principal a: Agent action enter resource any when a in Group::"top" and Group::"low" in Group::"top" }
permit tags { principal any action tagged resource m: Model when m.tags == { "m", "base" } }
forbid holds { action held resource m: Model when any(x in m.ancestors(Model): x.hold) }
permit rest { principal any action held, up resource any }
forbid down { action up resource m: Model unless m derives from Model::"base" }
)";

// Group::"low" is in Agent::"bot", which the request carries, in Group::"mid", in Group::"top";
// Model::"m" derives from it, and it from Model::"base".
class CarriedEntities : public ::testing::Test {
 protected:
  void SetUp() override {
    checked_ = sema::CheckText(kCarried);
    ASSERT_NE(checked_->program, nullptr) << checked_->Shown();
    policy_ = *Policy::Make(ir::Lower(*checked_->program, checked_->sources));
    auto tags = [](std::string tag) {
      return Fact::Of(Value::Set({Value::String(std::move(tag))}));
    };
    const Fact no = Fact::Of(Value::Bool(false)), yes = Fact::Of(Value::Bool(true));
    records_ = {{Uid("Group", "low"), {}, {bot_()}, {}},
                {Uid("Group", "mid"), {}, {Uid("Group", "top")}, {}},
                {Uid("Group", "top"), {}, {}, {}},
                {Uid("Model", "m"), {no, tags("m")}, {}, {bot_()}},
                {Uid("Model", "base"), {yes, tags("base")}, {}, {}}};
  }
  EntityUid Uid(std::string_view type, std::string id) const {
    return {*checked_->program->schema.FindEntityType(type), std::move(id)};
  }
  EntityUid bot_() const { return Uid("Agent", "bot"); }

  Request RequestFor(std::string_view action, bool carry) const {
    Request request;
    request.principal = bot_();
    request.action = *checked_->program->schema.FindAction(action);
    request.resource = Uid("Model", "m");
    if (carry) {
      request.carried = {{bot_(),
                          {Fact::Of(Value::Int(1)), Fact::Missing()},
                          {Uid("Group", "mid")},
                          {Uid("Model", "base")}}};
    }
    return request;
  }
  Decision DecideIt(std::string_view action, bool carry) {
    const Request request = RequestFor(action, carry);
    const auto snapshot = MakeSnapshot(*policy_, records_);
    EXPECT_TRUE(snapshot.ok()) << snapshot.status();
    const Decision decision = Decide(*policy_, **snapshot, request, scratch_);
    const reference::World world(checked_->program->schema, records_);
    EXPECT_EQ(decision, reference::Decide(*checked_->program, world, request));
    return decision;
  }

  std::unique_ptr<sema::Checked> checked_;
  std::shared_ptr<const Policy> policy_;
  std::vector<EntityRecord> records_;
  Scratch scratch_;
};

TEST_F(CarriedEntities, CloseThePathBetweenStoredOnes) {
  EXPECT_TRUE(DecideIt("enter", true).allow);
  EXPECT_THAT(DecideIt("enter", false).unknown, ElementsAre("Agent::\"bot\""));
}

TEST_F(CarriedEntities, HandOnWhatTheirAncestorsHave) {
  EXPECT_TRUE(DecideIt("tagged", true).allow);
  EXPECT_THAT(DecideIt("tagged", false).unknown, ElementsAre("Agent::\"bot\""));
}

TEST_F(CarriedEntities, AreWalkedByQuantifiersAndDerivation) {
  EXPECT_FALSE(DecideIt("held", true).allow);
  EXPECT_THAT(DecideIt("held", true).unknown, IsEmpty());
  EXPECT_THAT(DecideIt("held", false).unknown, ElementsAre("Agent::\"bot\""));
  EXPECT_TRUE(DecideIt("up", true).allow);
  EXPECT_THAT(DecideIt("up", false).unknown, ElementsAre("Agent::\"bot\""));
}

// not not not … true: far deeper than a thread's stack would carry.
TEST(Machine, NeedsNoStackForDeepPrograms) {
  DecisionProgram program;
  const uint32_t boolean = program.schema.types.Scalar(TypeKind::kBool).index;
  program.schema.entities.resize(1);
  program.schema.entities[0].name = program.schema.entities[0].json_name = "E";
  Action action;
  action.principals = action.resources = {EntityTypeId{0}};
  program.schema.actions.push_back(action);
  CellWriter writer(&program.pool);
  program.constants.push_back(writer.Encode(Value::Bool(true)));
  program.constant_types.push_back(boolean);
  program.nodes.push_back({.op = Opcode::kConst, .type = boolean});
  constexpr uint32_t kDepth = 65'000;
  for (uint32_t i = 0; i < kDepth; ++i) {
    program.args.push_back(i);
    program.nodes.push_back({.op = Opcode::kNot, .type = boolean, .arg_count = 1, .first_arg = i});
  }
  program.max_depth = kDepth + 1;
  program.type_sets = {1};
  RuleRecord rule;
  rule.condition = kDepth;
  program.rules.push_back(rule);
  program.candidates = {0};
  ActionPlan plan;
  plan.permit_count = 1;
  program.plans.push_back(plan);
  program.kernel = MakeKernelTables(program);
  const auto policy = Policy::Make(std::move(program));
  ASSERT_TRUE(policy.ok()) << policy.status();
  const auto snapshot = MakeSnapshot(**policy, {});
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  Request request;
  request.principal = request.resource = EntityUid{EntityTypeId{0}, "e"};
  request.action = ActionId{0};
  Scratch scratch;
  EXPECT_TRUE(Decide(**policy, **snapshot, request, scratch).allow);
}

constexpr char kAtLoad[] = R"(ztp 1
package p
entity User
entity Data { hold: Bool, sizes: List<Int> }
entity Model derives Model, Data { hold: Bool }
action use, all_of, big on Model by User
permit p { principal any action any resource any }
forbid h { action use resource m: Model when any(a in m.ancestors(Data): a.hold) }
forbid n { action all_of resource m: Model when all(a in m.ancestors(Model) where a.hold: false) }
forbid b { action big resource m: Model when any(a in m.ancestors(Data): sum(s in a.sizes: s) > 10) }
test "lineage" {
  entity held = Data::"held" { hold: true, sizes: [5, 6] }
  entity free = Data::"free" { hold: false, sizes: [] }
  entity much = Data::"much" { hold: false, sizes: [9223372036854775807, 1] }
  entity base = Model::"base" derives held { hold: true }
  entity tuned = Model::"tuned" derives base, free { hold: false }
  entity loose = Model::"loose" derives free, Data::"gone" { hold: false }
  entity wide = Model::"wide" derives much { hold: false }
  expect deny  User::"u" use tuned by h
  expect deny unknown User::"u" use loose by h
  expect allow User::"u" use wide
  expect deny unknown User::"u" use Model::"stranger" by h
  expect allow User::"u" all_of tuned
  expect deny  User::"u" all_of wide by n
  expect deny  User::"u" big tuned by b
  expect deny unknown User::"u" big wide by b
}
)";

TEST(Quantifiers, WorkedOutAtLoadAnswerAsThoseThatAreNot) {
  PolicyUnderTest p(kAtLoad);
  ASSERT_TRUE(p.ok());
  ASSERT_EQ(p.policy()->program().quantifiers.size(), 3u);
  p.CheckExpects();
  EXPECT_THAT(p.DecideExpect(1).unknown, ElementsAre("Data::\"gone\""));
  EXPECT_THAT(p.DecideExpect(3).unknown, ElementsAre("Model::\"stranger\""));
  EXPECT_THAT(p.DecideExpect(7).unknown, ElementsAre("overflow"));
  for (size_t i = 0; i < p.expect_count(); ++i) {
    SnapshotBuilder builder(p.policy()->shared_program());
    for (const EntityRecord& record : p.WorldOf(i)) ASSERT_TRUE(builder.Add(record).ok());
    const auto plain = builder.Build();
    ASSERT_TRUE(plain.ok()) << plain.status();
    EXPECT_FALSE((*plain)->has_quantifiers());
    EXPECT_EQ(Decide(*p.policy(), **plain, p.RequestOf(i), p.scratch()), p.DecideExpect(i)) << i;
  }
}

constexpr char kFilterIsBody[] = R"(ztp 1
package p
entity User
entity Model derives Model { hold: Bool }
action all_of, any_of on Model by User
permit p { principal any action any resource any }
forbid a { action all_of resource m: Model when all(x in m.ancestors(Model) where x.hold: x.hold) }
forbid o { action any_of resource m: Model when any(x in m.ancestors(Model) where x.hold: x.hold) }
test "one condition in both places" {
  entity held = Model::"held" { hold: true }
  entity free = Model::"free" { hold: false }
  entity tuned = Model::"tuned" derives held, free { hold: false }
  entity loose = Model::"loose" derives free { hold: false }
  expect deny  User::"u" all_of tuned by a
  expect deny  User::"u" all_of loose by a
  expect deny  User::"u" any_of tuned by o
  expect allow User::"u" any_of loose
}
)";

// The graph is shared, so a filter and a body that say the same are one node.
TEST(Quantifiers, MayHaveTheirFilterAsTheirBody) {
  PolicyUnderTest p(kFilterIsBody);
  ASSERT_TRUE(p.ok());
  ASSERT_EQ(p.policy()->program().quantifiers.size(), 2u);
  p.CheckExpects();
}

constexpr char kStoredTexts[] = R"(ztp 1
package p
entity User { names: List<String> }
entity Doc
action go on Doc by User
permit p { principal u: User action go resource any when (u.names.first ?? "b") matches "[ab]b*" }
test "texts" {
  entity e = User::"e" { names: ["", "b"] }
  entity a = User::"a" { names: ["b", ""] }
  entity n = User::"n" { names: [] }
  expect deny  e go Doc::"d"
  expect allow a go Doc::"d"
  expect allow n go Doc::"d"
}
)";

// What was found out about the empty text says nothing about the one that lies behind it in memory.
TEST(StoredMatches, KeepTheEmptyTextApart) {
  PolicyUnderTest p(kStoredTexts);
  ASSERT_TRUE(p.ok());
  p.CheckExpects();
}

TEST(BoundRequest, RefusesWhatFitsNoAction) {
  PolicyUnderTest p(kAtLoad);
  ASSERT_TRUE(p.ok());
  const auto facts = p.FactsOf(0);
  BoundRequest bound;
  Request request = p.RequestOf(0);
  EXPECT_TRUE(bound.Bind(*p.policy(), *facts, request).ok());
  request.resource = request.principal;
  EXPECT_FALSE(bound.Bind(*p.policy(), *facts, request).ok());
  EXPECT_EQ(Decide(*p.policy(), *facts, request, p.scratch()), Decision());
  PolicyUnderTest other(kFoldInArgument);
  EXPECT_FALSE(bound.Bind(*other.policy(), *facts, p.RequestOf(0)).ok());
}

// Deciding again with the same scratch takes no more memory.
TEST(Scratch, StopsGrowing) {
  PolicyUnderTest p(kAtLoad);
  ASSERT_TRUE(p.ok());
  const auto facts = p.FactsOf(0);
  BoundRequest bound;
  ASSERT_TRUE(bound.Bind(*p.policy(), *facts, p.RequestOf(0)).ok());
  EXPECT_FALSE(Evaluate(bound, p.scratch()).allow);
  const size_t before = p.scratch().memory_bytes();
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(Evaluate(bound, p.scratch()).allow);
  EXPECT_EQ(p.scratch().memory_bytes(), before);
}

}  // namespace
}  // namespace ztp
