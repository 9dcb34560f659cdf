// See candidates.h.
#include "engine/core/candidates.h"

#include <algorithm>
#include <bit>

namespace ztp {
namespace {

constexpr size_t kMaxColumns = 64;  // that are ANDed; further ones only would have left out more

}  // namespace

Candidates::Candidates(const RequestView& request, Workspace& workspace, Machine& machine)
    : policy_(*request.policy),
      index_(policy_.index),
      indexed_(!index_.rules.empty()),
      request_(request),
      s_(workspace),
      machine_(machine),
      probes_(request, workspace, machine) {}

void Candidates::Find() {
  if (!indexed_) return TakeAll();
  Visit(index_.first_root, index_.root_count);
  auto& found = s_.found_;
  // Several keys may lead to one.
  if (!std::is_sorted(found.begin(), found.end())) std::sort(found.begin(), found.end());
  found.set_size(static_cast<size_t>(std::unique(found.begin(), found.end()) - found.begin()));
  const uint32_t permits = index_.forbids, duties = index_.forbids + index_.permits;
  size_t at = 0;
  while (at < found.size() && found[at] < permits) ++at;
  first_found_permit_ = at;
  while (at < found.size() && found[at] < duties) ++at;
  first_found_duty_ = at;
}

void Candidates::TakeAll() {
  const ActionPlan& plan = policy_.plans[request_.action];
  TakeList(plan.first_forbid, plan.forbid_count);
  first_found_permit_ = s_.found_.size();
  TakeList(plan.first_permit, plan.permit_count);
  first_found_duty_ = s_.found_.size();
  TakeList(plan.first_duty, plan.duty_count);
}

void Candidates::TakeList(uint32_t first, uint32_t count) {
  for (uint32_t i = first; i < first + count; ++i) {
    const uint32_t rule = policy_.candidates[i];
    const RuleRecord& record = policy_.rules[rule];
    if (policy_.InTypeSet(record.principals, request_.principal.size) &&
        policy_.InTypeSet(record.resources, request_.resource.size)) {
      Add(rule);
    }
  }
}

void Candidates::Visit(uint32_t first_group, uint32_t count) {
  for (uint32_t g = first_group; g < first_group + count; ++g) {
    const IndexGroup& group = index_.groups[g];
    switch (group.kind) {
      case IndexGroup::Kind::kAll:
        VisitRanks(group.first, group.count);
        break;
      case IndexGroup::Kind::kRows:
        VisitRows(group);
        break;
      default:
        VisitKeyed(group);
        break;
    }
  }
}

void Candidates::VisitRanks(uint32_t first, uint32_t count) {
  for (uint32_t i = first; i < first + count; ++i) Add(index_.ranks[i]);
}

void Candidates::VisitPostings(uint32_t first, uint32_t count, const Filters& have) {
  const IndexPosting* postings = index_.postings.data() + first;
  for (uint32_t i = 0; i < count; ++i) {
    const IndexPosting& posting = postings[i];
    if ((posting.any[0] & have.keys[0]) == 0 || (posting.any[1] & have.keys[1]) == 0) continue;
    Add(posting.rank);
  }
}

void Candidates::VisitKey(const IndexGroup& group, int64_t key, const Filters& have) {
  const IndexKey* keys = index_.keys.data() + group.first;
  for (uint32_t at = KeyHash(key, group.count);; at = (at + 1) & (group.count - 1)) {
    const IndexKey& entry = keys[at];
    if (entry.kind == IndexKey::kFree) return;
    if (entry.key != key) continue;
    if (entry.kind == IndexKey::kPostings) return VisitPostings(entry.first, entry.count, have);
    // As deep as the index is: its groups form a tree of a bounded depth.
    return Visit(entry.first, entry.count);
  }
}

// Calls visit(key) for each key that the reading has; false: not every one is known for ever, so
// that a rule of another key is not ruled out for ever.
template <typename VisitKeyOf>
bool Candidates::ForEachKey(IndexGroup::Kind kind, const Reading& r,
                            const VisitKeyOf& visit) const {
  if (!r.plain) return false;
  if (kind == IndexGroup::Kind::kValue) {
    visit(r.value);
    return true;
  }
  const uint32_t count = r.size;
  if (kind == IndexGroup::Kind::kMember) {
    if (!r.complete) return false;
    const uint32_t* members = static_cast<const uint32_t*>(r.data);
    visit(r.value);
    for (uint32_t i = 0; i < count; ++i) visit(members[i]);
    return true;
  }
  const Val* items = static_cast<const Val*>(r.data);
  for (uint32_t i = 0; i < count; ++i) {
    if (!(items[i].flags & Val::kNumbered)) return false;
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (items[i].prefix != 0) visit(items[i].prefix - 1);
  }
  return true;
}

void Candidates::VisitKeyed(const IndexGroup& group) {
  Filters have;
  for (uint32_t f = 0; f < IndexGroup::kFilters; ++f) {
    if (group.filter_kinds[f] == IndexGroup::Kind::kAll) continue;
    uint32_t keys = 0;
    if (ForEachKey(group.filter_kinds[f], probes_.Read(group.filter_probes[f]),
                   [&](int64_t key) { keys |= FilterBit(key); })) {
      have.keys[f] = keys;
    }
  }
  if (!ForEachKey(group.kind, probes_.Read(group.probe),
                  [&](int64_t key) { VisitKey(group, key, have); })) {
    VisitRanks(group.first_rank, group.rank_count);
  }
}

// Which row a value belongs to.
inline uint64_t Candidates::RowOf(const IndexColumn& column, const int64_t* all_cuts, int64_t v) {
  if (column.kind == IndexColumn::Kind::kCodes) {
    return std::min<uint64_t>(static_cast<uint64_t>(v), column.count);
  }
  if (column.kind == IndexColumn::Kind::kBit) return static_cast<uint64_t>(v) >> column.count & 1;
  const int64_t* cuts = all_cuts + column.first_cut;
  uint64_t row = 0;
  if (column.count <= 4) {
    for (uint32_t i = 0; i < column.count; ++i) row += v >= cuts[i];
    return row;
  }
  // As std::upper_bound, without a branch that depends on the value.
  uint64_t left = column.count;
  while (left > 1) {
    const uint64_t half = left / 2;
    row += v >= cuts[row + half - 1] ? half : 0;
    left -= half;
  }
  return row + (v >= cuts[row] ? 1 : 0);
}

// Facts are read first, so that what follows is free of calls. Then the rows of values that last
// for ever, and of those that do not: what only the latter leave out is false for a time.
void Candidates::VisitRows(const IndexGroup& group) {
  const IndexColumn* const columns = index_.columns.data() + group.first;
  const size_t column_count = std::min<size_t>(group.count, kMaxColumns);
  for (size_t c = 0; c < column_count; ++c) probes_.Fetch(columns[c].probe);

  if (group.rank_count <= 64) return VisitWord(group, columns, column_count);
  const int64_t* const cuts = index_.cuts.data();
  const uint64_t* const all_rows = index_.rows.data();
  const int64_t now = request_.now;
  const size_t words = (group.rank_count + 63) / 64;
  const uint64_t* rows[kMaxColumns];
  const uint64_t* timed_rows[kMaxColumns];
  size_t row_count = 0, timed_count = 0;
  int64_t floor = kForEver;
  for (size_t c = 0; c < column_count; ++c) {
    const IndexColumn& column = columns[c];
    const Reading& r = probes_.Fetched(column.probe);
    int64_t value = r.value;
    if (column.kind == IndexColumn::Kind::kAge && __builtin_sub_overflow(now, value, &value)) {
      continue;
    }
    const uint64_t* row = all_rows + column.first_row + RowOf(column, cuts, value) * words;
    rows[row_count] = row;
    row_count += r.plain;
    if (r.known && !r.plain) {
      timed_rows[timed_count++] = row;
      floor = std::min(floor, r.valid_until);
    }
  }
  const uint32_t* const ranks = index_.ranks.data() + group.first_rank;
  const size_t first_soft = s_.soft_words_.size();
  for (size_t w = 0; w < words; ++w) {
    uint64_t left = ~uint64_t{0};
    if (w + 1 == words && group.rank_count % 64 != 0) left >>= 64 - group.rank_count % 64;
    for (size_t r = 0; r < row_count; ++r) left &= rows[r][w];
    if (timed_count != 0) {
      const uint64_t before = left;
      for (size_t r = 0; r < timed_count; ++r) left &= timed_rows[r][w];
      s_.soft_words_.push_back(before & ~left);
    }
    for (; left != 0; left &= left - 1) {
      Add(ranks[64 * w + static_cast<size_t>(std::countr_zero(left))]);
    }
  }
  if (timed_count != 0) {
    s_.soft_.push_back(
        {group.first_rank, static_cast<uint32_t>(first_soft), static_cast<uint32_t>(words), floor});
  }
}

// The same where a row is one word.
void Candidates::VisitWord(const IndexGroup& group, const IndexColumn* columns, size_t count) {
  const int64_t* const cuts = index_.cuts.data();
  const uint64_t* const rows = index_.rows.data();
  const int64_t now = request_.now;
  uint64_t left = ~uint64_t{0} >> (64 - group.rank_count);
  uint64_t timed = left;
  int64_t floor = kForEver;
  for (size_t c = 0; c < count; ++c) {
    const IndexColumn& column = columns[c];
    const Reading& r = probes_.Fetched(column.probe);
    if (!r.known) continue;
    int64_t value = r.value;
    if (column.kind == IndexColumn::Kind::kAge && __builtin_sub_overflow(now, value, &value)) {
      continue;
    }
    const uint64_t row = rows[column.first_row + RowOf(column, cuts, value)];
    if (r.plain) {
      left &= row;
    } else {
      timed &= row;
      floor = std::min(floor, r.valid_until);
    }
  }
  if (floor != kForEver && (left & ~timed) != 0) {
    s_.soft_.push_back({group.first_rank, static_cast<uint32_t>(s_.soft_words_.size()), 1, floor});
    s_.soft_words_.push_back(left & ~timed);
  }
  const uint32_t* const ranks = index_.ranks.data() + group.first_rank;
  for (left &= timed; left != 0; left &= left - 1) Add(ranks[std::countr_zero(left)]);
}

// None of them can be false for a shorter time than the first of the values that left it out.
bool Candidates::ShortenBySoft(uint32_t first_rank, uint32_t last_rank, int64_t* until) {
  for (const Workspace::Soft& soft : s_.soft_) {
    for (uint32_t w = 0; w < soft.words && soft.floor < *until; ++w) {
      uint64_t left = s_.soft_words_[soft.first_word + w];
      for (; left != 0 && soft.floor < *until; left &= left - 1) {
        const uint32_t place = 64 * w + static_cast<uint32_t>(std::countr_zero(left));
        const uint32_t rank = index_.ranks[soft.first_rank + place];
        if (rank < first_rank || rank >= last_rank) continue;
        *until = std::min(*until, Check(rank).valid_until);
        if (spent()) return false;
      }
    }
  }
  return true;
}

// A false `and` holds as long as the longest of its false operands, a true one as long as the
// shortest of all. Where something is not known to the tests, only a false one for ever is certain,
// and the condition is evaluated as a whole.
Candidates::Outcome Candidates::Check(uint32_t rank) {
  if (!indexed_) return OutcomeOf(Condition(rank));
  const IndexedRule& rule = index_.rules[rank];
  const uint32_t* numbers = index_.rule_tests.data() + rule.first_test;
  const Test* tests = index_.tests.data();
  bool open = false;
  bool is_false = false;
  int64_t false_until = INT64_MIN;
  int64_t true_until = kForEver;
  for (uint32_t i = 0; i < rule.tests; ++i) {
    // What the program has to work out is not worth it any more.
    if (i >= rule.cheap_tests && (open || is_false)) {
      open = true;
      break;
    }
    const Test& test = tests[numbers[i]];
    const Reading& reading = probes_.Read(test.probe);
    if (reading.plain) {
      if (ProbeReader::IsQuick(test)) {
        if (!ProbeReader::TryQuick(test, reading)) return {Tri::kFalse, kForEver};
        continue;
      }
      if (test.op == Test::Op::kMember && reading.complete) {
        if (ProbeReader::IsMember(reading, test.a) == (test.negated != 0)) {
          return {Tri::kFalse, kForEver};
        }
        continue;
      }
    }
    const ProbeReader::Outcome outcome = probes_.Try(test, reading);
    switch (outcome.value) {
      case Tri::kFalse:
        if (outcome.valid_until == kForEver) return {Tri::kFalse, kForEver};
        is_false = true;
        false_until = std::max(false_until, outcome.valid_until);
        break;
      case Tri::kTrue:
        true_until = std::min(true_until, outcome.valid_until);
        break;
      case Tri::kUnknown:
        open = true;
        break;
    }
  }
  if (open) return OutcomeOf(Condition(rank));
  if (is_false) return {Tri::kFalse, false_until};
  return {Tri::kTrue, true_until};
}

Candidates::Outcome Candidates::OutcomeOf(const Result& result) {
  return {result.known() ? ToTri(result.val.boolean()) : Tri::kUnknown, result.valid_until};
}

Result Candidates::Condition(uint32_t rank) {
  return probes_.OfNode(policy_.rules[RuleOf(rank)].condition);
}

}  // namespace ztp
