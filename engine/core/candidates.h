// Which rules can matter to a request, and what their conditions come to.
//
// Boundary: freestanding. Leaves out, by the index, only rules that are false for ever (or out of
// scope), which contribute nothing to a decision, a lease or a list of unknown facts. What a
// decision makes of the others is decide.cc's.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/core/machine.h"
#include "engine/core/probes.h"
#include "engine/core/runs.h"
#include "engine/core/workspace.h"

namespace ztp {

class Candidates {
 public:
  // All must outlive it.
  Candidates(const RequestView& request, Workspace& workspace, Machine& machine)
      : policy_(*request.policy),
        index_(policy_.index),
        indexed_(!index_.rules.empty()),
        first_permit_(indexed_ ? index_.forbids : PlanOf(request).forbid_count),
        first_duty_(first_permit_ + (indexed_ ? index_.permits : PlanOf(request).permit_count)),
        last_rank_(indexed_ ? static_cast<uint32_t>(index_.rules.size())
                            : first_duty_ + PlanOf(request).duty_count),
        request_(request),
        s_(workspace),
        probes_(request, workspace, machine) {}

  // Finds them. Then the forbids' ranks can be had, in any order, and one that several keys lead to
  // several times;
  void Find();
  template <typename Visit>
  void ForEachForbid(const Visit& visit) {
    runs_.Begin(s_.found_.data(), first_permit_, visit);
  }
  // then permits and duties, in source order, each once;
  Runs::InOrder Permits() const { return {runs_, s_.found_.data(), first_permit_, first_duty_}; }
  Runs::InOrder Duties() const { return {runs_, s_.found_.data(), first_duty_, last_rank_}; }
  bool has_duties() const { return first_duty_ != last_rank_; }
  // and any of them again, as the forbids.
  template <typename Visit>
  void ForEachAgain(uint32_t first_rank, uint32_t last_rank, const Visit& visit) const {
    runs_.ForEach(s_.found_.data(), first_rank, last_rank, visit);
  }

  // Forbids have the first ranks, then come permits, then duties.
  uint32_t first_permit() const { return first_permit_; }
  uint32_t first_duty() const { return first_duty_; }
  uint32_t last_rank() const { return last_rank_; }
  uint32_t RuleOf(uint32_t rank) const {
    return indexed_ ? index_.rules[rank].rule : RuleOfPlan(rank);
  }

  // What a candidate's condition comes to; of an unknown one Condition says what is missing.
  struct Outcome {
    Tri value = Tri::kUnknown;
    int64_t valid_until = kForEver;
  };
  // Of a false one, `valid_until` may be less than its lease, but not less than both that and
  // `enough`: what lasts as long shortens nothing.
  Outcome Check(uint32_t rank, int64_t enough = kForEver);
  Result Condition(uint32_t rank);

  // Shortens a lease by the rules of ranks [first, last) that are no candidates because they are
  // false, but only for a time. False: the step budget is spent.
  bool Shorten(uint32_t first_rank, uint32_t last_rank, int64_t* until) {
    return soft_floor_ >= *until || first_rank == last_rank ||
           ShortenBySoft(first_rank, last_rank, until);
  }

  bool spent() const { return probes_.spent(); }

 private:
  bool ShortenBySoft(uint32_t first_rank, uint32_t last_rank, int64_t* until);

  // Of a program without an index: every rule in scope. A rank is a place in the action's plan.
  const ActionPlan& PlanOf(const RequestView& request) const {
    return policy_.plans[request.action];
  }
  uint32_t RuleOfPlan(uint32_t rank) const;
  void TakeAll();
  static Outcome OutcomeOf(const Result& result);
  Outcome CheckRest(uint32_t i, ProbeReader::Outcome outcome, uint32_t rank, int64_t enough,
                    int64_t true_until);
  void VisitGroup(const IndexGroup& group);
  void Visit(uint32_t first_group, uint32_t count);
  void VisitRanks(uint32_t first, uint32_t count);
  void AddRank(uint32_t rank);
  void VisitAll(uint32_t first, uint32_t count);
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
  void EndRun() { runs_.End(static_cast<uint32_t>(found_ - s_.found_.data())); }
  void AddRow(uint64_t rules, const uint32_t* ranks);
  static uint64_t RowOf(const IndexColumn& column, const int64_t* all_cuts, int64_t value);
  void Grow();

  const PolicyView& policy_;
  const IndexView& index_;
  const bool indexed_;
  const uint32_t first_permit_;
  const uint32_t first_duty_;
  const uint32_t last_rank_;
  const RequestView& request_;
  Workspace& s_;
  ProbeReader probes_;
  uint64_t marks_ = 0;        // that the decision has
  bool marks_known_ = false;  // each mark is known for ever
  // Where the next rank that is found goes, and the end of the room for that.
  uint32_t* found_ = nullptr;
  uint32_t* found_end_ = nullptr;
  uint32_t dropped_[64];           // where ranks go that find no room
  int64_t soft_floor_ = kForEver;  // the least of s_.soft_
  Runs runs_;
};

// Mostly the values are known, and then a few comparisons say it: they are made where the rule is
// asked for. CheckRest goes on behind the first that is unknown, or false for too short a time.
[[gnu::always_inline]] inline Candidates::Outcome Candidates::Check(uint32_t rank, int64_t enough) {
  if (!indexed_) return OutcomeOf(Condition(rank));
  const IndexedRule& rule = index_.rules[rank];
  if ((rule.out & marks_) != 0) return {Tri::kFalse, kForEver};
  int64_t until = kForEver;  // of the tests that are true
  for (uint32_t i = marks_known_ ? rule.marked_tests : 0; i < rule.tests; ++i) {
    const Test& test = index_.tests[index_.rule_tests[rule.first_test + i]];
    const Reading& reading = probes_.Read(test.probe);
    ProbeReader::Outcome outcome;
    if (reading.known && ProbeReader::IsQuick(test)) {
      outcome = {ToTri(ProbeReader::TryQuick(test, reading)), reading.valid_until};
    } else if (reading.known && test.op == Test::Op::kMember && reading.complete) {
      outcome = {ToTri(ProbeReader::IsMember(reading, test.a) != (test.negated != 0)),
                 reading.valid_until};
    } else {
      outcome = probes_.Try(test, reading);
    }
    if (outcome.value == Tri::kTrue) {
      until = std::min(until, outcome.valid_until);
    } else if (outcome.value == Tri::kFalse && outcome.valid_until >= enough) {
      return {Tri::kFalse, outcome.valid_until};
    } else {
      return CheckRest(i, outcome, rank, enough, until);
    }
  }
  return {Tri::kTrue, until};
}

}  // namespace ztp
