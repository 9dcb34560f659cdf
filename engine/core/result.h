// What a node of a program comes to, and how three-valued results are put together.
//
// Boundary: freestanding; values, leases and missing facts. Where they come from is the machine's.
#pragma once

#include <cstdint>

#include "engine/core/missing_facts.h"
#include "engine/core/val.h"

namespace ztp {

// A lease without end.
inline constexpr int64_t kForEver = INT64_MAX;

struct Result {
  enum class State : uint8_t {
    kValue,
    kIncomplete,  // a set whose known elements `val` has; behind the absent entities in `facts` may
                  // be more
    kUnknown,
    kMissing,  // an optional read of what is known not to be there
  };
  Val val;
  int64_t valid_until = kForEver;  // microseconds
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

}  // namespace ztp
