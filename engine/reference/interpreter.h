// The reference interpreter: decides requests by walking the typed program, one rule after the
// other.
//
// Boundary: this is the oracle that every other way to decide is tested against, so it is as plain
// as can be, follows the language page sentence by sentence, and shares no evaluation code with the
// engine: labels, globs, memberships, lineage, schedules and roundings are worked out here in their
// own way. It precomputes nothing: hierarchies and inherited attributes are walked at each read. It
// is slow, and that is no fault.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/base/schema.h"
#include "engine/base/world.h"
#include "engine/sema/program.h"

namespace ztp::reference {

// The entities that are stored. Holds its own copy of the records; `schema` must outlive it.
class World {
 public:
  World(const Schema& schema, std::span<const EntityRecord> records);

  // The stored record, or null. Records of carried types are never stored.
  const EntityRecord* Find(const EntityUid& uid) const;
  const Schema& schema() const { return *schema_; }

 private:
  const Schema* schema_;
  std::map<EntityUid, EntityRecord> records_;
};

// What a clause, a whole condition or an obligation's argument came to.
struct Finding {
  enum class Outcome : uint8_t {
    kFalse,
    kTrue,  // of an argument: its value is known
    kUnknown,
    kSkipped,  // rests on a guard that did not hold: there was nothing to read
  };
  Outcome outcome = Outcome::kUnknown;
  std::optional<Time> valid_until;  // absent: for ever
  std::set<std::string> facts;      // if unknown: the facts that are missing
};

// One rule in scope.
struct RuleTrace {
  uint32_t rule = 0;  // an index into the program's rules
  Finding condition;
  std::vector<Finding> clauses;  // one for each clause of the rule
  // One for each obligation, over all of its arguments; empty where the condition leaves them
  // unread (a permit whose condition is not true, a duty whose condition is false).
  std::vector<Finding> obliges;
  bool applies = false;
};

// How many nodes may be evaluated for one decision before the answer is deny with reason `limit`.
inline constexpr uint64_t kDefaultStepBudget = 10'000'000;

// Decides. The request and the world fit the program's schema (one Fact for each parameter and
// input, one for each attribute); that was checked when they were read.
Decision Decide(const sema::Program& program, const World& world, const Request& request,
                uint64_t step_budget = kDefaultStepBudget);

// The same evaluation, as what each permit, forbid and duty in scope came to, in source order.
std::vector<RuleTrace> Trace(const sema::Program& program, const World& world,
                             const Request& request);

// A decision and, where `trace` has entries, what led to it, for people who compare two decisions.
std::string DescribeDecision(const sema::Program& program, const Decision& decision,
                             const std::vector<RuleTrace>& trace);

}  // namespace ztp::reference
