// The tokens of a file as the formatter uses them: comments attached, brackets matched, words told
// apart.
//
// Boundary: private to the formatter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/source.h"
#include "engine/syntax/ast.h"

namespace ztp::syntax {

struct Remark {
  std::string_view text;     // with its slashes
  bool own_line = false;     // nothing but blanks before it
  bool after_blank = false;  // after an empty line
};

struct FormatToken {
  std::string_view text;
  Span span;
  bool word = false;
  bool op = false;                     // a word or sign that works as an operator here
  bool operand_before = false;         // stands after something that a value can end with
  bool introduces = false;             // a keyword before an expression
  bool generic = false;                // `<` or `>` of a type
  bool comma_after = false;            // a comma that the author left out
  bool newline_after = false;          // the author's line ends here
  bool after_blank = false;            // an empty line stands before it, or before its first remark
  bool blank_directly_before = false;  // an empty line stands between it and its last remark
  size_t match = SIZE_MAX;             // of a bracket: its partner
  std::vector<Remark> remarks;         // the comments before it

  bool Is(std::string_view sign) const { return text == sign; }
};

// Ends with an empty token that holds the last remarks. Commas before a closing bracket, and those
// between the attributes of entities, are left out; those that records' types lack are marked.
std::vector<FormatToken> TokensForFormat(const SourceManager& sources, const Ast& ast);

// The index of the token that begins at or after `offset`.
size_t TokenAt(const std::vector<FormatToken>& tokens, uint32_t offset);

// Does a blank stand between these two neighbours on one line?
bool BlankBetween(const FormatToken& left, const FormatToken& right);

}  // namespace ztp::syntax
