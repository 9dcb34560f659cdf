#include "engine/eval/decide.h"

#include "engine/eval/eval_testing.h"

namespace ztp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

Time After(int64_t minutes) { return Time{kTestNow + minutes * kMinute}; }

constexpr char kDocuments[] = R"(ztp 1
package p
entity Group
entity User in Group { age: Int, until?: Time }
entity Doc { owner: User, open: Bool, size: Int }
input badge: String
input ticket?: String
input seal: { level: Int } proven
obligation log(level: String)
obligation notify(level: String)
action read, write on Doc by User
action sign on Doc by User

permit owner {
  principal u: User
  action    read, write
  resource  d: Doc
  when      d.owner == u
  oblige    log("owner")
  because   "the owner reads"
}
permit open_doc {
  principal u: User
  action    read
  resource  d: Doc
  when      d.open
  because   "it is open"
}
permit badge_holder {
  principal u: User
  action    write
  resource  d: Doc
  when      badge == "gold"
}
permit sealed {
  principal u: User
  action    sign
  resource  d: Doc
  when      seal.level > 1
}
forbid minors {
  principal u: User
  action    write
  resource  Doc
  when      u.age < 18
  because   "minors do not write"
}
forbid huge {
  principal u: User
  action    write
  resource  d: Doc
  when      d.size * 1000000000000 > 5
  because   "too large"
}
duty watch {
  action    read
  resource  d: Doc
  when      d.open
  oblige    notify("read")
}
duty log_again {
  action    read
  resource  d: Doc
  when      d.open
  oblige    log("owner")
}

fixture office {
  entity ann = User::"ann" { age: 40 }
  entity kid = User::"kid" { age: 9 }
  entity own = Doc::"own" { owner: ann, open: true, size: 0 }
  entity shut = Doc::"shut" { owner: ann, open: false, size: 0 }
  entity vast = Doc::"vast" { owner: ann, open: false, size: 9000000000 }
  input badge = "gold"
}
test "decisions" {
  using office
  expect allow ann read own
  expect allow kid read own
  expect deny kid read shut
  expect deny kid write own
  expect deny unknown ann write vast
  expect deny unknown ann sign own
}
test "nothing known of the badge" {
  entity ann = User::"ann" { age: 40 }
  entity shut = Doc::"shut" { owner: User::"bob", open: false, size: 0 }
  expect deny unknown ann write shut
}
)";

TEST(Decide, TheFirstPermitThatAppliesDecides) {
  PolicyUnderTest p(kDocuments);
  ASSERT_TRUE(p.ok());
  p.CheckExpects();
  const Decision both = p.DecideExpect(0);
  EXPECT_THAT(p.RuleNames(both), ElementsAre("owner"));
  EXPECT_THAT(both.reason, Optional(std::string("the owner reads")));
  EXPECT_FALSE(both.valid_until.has_value());
  const Decision other = p.DecideExpect(1);
  EXPECT_THAT(p.RuleNames(other), ElementsAre("open_doc"));
}

TEST(Decide, ObligationsAreThePermitsThenTheDutiesEqualOnesOnce) {
  PolicyUnderTest p(kDocuments);
  ASSERT_TRUE(p.ok());
  const ObligationId log = *p.schema().FindObligation("log");
  const ObligationId notify = *p.schema().FindObligation("notify");
  EXPECT_THAT(p.DecideExpect(0).obligations,
              ElementsAre(ObligationCall{log, {Value::String("owner")}},
                          ObligationCall{notify, {Value::String("read")}}));
  EXPECT_THAT(p.DecideExpect(1).obligations,
              ElementsAre(ObligationCall{notify, {Value::String("read")}},
                          ObligationCall{log, {Value::String("owner")}}));
}

TEST(Decide, NoPermitIsADenialWithoutRules) {
  PolicyUnderTest p(kDocuments);
  ASSERT_TRUE(p.ok());
  const Decision d = p.DecideExpect(2);
  EXPECT_FALSE(d.allow);
  EXPECT_THAT(d.rules, IsEmpty());
  EXPECT_THAT(d.unknown, IsEmpty());
  EXPECT_FALSE(d.reason.has_value());
}

TEST(Decide, AForbidWinsAndSaysWhy) {
  PolicyUnderTest p(kDocuments);
  ASSERT_TRUE(p.ok());
  const Decision d = p.DecideExpect(3);
  EXPECT_THAT(p.RuleNames(d), ElementsAre("minors"));
  EXPECT_THAT(d.reason, Optional(std::string("minors do not write")));
  EXPECT_THAT(d.unknown, IsEmpty());
}

TEST(Decide, OverflowIsUnknownAndAForbidThenApplies) {
  PolicyUnderTest p(kDocuments);
  ASSERT_TRUE(p.ok());
  const Decision d = p.DecideExpect(4);
  EXPECT_THAT(p.RuleNames(d), ElementsAre("huge"));
  EXPECT_THAT(d.unknown, ElementsAre("overflow"));
}

TEST(Decide, UnknownFactsAreNamedOverAllRulesInScope) {
  PolicyUnderTest p(kDocuments);
  ASSERT_TRUE(p.ok());
  EXPECT_THAT(p.DecideExpect(5).unknown, ElementsAre("seal"));
  EXPECT_THAT(p.DecideExpect(6).unknown, ElementsAre("badge"));

  Request stranger = p.RequestOf(6);
  stranger.principal.id = "zoe";
  const Decision d = p.DecideAs(6, stranger);
  EXPECT_THAT(p.RuleNames(d), ElementsAre("minors"));
  EXPECT_THAT(d.unknown, ElementsAre("User::\"zoe\"", "badge"));
}

TEST(Decide, ADutyThatCannotBeCarriedOutDenies) {
  PolicyUnderTest p(kDocuments);
  ASSERT_TRUE(p.ok());
  Request request = p.RequestOf(1);
  request.can = {*p.schema().FindObligation("log")};
  const Decision d = p.DecideAs(1, request);
  EXPECT_FALSE(d.allow);
  EXPECT_THAT(p.RuleNames(d), ElementsAre("watch"));
  EXPECT_THAT(d.unknown, IsEmpty());
}

TEST(Decide, APermitWhoseObligationsCannotBeCarriedOutDoesNotApply) {
  PolicyUnderTest p(kDocuments);
  ASSERT_TRUE(p.ok());
  Request request = p.RequestOf(0);
  request.can = {*p.schema().FindObligation("notify")};
  EXPECT_THAT(p.RuleNames(p.DecideAs(0, request)), ElementsAre("log_again"))
      << "open_doc applies, and then a duty fails";
  request.can.emplace();
  EXPECT_THAT(p.RuleNames(p.DecideAs(0, request)), ElementsAre("watch", "log_again"))
      << "in source order";
}

TEST(Decide, BeyondTheStepBudgetTheAnswerIsDeny) {
  PolicyUnderTest p(kDocuments);
  ASSERT_TRUE(p.ok());
  p.SetStepLimit(3);
  const Decision d = p.DecideExpect(0);
  EXPECT_FALSE(d.allow);
  EXPECT_TRUE(d.limit);
  EXPECT_THAT(d.reason, Optional(std::string("limit")));
  EXPECT_THAT(d.rules, IsEmpty());
  EXPECT_FALSE(d.valid_until.has_value());
}

TEST(Decide, EvidenceCountsFromIssuedAtUntilBeforeExpiresAt) {
  PolicyUnderTest p(kDocuments);
  ASSERT_TRUE(p.ok());
  Request request = p.RequestOf(5);
  Fact seal = Fact::Of(Value::Record({Value::Int(2)}));
  seal.issued_at = After(1);
  seal.expires_at = After(3);
  request.inputs[p.FindInput("seal").index] = seal;
  auto at = [&](Time now) {
    request.now = now;
    return p.DecideAs(5, request);
  };
  EXPECT_FALSE(at(After(0)).allow);
  EXPECT_THAT(at(After(0)).valid_until, Optional(After(1)));
  EXPECT_THAT(at(After(0)).unknown, ElementsAre("seal"));
  EXPECT_TRUE(at(After(1)).allow);
  EXPECT_THAT(at(After(1)).valid_until, Optional(After(3)));
  EXPECT_TRUE(at(Time{After(3).micros - 1}).allow);
  EXPECT_FALSE(at(After(3)).allow);
  EXPECT_FALSE(at(After(3)).valid_until.has_value());
}

constexpr char kClock[] = R"(ztp 1
package p
entity User { from: Time, until: Time, flag: Bool, slack: Duration }
entity Doc
action lt, le, eq, conj, disj, far, hours on Doc by User
permit p_lt { principal u: User action lt resource Doc when now < u.until }
permit p_le { principal u: User action le resource Doc when now <= u.until }
permit p_eq { principal u: User action eq resource Doc when now == u.until }
permit p_conj { principal u: User action conj resource Doc when now < u.until and now >= u.from }
permit p_disj { principal u: User action disj resource Doc when now < u.until or u.flag or now < u.from }
permit p_far { principal u: User action far resource Doc when now - u.until < u.slack }
permit p_hours { principal u: User action hours resource Doc when now within "08:00-18:00 UTC" }
test "clock" {
  entity u = User::"u" { from: now - 5m, until: now + 5m, flag: false, slack: 1m }
  expect allow u lt Doc::"d"
  expect allow u le Doc::"d"
  expect deny  u eq Doc::"d"
  expect allow u conj Doc::"d"
  expect allow u disj Doc::"d"
  expect allow u far Doc::"d"
  expect deny  u hours Doc::"d"
}
)";

TEST(Validity, ComparisonsWithNowFlip) {
  PolicyUnderTest p(kClock);
  ASSERT_TRUE(p.ok());
  p.CheckExpects();
  auto until = [&](size_t expect, int64_t minutes) {
    Request request = p.RequestOf(expect);
    request.now = After(minutes);
    return p.DecideAs(expect, request).valid_until;
  };
  EXPECT_THAT(until(0, 0), Optional(After(5)));
  EXPECT_EQ(until(0, 5), std::nullopt);
  EXPECT_THAT(until(1, 0), Optional(Time{After(5).micros + 1}));
  EXPECT_THAT(until(1, 5), Optional(Time{After(5).micros + 1}));
  EXPECT_THAT(until(2, 0), Optional(After(5)));
  EXPECT_THAT(until(2, 5), Optional(Time{After(5).micros + 1}));
  EXPECT_EQ(until(2, 6), std::nullopt);
}

TEST(Validity, OfAndOfOr) {
  PolicyUnderTest p(kClock);
  ASSERT_TRUE(p.ok());
  auto until = [&](size_t expect, int64_t minutes) {
    Request request = p.RequestOf(expect);
    request.now = After(minutes);
    return p.DecideAs(expect, request).valid_until;
  };
  EXPECT_THAT(until(3, -6), Optional(After(-5))) << "a false `and`: its false operands' maximum";
  EXPECT_THAT(until(3, 0), Optional(After(5)));
  EXPECT_EQ(until(3, 6), std::nullopt);
  EXPECT_THAT(until(4, -6), Optional(After(5))) << "a true `or`: its true operands' maximum";
  EXPECT_THAT(until(4, 0), Optional(After(5)));
  EXPECT_THAT(until(5, 0), Optional(After(6)));
  EXPECT_THAT(until(6, 0), Optional(After(8 * 60)));
}

constexpr char kHierarchy[] = R"(ztp 1
package p
entity Unit in Unit { code: String }
entity User in Unit { name: String }
entity Doc { units: Set<Unit> }
action enter, share on Doc by User
permit enter_top { principal u: User action enter resource Doc when u in Unit::"top" }
permit share_any { principal u: User action share resource d: Doc when u in d.units }
fixture company {
  entity top = Unit::"top" { code: "t" }
  entity mid = Unit::"mid" in Unit::"top" { code: "m" }
  entity ann = User::"ann" in Unit::"mid" { name: "ann" }
  entity eve = User::"eve" in Unit::"gone" { name: "eve" }
  entity joe = User::"joe" { name: "joe" }
  entity none = Doc::"none" { units: {} }
  entity some = Doc::"some" { units: { Unit::"mid", Unit::"away" } }
}
test "membership" {
  using company
  expect allow ann enter none
  expect deny unknown eve enter none
  expect deny joe enter none
  expect deny unknown User::"stranger" enter none
  expect allow ann share some
  expect deny joe share some
  expect deny unknown eve share some
  expect deny User::"stranger" share none
}
)";

TEST(Membership, IsTrueByAPathUnknownBehindWhatIsAbsentElseFalse) {
  PolicyUnderTest p(kHierarchy);
  ASSERT_TRUE(p.ok());
  p.CheckExpects();
  EXPECT_THAT(p.DecideExpect(1).unknown, ElementsAre("Unit::\"gone\""));
  EXPECT_THAT(p.DecideExpect(3).unknown, ElementsAre("User::\"stranger\""));
}

constexpr char kLineage[] = R"(ztp 1
package p
lattice Level { public < internal < secret }
entity User { clearance: Level }
entity Dataset { hold: Bool, label: Level, tags: Set<String> }
entity Model derives Model, Dataset { hold: Bool, label: Level inherited, tags: Set<String> inherited }
action use, tag, count_them, from_raw on Model by User
permit p_use { principal u: User action use resource m: Model when m.label flows to u.clearance }
permit p_tag { principal u: User action tag resource m: Model when m.tags.contains("b") }
permit p_count { principal u: User action count_them resource m: Model when count(a in m.ancestors(Dataset): not a.hold) == 1 }
permit p_from { principal u: User action from_raw resource m: Model when m derives from Dataset::"raw" }
forbid held { principal u: User action use resource m: Model when any(a in m.ancestors(Dataset): a.hold) }
fixture graph {
  entity ann = User::"ann" { clearance: internal }
  entity low = User::"low" { clearance: public }
  entity raw = Dataset::"raw" { hold: false, label: internal, tags: { "b" } }
  entity bad = Dataset::"bad" { hold: true, label: public, tags: {} }
  entity base = Model::"base" derives raw { hold: false, label: public, tags: { "a" } }
  entity tuned = Model::"tuned" derives base { hold: false, label: public, tags: {} }
  entity tainted = Model::"tainted" derives base, bad { hold: false, label: public, tags: {} }
  entity lost = Model::"lost" derives Model::"gone" { hold: false, label: public, tags: {} }
  entity gone_bad = Model::"gone_bad" derives Model::"gone", bad { hold: false, label: public, tags: {} }
}
test "lineage" {
  using graph
  expect allow ann use tuned
  expect deny low use tuned
  expect deny ann use tainted by held
  expect deny unknown ann use lost
  expect deny ann use gone_bad by held
  expect allow ann tag tuned
  expect allow ann count_them tuned
  expect deny unknown ann count_them lost
  expect allow ann from_raw tuned
}
)";

TEST(Lineage, AncestorsQuantifiersAndInheritedAttributes) {
  PolicyUnderTest p(kLineage);
  ASSERT_TRUE(p.ok());
  p.CheckExpects();
  EXPECT_THAT(p.DecideExpect(3).unknown, ElementsAre("Model::\"gone\""));
  EXPECT_THAT(p.DecideExpect(4).unknown, IsEmpty()) << "decided by the ancestor that is there";
}

constexpr char kFolds[] = R"(ztp 1
package p
lattice Tags of { a, b, c }
type Part = { name: String, weight: Int, price: Decimal, tags: Tags }
entity User
entity Box { parts: List<Part>, counts: List<Int>, limits: Map<String, Int>, nets: Set<Cidr>, at: Ip }
action total, sums, joins, names, filtered, empty, maps, net, text on Box by User
permit t1 { principal User action total resource b: Box when sum(p in b.parts: p.weight) == 6 }
permit t2 { principal User action sums resource b: Box when sum(p in b.parts: p.price) == 0.3 }
permit t3 { principal User action joins resource b: Box when join(p in b.parts: p.tags) == { a, c } }
permit t4 { principal User action names resource b: Box when set(p in b.parts where p.weight > 1: p.name) == { "y", "z" } }
permit t5 { principal User action filtered resource b: Box when all(p in b.parts where p.weight > 1: p.price >= 0.1) and count(p in b.parts: p.weight > 1) == 2 }
permit t6 { principal User action empty resource b: Box when not (not b.parts.isEmpty and b.parts.first.weight > 0) and b.parts.isEmpty }
permit t7 { principal User action maps resource b: Box when (b.limits["x"] ?? 0) == 4 and b.limits.keys.contains("x") and (b.limits["no"] ?? 9) == 9 }
permit t8 { principal User action net resource b: Box when b.at in b.nets and b.at in "10.0.0.0/8" }
permit t9 { principal User action text resource b: Box when any(p in b.parts: p.name matches "[xy]") and any(p in b.parts: p.name like "z*") }
fixture boxes {
  entity full = Box::"full" {
    parts: [{ name: "x", weight: 1, price: 0.1, tags: { a } }, { name: "y", weight: 2, price: 0.1, tags: {} },
            { name: "z", weight: 3, price: 0.1, tags: { a, c } }],
    counts: [7, 8], limits: { "x": 4 }, nets: { "10.1.0.0/16" }, at: "10.1.2.3"
  }
  entity bare = Box::"bare" { parts: [], counts: [], limits: {}, nets: {}, at: "10.1.2.3" }
}
test "folds" {
  using boxes
  expect allow User::"u" total full
  expect deny  User::"u" total bare
  expect allow User::"u" sums full
  expect allow User::"u" joins full
  expect allow User::"u" names full
  expect allow User::"u" filtered full
  expect allow User::"u" empty bare
  expect deny  User::"u" empty full
  expect allow User::"u" maps full
  expect allow User::"u" net full
  expect deny  User::"u" net bare
  expect allow User::"u" text full
}
)";

TEST(Folds, WorkOnListsSetsAndMaps) {
  PolicyUnderTest p(kFolds);
  ASSERT_TRUE(p.ok());
  p.CheckExpects();
}

TEST(Scratch, ServesOnePolicyAfterTheOther) {
  PolicyUnderTest a(kDocuments), b(kFolds);
  ASSERT_TRUE(a.ok() && b.ok());
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < a.expect_count() || i < b.expect_count(); ++i) {
      for (PolicyUnderTest* p : {&a, &b}) {
        if (i >= p->expect_count()) continue;
        const Decision own = p->DecideExpect(i);
        EXPECT_EQ(Decide(*p->policy(), *p->FactsOf(i), p->RequestOf(i), a.scratch()), own);
      }
    }
  }
}

TEST(Explain, SaysWhatEachClauseCameToAndWhatItRead) {
  PolicyUnderTest p(kDocuments);
  ASSERT_TRUE(p.ok());
  const Explanation e = p.ExplainExpect(3);
  EXPECT_FALSE(e.decision.allow);
  const DecisionProgram& program = p.policy()->program();
  bool seen = false;
  for (const Explanation::Rule& rule : e.rules) {
    if (program.Text(program.rules[rule.index].name) != "minors") continue;
    seen = true;
    EXPECT_TRUE(rule.applied);
    EXPECT_EQ(rule.condition, Explanation::Outcome::kTrue);
    ASSERT_EQ(rule.clauses.size(), 1u);
    EXPECT_EQ(rule.clauses[0].outcome, Explanation::Outcome::kTrue);
    EXPECT_EQ(program.Text(program.clauses[rule.clauses[0].index].text), "u.age < 18");
    ASSERT_EQ(rule.clauses[0].reads.size(), 1u);
    EXPECT_EQ(rule.clauses[0].reads[0].path, "principal.age");
    EXPECT_EQ(rule.clauses[0].reads[0].value, "9");
  }
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace ztp
