// ANTLR contained: nothing of it is thrown, allocated or recursed beyond this point.
//
// Boundary: takes text that ScanSource has passed. parse_guard.cc is the one file of engine/ that
// catches exceptions: ANTLR throws them, and has thrown C string literals.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/source.h"
#include "engine/base/symbol.h"
#include "engine/diag/diagnostic.h"
#include "engine/syntax/ast.h"

namespace ztp::syntax {

// Parses into `ast`, declaration by declaration, so that ANTLR's tree is never larger than one of
// them.
void ParseGuarded(const SourceManager& sources, FileId file, Interner& interner,
                  DiagnosticSink& sink, Ast& ast);

// What kind of thing a piece of text is, as far as layout cares.
enum class TokenKind : uint8_t { kWord, kNumber, kString, kSign, kComment, kEnd };

struct LexedToken {
  TokenKind kind = TokenKind::kEnd;
  Span span;  // a comment's reaches to the end of its line, without the line end
};

// The tokens of a file, comments included, ending with a kEnd. For text that parses without errors;
// of other text the tokens end where it cannot be understood.
std::vector<LexedToken> Lex(const SourceManager& sources, FileId file);

// Every place where ANTLR's exact ambiguity detection says that the grammar can be read in two
// ways. What does not fit the grammar is added to `errors`, unless that is null. For tests.
std::vector<std::string> FindAmbiguities(std::string_view text, std::vector<std::string>* errors);

}  // namespace ztp::syntax
