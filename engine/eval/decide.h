// Deciding and explaining.
//
// Boundary: the kernel's decision (core/decide.h) for hosts: memory that grows, plain data in and
// out. Everything that a decision depends on is in the arguments: no clock, no state. Nothing here
// throws or waits. What goes wrong in a decision is part of the decision.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/world.h"
#include "engine/core/verdict.h"
#include "engine/eval/bound_request.h"
#include "engine/eval/explanation.h"
#include "engine/eval/policy.h"
#include "engine/eval/scratch.h"
#include "engine/facts/snapshot.h"

namespace ztp {

// Decides a bound request. The verdict points into the policy and the scratch and is good until the
// scratch is used again.
Verdict Evaluate(const BoundRequest& request, Scratch& scratch);

// Decides a request given as plain data. One that cannot be bound (BoundRequest::Bind says why) is
// denied, with no rules and no reason; callers that want to tell bind it themselves.
Decision Decide(const Policy& policy, const Snapshot& snapshot, const Request& request,
                Scratch& scratch);

// A verdict that `scratch` just made, as plain data.
Decision ToDecision(const BoundRequest& request, const Verdict& verdict, const Scratch& scratch);

// The facts in sets that `scratch` just made, by name: inputs, `E::"id"`, "overflow"; sorted, each
// once.
std::vector<std::string> NamesOfMissing(const BoundRequest& request, const Scratch& scratch,
                                        std::span<const FactSet> sets);

// The decision, and what every rule in scope and each of its clauses came to. Costs far more than
// deciding.
Explanation Explain(const Policy& policy, const Snapshot& snapshot, const Request& request,
                    Scratch& scratch);

}  // namespace ztp
