// Fixtures and tests of policies: what they become, and what is said of their mistakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/str.h"
#include "engine/sema/check_testing.h"

namespace ztp::sema {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kHead = R"(ztp 1
package acme
entity Team
entity User in home: Team, Team { level: Int = 1, nick?: String }
entity Doc derives Doc { owner: User, open: Bool = false, tags: Set<String> inherited }
entity Visit carried claimed { at: Time }
type Report = { good: Bool }
input report: Report proven
input badge?: Int
action read on Doc by User with { purpose: String, loud: Bool = false, note?: String }
action enter on Team by Visit
obligation audit(level: String, copies: Int)
permit readers {
  principal u: User
  action    read
  resource  d: Doc
  when      report.good and u.level > 0 and not d.open and not has badge and d.tags.isEmpty
  oblige    audit("full", 1)
}
permit visitors { principal Visit action enter resource Team }
forbid late { action enter when trust(principal.at) > now }
fixture lab {
  entity ann = User::"ann" in Team::"red" { home: Team::"blue", level: 3 }
  entity d   = Doc::"d" { owner: ann, tags: { "a" } }
  input report = { good: true, issued_at: now - 1h, expires_at: now + 1h }
}
test "uses it" { using lab expect deny ann read d with { purpose: "x" } }
)";

std::unique_ptr<Checked> CheckAfterHead(std::string_view text) {
  return CheckText(Cat(kHead, text));
}

constexpr int64_t kNow = int64_t{1'893'456'000} * kMicrosPerSecond;
constexpr int64_t kHour = 3600 * kMicrosPerSecond;

TEST(TestsTest, AFixtureBecomesRecordsAndFacts) {
  const auto c = CheckAfterHead("");
  ASSERT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  ASSERT_EQ(c->program->tests.size(), 1u);
  const TestCase& test = c->program->tests[0];
  EXPECT_EQ(test.name, "uses it");
  ASSERT_EQ(test.worlds.size(), 1u);
  const std::vector<EntityRecord>& world = test.worlds[0];
  ASSERT_EQ(world.size(), 2u);
  const Schema& schema = c->program->schema;
  EXPECT_EQ(FormatUid(schema, world[0].uid), "User::\"ann\"");
  ASSERT_EQ(world[0].parents.size(), 2u);
  EXPECT_EQ(FormatUid(schema, world[0].parents[0]), "Team::\"red\"");
  EXPECT_EQ(FormatUid(schema, world[0].parents[1]), "Team::\"blue\"");
  EXPECT_EQ(world[0].attributes[1], Fact::Of(Value::Int(3)));
  EXPECT_EQ(world[0].attributes[2], Fact::Missing());
  EXPECT_EQ(world[1].attributes[1], Fact::Of(Value::Bool(false)));
  ASSERT_EQ(test.expects.size(), 1u);
  const Request& request = test.expects[0].request;
  EXPECT_EQ(request.now.micros, kNow);
  ASSERT_EQ(request.inputs.size(), 2u);
  EXPECT_EQ(request.inputs[0].issued_at, (Time{kNow - kHour}));
  EXPECT_EQ(request.inputs[0].expires_at, (Time{kNow + kHour}));
  EXPECT_EQ(request.inputs[1].state, Fact::State::kMissing);
  EXPECT_EQ(request.params[0], Fact::Of(Value::String("x")));
  EXPECT_EQ(request.params[1], Fact::Of(Value::Bool(false)));
  EXPECT_EQ(request.params[2], Fact::Missing());
}

TEST(TestsTest, TheClockOfTheTestRulesItsFixtures) {
  const auto c = CheckAfterHead(
      "test \"later\" {\n  now = \"2031-01-01T00:00:00Z\"\n  using lab\n"
      "  expect deny ann read d with { purpose: \"x\" } at now + 5m\n}\n");
  ASSERT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  const Expect& expect = c->program->tests[1].expects[0];
  const int64_t year = 365 * 24 * kHour;
  EXPECT_EQ(expect.request.now.micros, kNow + year + kHour / 12);
  EXPECT_EQ(expect.request.inputs[0].issued_at, (Time{kNow + year - kHour}));
}

TEST(TestsTest, WithMakesAnEntityThatDiffers) {
  const auto c = CheckAfterHead(
      "test \"copies\" {\n  using lab\n"
      "  expect deny ann read d with { purpose: \"x\" }\n"
      "  entity base = Doc::\"base\" { owner: ann, tags: {} }\n"
      "  entity d2 = d with { open: true } derives base\n"
      "  entity bob = ann with { home: Team::\"green\" } in Team::\"gold\"\n"
      "  expect deny bob read d2 with { purpose: \"x\" }\n"
      "  expect deny bob read d2 with { purpose: \"y\" }\n}\n");
  ASSERT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  const TestCase& test = c->program->tests[1];
  ASSERT_EQ(test.worlds.size(), 2u);
  EXPECT_EQ(test.worlds[0].size(), 2u);
  ASSERT_EQ(test.worlds[1].size(), 5u);
  EXPECT_EQ(test.expects[2].world, 1u);
  const Schema& schema = c->program->schema;
  const EntityRecord& d2 = test.worlds[1][3];
  EXPECT_EQ(FormatUid(schema, d2.uid), "Doc::\"d2\"");
  EXPECT_EQ(d2.attributes[1], Fact::Of(Value::Bool(true)));
  EXPECT_EQ(d2.attributes[2], Fact::Of(Value::Set({Value::String("a")})));
  ASSERT_EQ(d2.derives.size(), 1u);
  std::vector<std::string> parents;
  for (const EntityUid& uid : test.worlds[1][4].parents) parents.push_back(FormatUid(schema, uid));
  EXPECT_THAT(parents, ElementsAre("Team::\"red\"", "Team::\"gold\"", "Team::\"green\""));
}

TEST(TestsTest, TheRestMayBeAbsentOrComeDown) {
  const auto c = CheckAfterHead(
      "test \"rest\" {\n  using lab\n  entity a = Doc::\"a\" { open: true, .. }\n"
      "  entity b = Doc::\"b\" derives d { owner: ann }\n"
      "  expect deny unknown ann read a with { purpose: \"x\" }\n}\n");
  ASSERT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  const std::vector<EntityRecord>& world = c->program->tests[1].worlds[0];
  EXPECT_EQ(world[2].attributes[0].state, Fact::State::kUnknown);
  EXPECT_EQ(world[2].attributes[2].state, Fact::State::kUnknown);
  EXPECT_EQ(world[3].attributes[2].state, Fact::State::kMissing);
  EXPECT_TRUE(c->program->tests[1].expects[0].unknown);
}

TEST(TestsTest, CarriedEntitiesTravelWithTheRequest) {
  const auto c = CheckAfterHead(
      "test \"visit\" {\n  entity v = Visit::\"v\" { at: now - 1m }\n"
      "  expect allow v enter Team::\"x\" by visitors\n}\n");
  ASSERT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  const TestCase& test = c->program->tests[1];
  EXPECT_TRUE(test.worlds[0].empty());
  ASSERT_EQ(test.expects[0].request.carried.size(), 1u);
  ASSERT_TRUE(test.expects[0].by);
  EXPECT_EQ(c->program->rules[*test.expects[0].by].name, "visitors");
}

TEST(TestsTest, ObligationsHaveValues) {
  const auto c = CheckAfterHead(
      "test \"o\" {\n  using lab\n"
      "  expect allow ann read d with { purpose: \"x\" } by readers obliged audit(\"full\", "
      "1)\n}\n");
  ASSERT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  const Expect& expect = c->program->tests[1].expects[0];
  ASSERT_EQ(expect.obliged.size(), 1u);
  EXPECT_EQ(expect.obliged[0].args, (std::vector<Value>{Value::String("full"), Value::Int(1)}));
}

TEST(TestsTest, LetNamesAValue) {
  const auto c = CheckAfterHead(
      "test \"l\" {\n  using lab\n  let why = \"x\"\n  let who = User::\"zoe\"\n"
      "  expect deny who read d with { purpose: why }\n}\n");
  ASSERT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  EXPECT_EQ(c->program->tests[1].expects[0].request.principal.id, "zoe");
}

TEST(TestsTest, MistakesInEntities) {
  const auto c = CheckAfterHead(
      "test \"m\" {\n  using lab\n"
      "  entity a = Doc::\"a\" { open: true }\n"
      "  entity b = Doc::\"b\" { owner: ann, tags: {}, opne: true }\n"
      "  entity e = Doc::\"e\" in Team::\"x\" { owner: ann, tags: {} }\n"
      "  entity f = dd with { open: true }\n"
      "  entity g = Doc::\"d\" { owner: ann, tags: {} }\n"
      "}\n");
  EXPECT_THAT(c->Slugs(), ElementsAre("incomplete-entity", "unknown-attribute", "type-mismatch",
                                      "unknown-name", "duplicate-declaration"));
  EXPECT_THAT(c->Said("incomplete-entity"), HasSubstr("lacks 'owner', 'tags'"));
  EXPECT_THAT(c->Said("unknown-attribute"), HasSubstr("did you mean 'open'?"));
}

TEST(TestsTest, MistakesInExpectations) {
  const auto c = CheckAfterHead(
      "test \"m\" {\n  using lab\n"
      "  expect deny ann raed d\n"
      "  expect deny d read ann with { purpose: \"x\" }\n"
      "  expect deny ann read d\n"
      "  expect deny ann read d with { purpose: \"x\", purpos: \"x\" }\n"
      "  expect deny ann read d with { purpose: \"x\" } by raeders\n"
      "  expect deny ann read d with { purpose: \"x\" } by readers\n"
      "}\n");
  EXPECT_THAT(c->Slugs(),
              ElementsAre("unknown-action", "bad-expectation", "bad-expectation", "bad-expectation",
                          "bad-expectation", "bad-expectation", "bad-expectation"));
}

TEST(TestsTest, MistakesInInputsAndFixtures) {
  const auto c = CheckAfterHead(
      "fixture one { using two }\nfixture two { using one }\n"
      "test \"m\" {\n  using lab, lba\n  input reprot = { good: true }\n"
      "  input report = { good: 1 }\n  input readers = 1\n}\n");
  EXPECT_THAT(c->Slugs(), ::testing::UnorderedElementsAre(
                              "recursive-definition", "recursive-definition", "unknown-fixture",
                              "unknown-input", "type-mismatch", "unknown-input"));
}

TEST(TestsTest, CirclesInTheLineage) {
  const auto c = CheckAfterHead(
      "test \"circle\" {\n  using lab\n"
      "  entity a = Doc::\"a\" derives Doc::\"b\" { owner: ann, tags: {} }\n"
      "  entity b = Doc::\"b\" derives a { owner: ann, tags: {} }\n"
      "  expect deny ann read a with { purpose: \"x\" }\n}\n");
  EXPECT_THAT(c->Slugs(), ElementsAre("bad-declaration"));
  EXPECT_THAT(c->Shown(), HasSubstr("descends from itself"));
}

}  // namespace
}  // namespace ztp::sema
