// The text form of a decision program.
//
// Boundary: for people and golden tests; nothing reads it back.
#pragma once

#include <string>

#include "engine/bundle/decision_program.h"

namespace ztp::ir {

// What `ztp dump --print=ir` shows: rules with their scopes and clauses, plans, then every node.
std::string Dump(const DecisionProgram& program);

}  // namespace ztp::ir
