// The tables that spare the kernel the Schema: made of a program by one function, whoever needs
// them.
//
// Boundary: ir/ fills them in once a program's nodes and index are complete; CheckProgram makes
// them again and compares; nothing else derives any of this.
#pragma once

#include "engine/bundle/decision_program.h"
#include "engine/core/policy_view.h"

namespace ztp {

// Of a program whose schema, nodes, arguments and index are well formed.
KernelTables MakeKernelTables(const DecisionProgram& program);

// How many entries KernelTables::ancestor_columns has: one for each inherited attribute and entity
// type, which is more than linear in the schema.
uint64_t AncestorColumnCount(const Schema& schema);

// The program as the kernel reads it. Good while the program is neither changed nor gone.
PolicyView ViewOf(const DecisionProgram& program);

}  // namespace ztp
