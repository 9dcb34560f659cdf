// A thread's working memory for deciding.
//
// Boundary: holds no answer beyond the verdict that was made last. One thread at a time; may serve
// any policies one after the other. After it has seen its largest request it allocates no more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/core/checked.h"
#include "engine/eval/bound_request.h"
#include "engine/eval/missing_facts.h"
#include "engine/eval/reading.h"
#include "engine/eval/verdict.h"
#include "engine/facts/arena.h"
#include "engine/facts/val.h"

namespace ztp {

// What a node came to.
struct Result {
  enum class State : uint8_t {
    kValue,
    kIncomplete,  // a set whose known elements `val` has; behind the absent entities in `facts` may
                  // be more
    kUnknown,
    kMissing,  // an optional read of what is known not to be there
  };
  Val val;
  int64_t valid_until = kForEver;
  FactSet facts = 0;
  State state = State::kValue;

  bool known() const { return state == State::kValue; }
  bool Is(bool b) const { return known() && val.boolean() == b; }

  static Result Of(const Val& val, int64_t valid_until = kForEver) {
    return {val, valid_until, 0, State::kValue};
  }
  static Result Bool(bool b, int64_t valid_until = kForEver) {
    return Of(Val::Bool(b), valid_until);
  }
  static Result Unknown(FactSet facts, int64_t valid_until = kForEver) {
    return {Val(), valid_until, facts, State::kUnknown};
  }
  static Result Missing(int64_t valid_until = kForEver) {
    return {Val(), valid_until, 0, State::kMissing};
  }
};
static_assert(sizeof(Result) == 32);

// Kleene's `and` or `or` over operands that come one by one, with validity and missing facts.
class KleeneFold {
 public:
  // `deciding` is the operand that decides: false for `and`, true for `or`.
  explicit KleeneFold(bool deciding = true) : deciding_(deciding) {}
  void Add(const Result& operand, MissingFacts& facts) {
    if (operand.valid_until < min_) min_ = operand.valid_until;
    if (operand.Is(deciding_)) {
      if (!decided_ || operand.valid_until > max_) max_ = operand.valid_until;
      decided_ = true;
    } else if (!operand.known()) {
      unknown_ = true;
      facts_ = facts.Union(facts_, operand.facts);
    }
  }
  // No further operand can change the result.
  bool settled() const { return decided_ && max_ == kForEver; }
  Result Finish() const {
    if (decided_) return Result::Bool(deciding_, max_);
    if (unknown_) return Result::Unknown(facts_, min_);
    return Result::Bool(!deciding_, min_);
  }

 private:
  bool deciding_;
  bool decided_ = false;
  bool unknown_ = false;
  FactSet facts_ = 0;
  int64_t min_ = kForEver;
  int64_t max_ = kForEver;
};

class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  Scratch(Scratch&&) = default;
  Scratch& operator=(Scratch&&) = default;

  // Counts, by opcode, how often nodes were evaluated from now on: for tests that show that every
  // opcode runs.
  void CountOpcodes() { opcode_counts_.assign(256, 0); }
  uint64_t opcode_count(Opcode op) const { return opcode_counts_[static_cast<size_t>(op)]; }

  // How many rules the index left over in the last decision: for tests that hold it against what it
  // should be.
  size_t candidate_count() const { return candidates_.size(); }

  size_t memory_bytes() const {
    return results_.capacity() * sizeof(Result) + stamps_.capacity() * 4 +
           stack_.capacity() * sizeof(Frame) + arena_.reserved_bytes();
  }

 private:
  friend class Machine;
  friend class ProbeReader;
  friend class Candidates;
  friend class Decider;
  friend Decision Decide(const Policy& policy, const Snapshot& snapshot, const Request& request,
                         Scratch& scratch);

  struct Frame {
    uint32_t node = 0;
    uint32_t cursor = 0;  // by operator: the next argument, or the phase
  };

  // A fold under way; at most one of each slot.
  struct Fold {
    enum Phase : uint8_t { kNextElement, kFilter, kBody };
    KleeneFold kleene;
    const Val* elements = nullptr;
    uint32_t count = 0;
    uint32_t next = 0;
    Phase phase = kNextElement;
    bool unknown = false;
    FactSet facts = 0;
    int64_t valid_until = kForEver;
    int64_t counted = 0;
    Int128 sum = 0;
    Label label = {};
    Result filter;
    std::vector<Val> items;
  };

  // A rule that the index has not left out.
  struct Candidate {
    // Found by the index, and its tests not tried yet; left to the machine, whether it has spoken
    // (then it is unknown) or not; and the two that are known.
    enum State : uint8_t { kFound, kOpen, kTrue, kFalse };
    uint32_t rank = 0;  // of a program without an index: the rule
    RuleRecord::Kind kind = RuleRecord::Kind::kForbid;
    State state = kFound;
    int64_t valid_until = 0;
  };

  // Rules of a group of rows that are false, but only for a time: a bit each, and from when on that
  // may end.
  struct Soft {
    uint32_t first_rank = 0;  // in DecisionIndex::ranks
    uint32_t first_word = 0;  // in soft_words_
    uint32_t words = 0;
    int64_t floor = 0;
  };

  std::vector<Reading> readings_;  // by probe
  uint32_t reading_stamp_ = 0;
  std::vector<Candidate> candidates_;
  std::vector<Soft> soft_;
  std::vector<uint64_t> soft_words_;
  std::vector<Result> results_;   // by node
  std::vector<uint32_t> stamps_;  // by node: when its result was worked out
  uint32_t clock_ = 0;
  std::vector<Frame> stack_;
  Fold folds_[3];
  std::vector<uint32_t> walk_;  // entities still to be walked
  MissingFacts facts_;
  Arena arena_;
  BoundRequest bound_;
  std::vector<uint32_t> rules_;
  std::vector<Verdict::Obligation> obligations_;
  std::vector<FactSet> unknown_;
  std::vector<uint64_t> opcode_counts_;  // empty: not counted
};

}  // namespace ztp
