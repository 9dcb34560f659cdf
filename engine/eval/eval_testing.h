// For the unit tests of this folder: a policy text whose `test` blocks give the facts and requests,
// decided by the engine.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/eval/decide.h"
#include "engine/eval/json_decision.h"
#include "engine/ir/index.h"
#include "engine/ir/lower.h"
#include "engine/sema/check_testing.h"

namespace ztp {

// What tests' clocks show unless they say otherwise: 2030-01-01T00:00:00Z.
inline constexpr int64_t kTestNow = 1893456000'000'000;
inline constexpr int64_t kMinute = 60'000'000;

// Expects are numbered through all tests, from 0.
class PolicyUnderTest {
 public:
  explicit PolicyUnderTest(std::string text) : checked_(sema::CheckText(std::move(text))) {
    if (checked_->program == nullptr) {
      ADD_FAILURE() << checked_->Shown();
      return;
    }
    for (const sema::TestCase& test : checked_->program->tests) {
      for (const sema::Expect& expect : test.expects) {
        expects_.push_back({&expect, &test.worlds[expect.world], test.name});
      }
    }
    Lower();
  }

  // False: the text did not compile, and the test has failed already.
  bool ok() const { return policy_ != nullptr; }
  const Schema& schema() const { return checked_->program->schema; }
  const std::shared_ptr<const Policy>& policy() const { return policy_; }
  size_t expect_count() const { return expects_.size(); }

  void SetStepLimit(uint64_t limit) {
    step_limit_ = limit;
    Lower();
  }

  Request RequestOf(size_t expect) const { return expects_.at(expect).expect->request; }
  const std::vector<EntityRecord>& RecordsOf(size_t expect) const {
    return *expects_.at(expect).world;
  }
  const std::vector<EntityRecord>& WorldOf(size_t expect) const {
    return *expects_.at(expect).world;
  }
  std::shared_ptr<const Snapshot> FactsOf(size_t expect) const {
    auto snapshot = MakeSnapshot(*policy_, WorldOf(expect));
    EXPECT_TRUE(snapshot.ok()) << snapshot.status();
    return *snapshot;
  }
  // With the index, and rule by rule without: they agree.
  Decision DecideAs(size_t expect, const Request& request) {
    const Decision decision = Decide(*policy_, *FactsOf(expect), request, scratch_);
    CheckText(decision, *FactsOf(expect), request);
    auto snapshot = MakeSnapshot(*plain_, WorldOf(expect));
    EXPECT_TRUE(snapshot.ok()) << snapshot.status();
    const Decision plain = Decide(*plain_, **snapshot, request, scratch_);
    // Which of the two spends its steps is another matter.
    if (step_limit_ == 0) {
      EXPECT_EQ(decision, plain);
    }
    return step_limit_ == 0 ? decision : plain;
  }
  // A verdict written as it is says what its copy in plain data says.
  void CheckText(const Decision& decision, const Snapshot& facts, const Request& request) {
    BoundRequest bound;
    if (!bound.Bind(*policy_, facts, request).ok()) return;
    std::string text;
    AppendDecision(bound, Evaluate(bound, scratch_), scratch_, {"sha256:aa", "v1"}, &text);
    EXPECT_EQ(text, WriteDecision(policy_->program(), decision, {"sha256:aa", "v1"}));
  }
  Decision DecideExpect(size_t expect) { return DecideAs(expect, RequestOf(expect)); }
  Explanation ExplainExpect(size_t expect) {
    return Explain(*policy_, *FactsOf(expect), RequestOf(expect), scratch_);
  }
  Scratch& scratch() { return scratch_; }

  std::vector<std::string> RuleNames(const Decision& decision) const {
    std::vector<std::string> names;
    for (uint32_t rule : decision.rules) names.push_back(checked_->program->rules[rule].name);
    return names;
  }
  InputId FindInput(std::string_view name) const { return *schema().FindInput(name); }

  // Every expect holds.
  void CheckExpects() {
    for (size_t i = 0; i < expects_.size(); ++i) {
      const sema::Expect& expect = *expects_[i].expect;
      const Decision decision = DecideExpect(i);
      SCOPED_TRACE(expects_[i].name);
      SCOPED_TRACE(checked_->sources.Text(expect.span));
      EXPECT_EQ(decision.allow, expect.allow);
      if (!decision.allow) {
        EXPECT_EQ(!decision.unknown.empty(), expect.unknown);
      }
      if (expect.by) {
        EXPECT_THAT(decision.rules, ::testing::Contains(*expect.by));
      }
      for (const ObligationCall& call : expect.obliged) {
        EXPECT_THAT(decision.obligations, ::testing::Contains(call));
      }
    }
  }

 private:
  struct Known {
    const sema::Expect* expect;
    const std::vector<EntityRecord>* world;
    std::string name;
  };

  void Lower() {
    DecisionProgram program = ir::Lower(*checked_->program, checked_->sources);
    if (step_limit_ != 0) program.step_limit = step_limit_;
    auto policy = Policy::Make(program);
    ASSERT_TRUE(policy.ok()) << policy.status();
    policy_ = *policy;
    ir::SetIndex(&program, {});
    plain_ = *Policy::Make(std::move(program));
  }

  std::unique_ptr<sema::Checked> checked_;
  std::vector<Known> expects_;
  uint64_t step_limit_ = 0;
  std::shared_ptr<const Policy> policy_;
  std::shared_ptr<const Policy> plain_;  // the same without its index
  Scratch scratch_;
};

}  // namespace ztp
