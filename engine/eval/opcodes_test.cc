// Every opcode is evaluated at least once, and comes to what it should.
#include <algorithm>
#include <string>

#include "engine/base/str.h"
#include "engine/eval/eval_testing.h"

namespace ztp {
namespace {

constexpr std::string_view kDeclarations = R"(ztp 1
package p
enum Stage { draft, live }
lattice Level { public < internal < secret }
enum Tag { pii, phi, src }
enum Region { eu, us }
lattice Tags of Tag
lattice Regions dual of Region
lattice Label { level: Level, tags: Tags, regions: Regions }
type Part = { name: String, weight: Int, note?: String }
entity Tenant { name: String }
entity User in Tenant {
  age: Int, ratio: Decimal, joined: Time, slack: Duration, stage: Stage, label: Label, name: String, nick?: String,
  id: SpiffeId, glob: Glob, driver: Version, part: Part, parts: List<Part>, names: Set<String>,
  quotas: Map<String, Int>, from: Ip, net: Cidr, nets: Set<Cidr>, level: Level, tags: Tags, regions: Regions,
  proof?: { n: Int } proven, friends: Set<User>,
  tag: Tag, region: Region
}
entity Bot { age: Int }
entity Data { hold: Bool }
entity Model derives Model, Data { size: Int }
input device: { n: Int } proven
input hint?: String
action go on Model by User, Bot with { purpose?: String vouched, goal: String vouched }
)";

constexpr std::string_view kFacts = R"(
fixture world {
  entity acme = Tenant::"acme" { name: "acme" }
  entity ann = User::"ann" in Tenant::"acme" {
    age: 40, ratio: 0.5, joined: now - 1h, slack: 10m, stage: live, name: "ann",
    label: { level: internal, tags: { pii }, regions: { eu } },
    id: "spiffe://acme/team/bot", glob: "a*", driver: "550.90.07", part: { name: "x", weight: 1 },
    parts: [{ name: "x", weight: 1 }, { name: "y", weight: 2, note: "n" }], names: { "a", "b" }, quotas: { "k": 3 },
    from: "10.1.2.3", net: "10.0.0.0/8", nets: { "10.1.0.0/16" }, level: internal, tags: { pii }, regions: { eu },
    proof: { n: 5, issued_at: now - 1m, expires_at: now + 1m }, friends: { User::"bob" },
    tag: pii, region: eu
  }
  entity raw = Data::"raw" { hold: true }
  entity base = Model::"base" derives raw { size: 1 }
  entity m = Model::"m" derives base { size: 2 }
  input device = { n: 7, issued_at: now - 1m, expires_at: now + 1m }
}
)";

// Each is true of ann, m and the request.
constexpr std::string_view kTrue[] = {
    "u.age == 40 and not (u.age == 41)",
    "u.name == \"ann\" and u.name != \"bob\"",
    "u.stage == live",
    "u == User::\"ann\"",
    "u.label == { level: internal, tags: { pii }, regions: { eu } }",
    "u.names == { \"b\", \"a\" } and u.net == \"10.0.0.0/8\"",
    "u.age < 41 and u.age <= 40 and u.ratio < 0.6 and u.ratio <= 0.5",
    "u.driver < \"550.100\" and u.driver >= \"550.90.7\" and u.driver > \"550.90.07-rc1\"",
    "u.level < secret and u.level <= internal",
    "u.label flows to { level: secret, tags: { pii, phi }, regions: {} }",
    "now > u.joined + u.slack and now - u.joined < 2h and now >= u.joined",
    "now within \"Mon-Sun 00:00-24:00 UTC\"",
    "-u.age == -40 and u.age + 2 == 42 and u.age - 2 == 38 and u.age * 2 == 80",
    "u.ratio * 0.5 == 0.25 and u.slack * 2 == 20m and u.joined + 5m - u.joined == 5m",
    "u.tags join { src } == { pii, src } and (u.tags meet { phi }) == {}",
    "u.label.level == internal and u.label.regions == { eu }",
    "pii in u.label.tags and phi not in u.label.tags",
    "eu in u.label.regions and us not in u.label.regions",
    "u.tags == { u.tag } and u.regions == { u.region } and u.tag == pii",
    "set(p in u.parts: p.name) == { \"x\", \"y\" }",
    "{ level: u.level, tags: u.tags, regions: u.regions } == u.label",
    "u in Tenant::\"acme\" and u not in Tenant::\"other\"",
    "u in { Tenant::\"acme\", Tenant::\"else\" } and not (u in u.friends)",
    "m derives from Data::\"raw\" and not (m derives from m)",
    "m derives from { Data::\"raw\", Data::\"no\" }",
    "any(a in m.ancestors(Data): a.hold) and all(a in m.ancestors(Model): a.size < 2)",
    "m.ancestors(Model).contains(Model::\"base\") and any(a in m.ancestors(Model): a.size < u.age)",
    "count(a in m.ancestors(Data): a.hold) == 1",
    "u.names.contains(\"a\") and u.names.containsAll({ \"a\" }) and u.names.containsAny({ \"z\", "
    "\"b\" })",
    "u.from in u.net and u.from in u.nets",
    "u.names.size == 2 and u.quotas.size == 1 and not u.names.isEmpty",
    "u.quotas.keys == { \"k\" } and u.quotas.values == [3] and (u.quotas[\"k\"] ?? 0) == 3",
    "(u.parts.first ?? u.part) == u.part and (u.parts.last ?? u.part).weight == 2",
    "u.name like \"a*\" and u.name like u.glob and not (u.name like \"b*\")",
    "u.name matches \"a.n\" and action.goal matches \"g+\" and u.id.trust_domain matches \"ac.*\"",
    "u.id.trust_domain == \"acme\" and u.id.path == \"/team/bot\"",
    "{ u.name, u.id.path } == { \"/team/bot\", \"ann\" } and [u.age, 1] == [40, 1]",
    "any(p in [{ name: u.name, weight: u.age }]: p.name == \"ann\" and p.weight == 40)",
    "sum(p in u.parts: p.weight) == 3 and all(p in u.parts where p.weight > 1: p.name == \"y\")",
    "any(p in u.parts where p has note: p.note == \"n\")",
    "join(p in u.parts: if p.weight > 1 then u.tags else { src }) == { pii, src }",
    "if u.age > 30 then u.name == \"ann\" else u.name == \"bob\"",
    "(u.nick ?? \"none\") == \"none\" and not (u has nick)",
    "u has proof and u.proof.n == 5 and u.proof.fresh(10m)",
    "device.n == 7 and device.fresh(2m) and bound(device)",
    "(hint ?? \"no\") == \"no\" and not (has hint)",
    "(action.purpose ?? \"none\") == \"none\" and action.goal == \"gg\"",
    "u.quotas == { \"k\": u.age - 37 }",
    "not (action has purpose)",
    "bound(u) and not bound(User::\"nobody\")",
    "any(p in u.parts: any(n in u.names: n == p.name) or p.weight == 2)",
};

std::string PolicyWith(std::string_view clauses, std::string_view principals = "User") {
  return Cat(kDeclarations, "permit p {\n  principal u: ", principals,
             "\n  action go\n  resource m: Model\n", clauses, "}\n", kFacts,
             "test \"t\" {\n  using world\n  expect allow ann go m with { goal: \"gg\" }\n}\n");
}

class Clauses : public ::testing::TestWithParam<std::string_view> {};

TEST_P(Clauses, AreTrue) {
  PolicyUnderTest p(PolicyWith(Cat("  when ", GetParam(), "\n")));
  ASSERT_TRUE(p.ok());
  const Decision d = p.DecideExpect(0);
  EXPECT_TRUE(d.allow) << ::testing::PrintToString(d.unknown);
}

// The same clause negated denies, and rests on nothing unknown.
TEST_P(Clauses, NegatedAreFalse) {
  PolicyUnderTest p(PolicyWith(Cat("  unless ", GetParam(), "\n")));
  ASSERT_TRUE(p.ok());
  const Decision d = p.DecideExpect(0);
  EXPECT_FALSE(d.allow);
  EXPECT_THAT(d.unknown, ::testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Opcodes, Clauses, ::testing::ValuesIn(kTrue));

constexpr std::string_view kTypeTest =
    "  when u is User and u.name == \"ann\" or u is Bot and u.age > 100\n";

TEST(Opcodes, ATypeTestNarrows) {
  PolicyUnderTest p(PolicyWith(kTypeTest, "User, Bot"));
  ASSERT_TRUE(p.ok());
  EXPECT_TRUE(p.DecideExpect(0).allow);
  Request bot = p.RequestOf(0);
  bot.principal = EntityUid{*p.schema().FindEntityType("Bot"), "gone"};
  EXPECT_THAT(p.DecideAs(0, bot).unknown, ::testing::ElementsAre("Bot::\"gone\""));
}

TEST(Opcodes, AllAreEvaluatedByTheseClauses) {
  std::vector<uint64_t> counts(256, 0);
  auto run = [&](const std::string& text) {
    PolicyUnderTest p(text);
    ASSERT_TRUE(p.ok());
    p.scratch().CountOpcodes();
    p.DecideExpect(0);
    for (Opcode op : AllOpcodes()) counts[static_cast<size_t>(op)] += p.scratch().opcode_count(op);
  };
  for (std::string_view clause : kTrue) run(PolicyWith(Cat("  when ", clause, "\n")));
  run(PolicyWith(kTypeTest, "User, Bot"));
  for (Opcode op : AllOpcodes()) {
    EXPECT_GT(counts[static_cast<size_t>(op)], 0u) << OpcodeName(op);
  }
}

}  // namespace
}  // namespace ztp
