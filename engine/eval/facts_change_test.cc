// Deciding in several threads while facts change: each decision is that of one snapshot.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "engine/eval/eval_testing.h"
#include "engine/facts/current_facts.h"

namespace ztp {
namespace {

constexpr char kPolicy[] = R"(ztp 1
package p
entity Team in Team
entity User in Team { even: Bool }
entity Doc in Team { even: Bool, tags: Set<String> }
entity Model derives Model { hold: Bool inherited any }
action read on Doc, Model by User
permit both { principal u: User in Team::"all"
  action read
  resource d: Doc in Team::"all"
  when u.even == d.even and "t" in d.tags
}
permit models { principal u: User
  action read
  resource m: Model
  when not m.hold
  unless any(a in m.ancestors(Model): a.hold)
}
fixture f {
  entity whole = Team::"all"
  entity t = Team::"t" in Team::"all"
  entity u = User::"u" in Team::"t" { even: true }
  entity d = Doc::"d" in Team::"t" { even: true, tags: { "t" } }
  entity base = Model::"base" { hold: false }
  entity m = Model::"m" derives Model::"base" { hold: false }
}
test "decisions" {
  using f
  expect allow u read d by both
  expect allow u read m by models
}
)";

TEST(FactsChange, DecisionsOfOneSnapshot) {
  PolicyUnderTest test(kPolicy);
  ASSERT_TRUE(test.ok());
  test.CheckExpects();
  const Policy& policy = *test.policy();
  CurrentFacts facts(test.FactsOf(0));
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0, unequal = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      CurrentFacts::Reader reader(facts);
      const Request doc = test.RequestOf(0), model = test.RequestOf(1);
      Scratch scratch;
      while (!stop) {
        const Snapshot& snapshot = reader.Get();
        // User and document change together: whoever saw one of each would deny.
        wrong += !Decide(policy, snapshot, doc, scratch).allow;
        const bool allowed = Decide(policy, snapshot, model, scratch).allow;
        unequal += Decide(policy, snapshot, model, scratch).allow != allowed;
      }
    });
  }
  std::vector<EntityRecord> records = test.RecordsOf(0);
  for (int change = 0; change < 200; ++change) {
    SnapshotBuilder builder(facts.Newest());
    for (EntityRecord& record : records) {
      const std::string& type = policy.schema()[record.uid.type].name;
      if (type == "User" || type == "Doc") {
        record.attributes[0] = Fact::Of(Value::Bool(change % 2 == 0));
      } else if (record.uid.id == "base") {
        record.attributes[0] = Fact::Of(Value::Bool(change % 3 == 0));
      } else {
        continue;
      }
      ASSERT_TRUE(builder.Upsert(record).ok());
    }
    auto next = BuildSnapshot(policy, builder);
    ASSERT_TRUE(next.ok()) << next.status();
    const Decision model = Decide(policy, **next, test.RequestOf(1), test.scratch());
    EXPECT_EQ(model.allow, change % 3 != 0);
    facts.Publish(*std::move(next));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(unequal, 0);
}

}  // namespace
}  // namespace ztp
