// Warnings about declarations and rules as a whole.
//
// Boundary: looks at what has been checked without errors; conditions that are always true or
// false, and `all` over what may be empty, are the expression checker's to warn of.
#pragma once

#include <vector>

#include "engine/sema/builder.h"
#include "engine/sema/names.h"
#include "engine/sema/program.h"

namespace ztp::sema {

void LintUnused(const Names& names, DiagnosticSink& sink);
void LintShadowed(const std::vector<Rule>& rules, DiagnosticSink& sink);
void LintForbidOnMissing(const std::vector<Rule>& rules, const Schema& schema,
                         const ProgramBuilder& builder, DiagnosticSink& sink);

}  // namespace ztp::sema
