// Which groups of rules are found by what. See index.h, and README.md for what was tried.
//
// A group is found by one of: a key (the value of a probe, an entity's memberships, a set's
// elements), of which each rule of the group demands one or a few; or rows of bits, one row for
// each stretch of a probe's values. Keys come first, the probe that leaves out most before others;
// what no key tells apart goes by rows; a handful is just looked at.
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
#include "engine/ir/tests.h"

namespace ztp::ir {
namespace {

using Kind = IndexGroup::Kind;

constexpr size_t kMaxKeysOfRule = 32;  // of one rule in one group
constexpr int64_t kMaxCodes = 64;      // values that a column has a row for each
constexpr size_t kFewRules = 64;       // one word of a row
constexpr int kMaxDepth = 4;           // of groups within groups
constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();

class IndexBuilder {
 public:
  IndexBuilder(const DecisionProgram& program, const IndexOptions& options, DecisionIndex* out)
      : program_(program), options_(options), out_(*out) {}

  void Run() {
    std::vector<uint32_t> ranks(out_.rules.size());
    for (uint32_t i = 0; i < ranks.size(); ++i) ranks[i] = i;
    std::vector<bool> used(out_.probes.size(), false);
    const auto [first, count] = Groups(ranks, &used, 0);
    out_.first_root = first;
    out_.root_count = count;
  }

 private:
  using Range = std::pair<uint32_t, uint32_t>;

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
    return keys->size() <= kMaxKeysOfRule;
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

  // What tells the rules of one key apart best, at a glance.
  void ChooseFilters(const Choice& choice, IndexGroup* group) const {
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
        const double bits = std::popcount(AnyOf(rank, test.probe, kind));
        gains[{test.probe, kind}] += 1 - std::min(1.0, (kind == Kind::kValue ? 2 : 4) * bits / 32);
      }
    }
    for (uint32_t f = 0; f < IndexGroup::kFilters; ++f) {
      const auto best =
          std::max_element(gains.begin(), gains.end(),
                           [](const auto& a, const auto& b) { return a.second < b.second; });
      if (best == gains.end() || best->second <= 0) return;
      group->filter_probes[f] = best->first.first;
      group->filter_kinds[f] = best->first.second;
      gains.erase(best);
    }
  }

  Range Postings(const std::vector<uint32_t>& ranks, const IndexGroup& group) {
    const Range range{static_cast<uint32_t>(out_.postings.size()),
                      static_cast<uint32_t>(ranks.size())};
    for (uint32_t rank : ranks) {
      IndexPosting posting;
      posting.rank = rank;
      for (uint32_t f = 0; f < IndexGroup::kFilters; ++f) {
        posting.any[f] = group.filter_kinds[f] == Kind::kAll
                             ? ~uint32_t{0}
                             : AnyOf(rank, group.filter_probes[f], group.filter_kinds[f]);
      }
      out_.postings.push_back(posting);
    }
    return range;
  }

  IndexGroup Keyed(uint32_t probe, const Choice& choice, std::vector<bool>* used, int depth) {
    IndexGroup group;
    group.kind = choice.kind;
    group.probe = probe;
    ChooseFilters(choice, &group);
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

  // By rows where there is something to tell rules apart by; else all are looked at.
  IndexGroup Unkeyed(const std::vector<uint32_t>& ranks) {
    IndexGroup group;
    if (ranks.size() > options_.handful) {
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
    std::tie(group.first, group.count) = Ranks(ranks);
    return group;
  }

  // Does the test hold of a value, as a column sees it?
  bool Holds(const Test& test, int64_t v) const {
    bool holds = false;
    switch (test.op) {
      case Test::Op::kNow:
        holds = test.now_op == Test::NowOp::kLt ? v < test.a : v <= test.a;
        break;
      case Test::Op::kRange:
        holds = test.a <= v && v <= test.b;
        break;
      case Test::Op::kMask:
        holds = v >= 0 && v < 64 && (static_cast<uint64_t>(test.a) >> v & 1) != 0;
        break;
      case Test::Op::kAmong: {
        const auto first = out_.values.begin() + test.a;
        holds = std::binary_search(first, first + test.b, v);
        break;
      }
      default:
        return true;
    }
    return holds != (test.negated != 0);
  }

  // now < v + a, which is now - v < a.
  static bool IsAge(const Test& test) {
    return test.op == Test::Op::kNow && !test.negated && test.b == 0 &&
           (test.now_op == Test::NowOp::kLt || test.now_op == Test::NowOp::kLe);
  }

  bool HasRows(const Test& test) const {
    switch (out_.probes[test.probe].form) {
      case Probe::Form::kNumber:
        if (IsAge(test)) return true;
        [[fallthrough]];
      case Probe::Form::kText:
      case Probe::Form::kRank:
        return test.op == Test::Op::kRange || test.op == Test::Op::kMask ||
               test.op == Test::Op::kAmong;
      case Probe::Form::kLabel:
        return test.op == Test::Op::kBits && !test.negated;
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

  // One bit after the other, as far as some rule looks at it.
  void LabelColumns(uint32_t probe, const std::vector<Member>& members, size_t rules,
                    std::vector<IndexColumn>* columns) {
    for (uint32_t bit = 0; bit < 64; ++bit) {
      std::vector<uint64_t> if_clear = AllOf(rules), if_set = if_clear;
      bool any = false;
      for (const Member& m : members) {
        const Test& test = out_.tests[m.test];
        if (!(static_cast<uint64_t>(test.a) >> bit & 1)) continue;
        any = true;
        std::vector<uint64_t>& row = static_cast<uint64_t>(test.b) >> bit & 1 ? if_clear : if_set;
        row[m.place / 64] &= ~(uint64_t{1} << (m.place % 64));
      }
      if (!any) continue;
      IndexColumn column;
      column.kind = IndexColumn::Kind::kBit;
      column.probe = probe;
      column.count = bit;
      column.first_row = AddRow(if_clear);
      AddRow(if_set);
      columns->push_back(column);
    }
  }

  // The places at which a test's answer can change: it is the same from one to the next.
  void CutsOf(const Test& test, std::vector<int64_t>* cuts) const {
    auto from_to = [&](int64_t a, int64_t b) {
      if (a > std::numeric_limits<int64_t>::min()) cuts->push_back(a);
      if (b < kGreatest) cuts->push_back(b + 1);
    };
    switch (test.op) {
      case Test::Op::kNow:
        if (test.now_op == Test::NowOp::kLt) {
          cuts->push_back(test.a);
        } else if (test.a < kGreatest) {
          cuts->push_back(test.a + 1);
        }
        return;
      case Test::Op::kRange:
        return from_to(test.a, test.b);
      case Test::Op::kMask:
        for (int i = 0; i < 64; ++i) {
          if (static_cast<uint64_t>(test.a) >> i & 1) from_to(i, i);
        }
        return;
      case Test::Op::kAmong:
        for (int64_t i = 0; i < test.b; ++i) {
          from_to(out_.values[test.a + i], out_.values[test.a + i]);
        }
        return;
      default:
        return;
    }
  }

  // A small number that is never negative?
  bool IsCode(uint32_t number) const {
    const Probe& probe = out_.probes[number];
    if (probe.form != Probe::Form::kNumber) return true;
    if (probe.node == kNone32) return true;
    const TypeKind kind = program_.schema.types.kind(TypeId{program_.nodes[probe.node].type});
    return kind == TypeKind::kBool || kind == TypeKind::kEnum;
  }

  IndexColumn ValueColumn(uint32_t probe, bool age, const std::vector<Member>& members,
                          size_t rules) {
    // At each cut, the rules whose answer can change there.
    std::map<int64_t, std::vector<Member>> changes;
    std::vector<int64_t> cuts;
    for (const Member& m : members) {
      cuts.clear();
      CutsOf(out_.tests[m.test], &cuts);
      for (int64_t cut : cuts) changes[cut].push_back(m);
    }
    std::vector<std::vector<uint32_t>> tests_at(rules);
    for (const Member& m : members) tests_at[m.place].push_back(m.test);
    auto set_place = [&](std::vector<uint64_t>* row, uint32_t place, int64_t v) {
      const bool holds = std::all_of(tests_at[place].begin(), tests_at[place].end(),
                                     [&](uint32_t t) { return Holds(out_.tests[t], v); });
      const uint64_t bit = uint64_t{1} << (place % 64);
      (*row)[place / 64] = holds ? (*row)[place / 64] | bit : (*row)[place / 64] & ~bit;
    };

    IndexColumn column;
    column.probe = probe;
    std::vector<uint64_t> now = AllOf(rules);
    for (const Member& m : members) {
      set_place(&now, m.place, std::numeric_limits<int64_t>::min());
    }
    if (!age && IsCode(probe) && (changes.empty() || changes.rbegin()->first <= kMaxCodes)) {
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

}  // namespace ztp::ir
