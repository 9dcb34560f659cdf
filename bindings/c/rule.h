// Rules and leases for the caller, as single decisions and batches both give them out.
#pragma once

#include <cstdint>
#include <string>

#include "bindings/c/objects.h"
#include "engine/bundle/decision_program.h"

namespace ztp::c {

// The rule's texts point into the program and *name.
void FillRule(const DecisionProgram& program, uint32_t index, std::string* name, ztp_rule* rule);

// A lease that holds for nobody.
void VoidLease(ztp_lease* lease);
// One on what was decided at `now` by what was in force at that generation and epoch.
void TakeLease(const EngineState& state, uint64_t generation, uint64_t epoch, int64_t now,
               int64_t valid_until, ztp_lease* lease);

}  // namespace ztp::c
