// Which rules can matter to a request, and what their conditions come to.
//
// Boundary: freestanding. Leaves out, by the index, only rules that are false for ever (or out of
// scope), which contribute nothing to a decision, a lease or a list of unknown facts. What a
// decision makes of the others is decide.cc's.
#pragma once

#include <cstdint>

#include "engine/core/machine.h"
#include "engine/core/probes.h"
#include "engine/core/workspace.h"

namespace ztp {

class Candidates {
 public:
  // All must outlive it.
  Candidates(const RequestView& request, Workspace& workspace, Machine& machine);

  // Fills the workspace's candidates (and what Shorten needs): forbids, then permits, then duties,
  // each once and in source order.
  void Find();

  uint32_t RuleOf(const Workspace::Candidate& candidate) const {
    return indexed_ ? index_.rules[candidate.rank].rule : candidate.rank;
  }

  // What its condition comes to. Worked out at the first call.
  Result Condition(Workspace::Candidate& candidate);

  // Shortens a lease by the rules of ranks [first, last) that are no candidates because they are
  // false, but only for a time. False: the step budget is spent.
  bool Shorten(uint32_t first_rank, uint32_t last_rank, int64_t* until);
  uint32_t first_permit() const { return index_.forbids; }
  uint32_t first_duty() const { return index_.forbids + index_.permits; }
  uint32_t last_rank() const { return static_cast<uint32_t>(index_.rules.size()); }

  bool spent() const { return probes_.spent(); }

 private:
  using State = Workspace::Candidate::State;

  // Of a program without an index: every rule in scope.
  void TakeAll();
  void TakeList(RuleRecord::Kind kind, uint32_t first, uint32_t count);
  void Visit(uint32_t first_group, uint32_t count);
  void VisitRanks(uint32_t first, uint32_t count);
  // The keys that the request has of a group's filters, as bits.
  struct Filters {
    uint32_t keys[IndexGroup::kFilters] = {~uint32_t{0}, ~uint32_t{0}};
  };
  void VisitPostings(uint32_t first, uint32_t count, const Filters& have);
  void VisitKey(const IndexGroup& group, int64_t key, const Filters& have);
  template <typename VisitKeyOf>
  bool ForEachKey(IndexGroup::Kind kind, const Reading& reading, const VisitKeyOf& visit) const;
  void VisitKeyed(const IndexGroup& group);
  void VisitRows(const IndexGroup& group);
  void VisitWord(const IndexGroup& group, const IndexColumn* columns, size_t count);
  static uint64_t RowOf(const IndexColumn& column, const int64_t* all_cuts, int64_t value);
  void Add(uint32_t rank);
  // Tries a candidate's tests.
  void Look(Workspace::Candidate* candidate);

  const PolicyView& policy_;
  const IndexView& index_;
  const bool indexed_;
  const RequestView& request_;
  Workspace& s_;
  Machine& machine_;
  ProbeReader probes_;
};

}  // namespace ztp
