// A thread's working memory for deciding, in one block that somebody else owns.
//
// Boundary: freestanding. Holds no answer beyond the verdict that was made last. One thread at a
// time; may serve any policies one after the other. How much a decision can need is said by its
// action's plan (ActionPlan::scratch_bytes); what does not fit denies (Verdict::out_of_memory).
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/core/checked.h"
#include "engine/core/fixed_arena.h"
#include "engine/core/missing_facts.h"
#include "engine/core/policy_view.h"
#include "engine/core/reading.h"
#include "engine/core/result.h"
#include "engine/core/verdict.h"

namespace ztp {

class Workspace {
 public:
  // The block begins at a multiple of this.
  static constexpr size_t kAlignment = 64;
  // Beside what a policy needs in any case, for what grows with the request.
  static constexpr size_t kLeastArenaBytes = 16 << 10;

  Workspace() = default;
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  // What a policy needs in any case, the least arena included.
  static size_t BytesFor(const PolicyView& policy);

  // Takes a block, and forgets everything that the one before held.
  void Use(void* memory, size_t bytes);

  // Makes room for a policy; false: the block is smaller than BytesFor(policy). Costs nothing where
  // there is room already.
  bool Prepare(const PolicyView& policy) {
    if (policy.nodes.size() <= node_capacity_ && policy.index.probes.size() <= probe_capacity_ &&
        policy.max_depth < stack_capacity_) {
      return true;
    }
    return Divide(policy);
  }

  size_t bytes() const { return bytes_; }
  // Something did not find room in the last decision.
  bool full() const { return arena_.full(); }

  // Counts, by opcode (256 of them), how often nodes were evaluated from now on: for tests that
  // show that every opcode runs. Null: does not.
  void CountOpcodes(uint64_t* counts) { opcode_counts_ = counts; }

  // Works everything out by the machine, without the short cut for plain values (quick.h): for
  // tests that hold one against the other.
  void set_machine_only(bool machine_only) { machine_only_ = machine_only; }

  // Of a decision that is about to begin, after its Decider was made: takes a probe's reading over
  // from the decision before, if it is a plain number. For who knows that it is the same still.
  void KeepReading(uint32_t probe) {
    Reading& reading = readings_[probe];
    if (reading.stamp + 1 == reading_stamp_ && reading.plain && reading.data == nullptr) {
      reading.stamp = reading_stamp_;
    }
  }

  // How many rules the index left over in the decision made last.
  size_t candidate_count() const { return found_.size(); }

  // For who names the missing facts of the verdict made last.
  const MissingFacts& missing_facts() const { return facts_; }

 private:
  friend class Machine;
  friend class ProbeReader;
  friend class Quick;
  friend class Candidates;
  friend class Decider;

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
    GrowingArray<Val> items;
  };

  // Rules of a group of rows that are false, but only for a time: a bit each, and from when on that
  // may end.
  struct Soft {
    uint32_t first_rank = 0;  // in IndexView::ranks
    uint32_t first_word = 0;  // in soft_words_
    uint32_t words = 0;
    int64_t floor = 0;
  };

  // Ranks that the index leads to in one decision, as long as it is not an unusual one.
  static constexpr size_t kFoundRoom = 1024;
  // Deciding rules, as long as there are few.
  static constexpr size_t kRulesRoom = 16;

  bool Divide(const PolicyView& policy);
  // For the next decision: what was worked out for the last is forgotten.
  void Begin();

  char* memory_ = nullptr;
  size_t bytes_ = 0;
  size_t node_capacity_ = 0;
  size_t probe_capacity_ = 0;
  size_t stack_capacity_ = 0;

  Result* results_ = nullptr;    // by node
  uint32_t* stamps_ = nullptr;   // by node: when its result was worked out
  Reading* readings_ = nullptr;  // by probe
  Frame* stack_ = nullptr;
  uint32_t* found_room_ = nullptr;  // for the first kFoundRoom of found_
  size_t stack_size_ = 0;
  uint32_t clock_ = 0;
  uint32_t reading_stamp_ = 0;

  FixedArena arena_;
  MissingFacts facts_;
  Fold folds_[3];
  Val variables_[3];              // of the folds under way
  Val quick_variables_[3];        // the same for the short cut
  GrowingArray<uint32_t> found_;  // ranks of rules that the index has not left out
  GrowingArray<Soft> soft_;
  GrowingArray<uint64_t> soft_words_;
  GrowingArray<uint32_t> rules_;
  uint32_t rules_room_[kRulesRoom];
  GrowingArray<Verdict::Obligation> obligations_;
  GrowingArray<FactSet> unknown_;
  uint64_t* opcode_counts_ = nullptr;
  bool machine_only_ = false;
};

}  // namespace ztp
