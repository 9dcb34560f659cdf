// The typed program to the decision program: from an expression graph that says what a policy means
// to a node program that says what the engine does.
//
// Boundary: the last stage of the compiler. It cannot fail: everything an author can do wrong was
// found by sema/. Results are exact: whatever is specialised, shared or worked out ahead gives the
// values, validities and missing facts that the language defines.
#pragma once

#include "engine/base/source.h"
#include "engine/bundle/decision_program.h"
#include "engine/sema/program.h"

namespace ztp::ir {

// `sources` has the files that the program's spans point into; spans that point nowhere are left
// empty. Rules keep their indices.
DecisionProgram Lower(const sema::Program& program, const SourceManager& sources);

}  // namespace ztp::ir
