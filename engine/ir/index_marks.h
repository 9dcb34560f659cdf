// The marks of an index (core/index.h): which few values go into 64 bits, and which of those each
// rule cannot have.
//
// Boundary: from the index's probes, tests and rules, which are complete; fills its marks, and the
// cuts that they refer to. Any choice gives an index that is right.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/bundle/decision_program.h"

namespace ztp::ir {

class MarkBuilder {
 public:
  // Both must outlive it.
  MarkBuilder(const DecisionProgram& program, DecisionIndex* out) : program_(program), out_(*out) {}

  void Choose();

  // The marks with which the rule is out.
  uint64_t OutOf(uint32_t rank) const;
  // Do marks say all that a test of the probe's number can say?
  bool Covers(uint32_t probe) const;
  // The same of this test.
  bool CoversTest(const Test& test) const;

 private:
  // A probe that marks could be made of.
  struct Choice {
    uint32_t probe = 0;
    uint32_t rules = 0;   // that test it
    uint32_t always = 0;  // of them, those that no key can lead to
    IndexMark::Kind kind = IndexMark::Kind::kStretches;
    std::vector<int64_t> cuts;  // where some rule's answer can change
    uint64_t label_bits = 0;    // that some rule wants clear (kSet) or set (kClear)
    uint32_t bits = 0;
  };
  // A mark that was made: for each bit the values that stand for all that have it.
  struct Made {
    IndexMark mark;
    bool exact = false;
    std::vector<std::vector<int64_t>> values;
  };

  bool IsAlwaysMet(uint32_t rank) const;
  std::vector<Choice> Choices() const;
  void Make(const Choice& choice, uint32_t shift);

  const DecisionProgram& program_;
  DecisionIndex& out_;
  std::vector<Made> made_;
};

}  // namespace ztp::ir
