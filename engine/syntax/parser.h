// Text to syntax tree.
//
// Boundary: this folder is the only one that knows ANTLR, and no header of it that others include
// shows it. A mistake of the author is a diagnostic; nothing is thrown.
#pragma once

#include <memory>

#include "engine/base/source.h"
#include "engine/base/symbol.h"
#include "engine/diag/diagnostic.h"
#include "engine/syntax/ast.h"

namespace ztp::syntax {

// The tree of one file. Always returns one: after errors, which have all been reported to `sink`,
// it is `broken` and holds what could be understood (nothing, if the file could not be read at all:
// too large, not UTF-8, …). `sources` must hold `file`; the tree keeps symbols of `interner` and
// offsets, no text of the file.
std::unique_ptr<Ast> Parse(const SourceManager& sources, FileId file, Interner& interner,
                           DiagnosticSink& sink);

// Reports the escape for which the string literal `expr` is no valid string, if there is one. For
// whoever takes the literal as a string: a pattern may hold escapes of its own (see StringLiteral).
void ReportBadEscape(const SourceManager& sources, const Ast& ast, ExprId expr,
                     DiagnosticSink& sink);

}  // namespace ztp::syntax
