// The kernel as a driver has it: a policy that is nothing but a bundle's bytes, a block of memory
// of a fixed size, and no host. It decides as the engine does, or says that it cannot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "engine/bundle/kernel_tables.h"
#include "engine/bundle/read.h"
#include "engine/bundle/write.h"
#include "engine/core/bundle_view.h"
#include "engine/core/decide.h"
#include "engine/eval/eval_testing.h"

namespace ztp {
namespace {

constexpr char kPolicy[] = R"(ztp 1
package p
entity Team
entity User in Team { level: Int, tags: Set<String>, until?: Time }
entity Doc in Folder { open: Bool, owners: Set<Team>, name: String }
entity Folder
action read, write, search, office on Doc by User with { why: String }
obligation audit(level: String)
permit owners {
  principal u: User action read, write resource d: Doc
  when u in d.owners and u.level > 2
  when trust(action.why) == "work"
  oblige audit("full")
}
permit open_docs { principal any action read resource d: Doc when d.open or d in Folder::"public" }
permit found { principal any action search resource any when trust(action.why) matches "a+b" }
permit at_work {
  principal any action office resource any
  when now within "Mon-Sun 00:00-24:00 UTC"
}
forbid expired { principal u: User when u has until and now >= u.until }
test "requests" {
  entity team = Team::"t"
  entity ann = User::"ann" in Team::"t" { level: 3, tags: { "x" }, until: now + 5m }
  entity bob = User::"bob" { level: 9, tags: {} }
  entity doc = Doc::"d" { open: false, owners: { Team::"t" }, name: "n" }
  entity pub = Doc::"p" in Folder::"public" { open: false, owners: {}, name: "p" }
  expect allow ann read doc with { why: "work" }
  expect deny  ann read doc with { why: "fun" }
  expect deny  bob write doc with { why: "work" }
  expect allow bob read pub with { why: "work" }
  expect deny  ann read doc with { why: "work" } at now + 6m
  expect allow ann search doc with { why: "aab" }
  expect allow ann office doc with { why: "work" }
}
)";
constexpr size_t kNeedHost = 5;  // expects from here on rest on RE2 and on time zones

// What a verdict says, so that two can be compared.
std::string Told(const Verdict& v) {
  std::string out = v.allow ? "allow" : v.limit ? "limit" : "deny";
  for (uint32_t rule : v.rules) out += " #" + std::to_string(rule);
  out += " until " + std::to_string(v.valid_until);
  out += " obligations " + std::to_string(v.obligations.size());
  if (v.rests_on_unknown) out += " unknown";
  return out;
}

class Kernel : public ::testing::Test {
 protected:
  Kernel() : subject_(kPolicy) {
    if (!subject_.ok()) return;
    bytes_ = WriteBundle(subject_.policy()->program());
    words_.resize(bytes_.size() / 8 + 1);
    std::memcpy(words_.data(), bytes_.data(), bytes_.size());
    viewed_ = ViewBundleBytes(words_.data(), bytes_.size(), &view_);
  }
  void SetUp() override {
    ASSERT_TRUE(subject_.ok());
    ASSERT_TRUE(viewed_);
  }
  Verdict DecideAsDriver(const BoundRequest& bound, size_t block_bytes) {
    block_.resize(block_bytes + Workspace::kAlignment);
    void* block = block_.data();
    size_t space = block_.size();
    std::align(Workspace::kAlignment, block_bytes, block, space);
    workspace_.Use(block, block_bytes);
    RequestView request = bound.view();
    request.policy = &view_;
    request.host = nullptr;
    return Decide(request, workspace_);
  }

  PolicyUnderTest subject_;
  std::string bytes_;
  std::vector<uint64_t> words_;
  PolicyView view_;
  bool viewed_ = false;
  std::vector<char> block_;
  Workspace workspace_;
};

TEST_F(Kernel, DecidesFromABundlesBytesAsTheEngineDoes) {
  subject_.CheckExpects();
  Scratch scratch;
  for (size_t i = 0; i < subject_.expect_count(); ++i) {
    const auto facts = subject_.FactsOf(i);
    BoundRequest bound;
    ASSERT_EQ(bound.Bind(*subject_.policy(), *facts, subject_.RequestOf(i)), absl::OkStatus());
    const Verdict driver = DecideAsDriver(bound, Workspace::BytesFor(view_));
    const std::string told = Told(driver);
    if (i >= kNeedHost) {
      EXPECT_EQ(told,
                "deny until " + std::to_string(driver.valid_until) + " obligations 0 unknown");
      ASSERT_EQ(driver.facts.size(), 1u);
      EXPECT_EQ(driver.facts[0], MissingFacts::Host());
      continue;
    }
    EXPECT_EQ(told, Told(Evaluate(bound, scratch))) << i;
  }
}

TEST_F(Kernel, DeniesWhereItsMemoryIsTooSmall) {
  const auto facts = subject_.FactsOf(0);
  BoundRequest bound;
  ASSERT_EQ(bound.Bind(*subject_.policy(), *facts, subject_.RequestOf(0)), absl::OkStatus());
  EXPECT_TRUE(DecideAsDriver(bound, Workspace::BytesFor(view_)).allow);
  const size_t fixed = Workspace::BytesFor(view_) - Workspace::kLeastArenaBytes;
  for (size_t bytes : {size_t{0}, size_t{64}, fixed, Workspace::BytesFor(view_) - 1}) {
    const Verdict verdict = DecideAsDriver(bound, bytes);
    EXPECT_FALSE(verdict.allow) << bytes;
    EXPECT_TRUE(verdict.limit && verdict.out_of_memory) << bytes;
  }
}

// Everything that the kernel reads lies where the reader with all its checks finds it.
TEST_F(Kernel, SeesTheTablesThatTheReaderSees) {
  const auto program = ReadBundle(bytes_);
  ASSERT_TRUE(program.ok()) << program.status();
  const PolicyView other = ViewOf(*program);
  auto same = [](const auto& a, const auto& b) {
    return a.size() == b.size() &&
           (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
  };
  EXPECT_TRUE(same(view_.nodes, other.nodes));
  EXPECT_TRUE(same(view_.args, other.args));
  EXPECT_EQ(view_.max_depth, other.max_depth);
  EXPECT_TRUE(same(view_.attribute_refs, other.attribute_refs));
  EXPECT_TRUE(same(view_.attribute_columns, other.attribute_columns));
  EXPECT_TRUE(same(view_.param_refs, other.param_refs));
  EXPECT_TRUE(same(view_.param_columns, other.param_columns));
  EXPECT_TRUE(same(view_.rules, other.rules));
  EXPECT_TRUE(same(view_.obliges, other.obliges));
  EXPECT_TRUE(same(view_.type_sets, other.type_sets));
  EXPECT_TRUE(same(view_.plans, other.plans));
  EXPECT_TRUE(same(view_.candidates, other.candidates));
  EXPECT_TRUE(same(view_.quantifiers, other.quantifiers));
  EXPECT_EQ(view_.step_limit, other.step_limit);
  EXPECT_EQ(view_.obligation_count, other.obligation_count);
  EXPECT_TRUE(same(view_.type_kinds, other.type_kinds));
  EXPECT_TRUE(same(view_.entities, other.entities));
  EXPECT_TRUE(same(view_.attributes, other.attributes));
  EXPECT_TRUE(same(view_.ancestor_columns, other.ancestor_columns));
  EXPECT_TRUE(same(view_.optional_inputs, other.optional_inputs));
  EXPECT_TRUE(same(view_.product_first, other.product_first));
  EXPECT_TRUE(same(view_.product_offsets, other.product_offsets));
  EXPECT_TRUE(same(view_.earlier_folds, other.earlier_folds));
  EXPECT_TRUE(same(view_.name_texts, other.name_texts));
  EXPECT_TRUE(same(view_.text_slots, other.text_slots));
  EXPECT_TRUE(same(view_.index.probes, other.index.probes));
  EXPECT_EQ(view_.index.request_probes, other.index.request_probes);
  EXPECT_TRUE(same(view_.principal_marks, other.principal_marks));
  EXPECT_TRUE(same(view_.resource_marks, other.resource_marks));
  EXPECT_TRUE(same(view_.mark_cells, other.mark_cells));
  EXPECT_TRUE(same(view_.other_marks, other.other_marks));
  EXPECT_TRUE(same(view_.index.texts, other.index.texts));
  EXPECT_TRUE(same(view_.index.values, other.index.values));
  EXPECT_TRUE(same(view_.index.rule_tests, other.index.rule_tests));
  EXPECT_TRUE(same(view_.index.marks, other.index.marks));
  EXPECT_EQ(view_.index.request_marks, other.index.request_marks);
  EXPECT_EQ(view_.index.forbids, other.index.forbids);
  EXPECT_EQ(view_.index.permits, other.index.permits);
  EXPECT_EQ(view_.index.first_root, other.index.first_root);
  EXPECT_EQ(view_.index.root_count, other.index.root_count);
  EXPECT_TRUE(same(view_.index.keys, other.index.keys));
  EXPECT_TRUE(same(view_.index.postings, other.index.postings));
  EXPECT_TRUE(same(view_.index.columns, other.index.columns));
  EXPECT_TRUE(same(view_.index.cuts, other.index.cuts));
  EXPECT_TRUE(same(view_.index.rules, other.index.rules));
  EXPECT_TRUE(same(view_.index.tests, other.index.tests));
  EXPECT_TRUE(same(view_.index.groups, other.index.groups));
  EXPECT_TRUE(same(view_.index.ranks, other.index.ranks));
  EXPECT_TRUE(same(view_.index.rows, other.index.rows));
  for (uint32_t t = 0; t < view_.name_texts.size(); ++t) {
    const std::string_view text = view_.Text(view_.name_texts[t]);
    EXPECT_EQ(view_.NumberOf(text.data(), static_cast<uint32_t>(text.size())), t);
  }
}

TEST_F(Kernel, RefusesWhatIsNoBundle) {
  PolicyView out;
  for (size_t size : {size_t{0}, size_t{11}, bytes_.size() - 1}) {
    EXPECT_FALSE(ViewBundleBytes(words_.data(), size, &out)) << size;
  }
  EXPECT_FALSE(
      ViewBundleBytes(reinterpret_cast<char*>(words_.data()) + 4, bytes_.size() - 4, &out));
  std::vector<uint64_t> damaged = words_;
  reinterpret_cast<char*>(damaged.data())[9] = 'x';
  EXPECT_FALSE(ViewBundleBytes(damaged.data(), bytes_.size(), &out));
}

}  // namespace
}  // namespace ztp
