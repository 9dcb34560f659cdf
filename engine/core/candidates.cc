// See candidates.h.
#include "engine/core/candidates.h"

#include <algorithm>
#include <bit>

namespace ztp {
namespace {

// That are ANDed; further ones only would have left out more.
constexpr size_t kMaxRows = 64;

// Two words of a row: what every processor ANDs at once.
constexpr size_t kPair = 2;
typedef uint64_t Pair __attribute__((vector_size(8 * kPair), aligned(8), may_alias));
constexpr size_t kMostPairs = 4;  // at once, each in a register

// The AND of words [at, at + 2 * kPairs) of the rows, of which there is one. Written out, since an
// array would not stay in registers.
template <size_t kPairs>
inline void AndRows(const uint64_t* const* rows, size_t count, size_t at, Pair (&left)[kPairs]) {
  static_assert(kPairs == 1 || kPairs == 2 || kPairs == 4);
  const Pair* row = reinterpret_cast<const Pair*>(rows[0] + at);
  Pair a = row[0];
  if constexpr (kPairs == 1) {
    for (size_t r = 1; r < count; ++r) a &= *reinterpret_cast<const Pair*>(rows[r] + at);
  } else if constexpr (kPairs == 2) {
    Pair b = row[1];
    for (size_t r = 1; r < count; ++r) {
      row = reinterpret_cast<const Pair*>(rows[r] + at);
      a &= row[0];
      b &= row[1];
    }
    left[1] = b;
  } else {
    Pair b = row[1], c = row[2], d = row[3];
    for (size_t r = 1; r < count; ++r) {
      row = reinterpret_cast<const Pair*>(rows[r] + at);
      a &= row[0];
      b &= row[1];
      c &= row[2];
      d &= row[3];
    }
    left[1] = b;
    left[2] = c;
    left[3] = d;
  }
  left[0] = a;
}

}  // namespace

void Candidates::AddRow(uint64_t rules, const uint32_t* ranks) {
  if (rules == 0) return;
  while (found_end_ - found_ < 64) Grow();
  uint32_t* at = found_;
  for (; rules != 0; rules &= rules - 1) *at++ = ranks[std::countr_zero(rules)];
  found_ = at;
}

void Candidates::Grow() {
  const size_t used = static_cast<size_t>(found_ - s_.found_.data());
  s_.found_.set_size(used);
  if (!s_.found_.reserve(used < 64 ? 128 : 2 * used)) {
    // Whoever decides sees that the workspace is full: what is found now goes anywhere.
    found_ = dropped_;
    found_end_ = dropped_ + 64;
    return;
  }
  found_ = s_.found_.data() + used;
  found_end_ = s_.found_.data() + s_.found_.capacity();
}

uint32_t Candidates::RuleOfPlan(uint32_t rank) const {
  const ActionPlan& plan = PlanOf(request_);
  if (rank < first_permit_) return policy_.candidates[plan.first_forbid + rank];
  if (rank < first_duty_) return policy_.candidates[plan.first_permit + (rank - first_permit_)];
  return policy_.candidates[plan.first_duty + (rank - first_duty_)];
}

void Candidates::TakeAll() {
  for (uint32_t rank = 0; rank < last_rank_; ++rank) {
    const RuleRecord& record = policy_.rules[RuleOfPlan(rank)];
    if (policy_.InTypeSet(record.principals, request_.principal.size) &&
        policy_.InTypeSet(record.resources, request_.resource.size)) {
      s_.found_.push_back(rank);
    }
  }
  runs_.SetOne(static_cast<uint32_t>(s_.found_.size()));
}

inline void Candidates::VisitRanks(uint32_t first, uint32_t count) {
  for (uint32_t i = first; i < first + count; ++i) AddRank(index_.ranks[i]);
  EndRun();
}

inline void Candidates::AddRank(uint32_t rank) {
  if (found_ == found_end_) [[unlikely]] {
    Grow();
  }
  *found_++ = rank;
}

inline void Candidates::VisitPostings(uint32_t first, uint32_t count, uint32_t have) {
  const IndexPosting* posting = index_.postings.data() + first;
  const uint64_t marks = marks_;
  const uint32_t* const before = found_;
  for (const IndexPosting* end = posting + count; posting != end; ++posting) {
    if ((posting->any & have) == 0 || (posting->out & marks) != 0) continue;
    AddRank(posting->rank);
  }
  if (found_ != before) EndRun();
}

// The same of postings that ask for no key.
inline void Candidates::VisitAll(uint32_t first, uint32_t count) {
  const IndexPosting* posting = index_.postings.data() + first;
  const uint64_t marks = marks_;
#pragma GCC unroll 4
  for (const IndexPosting* end = posting + count; posting != end; ++posting) {
    if ((posting->out & marks) == 0) AddRank(posting->rank);
  }
  EndRun();
}

inline void Candidates::VisitKey(const IndexGroup& group, int64_t key, uint32_t have) {
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
    // Itself, then what it is a member of: called from one place, so that it is made once.
    const uint32_t* members = static_cast<const uint32_t*>(r.data);
    int64_t key = r.value;
    for (const uint32_t* end = members + count;; key = *members++) {
      visit(key);
      if (members == end) return true;
    }
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

inline void Candidates::VisitKeyed(const IndexGroup& group) {
  uint32_t have = ~uint32_t{0};
  if (group.filter_kind != IndexGroup::Kind::kAll) {
    uint32_t keys = 0;
    if (ForEachKey(group.filter_kind, probes_.Read(group.filter_probe),
                   [&](int64_t key) { keys |= FilterBit(key); })) {
      have = keys;
    }
  }
  if (!ForEachKey(group.kind, probes_.Read(group.probe),
                  [&](int64_t key) { VisitKey(group, key, have); })) {
    VisitRanks(group.first_rank, group.rank_count);
  }
}

[[gnu::always_inline]] inline void Candidates::VisitGroup(const IndexGroup& group) {
  switch (group.kind) {
    case IndexGroup::Kind::kAll:
      return VisitAll(group.first, group.count);
    case IndexGroup::Kind::kRows:
      return VisitRows(group);
    default:
      return VisitKeyed(group);
  }
}

// Of a key.
void Candidates::Visit(uint32_t first_group, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) VisitGroup(index_.groups[first_group + i]);
}

void Candidates::Find() {
  if (!indexed_) {
    TakeAll();
    return;
  }
  marks_known_ = request_.marks.known;
  marks_ = request_.marks.bits | probes_.ReadStoredMarks(&marks_known_);
  found_ = s_.found_.data();
  found_end_ = found_ + s_.found_.capacity();
  for (uint32_t i = 0; i < index_.root_count; ++i) {
    VisitGroup(index_.groups[index_.first_root + i]);
  }
  if (s_.arena_.full()) return s_.found_.clear();
  uint32_t* const found = s_.found_.data();
  size_t count = static_cast<size_t>(found_ - found);
  if (runs_.too_many()) {
    count = SortUniqueRanks(found, count);
    runs_.SetOne(static_cast<uint32_t>(count));
  }
  s_.found_.set_size(count);
}

// Which row of a column of stretches or codes a value belongs to.
inline uint64_t Candidates::RowOf(const IndexColumn& column, const int64_t* all_cuts, int64_t v) {
  if (column.kind == IndexColumn::Kind::kCodes) {
    return std::min<uint64_t>(static_cast<uint64_t>(v), column.count);
  }
  const int64_t* cuts = all_cuts + column.first_cut;
  uint64_t row = 0;
  if (column.count <= 4) {
    for (uint32_t i = 0; i < column.count; ++i) row += v >= cuts[i];
    return row;
  }
  // As std::upper_bound, without a branch that depends on the value.
  const int64_t* at = cuts;
  for (size_t left = column.count; left > 1;) {
    const size_t half = left / 2;
    const int64_t* const behind = at + half;
    at = v >= behind[-1] ? behind : at;
    left -= half;
  }
  return static_cast<uint64_t>(at - cuts) + (v >= *at ? 1 : 0);
}

// The rows that a decision ANDs.
struct Candidates::Rows {
  const uint64_t* plain[kMaxRows];  // of values that last for ever
  const uint64_t* timed[kMaxRows];  // of others: what only they leave out is false for a time
  size_t plain_count = 0;
  size_t timed_count = 0;
  int64_t floor = kForEver;  // the least validity of the others

  void Add(const Reading& r, const uint64_t* row) {
    if (r.plain) {
      plain[plain_count++] = row;
      return;
    }
    timed[timed_count++] = row;
    floor = std::min(floor, r.valid_until);
  }
  bool full() const { return plain_count == kMaxRows || timed_count == kMaxRows; }
};

// Facts are read first, so that what follows is free of calls.
void Candidates::ChooseRows(const IndexGroup& group, size_t words, Rows* out) {
  const IndexColumn* const columns = index_.columns.data() + group.first;
  const int64_t* const cuts = index_.cuts.data();
  const int64_t now = request_.now;
  for (uint32_t c = 0; c < group.count; ++c) probes_.Fetch(columns[c].probe);
  for (uint32_t c = 0; c < group.count && !out->full(); ++c) {
    const IndexColumn& column = columns[c];
    const Reading& r = probes_.Fetched(column.probe);
    if (!r.known) continue;
    const uint64_t* const rows = index_.rows.data() + column.first_row;
    int64_t value = r.value;
    switch (column.kind) {
      case IndexColumn::Kind::kBits:
        out->Add(r,
                 rows + (static_cast<uint64_t>(value) >> column.first_cut & column.count) * words);
        break;
      case IndexColumn::Kind::kAge:
        if (__builtin_sub_overflow(now, value, &value)) break;
        [[fallthrough]];
      default:
        out->Add(r, rows + RowOf(column, cuts, value) * words);
        break;
    }
  }
}

void Candidates::VisitRows(const IndexGroup& group) {
  const size_t words = (size_t{group.rank_count} + 63) / 64;
  Rows rows;
  ChooseRows(group, words, &rows);
  const uint32_t* const ranks = index_.ranks.data() + group.first_rank;
  const size_t first_soft = s_.soft_words_.size();
  if (rows.timed_count != 0) {
    s_.soft_.push_back({group.first_rank, static_cast<uint32_t>(first_soft),
                        static_cast<uint32_t>(words), rows.floor});
    soft_floor_ = std::min(soft_floor_, rows.floor);
    if (!s_.soft_words_.resize(first_soft + words, 0)) return;
  }
  uint64_t* const soft = s_.soft_words_.data() + first_soft;
  size_t w = 0;
  if (rows.plain_count != 0) {
    for (; w + kPair * kMostPairs <= words; w += kPair * kMostPairs) {
      VisitWords<kMostPairs>(rows, w, soft, ranks);
    }
    if (w + 2 * kPair <= words) {
      VisitWords<2>(rows, w, soft, ranks);
      w += 2 * kPair;
    }
    if (w + kPair <= words) {
      VisitWords<1>(rows, w, soft, ranks);
      w += kPair;
    }
  }
  for (; w < words; ++w) {
    uint64_t left = ~uint64_t{0};
    if (w + 1 == words && group.rank_count % 64 != 0) left >>= 64 - group.rank_count % 64;
    for (size_t r = 0; r < rows.plain_count; ++r) left &= rows.plain[r][w];
    if (rows.timed_count != 0) {
      const uint64_t before = left;
      for (size_t r = 0; r < rows.timed_count; ++r) left &= rows.timed[r][w];
      soft[w] = before & ~left;
    }
    AddRow(left, ranks + 64 * w);
  }
  EndRun();
}

// Some words of the rows at once; there is a plain one.
template <size_t kPairs>
inline void Candidates::VisitWords(const Rows& rows, size_t w, uint64_t* soft,
                                   const uint32_t* ranks) {
  Pair left[kPairs];
  AndRows(rows.plain, rows.plain_count, w, left);
  if (rows.timed_count != 0) {
    Pair timed[kPairs];
    AndRows(rows.timed, rows.timed_count, w, timed);
    for (size_t i = 0; i < kPairs; ++i) {
      *reinterpret_cast<Pair*>(soft + w + kPair * i) = left[i] & ~timed[i];
      left[i] &= timed[i];
    }
  }
  for (size_t i = 0; i < kPairs; ++i) {
    for (size_t k = 0; k < kPair; ++k) AddRow(left[i][k], ranks + 64 * (w + kPair * i + k));
  }
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
        *until = std::min(*until, Check(rank, *until).valid_until);
        if (spent()) return false;
      }
    }
  }
  return true;
}

// A false `and` holds as long as the longest of its false operands, a true one as long as the
// shortest of all. Where something is not known to the tests, only a false one for ever is certain,
// and the condition is evaluated as a whole.
// The tests before the i-th are true, for so long; that one comes to `outcome`.
Candidates::Outcome Candidates::CheckRest(uint32_t i, ProbeReader::Outcome outcome, uint32_t rank,
                                          int64_t enough, int64_t true_until) {
  const IndexedRule& rule = index_.rules[rank];
  const uint32_t* numbers = index_.rule_tests.data() + rule.first_test;
  const Test* tests = index_.tests.data();
  bool open = false;
  bool is_false = false;
  int64_t false_until = INT64_MIN;
  for (;;) {
    switch (outcome.value) {
      case Tri::kFalse:
        if (outcome.valid_until >= enough) return {Tri::kFalse, outcome.valid_until};
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
    if (++i == rule.tests) break;
    // What the program has to work out is not worth it any more.
    if (i >= rule.cheap_tests && (open || is_false)) {
      open = true;
      break;
    }
    const Test& test = tests[numbers[i]];
    outcome = probes_.Try(test, probes_.Read(test.probe));
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
