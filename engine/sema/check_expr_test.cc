// Expressions: what they become (printed), and what is said of mistakes. One vocabulary for all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/str.h"
#include "engine/sema/check_testing.h"

namespace ztp::sema {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kVocabulary = R"(ztp 1
package t
enum Color { red, green, blue }
lattice Level { low < mid < high }
lattice Tags of { pii, phi }
lattice Regions dual of { eu, us }
lattice Label { level: Level, tags: Tags, regions: Regions }
type Rec = { a: Int, b?: Int, c: Bool = true }
type Proof = { gpu: Rec, serial: String }
const table: Map<String, Decimal> = { "x": 0.5, "y": 1 }
const debug: Bool = false
const office: Set<Cidr> = { "10.0.0.0/8", "192.168.0.1" }
entity Team
entity User in Team {
  name: String  level: Int  nick?: String  at: Time  until?: Time  ip: Ip  color: Color
  clearance: Label  driver: Version  teams: Set<Team>  rec: Rec  spiffe: SpiffeId
  scores: List<Int>  globs: Set<Glob>  best?: User  quota: Decimal  ttl: Duration
  weights: Map<String, Int>  firmware: HexVersion
}
entity Robot { name: String  level: String  nick?: String }
entity Doc derives Doc { label: Label  owner: User  proof?: Proof proven  size: Int  sets: Set<Set<Int>> }
input device: Proof proven
input address?: Ip
input boast: Int claimed
input alarm: Bool
action act on Doc by User, Robot with { purpose: String, grade?: Int, count: Int vouched }
def fine(x: User) = x.level > 3 and x has nick
def recent(x: Proof proven, age: Duration) = x.fresh(age)
def cutoff() = now - 7d
)";

struct Outcome {
  std::unique_ptr<Checked> checked;
  std::string text;                // the last clause, printed
  std::vector<std::string> slugs;  // but those about declarations that a test does not need
};

Outcome CheckRule(std::string_view more, std::string_view body, std::string_view kind = "permit") {
  Outcome o;
  o.checked =
      CheckText(Cat(kVocabulary, more, "\n", kind,
                    " r {\n  principal u: User\n  action act\n  resource d: Doc\n", body, "\n}\n"));
  for (std::string& slug : o.checked->Slugs()) {
    if (slug != "unused-declaration" && slug != "forbid-on-missing" && slug != "rule-shadowed" &&
        slug != "rule-never-applies") {
      o.slugs.push_back(std::move(slug));
    }
  }
  if (o.checked->program != nullptr) {
    const Rule* rule = o.checked->FindRule("r");
    if (rule != nullptr && !rule->clauses.empty()) {
      o.text = PrintExpr(*o.checked->program, rule->clauses.back().condition);
    }
  }
  return o;
}

Outcome When(std::string_view expr) { return CheckRule("", Cat("  when ", expr)); }

struct Case {
  std::string_view source;
  std::string_view printed;
};

void ExpectPrinted(std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    const Outcome o = When(c.source);
    EXPECT_EQ(o.text, c.printed) << c.source;
    EXPECT_THAT(o.slugs, IsEmpty()) << c.source << "\n" << o.checked->Shown();
  }
}

void ExpectMistakes(std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    const Outcome o = When(c.source);
    EXPECT_THAT(o.slugs, ElementsAre(c.printed)) << c.source << "\n" << o.checked->Shown();
  }
}

TEST(CheckExprTest, LiteralsTakeTheTypeOfTheirPlace) {
  ExpectPrinted({
      {"u.driver >= \"550.90.07\"", "\"550.90.7\" <= principal.driver"},
      {"\"550\" < u.driver", "\"550\" < principal.driver"},
      {"u.quota > 1", "1 < principal.quota"},
      {"u.at < \"2030-01-01T00:00:00Z\"", "principal.at < \"2030-01-01T00:00:00Z\""},
      {"u.firmware == \"96.00.5E\"", "principal.firmware == \"96.0.5e\""},
      {"u.ttl < 90s", "principal.ttl < 1m30s"},
      {"u.ip in \"10.0.0.0/8\"", "principal.ip in \"10.0.0.0/8\""},
      {"u.ip in office", "principal.ip in { \"10.0.0.0/8\", \"192.168.0.1/32\" }"},
      {"u.spiffe == \"spiffe://acme/x\"", "principal.spiffe == \"spiffe://acme/x\""},
      {"Version(\"1.2\") < u.driver", "\"1.2\" < principal.driver"},
      {"u.rec == { a: 1 }", "principal.rec == { a: 1, c: true }"},
      {"u.weights == { \"k\": 2 }", "principal.weights == { \"k\": 2 }"},
      {"u.scores == [1, -2]", "principal.scores == [1, -2]"},
      {"u.teams == {}", "principal.teams == {}"},
      {"u.scores.contains(-1)", "principal.scores.contains(-1)"},
  });
  ExpectMistakes({
      {"u.driver >= \"five\"", "bad-literal"},
      {"u.at < \"tomorrow\"", "bad-literal"},
      {"u.ip in \"10.0.0.1/8\"", "bad-literal"},
      {"u.level == 99999999999999999999", "bad-number"},
      {"u.level == \"3\"", "type-mismatch"},
      {"u.level == u.quota", "no-overlap"},
      {"u.rec == { b: 1 }", "missing-field"},
      {"u.rec == { a: 1, d: 1 }", "unknown-attribute"},
      {"u.weights == { \"k\": 1, \"k\": 2 }", "duplicate-member"},
      {"{} == {}", "cannot-infer"},
  });
}

TEST(CheckExprTest, BareValuesAndLabels) {
  ExpectPrinted({
      {"u.color == red", "principal.color == red"},
      {"red != u.color", "red != principal.color"},
      {"u.color in { red, blue }", "{ red, blue }.contains(principal.color)"},
      {"d.label.level == high", "resource.label.level == high"},
      {"d.label.level < high", "resource.label.level < high"},
      {"pii in d.label.tags", "pii in resource.label.tags"},
      {"eu not in d.label.regions", "eu not in resource.label.regions"},
      {"d.label.tags flows to { pii }", "resource.label.tags flows to { pii }"},
      {"d.label flows to u.clearance", "resource.label flows to principal.clearance"},
      {"d.label join u.clearance flows to Label.top",
       "resource.label join principal.clearance flows to { level: high, tags: { pii, phi }, "
       "regions: {} }"},
      {"d.label flows to { level: mid, tags: {}, regions: { eu } }",
       "resource.label flows to { level: mid, tags: {}, regions: { eu } }"},
      {"d.label.level flows to Level.mid", "resource.label.level flows to mid"},
      {"Color.red == u.color", "red == principal.color"},
  });
  ExpectMistakes({
      {"u.color == rde", "unknown-enum-value"},
      {"Color.rde == u.color", "unknown-enum-value"},
      {"d.label < u.clearance", "no-order-on-labels"},
      {"d.label.tags <= u.clearance.tags", "no-order-on-labels"},
      {"d.label flows to { level: mid }", "missing-field"},
      {"d.label.tags == pii", "type-mismatch"},
      {"pii in d.label", "bad-operand"},
      {"u.color < red", "bad-operand"},
      {"u.naem == \"x\"", "unknown-attribute"},
      {"unheard == 1", "unknown-name"},
      {"u.naem == red", "unknown-attribute"},
  });
}

TEST(CheckExprTest, ANameThatCouldBeTwoThings) {
  const Outcome o = CheckRule("input red: Int", "  when u.color == red");
  EXPECT_THAT(o.slugs, ElementsAre("ambiguous-name"));
  EXPECT_THAT(o.checked->Said("ambiguous-name"), HasSubstr("Color.red"));
}

TEST(CheckExprTest, SuggestionsNameTheNearest) {
  EXPECT_THAT(When("u.naem == \"x\"").checked->Shown(), HasSubstr("did you mean 'name'?"));
  EXPECT_THAT(When("u.color == gren").checked->Shown(), HasSubstr("did you mean 'green'?"));
  EXPECT_THAT(When("u.teams.contain(Team::\"a\")").checked->Shown(),
              HasSubstr("did you mean 'contains'?"));
  EXPECT_THAT(When("u.teams.length > 1").checked->Shown(), HasSubstr("did you mean 'size'?"));
  EXPECT_THAT(When("u.teams.size() > 1").checked->Shown(), HasSubstr("write 'u.teams.size'"));
}

TEST(CheckExprTest, OptionalsNeedAGuardOrADefault) {
  ExpectPrinted({
      {"u has nick and u.nick == \"x\"", "principal has nick and principal.nick == \"x\""},
      {"u.nick ?? \"none\" == \"x\"", "principal.nick ?? \"none\" == \"x\""},
      {"not (u has nick) or u.nick == \"x\"", "not principal has nick or principal.nick == \"x\""},
      {"if u has nick then u.nick == \"x\" else true",
       "if principal has nick then principal.nick == \"x\" else true"},
      {"has address and address in office",
       "has address and address in { \"10.0.0.0/8\", \"192.168.0.1/32\" }"},
      {"bound(address) and address == u.ip", "bound(address) and address == principal.ip"},
      {"trust(action has grade) and trust(action.grade) > 1",
       "action has grade and 1 < action.grade"},
      {"u.rec has b and u.rec.b > 1", "principal.rec has b and 1 < principal.rec.b"},
      {"u.weights[\"k\"] ?? 0 > 1", "1 < principal.weights[\"k\"] ?? 0"},
      {"\"k\" in u.weights.keys and u.weights[\"k\"] > 1",
       "principal.weights.keys.contains(\"k\") and 1 < principal.weights[\"k\"]"},
      {"not u.scores.isEmpty and u.scores.first > 1",
       "not principal.scores.isEmpty and 1 < principal.scores.first"},
      {"u.scores.size > 0 and u.scores.last > 1",
       "0 < principal.scores.size and 1 < principal.scores.last"},
      {"u has best and u.best has nick and u.best.nick == \"x\"",
       "principal has best and principal.best has nick and principal.best.nick == \"x\""},
      {"fine(u) and u.nick == \"x\"",
       "(3 < principal.level and principal has nick) and principal.nick == \"x\""},
  });
  ExpectMistakes({
      {"u.nick == \"x\"", "unguarded-optional"},
      {"u has nick or u.nick == \"x\"", "unguarded-optional"},
      {"u.nick == \"x\" and u has nick", "unguarded-optional"},
      {"address in office", "unguarded-optional"},
      {"u.scores.first > 1", "unguarded-optional"},
      {"u.weights[\"k\"] > 1", "unguarded-optional"},
      {"u has name", "not-optional"},
      {"u.level ?? 1 > 1", "not-optional"},
      {"has alarm", "not-optional"},
  });
}

TEST(CheckExprTest, GuardsCarryThroughClausesAndUnless) {
  EXPECT_THAT(CheckRule("", "  when u has nick\n  when u.nick == \"x\"").slugs, IsEmpty());
  EXPECT_THAT(CheckRule("", "  unless not (u has nick)\n  when u.nick == \"x\"").slugs, IsEmpty());
  EXPECT_THAT(
      CheckRule("", "  unless not (u has nick) or u.level > 3\n  when u.nick == \"x\"").slugs,
      IsEmpty());
  EXPECT_THAT(CheckRule("", "  unless u has nick\n  when u.nick == \"x\"").slugs,
              ElementsAre("unguarded-optional"));
  // A mistake in the guard is said once, not again of what it would have guarded.
  EXPECT_THAT(CheckRule("", "  when u has nickk\n  when u.nick == \"x\"").slugs,
              ElementsAre("unknown-attribute"));
}

Outcome WhenAnyone(std::string_view expr) {
  Outcome o;
  o.checked = CheckText(Cat(kVocabulary,
                            "permit r {\n  principal p: any\n  action act\n  resource d: "
                            "Doc\n  when ",
                            expr, "\n}\n"));
  for (std::string& slug : o.checked->Slugs()) {
    if (slug != "unused-declaration") o.slugs.push_back(std::move(slug));
  }
  return o;
}

TEST(CheckExprTest, UnionsAndNarrowing) {
  EXPECT_THAT(WhenAnyone("p.name == \"x\"").slugs, IsEmpty());
  EXPECT_THAT(WhenAnyone("p.level == 1").slugs, ElementsAre("type-mismatch"));
  EXPECT_THAT(WhenAnyone("p.color == red").slugs, ElementsAre("unknown-attribute"));
  EXPECT_THAT(WhenAnyone("p is User and p.color == red").slugs, IsEmpty());
  EXPECT_THAT(WhenAnyone("p is Robot or p.color == red").slugs, IsEmpty());
  EXPECT_THAT(WhenAnyone("if p is Robot then p.level == \"a\" else p.level == 1").slugs, IsEmpty());
  EXPECT_THAT(WhenAnyone("p is Doc").slugs, ElementsAre("no-overlap"));
  EXPECT_THAT(WhenAnyone("p is User and principal.color == red").slugs, IsEmpty());
}

TEST(CheckExprTest, TrustRanks) {
  ExpectPrinted({
      {"trust(action.purpose) == \"x\"", "action.purpose == \"x\""},
      {"action.count > 1", "1 < action.count"},
      {"trust(boast) > 1", "1 < boast"},
  });
  ExpectMistakes({
      {"action.purpose == \"x\"", "claimed-without-trust"},
      {"boast > 1", "claimed-without-trust"},
      {"if boast > 1 then u.level > 1 else true", "claimed-without-trust"},
      {"any(s in u.scores: s > boast)", "claimed-without-trust"},
      {"action has grade", "claimed-without-trust"},
  });
}

TEST(CheckExprTest, ProvenParametersAndEvidence) {
  ExpectPrinted({
      {"recent(device, 5m)",
       "now >= device.issued_at and now < device.issued_at + 5m and now < device.expires_at"},
      {"device.gpu.fresh(1m)",
       "now >= device.issued_at and now < device.issued_at + 1m and now < device.expires_at"},
      {"device.issued_at < u.at", "device.issued_at < principal.at"},
      {"d has proof and d.proof.expires_at > u.at",
       "resource has proof and principal.at < resource.proof.expires_at"},
  });
  ExpectMistakes({
      {"u.rec.fresh(1m)", "not-proven-value"},
      {"alarm.issued_at < u.at", "not-proven-value"},
      {"recent({ gpu: u.rec, serial: \"x\" }, 1m)", "not-proven-value"},
  });
}

TEST(CheckExprTest, NowIsLinear) {
  ExpectPrinted({
      {"now < u.at", "now < principal.at"},
      {"u.at < now", "now > principal.at"},
      {"now - u.at < 10m", "now < principal.at + 10m"},
      {"u.at - now > 10m", "now < principal.at - 10m"},
      {"u.at + u.ttl >= now - 1h", "now <= principal.at + principal.ttl + 1h"},
      {"u.at > cutoff()", "now < principal.at + 7d"},
      {"now != u.at", "not now == principal.at"},
      {"now within \"Mon-Fri 08:00-18:00 UTC\"", "now within \"Mon-Fri 08:00-18:00 UTC\""},
  });
  ExpectMistakes({
      {"now - now < 1m", "now-not-linear"},
      {"now < now + 1m", "now-not-linear"},
      {"now in { u.at }", "now-not-linear"},
      {"(if alarm then now else u.at) < u.at", "now-not-linear"},
      {"now within \"sometimes\"", "bad-schedule"},
      {"u.at within \"Mon-Fri 08:00-18:00 UTC\"", "now-not-linear"},
  });
}

TEST(CheckExprTest, Membership) {
  ExpectPrinted({
      {"u in Team::\"a\"", "principal in Team::\"a\""},
      {"u in u.teams", "principal in principal.teams"},
      {"u.teams.contains(Team::\"a\")", "principal.teams.contains(Team::\"a\")"},
      {"u.teams.containsAll({ Team::\"a\" })", "principal.teams.containsAll({ Team::\"a\" })"},
      {"3 in u.scores", "principal.scores.contains(3)"},
      {"u.name in { \"a\", \"b\" }", "{ \"a\", \"b\" }.contains(principal.name)"},
      {"d derives from Doc::\"x\"", "resource derives from Doc::\"x\""},
      {"any(a in d.ancestors(Doc): a.size > 1)", "any(x in resource.ancestors(Doc): 1 < x.size)"},
      {"d in {}", "resource in {}"},
  });
  ExpectMistakes({
      {"u in Doc::\"a\"", "no-overlap"},
      {"u derives from Doc::\"a\"", "no-overlap"},
      {"u.ancestors(Doc).isEmpty", "no-overlap"},
      {"u.name in u.scores", "no-overlap"},
      {"\"k\" in u.weights", "bad-operand"},
      {"u.teams == Team::\"a\"", "no-overlap"},
      {"u.teams.contains(\"a\")", "type-mismatch"},
  });
}

TEST(CheckExprTest, Folds) {
  ExpectPrinted({
      {"sum(s in u.scores: s * 2) > 3", "3 < sum(x in principal.scores: x * 2)"},
      {"count(s in u.scores where s > 1) > 3", "3 < count(x in principal.scores where 1 < x)"},
      {"set(s in u.scores where s > 1: s + 1).size == 2",
       "set(x in principal.scores where 1 < x: x + 1).size == 2"},
      {"join(a in d.ancestors(Doc): a.label) flows to u.clearance",
       "join(x in resource.ancestors(Doc): x.label) flows to principal.clearance"},
      {"any(s in d.sets: any(i in s: i == u.level))",
       "any(x in resource.sets: any(y in x: y == principal.level))"},
      {"any(g in u.globs: u.name like g)", "any(x in principal.globs: principal.name like x)"},
      {"any(a in d.ancestors(Doc) where a has proof: a.proof.serial == \"1\")",
       "any(x in resource.ancestors(Doc) where x has proof: x.proof.serial == \"1\")"},
      {"not u.scores.isEmpty and all(s in u.scores: s > 1)",
       "not principal.scores.isEmpty and all(x in principal.scores: 1 < x)"},
      {"all(k in table.keys: table[k] ?? 0 > u.quota)",
       "all(x in { \"x\", \"y\" }: principal.quota < { \"x\": 0.5, \"y\": 1 }[x] ?? 0)"},
  });
  ExpectMistakes({
      {"all(s in u.scores: s > 1)", "all-over-empty"},
      {"any(w in u.weights: w > 1)", "bad-operand"},
      {"any(u in u.scores: u > 1)", "shadowed-name"},
      {"any(alarm in u.scores: alarm > 1)", "shadowed-name"},
      {"sum(s in u.teams: s) > 1", "bad-operand"},
      {"all(s in u.scores where s > 1)", "wrong-arguments"},
      {"any(a in d.sets: any(b in a: any(c in d.sets: any(e in c: e == b))))", "fold-too-deep"},
  });
  EXPECT_THAT(CheckRule("def deep(x: Doc) = any(s in x.sets: any(i in s: i == 1))",
                        "  when any(a in d.sets: any(b in a: b == 1 and deep(d)))")
                  .slugs,
              ElementsAre("fold-too-deep"));
}

TEST(CheckExprTest, TextPatterns) {
  ExpectPrinted({
      {"u.name like \"a/*\"", "principal.name like \"a/*\""},
      {"u.spiffe like \"spiffe://acme/**\"", "principal.spiffe like \"spiffe://acme/**\""},
      {"u.name matches \"[a-z]+\\d\"", "principal.name matches \"[a-z]+\\d\""},
      {"u.spiffe.trust_domain == \"acme\"", "principal.spiffe.trust_domain == \"acme\""},
  });
  ExpectMistakes({
      {"u.name matches \"[a-z\"", "bad-pattern"},
      {"u.name matches u.name", "not-constant"},
      {"u.name like u.name", "type-mismatch"},
      {"u.level like \"a\"", "bad-operand"},
      {"u.name + \"a\" == \"b\"", "bad-operand"},
  });
}

TEST(CheckExprTest, ConstantsFold) {
  ExpectPrinted({
      {"u.level > 1 + 2 * 3", "7 < principal.level"},
      {"u.quota > (table[\"x\"] ?? 0) * 3", "1.5 < principal.quota"},
      {"u.ttl < 2 * (1h + 30m)", "principal.ttl < 3h"},
      {"debug or u.level > 1", "1 < principal.level"},
      {"u.level > sum(k in [1, 2, 3]: k * k)", "14 < principal.level"},
      {"u.level == count(c in office: true)", "principal.level == 2"},
      {"u.level == u.level", "principal.level == principal.level"},
      {"alarm or not alarm", "alarm or not alarm"},
  });
  ExpectMistakes({
      {"u.level > 9223372036854775807 + 1", "constant-overflow"},
      {"u.quota > Decimal(\"9000000000\") * 2", "constant-overflow"},
      {"1 < 2", "always-true"},
      {"u.level > 1 and 2 < 1", "always-false"},
  });
}

TEST(CheckExprTest, Definitions) {
  EXPECT_THAT(CheckRule("def f(x: Int) = g(x)\ndef g(x: Int) = f(x)", "  when f(1)").slugs,
              ElementsAre("recursive-definition"));
  // A mistake in a body is said once, however often it is called.
  EXPECT_THAT(CheckRule("def f(x: User) = x.naem == \"a\"", "  when f(u)\n  when f(d.owner)").slugs,
              ElementsAre("unknown-attribute"));
  EXPECT_THAT(CheckRule("def f(x: User) = principal == x", "  when f(u)").slugs,
              ElementsAre("not-constant"));
  EXPECT_THAT(When("fine(d)").slugs, ElementsAre("type-mismatch"));
  EXPECT_THAT(When("fine(u, u)").slugs, ElementsAre("wrong-arguments"));
  EXPECT_THAT(When("fien(u)").slugs, ElementsAre("unknown-function"));
  EXPECT_THAT(When("fine").slugs, ElementsAre("wrong-kind-of-name"));
  EXPECT_THAT(CheckRule("def f(x: Int) = x + 9223372036854775807 > 1", "  when f(1)").slugs,
              ElementsAre("constant-overflow"));
  // A claimed argument makes the call claimed, at the argument.
  const Outcome o = CheckRule("def f(x: Int) = x > 1", "  when f(boast)");
  EXPECT_THAT(o.slugs, ElementsAre("claimed-without-trust"));
  EXPECT_THAT(o.checked->Said("claimed-without-trust"), HasSubstr("trust(boast)"));
}

TEST(CheckExprTest, ExpansionIsBounded) {
  // Each level doubles what it is given, so 2^20 different nodes without the limit.
  std::string defs = "def f0(x: Int) = x > u0\ninput u0: Int\n";
  for (int i = 1; i <= 20; ++i) {
    Append(defs, "def f", i, "(x: Int) = f", i - 1, "(x * 2 + u0) and f", i - 1, "(x * 3 + u0)\n");
  }
  const Outcome o = CheckRule(defs, "  when f20(u.level)");
  EXPECT_THAT(o.slugs, ::testing::Contains("expansion-too-large")) << o.checked->Shown();
  // A shared graph of the same depth is small.
  defs = "def g0(x: Int) = x > u0\ninput u0: Int\n";
  for (int i = 1; i <= 40; ++i) {
    Append(defs, "def g", i, "(x: Int) = g", i - 1, "(x) and (g", i - 1, "(x) or u0 == ", i, ")\n");
  }
  const Outcome shared = CheckRule(defs, "  when g40(u.level)");
  EXPECT_THAT(shared.slugs, IsEmpty()) << shared.checked->Shown();
  EXPECT_LT(shared.text.size(), 20'000u);
}

TEST(CheckExprTest, ParametersOfActions) {
  ExpectMistakes({
      {"action.purpos == \"x\"", "unknown-attribute"},
      {"action == 1", "wrong-kind-of-name"},
      {"trust(action.grade) > 1", "unguarded-optional"},
  });
  ExpectPrinted({{"trust(action.grade ?? 0) > 1", "1 < action.grade ?? 0"}});
}

TEST(CheckExprTest, ManyMistakesAreAllReported) {
  EXPECT_THAT(When("u.naem == \"x\" and u.level == \"y\" and unheard").slugs,
              ElementsAre("unknown-attribute", "type-mismatch", "unknown-name"));
}

}  // namespace
}  // namespace ztp::sema
