// An index is refused as soon as one thing about it is not as it should be.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "engine/bundle/bundle_testing.h"
#include "engine/bundle/decision_program.h"
#include "engine/bundle/read.h"
#include "engine/bundle/verify.h"
#include "engine/bundle/write.h"

namespace ztp {
namespace {

// The entry of a key in the table of group 2.
IndexKey& KeyOf(DecisionIndex& x, int64_t key) {
  for (uint32_t k = 0; k < 4; ++k) {
    if (x.keys[k].kind != IndexKey::kFree && x.keys[k].key == key) return x.keys[k];
  }
  ADD_FAILURE() << "no key " << key;
  return x.keys[0];
}

struct Fault {
  const char* what;
  std::function<void(DecisionProgram&, DecisionIndex&)> make;
};

TEST(CheckIndex, OneThingWrong) {
  ASSERT_EQ(CheckProgram(IndexedProgram()), absl::OkStatus());
  using Form = Probe::Form;
  using Source = Probe::Source;
  using Op = ztp::Test::Op;
  const Fault kFaults[] = {
      // Probes
      {"a node out of range", [](auto&, auto& x) { x.probes[2].node = 1000; }},
      {"no node", [](auto&, auto& x) { x.probes[2].node = kNone32; }},
      {"a node where there is none", [](auto&, auto& x) { x.probes[0].node = 0; }},
      {"a node with a free variable", [](auto&, auto& x) { x.probes[9].node = 7; }},
      {"another attribute", [](auto&, auto& x) { x.probes[2].index = 1; }},
      {"an attribute of the principal",
       [](auto&, auto& x) { x.probes[2].source = Source::kPrincipalAttribute; }},
      {"an attribute that is only looked for",
       [](auto&, auto& x) { x.probes[2].source = Source::kHasResourceAttribute; }},
      {"an input that is an attribute", [](auto&, auto& x) { x.probes[2].source = Source::kInput; }},
      {"an input's time that is an attribute",
       [](auto&, auto& x) { x.probes[8].source = Source::kInputIssuedAt; }},
      {"a quantifier that is an attribute",
       [](auto&, auto& x) { x.probes[2].source = Source::kResourceQuantifier; }},
      {"a field of no record", [](auto&, auto& x) { x.probes[2].source = Source::kInputField; }},
      {"a parameter that is an attribute",
       [](auto&, auto& x) { x.probes[2].source = Source::kParam; }},
      {"a resource that is the principal",
       [](auto&, auto& x) { x.probes[1].source = Source::kResource; }},
      {"a probe of a request more", [](auto&, auto& x) { x.request_probes = 3; }},
      {"a probe of a request fewer", [](auto&, auto& x) { x.request_probes = 1; }},
      {"more probes of a request than probes", [](auto&, auto& x) { x.request_probes = 11; }},
      {"a source that is none", [](auto&, auto& x) { x.probes[2].source = static_cast<Source>(18); }},
      {"a fresh input with a node", [](auto&, auto& x) { x.probes[2].source = Source::kInputFresh; }},
      {"a fresh input that is none",
       [](auto&, auto& x) {
         x.probes[8].source = Source::kInputFresh;
         x.probes[8].node = kNone32;
         x.probes[8].index = 1000;
       }},
      {"a field where there is none", [](auto&, auto& x) { x.probes[2].field = 1; }},
      {"an index where there is none", [](auto&, auto& x) { x.probes[9].index = 1; }},
      {"a set as a number",
       [](auto&, auto& x) {
         x.probes[3].form = Form::kNumber;
         x.tests[6] = x.tests[0];
       }},
      {"a number as a set", [](auto&, auto& x) { x.probes[8].form = Form::kItems; }},
      {"an action as an entity", [](auto&, auto& x) { x.probes[0].form = Form::kEntity; }},
      {"a form that is none", [](auto&, auto& x) { x.probes[9].form = static_cast<Form>(7); }},
      {"texts out of range", [](auto&, auto& x) { x.probes[5].first = 3; }},
      {"texts that wrap around", [](auto&, auto& x) { x.probes[5].first = kNone32; }},
      {"a text that no constant names", [](auto&, auto& x) { x.texts[1] = 4; }},
      {"texts out of order", [](auto&, auto& x) { std::swap(x.texts[0], x.texts[1]); }},
      {"texts out of their bytes' order", [](auto&, auto& x) { std::swap(x.texts[2], x.texts[4]); }},
      {"shared texts",
       [](auto&, auto& x) {
         x.texts = {1, 2, 0};
         x.probes[5].first = 0;
       }},
      {"texts where there are none", [](auto&, auto& x) { x.probes[9].count = 1; }},
      // Tests
      {"a probe out of range", [](auto&, auto& x) { x.tests[0].probe = 10; }},
      {"a test that is none", [](auto&, auto& x) { x.tests[0].op = static_cast<Op>(14); }},
      {"neither negated nor not", [](auto&, auto& x) { x.tests[0].negated = 2; }},
      {"a reserved byte", [](auto&, auto& x) { x.tests[0].reserved = 1; }},
      {"a comparison where there is none",
       [](auto&, auto& x) { x.tests[0].now_op = ztp::Test::NowOp::kEq; }},
      {"a comparison that is none",
       [](auto&, auto& x) { x.tests[8].now_op = static_cast<ztp::Test::NowOp>(5); }},
      {"now and no time", [](auto&, auto& x) { x.tests[8].probe = 2; }},
      {"now, subtracted twice", [](auto&, auto& x) { x.tests[8].b = 2; }},
      {"a range of labels", [](auto&, auto& x) { x.tests[0].probe = 7; }},
      {"bits of a number", [](auto&, auto& x) { x.tests[3].probe = 2; }},
      {"values out of range", [](auto&, auto& x) { x.tests[2].b = 6; }},
      {"values before the first", [](auto&, auto& x) { x.tests[2].a = -1; }},
      {"fewer than no values", [](auto&, auto& x) { x.tests[2].b = -1; }},
      {"values that wrap around", [](auto&, auto& x) { x.tests[2].b = INT64_MAX; }},
      {"values out of order", [](auto&, auto& x) { x.values[1] = 1; }},
      {"shared values", [](auto&, auto& x) { x.tests[5].a = 2; }},
      {"an entity that no constant names", [](auto&, auto& x) { x.tests[4].a = 2; }},
      {"an entity before the first", [](auto&, auto& x) { x.tests[4].a = -1; }},
      {"an entity among others that no constant names", [](auto&, auto& x) { x.values[4] = 2; }},
      {"a member that is a number", [](auto&, auto& x) { x.tests[4].probe = 2; }},
      {"a constant out of range", [](auto& p, auto& x) {
         x.tests[6].a = static_cast<int64_t>(p.constants.size());
       }},
      {"an item of another type", [](auto&, auto& x) { x.tests[6].a = 0; }},
      {"a pattern that is none", [](auto&, auto& x) { x.tests[7].a = 1; }},
      {"a pattern on a set", [](auto&, auto& x) { x.tests[7].probe = 3; }},
      {"an alternative out of range", [](auto&, auto& x) { x.values[6] = 14; }},
      {"an alternative before the first", [](auto&, auto& x) { x.values[5] = -1; }},
      {"no alternative", [](auto&, auto& x) { x.tests[11].b = 0; }},
      {"an alternative that is the test itself", [](auto&, auto& x) { x.values[6] = 11; }},
      {"alternatives of another probe", [](auto&, auto& x) { x.tests[11].probe = 1; }},
      {"a dear alternative of a cheap test", [](auto&, auto& x) { x.values[6] = 9; }},
      {"a second fact out of range", [](auto&, auto& x) { x.tests[12].a = 10; }},
      {"a second fact before the first", [](auto&, auto& x) { x.tests[12].a = -1; }},
      {"a second fact of another form", [](auto&, auto& x) { x.tests[12].a = 7; }},
      {"a label within a number", [](auto&, auto& x) { x.tests[13].a = 2; }},
      {"a number within a number", [](auto&, auto& x) { x.tests[13].probe = 2; }},
      {"a second fact that is dear", [](auto&, auto& x) { x.tests[12].a = 9; }},
      // Rules
      {"a forbid fewer", [](auto&, auto& x) { x.forbids = 1; }},
      {"a permit fewer", [](auto&, auto& x) { x.permits = 7; }},
      {"a rule missing", [](auto&, auto& x) { x.rules.resize(10); }},
      {"a rule twice", [](auto&, auto& x) { x.rules[3].rule = 0; }},
      {"a permit among the forbids", [](auto&, auto& x) { std::swap(x.rules[1], x.rules[2]); }},
      {"rules out of order", [](auto&, auto& x) { std::swap(x.rules[4].rule, x.rules[5].rule); }},
      {"a guarantee", [](auto&, auto& x) { x.rules[10].rule = 1; }},
      {"a rule out of range", [](auto&, auto& x) { x.rules[10].rule = 12; }},
      {"more cheap tests than tests", [](auto&, auto& x) { x.rules[3].cheap_tests = 3; }},
      {"more marked tests than cheap ones",
       [](auto&, auto& x) { x.rules[0].marked_tests = 2; }},
      {"a rule's reserved bytes", [](auto&, auto& x) { x.rules[0].reserved = 1; }},
      {"a dear test among the cheap", [](auto&, auto& x) { x.rules[0].cheap_tests = 2; }},
      {"tests out of range", [](auto&, auto& x) { x.rules[10].first_test = 100; }},
      {"shared tests", [](auto&, auto& x) { x.rule_tests.resize(x.rule_tests.size() - 1); }},
      {"a test out of range", [](auto&, auto& x) { x.rule_tests[0] = 14; }},
      // Marks
      {"a mark of no kind",
       [](auto&, auto& x) { x.marks[0].kind = static_cast<IndexMark::Kind>(4); }},
      {"a mark's probe out of range", [](auto&, auto& x) { x.marks[1].probe = 10; }},
      {"a mark of labels", [](auto&, auto& x) { x.marks[1].probe = 7; }},
      {"codes of a number's marks",
       [](auto&, auto& x) { x.marks[1].kind = IndexMark::Kind::kCodes; }},
      {"a code's cuts", [](auto&, auto& x) { x.marks[0].first_cut = 1; }},
      {"a mark's cuts out of range", [](auto&, auto& x) { x.marks[1].first_cut = 4; }},
      {"a mark's cuts that wrap around", [](auto&, auto& x) { x.marks[1].first_cut = kNone32; }},
      {"a mark's cuts out of order", [](auto&, auto& x) { x.cuts[4] = 10; }},
      {"a mark beyond the last bit", [](auto&, auto& x) { x.marks[0].shift = 63; }},
      {"more codes than bits", [](auto&, auto& x) { x.marks[0].count = 64; }},
      {"bits of a number's marks", [](auto&, auto& x) { x.marks[1].kind = IndexMark::Kind::kSet; }},
      {"a label's mark beyond its bits",
       [](auto&, auto& x) {
         x.marks[1].kind = IndexMark::Kind::kClear;
         x.marks[1].probe = 7;
         x.marks[1].first_cut = 62;
       }},
      {"a mark's reserved byte", [](auto&, auto& x) { x.marks[0].reserved = 1; }},
      {"a mark of a request more", [](auto&, auto& x) { x.request_marks = 2; }},
      {"a mark of a request fewer", [](auto&, auto& x) { x.request_marks = 0; }},
      {"more marks of a request than marks", [](auto&, auto& x) { x.request_marks = 3; }},
      {"more marks than bits", [](auto&, auto& x) {
         IndexMark mark;
         mark.probe = 2;
         for (int i = 0; i < 63; ++i) x.marks.push_back(mark);
       }},
      // Groups
      {"a group of no kind",
       [](auto&, auto& x) { x.groups[3].kind = static_cast<IndexGroup::Kind>(5); }},
      {"a group's reserved byte", [](auto&, auto& x) { x.groups[3].reserved[1] = 1; }},
      {"a filter of no kind",
       [](auto&, auto& x) { x.groups[2].filter_kind = static_cast<IndexGroup::Kind>(5); }},
      {"a filter by elements",
       [](auto&, auto& x) { x.groups[2].filter_kind = IndexGroup::Kind::kElement; }},
      {"a filter by members of a text",
       [](auto&, auto& x) { x.groups[2].filter_kind = IndexGroup::Kind::kMember; }},
      {"a filter's probe out of range", [](auto&, auto& x) { x.groups[2].filter_probe = 10; }},
      {"a filter's probe where there is none",
       [](auto&, auto& x) { x.groups[2].filter_kind = IndexGroup::Kind::kAll; }},
      {"a filter of all", [](auto&, auto& x) { x.groups[3].filter_probe = 1; }},
      {"a filter of rows",
       [](auto&, auto& x) { x.groups[1].filter_kind = IndexGroup::Kind::kValue; }},
      {"ranks of a group of all", [](auto&, auto& x) { x.groups[3].first_rank = 1; }},
      {"a probe of a group out of range", [](auto&, auto& x) { x.groups[2].probe = 10; }},
      {"a probe of a group of all", [](auto&, auto& x) { x.groups[3].probe = 1; }},
      {"a group by members of a number", [](auto&, auto& x) { x.groups[2].probe = 2; }},
      {"a group by elements of an entity", [](auto&, auto& x) { x.groups[4].probe = 1; }},
      {"a group by the value of a set",
       [](auto&, auto& x) { x.groups[4].kind = IndexGroup::Kind::kValue; }},
      {"ranks out of range", [](auto&, auto& x) { x.groups[4].first_rank = 1000; }},
      {"ranks that wrap around", [](auto&, auto& x) { x.groups[4].first_rank = kNone32; }},
      {"shared ranks", [](auto&, auto& x) { x.groups[4].first_rank = 0; }},
      {"postings of all out of range", [](auto&, auto& x) { x.groups[3].first = 1000; }},
      {"postings of all that wrap around", [](auto&, auto& x) { x.groups[3].first = kNone32; }},
      {"shared postings of all", [](auto&, auto& x) { x.groups[3].first = 0; }},
      {"a rank out of range", [](auto&, auto& x) { x.ranks[x.groups[4].first_rank] = 11; }},
      {"ranks out of order",
       [](auto&, auto& x) { std::swap(x.postings[x.groups[3].first], x.postings[x.groups[3].first + 1]); }},
      {"a rank in two roots", [](auto&, auto& x) { x.postings[x.groups[3].first + 1].rank = 2; }},
      {"a rank in two groups of a key", [](auto&, auto& x) { x.postings[x.groups[0].first + 1].rank = 4; }},
      {"a rank that no key leads to", [](auto&, auto& x) { x.groups[0].count = 1; }},
      {"a root missing",
       [](auto&, auto& x) { x.root_count = 2; }},
      {"roots out of range", [](auto&, auto& x) { x.root_count = 4; }},
      {"roots that wrap around", [](auto&, auto& x) { x.first_root = kNone32; }},
      {"a root that a key leads to", [](auto&, auto& x) { x.first_root = 1; }},
      {"a group that nothing leads to",
       [](auto&, auto& x) {
         x.groups.push_back(x.groups[3]);
         x.groups.back().first = x.groups.back().count = 0;
       }},
      // Keys
      {"keys out of range", [](auto&, auto& x) { x.groups[4].count = 4; }},
      {"keys that wrap around", [](auto&, auto& x) { x.groups[4].first = kNone32; }},
      {"three slots", [](auto&, auto& x) { x.groups[2].count = 3; }},
      {"no slot", [](auto&, auto& x) { x.groups[4].count = 0; }},
      {"shared slots", [](auto&, auto& x) { x.keys.resize(5); }},
      {"no free slot",
       [](auto&, auto& x) {
         for (uint32_t k = 4; k < 6; ++k) {
           if (x.keys[k].kind == IndexKey::kFree) x.keys[k].kind = IndexKey::kPostings;
         }
       }},
      {"a free slot with a key",
       [](auto&, auto& x) {
         for (uint32_t k = 0; k < 6; ++k) {
           if (x.keys[k].kind == IndexKey::kFree) x.keys[k].key = 7;
         }
       }},
      {"a key where no search finds it",
       [](auto&, auto& x) {
         IndexKey& home = x.keys[4 + KeyHash(0, 2)];
         IndexKey& other = x.keys[4 + (1 - KeyHash(0, 2))];
         std::swap(home, other);
       }},
      {"a key of no kind", [](auto&, auto& x) { KeyOf(x, 1).kind = 3; }},
      {"a key's postings out of range", [](auto&, auto& x) { KeyOf(x, 1).first = 1000; }},
      {"a key's rank of another group",
       [](auto&, auto& x) { x.postings[KeyOf(x, 1).first].rank = 0; }},
      {"a key's rank out of range",
       [](auto&, auto& x) { x.postings[KeyOf(x, 1).first].rank = kNone32; }},
      {"shared postings", [](auto&, auto& x) { KeyOf(x, 1).count = 2; }},
      {"a key's groups out of range", [](auto&, auto& x) { KeyOf(x, 0).first = 1000; }},
      {"a key that leads to its own group", [](auto&, auto& x) { KeyOf(x, 0).count = 3; }},
      {"two keys that lead to one group",
       [](auto&, auto& x) {
         KeyOf(x, 1).kind = IndexKey::kGroups;
         KeyOf(x, 1).first = 0;
       }},
      // Rows
      {"columns out of range", [](auto&, auto& x) { x.groups[1].count = 4; }},
      {"columns that wrap around", [](auto&, auto& x) { x.groups[1].first = kNone32; }},
      {"a column of no kind",
       [](auto&, auto& x) { x.columns[0].kind = static_cast<IndexColumn::Kind>(2); }},
      {"rows for some of a label's bits",
       [](auto&, auto& x) {
         x.columns[2].count = 2;
         x.rows.push_back(0);
       }},
      {"no bit of a label",
       [](auto&, auto& x) {
         x.columns[2].count = 0;
         x.rows.resize(x.rows.size() - 1);
       }},
      {"a column's reserved byte", [](auto&, auto& x) { x.columns[0].reserved[0] = 1; }},
      {"a column's probe out of range", [](auto&, auto& x) { x.columns[0].probe = 10; }},
      {"stretches of labels", [](auto&, auto& x) { x.columns[0].probe = 7; }},
      {"codes of a number", [](auto&, auto& x) { x.columns[1].probe = 2; }},
      {"an age of a number",
       [](auto&, auto& x) { x.columns[0].kind = IndexColumn::Kind::kAge; }},
      {"a bit of a number", [](auto&, auto& x) { x.columns[2].probe = 2; }},
      {"a bit beyond the label", [](auto&, auto& x) { x.columns[2].first_cut = 64; }},
      {"bits beyond the label",
       [](auto&, auto& x) {
         x.columns[2].first_cut = 63;
         x.columns[2].count = 3;
         x.rows.resize(x.rows.size() + 2);
       }},
      {"more codes than rows", [](auto&, auto& x) { x.columns[1].count = 5; }},
      {"cuts out of range", [](auto&, auto& x) { x.columns[0].first_cut = 3; }},
      {"cuts out of order", [](auto&, auto& x) { x.cuts[1] = 6; }},
      {"rows out of range", [](auto&, auto& x) { x.columns[2].first_row = 8; }},
      {"rows that wrap around", [](auto&, auto& x) { x.columns[2].first_row = UINT64_MAX; }},
      {"shared rows", [](auto&, auto& x) { x.rows.resize(8); }},
      {"a row with a rule too many", [](auto&, auto& x) { x.rows[2] = 64; }},
  };
  for (const Fault& fault : kFaults) {
    DecisionProgram p = IndexedProgram();
    fault.make(p, p.index);
    const absl::Status status = CheckProgram(p);
    EXPECT_FALSE(status.ok()) << fault.what;
    EXPECT_NE(status.message().find("the index: "), absl::string_view::npos)
        << fault.what << ": " << status;
    EXPECT_FALSE(ReadBundle(WriteBundle(p)).ok()) << fault.what;
  }
}

// Groups of groups of groups …: a walk needs some of the stack for each.
TEST(CheckIndex, DepthIsBounded) {
  for (const uint32_t depth : {kMaxIndexDepth, kMaxIndexDepth + 1}) {
    DecisionProgram p = IndexedProgram();
    DecisionIndex& x = p.index;
    x.groups.clear();
    x.keys.clear();
    x.columns.clear();
    x.cuts.clear();
    x.rows.clear();
    x.ranks.clear();
    x.postings.clear();
    x.marks.clear();
    x.request_marks = 0;
    auto all = [&] {
      const uint32_t first = static_cast<uint32_t>(x.ranks.size());
      for (uint32_t r = 0; r < x.rules.size(); ++r) x.ranks.push_back(r);
      return first;
    };
    IndexGroup leaf;
    leaf.count = static_cast<uint32_t>(x.rules.size());
    for (uint32_t r = 0; r < x.rules.size(); ++r) x.postings.push_back({.rank = r});
    x.groups.push_back(leaf);
    for (uint32_t d = 1; d < depth; ++d) {
      IndexGroup group;
      group.kind = IndexGroup::Kind::kValue;
      group.first = static_cast<uint32_t>(x.keys.size());
      group.count = 2;
      group.first_rank = all();
      group.rank_count = static_cast<uint32_t>(x.rules.size());
      x.keys.resize(x.keys.size() + 2);
      PutKey(&x.keys[group.first], 2,
             {.key = 0, .first = d - 1, .count = 1, .kind = IndexKey::kGroups});
      x.groups.push_back(group);
    }
    x.first_root = depth - 1;
    x.root_count = 1;
    p.kernel = MakeKernelTables(p);
    EXPECT_EQ(CheckProgram(p).ok(), depth == kMaxIndexDepth) << CheckProgram(p);
  }
}

}  // namespace
}  // namespace ztp
