// Ranges of tokens as documents that can be broken.
//
// Boundary: private to the formatter. Knows brackets, operators and lists; which tokens make a line
// is format.cc's matter.
#pragma once

#include <string>
#include <vector>

#include "engine/syntax/format_tokens.h"
#include "engine/syntax/layout.h"

namespace ztp::syntax {

// Stands in laid-out text before a remark that ends a row, until remarks are aligned. No policy can
// hold it.
inline constexpr char kRemarkHere = '\x01';

// Blanks that align a statement with its neighbours.
struct Padding {
  int after_first = 0;
  int after_second = 0;
};

class FormatDocs {
 public:
  explicit FormatDocs(const std::vector<FormatToken>& tokens) : tokens_(tokens) {}

  const Layout& layout() const { return layout_; }

  // The tokens [begin, end), broken in brackets, after commas and before words such as `with`.
  DocId Plain(size_t begin, size_t end) { return Row(begin, end, {}, true); }
  // `name … = expression`.
  DocId Assignment(size_t begin, size_t end);
  // A keyword, `pad` blanks, and what it says.
  DocId Clause(size_t begin, size_t end, int pad);
  DocId Statement(size_t begin, size_t end, const Padding& padding);
  // An entity's declaration on one line; `starts` are those of its members and the closing brace.
  DocId OneLineBody(size_t begin, size_t brace, const std::vector<size_t>& starts, size_t end);

 private:
  // Tokens one after the other. `fills`: may be broken before some words and after commas.
  DocId Row(size_t begin, size_t end, const Padding& padding, bool fills);
  DocId Expression(size_t begin, size_t end, int nest);
  DocId Split(size_t begin, size_t end, const std::vector<size_t>& at, int nest);
  DocId Bracket(size_t open);
  DocId Item(size_t open, size_t begin, size_t end);
  DocId Word(size_t i);
  // What stands between token i and the next: `normal`, or the remarks there and a line end.
  DocId Gap(size_t i, DocId normal);
  DocId Remarks(size_t i);
  size_t Skip(size_t i) const;
  std::vector<size_t> Find(size_t begin, size_t end, std::string_view op) const;

  const std::vector<FormatToken>& tokens_;
  Layout layout_;
};

}  // namespace ztp::syntax
