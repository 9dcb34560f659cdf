// Which rules can matter to a request, and what their conditions come to.
//
// Boundary: leaves out, by the index, only rules that are false for ever (or out of scope), which
// contribute nothing to a decision, a lease or a list of unknown facts. What a decision makes of
// the others is decide.cc's.
#pragma once

#include <cstdint>

#include "engine/eval/machine.h"
#include "engine/eval/probes.h"
#include "engine/eval/scratch.h"

namespace ztp {

class Candidates {
 public:
  // All must outlive it.
  Candidates(const BoundRequest& request, Scratch& scratch, Machine& machine);

  // Fills the scratch's candidates (and what Shorten needs): forbids, then permits, then duties,
  // each once and in source order.
  void Find();

  uint32_t RuleOf(const Scratch::Candidate& candidate) const {
    return indexed_ ? index_.rules[candidate.rank].rule : candidate.rank;
  }

  // What its condition comes to. Worked out at the first call.
  Result Condition(Scratch::Candidate& candidate);

  // Shortens a lease by the rules of ranks [first, last) that are no candidates because they are
  // false, but only for a time. False: the step budget is spent.
  bool Shorten(uint32_t first_rank, uint32_t last_rank, int64_t* until);
  uint32_t first_permit() const { return index_.forbids; }
  uint32_t first_duty() const { return index_.forbids + index_.permits; }
  uint32_t last_rank() const { return static_cast<uint32_t>(index_.rules.size()); }

  bool spent() const { return spent_ || probes_.spent(); }

 private:
  using State = Scratch::Candidate::State;

  // Of a program without an index: every rule in scope.
  void TakeAll();
  void TakeList(RuleRecord::Kind kind, uint32_t first, uint32_t count);
  void Visit(uint32_t first_group, uint32_t count);
  void VisitRanks(uint32_t first, uint32_t count);
  // `have`: the keys that the request has of the group's filter, as bits.
  void VisitPostings(uint32_t first, uint32_t count, uint32_t have);
  void VisitKey(const IndexGroup& group, int64_t key, uint32_t have);
  template <typename VisitKeyOf>
  bool ForEachKey(IndexGroup::Kind kind, const Reading& reading, const VisitKeyOf& visit) const;
  void VisitKeyed(const IndexGroup& group);
  void VisitRows(const IndexGroup& group);
  struct Rows;
  void ChooseRows(const IndexGroup& group, size_t words, Rows* out);
  template <size_t kPairs>
  void VisitWords(const Rows& rows, size_t w, uint64_t* soft, const uint32_t* ranks);
  void AddRow(uint64_t rules, const uint32_t* ranks);
  static uint64_t RowOf(const IndexColumn& column, const int64_t* all_cuts, int64_t value);
  void Add(uint32_t rank) {
    if (found_ == found_end_) Grow();
    in_order_ &= rank >= last_found_;
    last_found_ = rank;
    *found_++ = rank;
  }
  void Grow();
  // Tries a candidate's tests.
  void Look(Scratch::Candidate* candidate);

  const DecisionProgram& program_;
  const DecisionIndex& index_;
  const bool indexed_;
  const BoundRequest& request_;
  const Snapshot& snapshot_;
  Scratch& s_;
  Machine& machine_;
  ProbeReader probes_;
  uint64_t marks_ = 0;        // that the decision has
  bool marks_known_ = false;  // each mark's value is known for ever
  // Where the next rank that is found goes, and the end of the room for that.
  uint32_t* found_ = nullptr;
  uint32_t* found_end_ = nullptr;
  uint32_t last_found_ = 0;
  bool in_order_ = true;
  bool spent_ = false;
};

}  // namespace ztp
