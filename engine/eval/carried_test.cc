// Facts that belong to one request: carried entities, evidence with times, and what clauses skip.
#include <string>

#include "engine/eval/eval_testing.h"

namespace ztp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

constexpr char kSessions[] = R"(ztp 1
package p
entity Team in Team { name: String }
entity Session in Team carried vouched { depth: Int, note?: String }
entity Doc { name: String }
action shallow, member, exists, noted on Doc by Session
permit p_shallow { principal s: Session action shallow resource Doc when s.depth < 3 }
permit p_member { principal s: Session action member resource Doc when s in Team::"top" }
permit p_exists { principal s: Session action exists resource Doc when bound(s) }
permit p_noted { principal s: Session action noted resource Doc when s has note and s.note == "x" }
fixture world {
  entity top = Team::"top" { name: "top" }
  entity mid = Team::"mid" in Team::"top" { name: "mid" }
  entity doc = Doc::"d" { name: "d" }
  entity s = Session::"s" in Team::"mid" { depth: 1 }
}
test "sessions" {
  using world
  expect allow s shallow doc
  expect allow s member doc
  expect allow s exists doc
  expect deny s noted doc
}
)";

TEST(Carried, EntitiesAreReadFromTheRequest) {
  PolicyUnderTest p(kSessions);
  ASSERT_TRUE(p.ok());
  p.CheckExpects();
  EXPECT_EQ(p.FactsOf(0)->stored_count(), 3u) << "a carried entity is not stored";
}

TEST(Carried, WithoutItsRecordAnEntityIsAbsent) {
  PolicyUnderTest p(kSessions);
  ASSERT_TRUE(p.ok());
  for (size_t i = 0; i < p.expect_count(); ++i) {
    Request request = p.RequestOf(i);
    request.carried.clear();
    const Decision d = p.DecideAs(i, request);
    EXPECT_FALSE(d.allow);
    if (i == 2) {
      EXPECT_THAT(d.unknown, IsEmpty()) << "`bound` is never unknown";
    } else {
      EXPECT_THAT(d.unknown, ElementsAre("Session::\"s\""));
    }
  }
}

TEST(Carried, MembershipGoesThroughWhatIsCarried) {
  PolicyUnderTest p(kSessions);
  ASSERT_TRUE(p.ok());
  Request request = p.RequestOf(1);
  const EntityTypeId team = *p.schema().FindEntityType("Team");
  request.carried.at(0).parents = {EntityUid{team, "gone"}};
  EXPECT_THAT(p.DecideAs(1, request).unknown, ElementsAre("Team::\"gone\""));
  request.carried.at(0).parents = {EntityUid{team, "top"}};
  EXPECT_TRUE(p.DecideAs(1, request).allow);
  request.carried.at(0).parents = {};
  const Decision none = p.DecideAs(1, request);
  EXPECT_FALSE(none.allow);
  EXPECT_THAT(none.unknown, IsEmpty());
}

constexpr char kProofs[] = R"(ztp 1
package p
lattice Level { public < internal < secret }
type Proof = { level: Int }
entity User { clearance: Level }
entity Model derives Model { proof?: Proof proven, badge: Proof proven, seal: Level proven inherited }
action optional_one, required_one, inherited_one on Model by User
permit p1 { principal u: User action optional_one resource m: Model when m has proof and m.proof.level > 1 }
permit p2 { principal u: User action required_one resource m: Model when m.badge.level > 1 }
permit p3 { principal u: User action inherited_one resource m: Model when m.seal flows to u.clearance }
fixture world {
  entity ann = User::"ann" { clearance: internal }
  entity base = Model::"base" { badge: { level: 2 }, seal: internal }
  entity m = Model::"m" derives base { proof: { level: 2, issued_at: now - 1m, expires_at: now + 1m },
                                       badge: { level: 2, issued_at: now - 1m, expires_at: now + 2m }, seal: public }
}
test "proofs" {
  using world
  expect allow ann optional_one m
  expect allow ann required_one m
  expect allow ann inherited_one m
}
)";

TEST(Evidence, OfAnAttributeCountsInItsTime) {
  PolicyUnderTest p(kProofs);
  ASSERT_TRUE(p.ok());
  p.CheckExpects();
  auto at = [&](size_t expect, int64_t minutes) {
    Request request = p.RequestOf(expect);
    request.now = Time{kTestNow + minutes * kMinute};
    return p.DecideAs(expect, request);
  };
  auto minute = [](int64_t minutes) { return Optional(Time{kTestNow + minutes * kMinute}); };
  EXPECT_THAT(at(0, 0).valid_until, minute(1));
  EXPECT_FALSE(at(0, 1).allow);
  EXPECT_THAT(at(0, 1).unknown, IsEmpty()) << "an optional one is missing then";
  EXPECT_THAT(at(0, -2).valid_until, minute(-1));
  EXPECT_THAT(at(1, 0).valid_until, minute(2));
  EXPECT_THAT(at(1, 2).unknown, ElementsAre("Model::\"m\"")) << "a required one is unknown then";
  EXPECT_EQ(at(1, 2).valid_until, std::nullopt);
}

TEST(Explain, AClauseBehindAGuardThatDidNotHoldIsSkipped) {
  PolicyUnderTest p(kSessions);
  ASSERT_TRUE(p.ok());
  const Explanation whole = p.ExplainExpect(3);
  ASSERT_EQ(whole.rules.size(), 1u);
  EXPECT_EQ(whole.rules[0].condition, Explanation::Outcome::kFalse);
  EXPECT_FALSE(whole.rules[0].applied);
  EXPECT_FALSE(whole.decision.allow);

  std::string text = kSessions;
  const std::string clauses = "s has note and s.note == \"x\"";
  text.replace(text.find(clauses), clauses.size(), "s has note when s.note == \"x\"");
  PolicyUnderTest split(text);
  ASSERT_TRUE(split.ok());
  const Explanation e = split.ExplainExpect(3);
  ASSERT_EQ(e.rules.size(), 1u);
  ASSERT_EQ(e.rules[0].clauses.size(), 2u);
  EXPECT_EQ(e.rules[0].clauses[0].outcome, Explanation::Outcome::kFalse);
  EXPECT_EQ(e.rules[0].clauses[1].outcome, Explanation::Outcome::kSkipped);
  EXPECT_THAT(e.rules[0].clauses[1].unknown, IsEmpty());
}

}  // namespace
}  // namespace ztp
