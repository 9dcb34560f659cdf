// See candidates.h.
#include "engine/eval/candidates.h"

#include <algorithm>
#include <bit>

namespace ztp {
namespace {

constexpr size_t kMaxColumns = 64;  // that are ANDed; further ones only would have left out more

}  // namespace

Candidates::Candidates(const BoundRequest& request, Scratch& scratch, Machine& machine)
    : program_(request.policy().program()),
      index_(program_.index),
      indexed_(!index_.rules.empty()),
      request_(request),
      snapshot_(request.snapshot()),
      s_(scratch),
      machine_(machine),
      probes_(request, scratch, machine) {}

void Candidates::Find() {
  s_.candidates_.clear();
  if (!indexed_) return TakeAll();
  Visit(index_.first_root, index_.root_count);
  auto& found = s_.candidates_;
  const auto before = [](const Scratch::Candidate& a, const Scratch::Candidate& b) {
    return a.rank < b.rank;
  };
  // One that several keys lead to was looked at for each.
  if (!std::is_sorted(found.begin(), found.end(), before)) {
    std::sort(found.begin(), found.end(), before);
  }
  found.erase(std::unique(found.begin(), found.end(),
                          [](const auto& a, const auto& b) { return a.rank == b.rank; }),
              found.end());
}

void Candidates::TakeAll() {
  const ActionPlan& plan = program_.plans[request_.action().index];
  TakeList(RuleRecord::Kind::kForbid, plan.first_forbid, plan.forbid_count);
  TakeList(RuleRecord::Kind::kPermit, plan.first_permit, plan.permit_count);
  TakeList(RuleRecord::Kind::kDuty, plan.first_duty, plan.duty_count);
}

void Candidates::TakeList(RuleRecord::Kind kind, uint32_t first, uint32_t count) {
  for (uint32_t i = first; i < first + count; ++i) {
    const uint32_t rule = program_.candidates[i];
    const RuleRecord& record = program_.rules[rule];
    if (program_.InTypeSet(record.principals, EntityTypeId{request_.principal().size}) &&
        program_.InTypeSet(record.resources, EntityTypeId{request_.resource().size})) {
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
  for (uint32_t i = first; i < first + count; ++i) Look(index_.ranks[i]);
}

void Candidates::VisitKey(const IndexGroup& group, int64_t key) {
  const IndexKey* keys = index_.keys.data() + group.first;
  for (uint32_t at = KeyHash(key, group.count);; at = (at + 1) & (group.count - 1)) {
    const IndexKey& entry = keys[at];
    if (entry.kind == IndexKey::kFree) return;
    if (entry.key != key) continue;
    if (entry.kind == IndexKey::kRanks) return VisitRanks(entry.first, entry.count);
    // As deep as the index is: its groups form a tree of a bounded depth.
    return Visit(entry.first, entry.count);
  }
}

void Candidates::VisitKeyed(const IndexGroup& group) {
  const Reading& r = probes_.Read(group.probe);
  // Where the value is not known, or will be another, a rule of another key is not false for ever.
  if (!r.plain) {
    return VisitRanks(group.first_rank, group.rank_count);
  }
  switch (group.kind) {
    case IndexGroup::Kind::kValue:
      return VisitKey(group, r.value);
    case IndexGroup::Kind::kMember: {
      if (!r.complete) return VisitRanks(group.first_rank, group.rank_count);
      const uint32_t* members = static_cast<const uint32_t*>(r.data);
      const int64_t own = r.value;
      const uint32_t count = r.size;
      if (own < snapshot_.named_count()) VisitKey(group, own);
      for (uint32_t i = 0; i < count; ++i) VisitKey(group, members[i]);
      return;
    }
    case IndexGroup::Kind::kElement: {
      const Val* items = static_cast<const Val*>(r.data);
      const uint32_t count = r.size;
      for (uint32_t i = 0; i < count; ++i) {
        if (!(items[i].flags & Val::kNumbered)) {
          return VisitRanks(group.first_rank, group.rank_count);
        }
      }
      for (uint32_t i = 0; i < count; ++i) {
        if (items[i].prefix != 0) VisitKey(group, items[i].prefix - 1);
      }
      return;
    }
    default:
      return;
  }
}

// The rules that the probe's value does not leave out; nullptr: it leaves out none.
const uint64_t* Candidates::RowOf(const IndexColumn& column, size_t words) {
  const Reading& r = probes_.Read(column.probe);
  if (!r.plain) return nullptr;
  uint64_t row = 0;
  switch (column.kind) {
    case IndexColumn::Kind::kIntervals: {
      const int64_t* cuts = index_.cuts.data() + column.first_cut;
      row = static_cast<uint64_t>(std::upper_bound(cuts, cuts + column.count, r.value) - cuts);
      break;
    }
    case IndexColumn::Kind::kCodes:
      row = std::min<uint64_t>(static_cast<uint64_t>(r.value), column.count);
      break;
    case IndexColumn::Kind::kBit:
      row = static_cast<uint64_t>(r.value) >> column.count & 1;
      break;
  }
  return index_.rows.data() + column.first_row + row * words;
}

void Candidates::VisitRows(const IndexGroup& group) {
  const size_t words = (group.rank_count + 63) / 64;
  const uint64_t* rows[kMaxColumns];
  size_t row_count = 0;
  for (uint32_t c = group.first; c < group.first + group.count && row_count < kMaxColumns; ++c) {
    const uint64_t* row = RowOf(index_.columns[c], words);
    if (row != nullptr) rows[row_count++] = row;
  }
  const uint32_t* ranks = index_.ranks.data() + group.first_rank;
  if (row_count == 0) return VisitRanks(group.first_rank, group.rank_count);
  for (size_t w = 0; w < words; ++w) {
    uint64_t left = rows[0][w];
    for (size_t r = 1; r < row_count; ++r) left &= rows[r][w];
    for (; left != 0; left &= left - 1) {
      Look(ranks[64 * w + static_cast<size_t>(std::countr_zero(left))]);
    }
  }
}

// A false `and` holds as long as the longest of its false operands, a true one as long as the
// shortest of all. Where something is not known to the tests, only a false one for ever is certain.
void Candidates::Look(uint32_t rank) {
  const IndexedRule& rule = index_.rules[rank];
  const uint32_t* tests = index_.rule_tests.data() + rule.first_test;
  Scratch::Candidate candidate;
  candidate.rank = rank;
  candidate.kind = rank < index_.forbids                    ? RuleRecord::Kind::kForbid
                   : rank < index_.forbids + index_.permits ? RuleRecord::Kind::kPermit
                                                            : RuleRecord::Kind::kDuty;
  candidate.state = State::kTrue;
  bool open = rule.cheap_tests != rule.tests;
  bool is_false = false;
  int64_t false_until = 0;
  int64_t true_until = kForEver;
  for (uint32_t i = 0; i < rule.cheap_tests; ++i) {
    const ProbeReader::Outcome outcome = probes_.Try(index_.tests[tests[i]]);
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
    candidate.state = State::kOpen;
  } else if (is_false) {
    candidate.state = State::kFalse;
    candidate.valid_until = false_until;
  } else {
    candidate.valid_until = true_until;
  }
  s_.candidates_.push_back(candidate);
}

Result Candidates::Condition(Scratch::Candidate& candidate) {
  switch (candidate.state) {
    case State::kTrue:
      return Result::Bool(true, candidate.valid_until);
    case State::kFalse:
      return Result::Bool(false, candidate.valid_until);
    case State::kOpen:
      break;
  }
  const uint32_t node = program_.rules[RuleOf(candidate)].condition;
  if (!machine_.Run(node)) {
    spent_ = true;
    return Result::Unknown(0);
  }
  const Result result = machine_.At(node);
  if (result.known()) {
    candidate.state = result.val.boolean() ? State::kTrue : State::kFalse;
    candidate.valid_until = result.valid_until;
  }
  return result;
}

}  // namespace ztp
