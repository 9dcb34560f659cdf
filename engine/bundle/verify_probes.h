// The index's probes and tests: that each reads what is there, as what it is.
//
// Boundary: inside of bundle/; verify_index.cc asks it, and for what probes are like.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "engine/bundle/constant_names.h"
#include "engine/bundle/decision_program.h"
#include "engine/bundle/verify.h"

namespace ztp {

class ProbeChecker {
 public:
  // The program must outlive it.
  explicit ProbeChecker(const DecisionProgram& program)
      : p_(program), x_(program.index), names_(program), matcher_(program.schema) {}

  absl::Status Check();

  // Of what has been checked.
  // Is the number one that is never negative?
  bool IsCode(const Probe& probe) const;
  // What now can be compared with.
  bool IsTime(const Probe& probe) const;
  // A set or list of texts?
  bool HasTexts(const Probe& probe) const;
  // Does the test read no probe that an operator has to be run for?
  bool IsCheap(uint32_t test) const { return cheap_[test]; }

 private:
  const Type& TypeOf(const Probe& probe) const {
    return p_.schema.types[TypeId{p_.nodes[probe.node].type}];
  }
  bool SourceFits(const Probe& probe) const;
  bool FormFits(const Probe& probe) const;
  bool TextsFit(const Probe& probe) const;
  absl::Status CheckProbes() const;
  bool ValuesFit(const Test& test, uint64_t* seen) const;
  bool IsNamedEntity(int64_t number) const {
    return number >= 0 && static_cast<uint64_t>(number) < names_.entities().size();
  }
  bool IsConstant(int64_t number) const {
    return number >= 0 && static_cast<uint64_t>(number) < p_.constants.size();
  }
  bool TestFits(const Test& test, uint64_t* values);
  bool OtherFits(const Test& test, Probe::Form form) const;
  bool AlternativesFit(const Test& test, uint64_t* values) const;
  bool ReadsNoNode(const Test& test) const;
  absl::Status CheckTests();

  const DecisionProgram& p_;
  const DecisionIndex& x_;
  const ConstantNames names_;
  TypeMatcher matcher_;
  std::vector<bool> cheap_;  // by test
};

}  // namespace ztp
