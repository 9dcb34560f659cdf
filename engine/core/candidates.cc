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
  auto& found = s_.candidates_;
  const auto before = [](const Workspace::Candidate& a, const Workspace::Candidate& b) {
    return a.rank < b.rank;
  };
  // Several keys may lead to one.
  if (!std::is_sorted(found.begin(), found.end(), before)) {
    std::sort(found.begin(), found.end(), before);
  }
  found.set_size(static_cast<size_t>(
      std::unique(found.begin(), found.end(),
                  [](const auto& a, const auto& b) { return a.rank == b.rank; }) -
      found.begin()));
}

void Candidates::TakeAll() {
  const ActionPlan& plan = policy_.plans[request_.action];
  TakeList(RuleRecord::Kind::kForbid, plan.first_forbid, plan.forbid_count);
  TakeList(RuleRecord::Kind::kPermit, plan.first_permit, plan.permit_count);
  TakeList(RuleRecord::Kind::kDuty, plan.first_duty, plan.duty_count);
}

void Candidates::TakeList(RuleRecord::Kind kind, uint32_t first, uint32_t count) {
  for (uint32_t i = first; i < first + count; ++i) {
    const uint32_t rule = policy_.candidates[i];
    const RuleRecord& record = policy_.rules[rule];
    if (policy_.InTypeSet(record.principals, request_.principal.size) &&
        policy_.InTypeSet(record.resources, request_.resource.size)) {
      s_.candidates_.push_back({.rank = rule, .kind = kind, .state = State::kOpen});
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
bool Candidates::Shorten(uint32_t first_rank, uint32_t last_rank, int64_t* until) {
  for (const Workspace::Soft& soft : s_.soft_) {
    for (uint32_t w = 0; w < soft.words && soft.floor < *until; ++w) {
      uint64_t left = s_.soft_words_[soft.first_word + w];
      for (; left != 0 && soft.floor < *until; left &= left - 1) {
        const uint32_t place = 64 * w + static_cast<uint32_t>(std::countr_zero(left));
        Workspace::Candidate candidate;
        candidate.rank = index_.ranks[soft.first_rank + place];
        if (candidate.rank < first_rank || candidate.rank >= last_rank) continue;
        *until = std::min(*until, Condition(candidate).valid_until);
        if (spent()) return false;
      }
    }
  }
  return true;
}

void Candidates::Add(uint32_t rank) {
  Workspace::Candidate candidate;
  candidate.rank = rank;
  candidate.kind = rank < index_.forbids                    ? RuleRecord::Kind::kForbid
                   : rank < index_.forbids + index_.permits ? RuleRecord::Kind::kPermit
                                                            : RuleRecord::Kind::kDuty;
  // Every forbid is looked at sooner or later, a permit perhaps never.
  if (rank < index_.forbids) {
    Look(&candidate);
    if (candidate.state == State::kFalse && candidate.valid_until == kForEver) return;
  }
  s_.candidates_.push_back(candidate);
}

// A false `and` holds as long as the longest of its false operands, a true one as long as the
// shortest of all. Where something is not known to the tests, only a false one for ever is certain.
void Candidates::Look(Workspace::Candidate* candidate) {
  const IndexedRule& rule = index_.rules[candidate->rank];
  const uint32_t* numbers = index_.rule_tests.data() + rule.first_test;
  const Test* tests = index_.tests.data();
  bool open = false;
  bool is_false = false;
  int64_t false_until = INT64_MIN;
  int64_t true_until = kForEver;
  candidate->state = State::kFalse;
  candidate->valid_until = kForEver;
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
        if (!ProbeReader::TryQuick(test, reading)) return;
        continue;
      }
      if (test.op == Test::Op::kMember && reading.complete) {
        if (ProbeReader::IsMember(reading, test.a) == (test.negated != 0)) return;
        continue;
      }
    }
    const ProbeReader::Outcome outcome = probes_.Try(test, reading);
    switch (outcome.value) {
      case Tri::kFalse:
        if (outcome.valid_until == kForEver) return;
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
  if (open) {
    candidate->state = State::kOpen;
  } else if (is_false) {
    candidate->valid_until = false_until;
  } else {
    candidate->state = State::kTrue;
    candidate->valid_until = true_until;
  }
}

Result Candidates::Condition(Workspace::Candidate& candidate) {
  if (candidate.state == State::kFound) {
    Look(&candidate);
    if (probes_.spent()) return Result::Unknown(0);
  }
  switch (candidate.state) {
    case State::kTrue:
      return Result::Bool(true, candidate.valid_until);
    case State::kFalse:
      return Result::Bool(false, candidate.valid_until);
    default:
      break;
  }
  const uint32_t node = policy_.rules[RuleOf(candidate)].condition;
  const Result result = probes_.OfNode(node);
  if (probes_.spent()) return Result::Unknown(0);
  if (result.known()) {
    candidate.state = result.val.boolean() ? State::kTrue : State::kFalse;
    candidate.valid_until = result.valid_until;
  }
  return result;
}

}  // namespace ztp
