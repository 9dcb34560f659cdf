// The index: what core/index.h and FORMAT.md say of it, so that a walk of it reads nothing out of
// range, ends, and finds each rule at most once. Whether a group leaves out only rules that cannot
// matter is not looked at: that is the compiler's word, as the conditions are.
#include <algorithm>
#include <bit>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/bundle/verify.h"
#include "engine/bundle/verify_probes.h"

namespace ztp {
namespace {

using Form = Probe::Form;

template <size_t N>
bool AllZero(const uint8_t (&reserved)[N]) {
  return std::all_of(reserved, reserved + N, [](uint8_t byte) { return byte == 0; });
}

class IndexChecker {
 public:
  explicit IndexChecker(const DecisionProgram& program)
      : p_(program), x_(program.index), probes_(program) {}

  absl::Status Check() {
    ZTP_RETURN_IF_ERROR(probes_.Check());
    ZTP_RETURN_IF_ERROR(CheckRules());
    ZTP_RETURN_IF_ERROR(CheckMarks());
    return CheckGroups();
  }

 private:
  static absl::Status Wrong(std::string_view what) { return InvalidArgument("the index: ", what); }

  // --- Rules ---

  // Every permit, forbid and duty has one rank; kinds one after the other, each in source order.
  absl::Status CheckRules() const {
    uint32_t count[3] = {};
    for (const RuleRecord& rule : p_.rules) {
      if (rule.kind == RuleRecord::Kind::kForbid) ++count[0];
      if (rule.kind == RuleRecord::Kind::kPermit) ++count[1];
      if (rule.kind == RuleRecord::Kind::kDuty) ++count[2];
    }
    if (x_.forbids != count[0] || x_.permits != count[1] ||
        x_.rules.size() != uint64_t{count[0]} + count[1] + count[2]) {
      return Wrong("it has not every rule once");
    }
    uint64_t tests = 0;
    for (uint32_t rank = 0; rank < x_.rules.size(); ++rank) {
      const IndexedRule& rule = x_.rules[rank];
      const RuleRecord::Kind kind = rank < count[0]              ? RuleRecord::Kind::kForbid
                                    : rank < count[0] + count[1] ? RuleRecord::Kind::kPermit
                                                                 : RuleRecord::Kind::kDuty;
      if (rule.rule >= p_.rules.size() || p_.rules[rule.rule].kind != kind) {
        return Wrong("a rule has another's rank");
      }
      const bool first = rank == 0 || rank == count[0] || rank == count[0] + count[1];
      if (!first && x_.rules[rank - 1].rule >= rule.rule) return Wrong("rules are not in order");
      tests += rule.tests;
      if (rule.marked_tests > rule.cheap_tests || rule.reserved != 0 ||
          rule.cheap_tests > rule.tests || tests > x_.rule_tests.size() ||
          !InRange(rule.first_test, rule.tests, x_.rule_tests.size())) {
        return Wrong("a rule's tests are out of range");
      }
      for (uint32_t i = 0; i < rule.tests; ++i) {
        const uint32_t test = x_.rule_tests[rule.first_test + i];
        if (test >= x_.tests.size()) return Wrong("a rule's tests are out of range");
        if (i < rule.cheap_tests && !probes_.IsCheap(test)) {
          return Wrong("a cheap test needs an operator to be run");
        }
      }
    }
    return absl::OkStatus();
  }

  // --- Groups ---

  struct Range {
    uint32_t first = 0;
    uint32_t count = 0;
  };
  // How many rules a group has, and which the i-th is.
  static uint32_t CountOf(const IndexGroup& group) {
    return group.kind == IndexGroup::Kind::kAll ? group.count : group.rank_count;
  }
  uint32_t RankOf(const IndexGroup& group, uint32_t i) const {
    return group.kind == IndexGroup::Kind::kAll ? x_.postings[group.first + i].rank
                                                : x_.ranks[group.first_rank + i];
  }

  // A list of ranks: in range, ascending, and no list's but this one's.
  bool IsListOfRanks(Range range) {
    ranks_seen_ += range.count;
    if (!InRange(range.first, range.count, x_.ranks.size()) || ranks_seen_ > x_.ranks.size()) {
      return false;
    }
    for (uint32_t i = 0; i < range.count; ++i) {
      const uint32_t rank = x_.ranks[range.first + i];
      if (rank >= x_.rules.size() || (i > 0 && x_.ranks[range.first + i - 1] >= rank)) return false;
    }
    return true;
  }

  // A list of postings: the same.
  bool IsListOfPostings(Range range) {
    postings_seen_ += range.count;
    if (!InRange(range.first, range.count, x_.postings.size()) ||
        postings_seen_ > x_.postings.size()) {
      return false;
    }
    for (uint32_t i = 0; i < range.count; ++i) {
      const uint32_t rank = x_.postings[range.first + i].rank;
      if (rank >= x_.rules.size()) return false;
      if (i > 0 && x_.postings[range.first + i - 1].rank >= rank) return false;
    }
    return true;
  }

  // Groups that are walked together: nobody else's, and no rule is in two of them. Calls `visit`
  // with each rank.
  template <typename F>
  bool IsListOfGroups(Range range, uint32_t before, F visit) {
    if (!InRange(range.first, range.count, before)) return false;
    ++walk_;
    for (uint32_t g = range.first; g < range.first + range.count; ++g) {
      if (referred_[g]) return false;
      referred_[g] = true;
      const IndexGroup& group = x_.groups[g];
      for (uint32_t i = 0; i < CountOf(group); ++i) {
        const uint32_t rank = RankOf(group, i);
        if (in_walk_[rank] == walk_ || !visit(rank)) return false;
        in_walk_[rank] = walk_;
      }
    }
    return true;
  }

  bool HasKeys(uint32_t number, IndexGroup::Kind kind) const {
    if (number >= x_.probes.size()) return false;
    const Probe& probe = x_.probes[number];
    switch (kind) {
      case IndexGroup::Kind::kValue:
        return probe.form == Form::kNumber || probe.form == Form::kText ||
               probe.form == Form::kEntity;
      case IndexGroup::Kind::kMember:
        return probe.form == Form::kEntity;
      case IndexGroup::Kind::kElement:
        return probes_.HasTexts(probe);
      default:
        return false;
    }
  }

  bool FilterFits(const IndexGroup& group) const {
    if (!HasFilter(group)) return true;
    const IndexGroup::Kind kind = group.filter_kind;
    if (kind != IndexGroup::Kind::kValue && kind != IndexGroup::Kind::kMember) return false;
    return HasKeys(group.filter_probe, kind);
  }
  static bool HasFilter(const IndexGroup& group) {
    return group.filter_kind != IndexGroup::Kind::kAll || group.filter_probe != 0;
  }

  // The hash table of a group: every key where a search finds it, and a free slot where one ends.
  bool IsHashTable(const IndexGroup& group) {
    const uint32_t slots = group.count;
    keys_seen_ += slots;
    if (slots == 0 || (slots & (slots - 1)) != 0 || keys_seen_ > x_.keys.size() ||
        !InRange(group.first, slots, x_.keys.size())) {
      return false;
    }
    const IndexKey* table = x_.keys.data() + group.first;
    uint32_t free = 0;
    while (free < slots && table[free].kind != IndexKey::kFree) ++free;
    if (free == slots) return false;
    // Round from a free slot: a search from a key's home must not meet one before the key.
    uint32_t run = 0;  // slots in use since the last free one
    for (uint32_t i = 0; i < slots; ++i) {
      const uint32_t at = (free + i) & (slots - 1);
      const IndexKey& key = table[at];
      if (key.kind == IndexKey::kFree) {
        if (!(key == IndexKey())) return false;
        run = 0;
        continue;
      }
      if (((at - KeyHash(key.key, slots)) & (slots - 1)) > run) return false;
      ++run;
    }
    return true;
  }

  absl::Status CheckKeyed(uint32_t g) {
    const IndexGroup& group = x_.groups[g];
    if (!HasKeys(group.probe, group.kind)) return Wrong("a group does not fit its probe");
    if (!FilterFits(group)) return Wrong("a group's filter does not fit its probe");
    if (!IsHashTable(group)) return Wrong("a table of keys is not well formed");
    const uint32_t stamp = g + 1;
    for (uint32_t i = 0; i < group.rank_count; ++i) in_group_[RankOf(group, i)] = stamp;
    uint32_t covered = 0;
    auto cover = [&](uint32_t rank) {
      if (in_group_[rank] != stamp) return false;
      if (covered_[rank] != stamp) ++covered;
      covered_[rank] = stamp;
      return true;
    };
    uint32_t depth = 0;
    for (uint32_t k = group.first; k < group.first + group.count; ++k) {
      const IndexKey& key = x_.keys[k];
      const Range range{key.first, key.count};
      bool good = false;
      switch (key.kind) {
        case IndexKey::kFree:
          good = true;
          break;
        case IndexKey::kPostings:
          good = IsListOfPostings(range);
          for (uint32_t i = 0; good && i < range.count; ++i) {
            good = cover(x_.postings[range.first + i].rank);
          }
          break;
        case IndexKey::kGroups:
          good = IsListOfGroups(range, g, cover);
          for (uint32_t i = 0; good && i < range.count; ++i) {
            depth = std::max<uint32_t>(depth, depth_[range.first + i]);
          }
          break;
        default:
          break;
      }
      if (!good) return Wrong("a key's rules are not well formed");
    }
    if (covered != group.rank_count) return Wrong("a group has a rule that no key leads to");
    depth_[g] = static_cast<uint8_t>(depth + 1);
    if (depth_[g] > kMaxIndexDepth) return Wrong("groups are nested too deeply");
    return absl::OkStatus();
  }

  // They ascend, and are nobody else's.
  bool CutsFit(uint32_t first, uint32_t count) {
    cuts_seen_ += count;
    if (cuts_seen_ > x_.cuts.size() || !InRange(first, count, x_.cuts.size())) return false;
    for (uint32_t i = 1; i < count; ++i) {
      if (x_.cuts[first + i - 1] >= x_.cuts[first + i]) return false;
    }
    return true;
  }

  bool MarkFits(const IndexMark& mark) {
    if (mark.reserved != 0 || mark.probe >= x_.probes.size()) return false;
    if (uint32_t{mark.shift} + mark.count >= 64) return false;
    const Probe& probe = x_.probes[mark.probe];
    switch (mark.kind) {
      case IndexMark::Kind::kStretches:
        return (probe.form == Form::kNumber || probe.form == Form::kText ||
                probe.form == Form::kRank) &&
               CutsFit(mark.first_cut, mark.count);
      case IndexMark::Kind::kCodes:
        return probes_.IsCode(probe) && mark.first_cut == 0;
      case IndexMark::Kind::kSet:
      case IndexMark::Kind::kClear:
        return probe.form == Form::kLabel && mark.first_cut < 64 &&
               mark.first_cut + mark.count < 64;
    }
    return false;
  }

  absl::Status CheckMarks() {
    if (x_.marks.size() > 64 || x_.request_marks > x_.marks.size()) {
      return Wrong("there are too many marks");
    }
    for (uint32_t m = 0; m < x_.marks.size(); ++m) {
      if (!MarkFits(x_.marks[m])) return Wrong("a mark does not fit its probe");
      if ((x_.marks[m].probe < x_.request_probes) != (m < x_.request_marks)) {
        return Wrong("the first marks are not those of a request");
      }
    }
    return absl::OkStatus();
  }

  bool ColumnFits(const IndexColumn& column, uint64_t words, uint64_t last_word) {
    if (!AllZero(column.reserved) || column.probe >= x_.probes.size()) return false;
    const Probe& probe = x_.probes[column.probe];
    const uint64_t rows = uint64_t{column.count} + 1;
    switch (column.kind) {
      case IndexColumn::Kind::kIntervals:
      case IndexColumn::Kind::kAge: {
        const bool age = column.kind == IndexColumn::Kind::kAge;
        if (age ? !probes_.IsTime(probe)
                : probe.form != Form::kNumber && probe.form != Form::kText &&
                      probe.form != Form::kRank) {
          return false;
        }
        if (!CutsFit(column.first_cut, column.count)) return false;
        break;
      }
      case IndexColumn::Kind::kCodes:
        if (!probes_.IsCode(probe) || column.first_cut != 0) return false;
        break;
      case IndexColumn::Kind::kBits: {
        const uint32_t bits = static_cast<uint32_t>(std::bit_width(column.count));
        if (probe.form != Form::kLabel || bits == 0 || bits > 32 || !std::has_single_bit(rows) ||
            column.first_cut >= 64 || column.first_cut + bits > 64) {
          return false;
        }
        break;
      }
      default:
        return false;
    }
    const uint64_t size = rows * words;  // below 2^33 * 2^26
    words_seen_ += size;
    if (words_seen_ > x_.rows.size() || column.first_row > x_.rows.size() ||
        size > x_.rows.size() - column.first_row) {
      return false;
    }
    // No bit stands for a rule that is not there.
    for (uint64_t row = 1; row <= rows; ++row) {
      if ((x_.rows[column.first_row + row * words - 1] & ~last_word) != 0) return false;
    }
    return true;
  }

  absl::Status CheckRows(const IndexGroup& group) {
    columns_seen_ += group.count;
    if (group.probe != 0 || HasFilter(group) || group.rank_count == 0 ||
        columns_seen_ > x_.columns.size() ||
        !InRange(group.first, group.count, x_.columns.size())) {
      return Wrong("a group's columns are out of range");
    }
    const uint64_t words = (uint64_t{group.rank_count} + 63) / 64;
    const uint32_t rest = group.rank_count % 64;
    const uint64_t last_word = rest == 0 ? ~uint64_t{0} : (uint64_t{1} << rest) - 1;
    for (uint32_t c = group.first; c < group.first + group.count; ++c) {
      if (!ColumnFits(x_.columns[c], words, last_word)) return Wrong("a column is not well formed");
    }
    return absl::OkStatus();
  }

  // A group that a key leads to lies before the key's group, and is nobody else's: the groups are
  // trees. All rules are in the roots.
  absl::Status CheckGroups() {
    in_group_.resize(x_.rules.size());
    covered_.resize(x_.rules.size());
    in_walk_.resize(x_.rules.size());
    referred_.resize(x_.groups.size());
    depth_.resize(x_.groups.size(), 1);
    for (uint32_t g = 0; g < x_.groups.size(); ++g) {
      const IndexGroup& group = x_.groups[g];
      const bool all = group.kind == IndexGroup::Kind::kAll;
      if (!AllZero(group.reserved) ||
          !(all ? IsListOfPostings({group.first, group.count})
                : IsListOfRanks({group.first_rank, group.rank_count}))) {
        return Wrong("a group's rules are not well formed");
      }
      switch (group.kind) {
        case IndexGroup::Kind::kAll:
          if (group.probe != 0 || HasFilter(group) || group.first_rank != 0 ||
              group.rank_count != 0) {
            return Wrong("a group of all has what it does not need");
          }
          break;
        case IndexGroup::Kind::kRows:
          ZTP_RETURN_IF_ERROR(CheckRows(group));
          break;
        default:
          ZTP_RETURN_IF_ERROR(CheckKeyed(g));
          break;
      }
    }
    uint64_t found = 0;
    const bool good = x_.groups.size() <= UINT32_MAX &&
                      IsListOfGroups({x_.first_root, x_.root_count},
                                     static_cast<uint32_t>(x_.groups.size()), [&](uint32_t) {
                                       ++found;
                                       return true;
                                     });
    if (!good || found != x_.rules.size()) return Wrong("not every rule is found from the roots");
    if (std::find(referred_.begin(), referred_.end(), false) != referred_.end()) {
      return Wrong("a group is found from nowhere");
    }
    return absl::OkStatus();
  }

  const DecisionProgram& p_;
  const DecisionIndex& x_;
  ProbeChecker probes_;
  // How much of each table groups have taken so far: no two share a part, so the check takes time
  // linear in the tables.
  uint64_t ranks_seen_ = 0;
  uint64_t postings_seen_ = 0;
  uint64_t keys_seen_ = 0;
  uint64_t columns_seen_ = 0;
  uint64_t cuts_seen_ = 0;
  uint64_t words_seen_ = 0;
  // By rank: the last group (its number and one) that has the rule, and in which a key led to it;
  // the last walk that met it.
  std::vector<uint32_t> in_group_, covered_, in_walk_;
  uint32_t walk_ = 0;
  // By group.
  std::vector<bool> referred_;
  std::vector<uint8_t> depth_;
};

}  // namespace

absl::Status CheckIndex(const DecisionProgram& program) {
  // Not indexed at all: every rule is tried.
  if (program.index == DecisionIndex()) return absl::OkStatus();
  return IndexChecker(program).Check();
}

}  // namespace ztp
