// ANTLR's errors as sentences.
//
// Boundary: knows the tokens and rules of the grammar, and makes diagnostics of them. Where parsing
// goes on afterwards is decided in parse_guard.cc.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/source.h"
#include "engine/diag/diagnostic.h"
#include "engine/syntax/generated.h"

namespace ztp::syntax {

struct SyntaxError {
  size_t rule = 0;  // of the grammar, in which the parser was
  const antlr4::Token* found = nullptr;
  const antlr4::Token* opened = nullptr;  // the brace that a missing '}' would close, or nullptr
  antlr4::misc::IntervalSet expected;
};

Diagnostic Explain(const SyntaxError& error, std::string_view text, FileId file);

// True for a word of the language (the grammar's keywords, the soft ones included).
bool IsWord(size_t token_type);

}  // namespace ztp::syntax
