// The syntax tree as text: what `ztp dump --print=ast` shows, and what tests compare.
//
// Boundary: shows everything that sema reads but places, so that two trees print alike exactly if
// they mean the same. Expressions are fully bracketed.
#pragma once

#include <string>

#include "engine/base/symbol.h"
#include "engine/syntax/ast.h"

namespace ztp::syntax {

// `interner` is the one that the file was parsed with.
std::string Print(const Ast& ast, const Interner& interner);

std::string PrintExpr(const Ast& ast, const Interner& interner, ExprId id);

}  // namespace ztp::syntax
