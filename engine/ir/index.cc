// Which groups of rules are found by what. See index.h, and README.md for what was tried.
//
// A group is found by one of: a key (the value of a probe, an entity's memberships, a set's
// elements), of which each rule of the group demands one or a few; or rows of bits, one row for
// each stretch of a probe's values. Keys come first, the probe that leaves out most before others;
// what no key tells apart goes by rows; a few are told apart by their marks alone.
#include "engine/ir/index.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <limits>
#include <map>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/bundle/constant_names.h"
#include "engine/bundle/kernel_tables.h"
#include "engine/ir/index_marks.h"
#include "engine/ir/stretches.h"
#include "engine/ir/tests.h"

namespace ztp::ir {
namespace {

using Kind = IndexGroup::Kind;

constexpr size_t kMaxKeysOfRule = 32;  // of one rule in one group
constexpr int64_t kMaxCodes = 64;      // values that a column has a row for each
constexpr size_t kFewRules = 64;       // one word of a row
// Of a label's bits, one row for each value of them together.
constexpr size_t kMinLabelBits = 3;
constexpr size_t kMaxLabelBits = 6;
constexpr size_t kLabelRowBytes = 4096;
constexpr int kMaxDepth = 4;  // of groups within groups

class IndexBuilder {
 public:
  IndexBuilder(const DecisionProgram& program, const IndexOptions& options, DecisionIndex* out)
      : program_(program), options_(options), out_(*out), marks_(program, out) {}

  void Run() {
    marks_.Choose();
    const std::ptrdiff_t mark_cuts = static_cast<std::ptrdiff_t>(out_.cuts.size());
    std::vector<uint32_t> ranks(out_.rules.size());
    for (uint32_t i = 0; i < ranks.size(); ++i) ranks[i] = i;
    std::vector<bool> used(out_.probes.size(), false);
    const auto [first, count] = Groups(ranks, &used, 0);
    out_.first_root = first;
    out_.root_count = count;
    // Without postings, reading marks costs more than they leave out.
    if (!out_.postings.empty()) {
      MarkRules();
    } else {
      out_.marks.clear();
      out_.request_marks = 0;
      out_.cuts.erase(out_.cuts.begin(), out_.cuts.begin() + mark_cuts);
      for (IndexColumn& column : out_.columns) {
        const bool has_cuts =
            column.kind == IndexColumn::Kind::kIntervals || column.kind == IndexColumn::Kind::kAge;
        if (has_cuts) column.first_cut -= static_cast<uint32_t>(mark_cuts);
      }
    }
  }

 private:
  using Range = std::pair<uint32_t, uint32_t>;

  // What marks say comes first among a rule's tests, so that it need not be asked again.
  void MarkRules() {
    for (uint32_t rank = 0; rank < out_.rules.size(); ++rank) {
      IndexedRule& rule = out_.rules[rank];
      rule.out = marks_.OutOf(rank);
      uint32_t* const first = out_.rule_tests.data() + rule.first_test;
      uint32_t* const end = std::stable_partition(first, first + rule.cheap_tests, [&](uint32_t t) {
        return marks_.CoversTest(out_.tests[t]);
      });
      rule.marked_tests = static_cast<uint16_t>(end - first);
    }
  }

  auto TestsOf(uint32_t rank) const {
    const IndexedRule& rule = out_.rules[rank];
    return std::span<const uint32_t>(out_.rule_tests).subspan(rule.first_test, rule.tests);
  }

  // The keys of a test, if a rule with it can be found by one of a few: what its probe's value, or
  // an entity that it is a member of, or an element, must be.
  bool KeysOf(const Test& test, Kind* kind, std::vector<int64_t>* keys) const {
    if (test.negated) return false;
    const Probe& probe = out_.probes[test.probe];
    keys->clear();
    *kind = Kind::kValue;
    auto values = [&] {
      for (int64_t i = 0; i < test.b; ++i) keys->push_back(out_.values[test.a + i]);
    };
    switch (test.op) {
      case Test::Op::kRange:
        if (test.a != test.b || probe.form == Probe::Form::kRank) return false;
        keys->push_back(test.a);
        break;
      case Test::Op::kMask:
        for (int i = 0; i < 64; ++i) {
          if (static_cast<uint64_t>(test.a) >> i & 1) keys->push_back(i);
        }
        break;
      case Test::Op::kAmong:
        values();
        break;
      case Test::Op::kMember:
        *kind = Kind::kMember;
        keys->push_back(test.a);
        break;
      case Test::Op::kMemberAny:
        *kind = Kind::kMember;
        values();
        break;
      case Test::Op::kHas: {
        // By the text's number, which only texts have.
        const Cell& cell = program_.constants[test.a];
        if (static_cast<TypeKind>(cell.kind) != TypeKind::kString) return false;
        const auto number =
            names_.Text(program_.Text({static_cast<uint32_t>(cell.bits), cell.size}));
        if (!number) return false;
        *kind = Kind::kElement;
        keys->push_back(*number);
        break;
      }
      default:
        return false;
    }
    // One that no key leads to (a test that nothing passes) is found in another way, so that every
    // rule of a group can be found by its keys.
    return !keys->empty() && keys->size() <= kMaxKeysOfRule;
  }

  // What indexing by one probe would come to.
  struct Choice {
    Kind kind = Kind::kValue;
    std::map<int64_t, std::vector<uint32_t>> postings;
    std::vector<uint32_t> rules;
    // Rules left out for a value that is as likely as any other.
    double Gain() const {
      size_t sum = 0;
      for (const auto& [key, ranks] : postings) sum += ranks.size();
      // One key more: that none of them is met.
      const double hit = static_cast<double>(sum) / static_cast<double>(postings.size() + 1);
      const double multiplicity = kind == Kind::kValue ? 1 : 2;
      return static_cast<double>(rules.size()) - multiplicity * hit;
    }
  };

  Range Groups(std::vector<uint32_t> ranks, std::vector<bool>* used, int depth) {
    std::vector<IndexGroup> groups;
    while (ranks.size() > options_.handful && depth < kMaxDepth) {
      std::map<std::pair<uint32_t, Kind>, Choice> choices;
      std::vector<int64_t> keys;
      for (uint32_t rank : ranks) {
        for (uint32_t t : TestsOf(rank)) {
          const Test& test = out_.tests[t];
          Kind kind;
          if (out_.probes[test.probe].source == Probe::Source::kNode && depth > 0) continue;
          if ((*used)[test.probe] || !KeysOf(test, &kind, &keys)) continue;
          Choice& choice = choices[{test.probe, kind}];
          // A rule that demands two memberships is found by the first.
          if (!choice.rules.empty() && choice.rules.back() == rank) continue;
          choice.kind = kind;
          choice.rules.push_back(rank);
          for (int64_t key : keys) choice.postings[key].push_back(rank);
        }
      }
      const std::pair<const std::pair<uint32_t, Kind>, Choice>* best = nullptr;
      double gain = 0;
      for (const auto& choice : choices) {
        // Worth a look-up: most of its rules are left out.
        const double own = choice.second.Gain();
        const bool by_value = choice.second.kind == Kind::kValue;
        const size_t rules = choice.second.rules.size();
        if (rules < (by_value ? options_.min_keyed_by_value : options_.min_keyed)) continue;
        if (own <
            (by_value ? options_.worth_by_value : options_.worth) * static_cast<double>(rules)) {
          continue;
        }
        if (best == nullptr || own > gain) {
          best = &choice;
          gain = own;
        }
      }
      if (best == nullptr) break;
      groups.push_back(Keyed(best->first.first, best->second, used, depth));
      std::vector<uint32_t> rest;
      std::set_difference(ranks.begin(), ranks.end(), best->second.rules.begin(),
                          best->second.rules.end(), std::back_inserter(rest));
      ranks = std::move(rest);
    }
    if (!ranks.empty()) groups.push_back(Unkeyed(ranks));
    const Range range{static_cast<uint32_t>(out_.groups.size()),
                      static_cast<uint32_t>(groups.size())};
    out_.groups.insert(out_.groups.end(), groups.begin(), groups.end());
    return range;
  }

  Range Ranks(const std::vector<uint32_t>& ranks) {
    const Range range{static_cast<uint32_t>(out_.ranks.size()),
                      static_cast<uint32_t>(ranks.size())};
    out_.ranks.insert(out_.ranks.end(), ranks.begin(), ranks.end());
    return range;
  }

  // Which of a filter's keys a rule demands one of, as a posting has it.
  uint32_t AnyOf(uint32_t rank, uint32_t probe, Kind kind) const {
    std::vector<int64_t> keys;
    for (uint32_t t : TestsOf(rank)) {
      Kind own;
      if (out_.tests[t].probe != probe || !KeysOf(out_.tests[t], &own, &keys) || own != kind) {
        continue;
      }
      uint32_t any = 0;
      for (int64_t key : keys) any |= FilterBit(key);
      return any;
    }
    return ~uint32_t{0};
  }

  // What tells the rules of one key apart best, at a glance, of what they have no marks for.
  void ChooseFilter(const Choice& choice, IndexGroup* group) const {
    // By probe and kind: how many rules such a filter leaves out of all.
    std::map<std::pair<uint32_t, Kind>, double> gains;
    std::vector<int64_t> keys;
    for (uint32_t rank : choice.rules) {
      for (uint32_t t : TestsOf(rank)) {
        const Test& test = out_.tests[t];
        Kind kind;
        if (out_.probes[test.probe].source == Probe::Source::kNode) continue;
        if (test.probe == group->probe || !KeysOf(test, &kind, &keys)) continue;
        if (kind == Kind::kElement) continue;  // a set may be empty: no key, and yet known
        if (kind == Kind::kValue && marks_.Covers(test.probe)) continue;
        const double bits = std::popcount(AnyOf(rank, test.probe, kind));
        gains[{test.probe, kind}] += 1 - std::min(1.0, (kind == Kind::kValue ? 2 : 4) * bits / 32);
      }
    }
    const auto best =
        std::max_element(gains.begin(), gains.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (best == gains.end() || best->second <= 0) return;
    group->filter_probe = best->first.first;
    group->filter_kind = best->first.second;
  }

  Range Postings(const std::vector<uint32_t>& ranks, const IndexGroup& group) {
    const Range range{static_cast<uint32_t>(out_.postings.size()),
                      static_cast<uint32_t>(ranks.size())};
    for (uint32_t rank : ranks) {
      IndexPosting posting;
      posting.rank = rank;
      posting.out = marks_.OutOf(rank);
      if (group.filter_kind != Kind::kAll) {
        posting.any = AnyOf(rank, group.filter_probe, group.filter_kind);
      }
      out_.postings.push_back(posting);
    }
    return range;
  }

  IndexGroup Keyed(uint32_t probe, const Choice& choice, std::vector<bool>* used, int depth) {
    IndexGroup group;
    group.kind = choice.kind;
    group.probe = probe;
    ChooseFilter(choice, &group);
    std::tie(group.first_rank, group.rank_count) = Ranks(choice.rules);
    uint32_t slots = 4;
    while (slots < 2 * choice.postings.size()) slots *= 2;
    std::vector<IndexKey> table(slots);
    (*used)[probe] = true;
    for (const auto& [key, ranks] : choice.postings) {
      IndexKey entry;
      entry.key = key;
      const bool deep = ranks.size() > options_.long_posting;
      const auto [first, count] = deep ? Groups(ranks, used, depth + 1) : Postings(ranks, group);
      entry.first = first;
      entry.count = count;
      entry.kind = deep ? IndexKey::kGroups : IndexKey::kPostings;
      uint32_t at = KeyHash(key, slots);
      while (table[at].kind != IndexKey::kFree) at = (at + 1) & (slots - 1);
      table[at] = entry;
    }
    (*used)[probe] = false;
    group.first = static_cast<uint32_t>(out_.keys.size());
    group.count = slots;
    out_.keys.insert(out_.keys.end(), table.begin(), table.end());
    return group;
  }

  // By rows where there is something to tell rules apart by that marks do not; else by marks.
  IndexGroup Unkeyed(const std::vector<uint32_t>& ranks) {
    IndexGroup group;
    if (ranks.size() > options_.handful && !FewAndMarked(ranks)) {
      std::vector<IndexColumn> columns = Columns(ranks);
      if (!columns.empty()) {
        group.kind = Kind::kRows;
        group.first = static_cast<uint32_t>(out_.columns.size());
        group.count = static_cast<uint32_t>(columns.size());
        std::tie(group.first_rank, group.rank_count) = Ranks(ranks);
        out_.columns.insert(out_.columns.end(), columns.begin(), columns.end());
        return group;
      }
    }
    group.kind = Kind::kAll;
    std::tie(group.first, group.count) = Postings(ranks, group);
    return group;
  }

  // Few enough to go through, and most of them with something to be left out by.
  bool FewAndMarked(const std::vector<uint32_t>& ranks) const {
    if (ranks.size() > options_.few_marked) return false;
    const auto marked = std::count_if(ranks.begin(), ranks.end(),
                                      [&](uint32_t rank) { return marks_.OutOf(rank) != 0; });
    return 4 * static_cast<size_t>(marked) >= 3 * ranks.size();
  }

  bool HasRows(const Test& test) const {
    if (IsOfNumber(out_, test)) return true;
    switch (out_.probes[test.probe].form) {
      case Probe::Form::kNumber:
        return IsAge(test);
      case Probe::Form::kLabel:
        return BitsOfLabel(test).set != 0 || BitsOfLabel(test).clear != 0;
      default:
        return false;
    }
  }

  // A rule's place in the group, with one of its tests.
  struct Member {
    uint32_t place;
    uint32_t test;
  };

  std::vector<IndexColumn> Columns(const std::vector<uint32_t>& ranks) {
    std::map<std::pair<uint32_t, bool>, std::vector<Member>> by_probe;  // its age, or itself
    for (uint32_t place = 0; place < ranks.size(); ++place) {
      for (uint32_t t : TestsOf(ranks[place])) {
        const Test& test = out_.tests[t];
        if (HasRows(test)) by_probe[{test.probe, IsAge(test)}].push_back({place, t});
      }
    }
    std::vector<IndexColumn> columns;
    if (ranks.size() <= kFewRules) KeepOneOfEach(&by_probe, ranks.size());
    for (const auto& [key, members] : by_probe) {
      const auto [probe, age] = key;
      // Reading the value and finding its row costs about as much as looking at a few rules.
      if (members.size() < ranks.size() / 16) continue;
      if (out_.probes[probe].source == Probe::Source::kNode && members.size() < ranks.size() / 4) {
        continue;
      }
      if (out_.probes[probe].form == Probe::Form::kLabel) {
        LabelColumns(probe, members, ranks.size(), &columns);
      } else {
        columns.push_back(ValueColumn(probe, age, members, ranks.size()));
      }
    }
    return columns;
  }

  // A column costs about as much as looking at a rule. So for few rules there are no more than it
  // takes for each rule to be in one, as far as it can: those that the most rules are in.
  void KeepOneOfEach(std::map<std::pair<uint32_t, bool>, std::vector<Member>>* by_probe,
                     size_t rules) const {
    std::vector<bool> covered(rules, false);
    std::map<std::pair<uint32_t, bool>, std::vector<Member>> kept;
    while (!by_probe->empty()) {
      auto best = by_probe->end();
      double most = 0;
      for (auto it = by_probe->begin(); it != by_probe->end(); ++it) {
        double gain = 0;
        uint32_t last = kNone32;
        for (const Member& m : it->second) {
          if (!covered[m.place] && m.place != last) gain += 1;
          last = m.place;
        }
        // What the request says need not be read.
        if (gain > 0 && out_.probes[it->first.first].FromRequest()) gain += 0.5;
        if (gain > most) {
          most = gain;
          best = it;
        }
      }
      if (best == by_probe->end()) break;
      for (const Member& m : best->second) covered[m.place] = true;
      kept.insert(by_probe->extract(best));
    }
    *by_probe = std::move(kept);
  }

  static size_t Words(size_t rules) { return (rules + 63) / 64; }

  uint64_t AddRow(const std::vector<uint64_t>& row) {
    const uint64_t first = out_.rows.size();
    out_.rows.insert(out_.rows.end(), row.begin(), row.end());
    return first;
  }

  static std::vector<uint64_t> AllOf(size_t rules) {
    std::vector<uint64_t> row(Words(rules), ~uint64_t{0});
    if (rules % 64 != 0) row.back() = (uint64_t{1} << (rules % 64)) - 1;
    return row;
  }

  // As many bits a column as give rows that a cache holds beside others, so that few are ANDed.
  size_t BitsOfColumn(size_t rules) const {
    size_t bits = 1;
    while (bits < kMaxLabelBits && size_t{2} << bits <= options_.max_rows &&
           (bits < kMinLabelBits ||
            (Words(rules) * sizeof(uint64_t) << (bits + 1)) <= kLabelRowBytes)) {
      ++bits;
    }
    return bits;
  }

  // The bits that some rule wants clear, or set, some at a time: a row for each value of those.
  void LabelColumns(uint32_t probe, const std::vector<Member>& members, size_t rules,
                    std::vector<IndexColumn>* columns) {
    uint64_t wanted = 0;
    for (const Member& m : members) {
      const LabelBits bits = BitsOfLabel(out_.tests[m.test]);
      wanted |= bits.clear | bits.set;
    }
    while (wanted != 0) {
      const size_t first = static_cast<size_t>(std::countr_zero(wanted));
      const size_t bits =
          std::min(BitsOfColumn(rules), static_cast<size_t>(std::bit_width(wanted)) - first);
      const uint64_t mask = (uint64_t{1} << bits) - 1;
      wanted &= ~(mask << first);
      IndexColumn column;
      column.kind = IndexColumn::Kind::kBits;
      column.probe = probe;
      column.first_cut = static_cast<uint32_t>(first);
      column.count = static_cast<uint32_t>(mask);
      column.first_row = out_.rows.size();
      for (uint64_t value = 0; value <= mask; ++value) {
        std::vector<uint64_t> row = AllOf(rules);
        for (const Member& m : members) {
          const LabelBits asked = BitsOfLabel(out_.tests[m.test]);
          const bool out =
              ((asked.clear >> first & value) | (asked.set >> first & mask & ~value)) != 0;
          if (out) row[m.place / 64] &= ~(uint64_t{1} << (m.place % 64));
        }
        AddRow(row);
      }
      columns->push_back(column);
    }
  }

  IndexColumn ValueColumn(uint32_t probe, bool age, const std::vector<Member>& members,
                          size_t rules) {
    // At each cut, the rules whose answer can change there.
    std::map<int64_t, std::vector<Member>> changes;
    std::vector<int64_t> cuts;
    for (const Member& m : members) {
      cuts.clear();
      AppendCuts(out_, out_.tests[m.test], &cuts);
      for (int64_t cut : cuts) changes[cut].push_back(m);
    }
    std::vector<std::vector<uint32_t>> tests_at(rules);
    for (const Member& m : members) tests_at[m.place].push_back(m.test);
    auto set_place = [&](std::vector<uint64_t>* row, uint32_t place, int64_t v) {
      const bool holds = std::all_of(tests_at[place].begin(), tests_at[place].end(),
                                     [&](uint32_t t) { return HoldsOf(out_, out_.tests[t], v); });
      const uint64_t bit = uint64_t{1} << (place % 64);
      (*row)[place / 64] = holds ? (*row)[place / 64] | bit : (*row)[place / 64] & ~bit;
    };

    IndexColumn column;
    column.probe = probe;
    std::vector<uint64_t> now = AllOf(rules);
    for (const Member& m : members) {
      set_place(&now, m.place, std::numeric_limits<int64_t>::min());
    }
    if (!age && IsCode(program_, out_.probes[probe]) &&
        (changes.empty() || changes.rbegin()->first <= kMaxCodes)) {
      column.kind = IndexColumn::Kind::kCodes;
      column.count = changes.empty() ? 0 : static_cast<uint32_t>(changes.rbegin()->first);
      column.first_row = out_.rows.size();
      for (uint32_t v = 0; v <= column.count; ++v) {
        for (const Member& m : members) set_place(&now, m.place, v);
        AddRow(now);
      }
      return column;
    }
    // With more cuts than rows, a row covers several stretches: whoever is in one of them is in.
    const size_t step = changes.size() / options_.max_rows + 1;
    column.kind = age ? IndexColumn::Kind::kAge : IndexColumn::Kind::kIntervals;
    column.first_cut = static_cast<uint32_t>(out_.cuts.size());
    column.first_row = out_.rows.size();
    std::vector<uint64_t> row = now;
    size_t i = 0;
    for (const auto& [cut, members_at] : changes) {
      if (i++ % step == 0) {
        AddRow(row);
        out_.cuts.push_back(cut);
        ++column.count;
        std::fill(row.begin(), row.end(), 0);
      }
      for (const Member& m : members_at) set_place(&now, m.place, cut);
      for (size_t w = 0; w < row.size(); ++w) row[w] |= now[w];
    }
    AddRow(row);
    return column;
  }

  const DecisionProgram& program_;
  const IndexOptions options_;
  DecisionIndex& out_;
  MarkBuilder marks_;
  ConstantNames names_{program_};
};

}  // namespace

DecisionIndex BuildIndex(const DecisionProgram& program, const IndexOptions& options) {
  DecisionIndex index;
  const ConstantNames names(program);
  TestBuilder(program, names, &index).Run();
  IndexBuilder(program, options, &index).Run();
  return index;
}

void SetIndex(DecisionProgram* program, DecisionIndex index) {
  program->index = std::move(index);
  program->kernel = MakeKernelTables(*program);
}

}  // namespace ztp::ir
