// What is known of a program's nodes while they are checked. Of this folder's verify_*.cc alone.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/bundle/decision_program.h"
#include "engine/bundle/verify.h"

namespace ztp {

class NodeChecker {
 public:
  // The program must outlive it.
  explicit NodeChecker(const DecisionProgram& program);

  absl::Status Check();

 private:
  static constexpr uint32_t kSlots = 3;

  // What is known of a node once it has been checked: little, as there may be millions.
  struct Facts {
    uint16_t depth = 1;
    uint8_t free = 0;  // the fold variables that it depends on, a bit a slot
    // The slots of those folds within it that depend on a variable of their own slot or of a higher
    // one. Every other fold is worked out before a fold around it that uses its slot begins, and
    // stays.
    uint8_t tied_folds = 0;
    uint32_t more = 0;  // in more_
  };
  // Of the few that depend on a variable or a quantifier. The first is everybody else's.
  struct More {
    uint32_t quantifiers = 0;  // one more than the highest quantifier within it
    TypeId var_types[kSlots];  // of the free variables
  };

  absl::Status Wrong(std::string_view what) const;

  // The argument's node, or kNone32.
  uint32_t Arg(uint32_t i) const { return args_[i]; }
  TypeId ArgType(uint32_t i) const { return TypeId{program_.nodes[Arg(i)].type}; }
  const Type& ArgT(uint32_t i) const { return schema_.types[ArgType(i)]; }
  TypeKind ArgKind(uint32_t i) const { return kinds_[ArgType(i).index]; }
  TypeId ResultType() const { return TypeId{node_->type}; }
  const Type& ResultT() const { return schema_.types[ResultType()]; }
  TypeKind ResultKind() const { return kinds_[node_->type]; }

  // A bit for each slot up to this one.
  static uint8_t SlotsUpTo(uint32_t slot) {
    return slot < kSlots ? static_cast<uint8_t>((2u << slot) - 1) : uint8_t{0xff};
  }

  More& MoreOf(Facts& facts) {
    if (facts.more == 0) {
      facts.more = static_cast<uint32_t>(more_.size());
      more_.emplace_back();
    }
    return more_[facts.more];
  }
  bool Fits(TypeId actual, TypeId expected) {
    return actual == expected || matcher_.Fits(actual, expected);
  }

  // Of a node that has one of this depth for an argument. What does not fit into the number is
  // beyond the limit all the same.
  static uint16_t DepthOver(const Facts& facts) {
    return facts.depth == UINT16_MAX ? facts.depth : static_cast<uint16_t>(facts.depth + 1);
  }

  absl::Status CheckNode();
  bool MayBeAbsent(uint32_t i) const;
  // Takes over what is known of an argument. `bound`: the argument is under this fold's variable.
  absl::Status Merge(uint32_t arg, bool bound);
  absl::Status CheckQuantifiers();
  absl::Status CheckRoots();
  absl::Status CheckRoot(uint32_t node, std::string_view what) const;
  absl::Status CheckCondition(uint32_t node, std::string_view what) const;

  // verify_operators.cc
  bool CheckOperator();
  bool CheckFold();
  // Whatever a reference leads to is of the type that it is read as, which is one type.
  bool CheckAttributeRef(uint32_t ref, TypeId type);
  bool CheckParamRef(uint32_t ref, TypeId type);

  const DecisionProgram& program_;
  const Schema& schema_;
  TypeMatcher matcher_;
  std::vector<TypeKind> kinds_;  // of the types
  std::vector<Facts> facts_;
  std::vector<More> more_;
  std::vector<uint32_t> attribute_types_, param_types_;  // by reference; 0: not read yet
  uint64_t args_seen_ = 0;
  // The node that is being checked, and its arguments.
  uint32_t index_ = 0;
  const Node* node_ = nullptr;
  const uint32_t* args_ = nullptr;
};

}  // namespace ztp
