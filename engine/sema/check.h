// From the syntax trees of a policy to its typed program.
//
// Boundary: the one entry into sema/. Author's mistakes go to the sink; there is no other failure.
#pragma once

#include <memory>
#include <span>

#include "engine/base/source.h"
#include "engine/base/symbol.h"
#include "engine/diag/diagnostic.h"
#include "engine/sema/program.h"
#include "engine/syntax/ast.h"

namespace ztp::sema {

struct CheckOptions {
  // Files from this one on are packages built into the compiler: they count only as far as they are
  // imported, and are not searched for what is unused. Invalid: there are none.
  FileId first_standard_file;
};

// Null only if there are errors, of syntax or of meaning; all of them have been reported. Warnings,
// and a note for each guarantee that is not proven, are reported too. The program keeps nothing of
// the trees. Not thread-safe in its arguments.
std::unique_ptr<Program> Check(std::span<const syntax::Ast* const> files,
                               const SourceManager& sources, Interner& interner,
                               DiagnosticSink& sink, const CheckOptions& options = {});

}  // namespace ztp::sema
