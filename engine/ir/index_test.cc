// What the index makes of conditions: which tests, which marks, which groups. That decisions stay
// the same whatever it makes of them is shown by random programs (scenario/ways.h).
#include "engine/ir/index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/bundle/verify.h"
#include "engine/ir/lower.h"
#include "engine/sema/check_testing.h"

namespace ztp::ir {
namespace {

using Op = ztp::Test::Op;
using Source = Probe::Source;

constexpr std::string_view kDeclarations = R"(ztp 1
package p
lattice Level { public < internal < secret }
lattice Tags of { pii, phi, pci }
lattice Label { level: Level, tags: Tags }
entity Team
entity User in Team { age: Int, clearance: Label }
entity Paper { size: Int, limit: Int, draft: Bool, label: Label }
input device: { safe: Bool } proven
action read on Paper by User
)";

DecisionProgram Indexed(const std::string& rules) {
  std::unique_ptr<sema::Checked> checked = sema::CheckText(std::string(kDeclarations) + rules);
  EXPECT_NE(checked->program, nullptr);
  DecisionProgram program = Lower(*checked->program, checked->sources);
  EXPECT_EQ(CheckProgram(program), absl::OkStatus());
  return program;
}

std::string Permit(int number, std::string_view when) {
  return "permit r" + std::to_string(number) +
         " { principal u: User action read resource d: Paper when " + std::string(when) + " }\n";
}

// The operators of the tests that are cheap, of the first rule.
std::vector<Op> CheapOps(const DecisionProgram& program) {
  const DecisionIndex& x = program.index;
  std::vector<Op> ops;
  for (uint32_t i = 0; i < x.rules[0].cheap_tests; ++i) {
    ops.push_back(x.tests[x.rule_tests[x.rules[0].first_test + i]].op);
  }
  std::sort(ops.begin(), ops.end());
  return ops;
}

TEST(Index, AlternativesAndTwoFactsAreTests) {
  EXPECT_EQ(CheapOps(Indexed(Permit(0, "d.draft or u.age > 40"))), std::vector<Op>({Op::kAnyOf}));
  EXPECT_EQ(CheapOps(Indexed(Permit(0, "not (d.draft and u.age > 40)"))),
            std::vector<Op>({Op::kAnyOf}));
  EXPECT_EQ(CheapOps(Indexed(Permit(0, "d.size < d.limit"))), std::vector<Op>({Op::kBelow}));
  EXPECT_EQ(CheapOps(Indexed(Permit(0, "d.size <= u.age"))), std::vector<Op>({Op::kNotAbove}));
  EXPECT_EQ(CheapOps(Indexed(Permit(0, "d.size == u.age"))), std::vector<Op>({Op::kEqual}));
  EXPECT_EQ(CheapOps(Indexed(Permit(0, "d.label flows to u.clearance"))),
            std::vector<Op>({Op::kWithin}));
  // What an operator has to work out is no alternative of a cheap test.
  EXPECT_EQ(CheapOps(Indexed(Permit(0, "d.draft or d.size + 1 > u.age"))), std::vector<Op>());
}

TEST(Index, FreshIsOneTestOfAnAge) {
  for (const std::string_view when : {"device.fresh(5m)", "not device.fresh(5m)"}) {
    const DecisionProgram program = Indexed(Permit(0, when));
    const DecisionIndex& x = program.index;
    EXPECT_EQ(CheapOps(program), std::vector<Op>({Op::kNow})) << when;
    const ztp::Test& test = x.tests[x.rule_tests[x.rules[0].first_test]];
    EXPECT_EQ(x.probes[test.probe].source, Source::kInputFresh) << when;
    EXPECT_EQ(test.a, 300'000'000) << when;
    EXPECT_EQ(test.negated, when.starts_with("not")) << when;
  }
}

// Many rules, each for a team and with tests of a few values: each posting has its marks, and
// nothing but the membership is left to be tried.
TEST(Index, MarksSayWhatSmallValuesSay) {
  std::string rules;
  for (int i = 0; i < 40; ++i) {
    rules += "permit r" + std::to_string(i) + " { principal u: User in Team::\"t" +
             std::to_string(i % 20) + "\" action read resource d: Paper when d.draft and u.age > " +
             std::to_string(20 + i % 4) +
             " and d.label flows to { level: internal, tags: { pii } } }\n";
  }
  const DecisionProgram program = Indexed(rules);
  const DecisionIndex& x = program.index;
  ASSERT_EQ(x.postings.size(), 40u);
  for (const IndexPosting& posting : x.postings) {
    const IndexedRule& rule = x.rules[posting.rank];
    EXPECT_NE(posting.out, 0u);
    EXPECT_EQ(posting.out, rule.out);
    EXPECT_EQ(rule.marked_tests + 1, rule.tests);
  }
}

}  // namespace
}  // namespace ztp::ir
