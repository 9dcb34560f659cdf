// The evaluator's inside: what an expression came to, and the walk over the program's expressions.
//
// Boundary: private to reference/. One Evaluator serves one decision.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/reference/interpreter.h"

namespace ztp::reference {

// Instants at which something ends; absent is "never".
std::optional<Time> Earliest(std::optional<Time> a, std::optional<Time> b);
std::optional<Time> Latest(std::optional<Time> a, std::optional<Time> b);

// What an expression came to.
struct Result {
  enum class State : uint8_t {
    kValue,
    kMissing,  // an optional read that found nothing: `??` takes the default, everything else is
               // skipped
    kUnknown,
  };
  State state = State::kUnknown;
  Value value;
  std::optional<Time> valid_until;  // absent: for ever
  std::set<std::string> facts;      // of an unknown: the facts that are missing
  // Of a set that may have more elements than `value` shows: the entities behind which they would
  // be.
  std::set<std::string> absent;

  // Known, and known whole: what all operators but the Kleene ones need of their operands.
  bool whole() const { return state == State::kValue && absent.empty(); }
  bool is(bool b) const { return state == State::kValue && value.boolean() == b; }

  static Result Of(Value v) { return {.state = State::kValue, .value = std::move(v)}; }
  static Result Bool(bool b) { return Of(Value::Bool(b)); }
  static Result Missing() { return {.state = State::kMissing}; }
  static Result Unknown(std::set<std::string> facts) { return {.facts = std::move(facts)}; }
};

// n-ary `and` (dominant = false) and `or` (dominant = true): an operand with the dominant value
// decides.
class Kleene {
 public:
  explicit Kleene(bool dominant) : dominant_(dominant) {}
  void Add(const Result& operand);
  Result Finish() const;

 private:
  bool dominant_;
  bool decided_ = false;
  bool unknown_ = false;
  std::optional<Time> latest_deciding_;
  std::optional<Time> earliest_;
  std::set<std::string> facts_;
};

// The operands of an operator that needs all of them: it is unknown if one is.
class Operands {
 public:
  void Add(const Result& operand);
  bool known() const { return known_; }
  // The operator's result: its validity is the operands'.
  Result Finish(Result result) const;
  Result Unknown() const { return Finish(Result::Unknown(facts_)); }

 private:
  bool known_ = true;
  std::optional<Time> earliest_;
  std::set<std::string> facts_;
};

class Evaluator {
 public:
  Evaluator(const sema::Program& program, const World& world, const Request& request,
            uint64_t step_budget);

  // Inside of a fold, the reference is good until the fold goes to its next element.
  const Result& Eval(sema::ExprId id);
  bool out_of_steps() const { return steps_left_ == 0; }

 private:
  // What was read, and the fact that it came from if it came from just one.
  struct Reading {
    Result result;
    const Fact* fact = nullptr;
    std::string name;  // under which it is missing
  };
  class Binding;  // of a fold's variable
  // The entities that edges lead to, and those among them, the start included, that are not there.
  struct Reached {
    std::set<EntityUid> entities;
    std::set<std::string> absent;
  };

  // eval_expr.cc
  Result Compute(const sema::Expr& e);
  Result ComputeStrict(const sema::Expr& e);
  Result Coalesce(const sema::Expr& e);
  Result If(const sema::Expr& e);
  Result NowCompare(const sema::Expr& e);
  Result EvidenceTime(const sema::Expr& e);
  Reading ReadParam(const std::string& name) const;
  Reading ReadInput(InputId id) const;
  Reading ReadAttribute(const sema::Expr& e);
  // A fact as it counts now. What is not there, or not yet, or no longer: missing if optional, else
  // unknown as `name`.
  Result ReadFact(const Fact& fact, bool optional, const std::string& name) const;

  // eval_fold.cc
  Result Quantify(const sema::Expr& e);
  Result Fold(const sema::Expr& e);

  // lineage.cc
  const EntityRecord* Record(const EntityUid& uid) const;
  bool Present(const EntityUid& uid) const;
  std::string Name(const EntityUid& uid) const;
  Reached Walk(const EntityUid& start, std::vector<EntityUid> EntityRecord::*edges) const;
  Result In(const EntityUid& x, const EntityUid& y) const;
  Result DerivesFrom(const EntityUid& x, const EntityUid& y) const;
  Result Membership(const sema::Expr& e);
  Result Ancestors(const sema::Expr& e);
  Result Contains(const sema::Expr& e);
  Result Inherited(const EntityUid& uid, const Attribute& attribute) const;

  const sema::Program& program_;
  const Schema& schema_;
  const World& world_;
  const Request& request_;
  uint64_t steps_left_;
  std::vector<Value> variables_;
  // What has been evaluated under the present values of the variables.
  std::unordered_map<uint32_t, Result> memo_;
};

// operators.cc: an operator all of whose operands are known. Absent on overflow; a kNone Value is
// "missing".
std::optional<Value> Apply(const sema::Program& program, const sema::Expr& e,
                           std::span<const Value> operands);
Label JoinLabels(const Schema& schema, LatticeId lattice, const Label& a, const Label& b);
// The exact sum of Ints, Decimals or Durations; absent on overflow.
std::optional<Value> Sum(TypeKind kind, const std::vector<Value>& terms);

// text.cc
bool GlobMatches(std::string_view pattern, std::string_view text);
bool PatternMatches(const std::string& pattern, const std::string& text);

// schedule.cc: whether `now` is within the schedule, and when that changes next (absent: never).
struct Within {
  bool inside = false;
  std::optional<Time> flip;
};
Within NowWithin(const std::string& schedule, Time now);

}  // namespace ztp::reference
