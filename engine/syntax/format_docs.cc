// See format_docs.h.
#include "engine/syntax/format_docs.h"

#include <algorithm>
#include <utility>

#include "engine/base/str.h"

namespace ztp::syntax {
namespace {

constexpr int kLevel = 2;
constexpr int kContinuation = 4;

// Words before which a long declaration or expectation goes to the next line.
bool BreaksBefore(const FormatToken& token) {
  for (const std::string_view word : {"on", "by", "with", "at", "obliged", "derives", "carried"}) {
    if (token.Is(word)) return true;
  }
  return false;
}

}  // namespace

DocId FormatDocs::Word(size_t i) {
  const FormatToken& token = tokens_[i];
  return layout_.Text(token.comma_after ? Cat(token.text, ",") : std::string(token.text));
}

// Behind token i's bracket, if it opens one.
size_t FormatDocs::Skip(size_t i) const {
  const size_t match = tokens_[i].match;
  return match != SIZE_MAX && match > i ? match + 1 : i + 1;
}

DocId FormatDocs::Remarks(size_t i) {
  std::vector<DocId> parts;
  for (const Remark& remark : tokens_[i].remarks) {
    if (remark.own_line || !parts.empty()) {
      parts.push_back(layout_.Hard());
      parts.push_back(layout_.Text(std::string(remark.text)));
    } else {
      parts.push_back(layout_.Text(Cat(kRemarkHere, remark.text)));
    }
  }
  return layout_.Concat(std::move(parts));
}

DocId FormatDocs::Gap(size_t i, DocId normal) {
  if (tokens_[i + 1].remarks.empty()) return normal;
  return layout_.Concat({Remarks(i + 1), layout_.Hard()});
}

std::vector<size_t> FormatDocs::Find(size_t begin, size_t end, std::string_view op) const {
  std::vector<size_t> found;
  for (size_t i = begin; i < end; i = Skip(i)) {
    if (tokens_[i].op && tokens_[i].word && tokens_[i].Is(op)) found.push_back(i);
  }
  return found;
}

DocId FormatDocs::Row(size_t begin, size_t end, const Padding& padding, bool fills) {
  std::vector<DocId> parts;
  for (size_t i = begin; i < end;) {
    // A body's brace ends the head that it stands in.
    const size_t next = Skip(i) > end ? i + 1 : Skip(i);
    parts.push_back(next == i + 1 ? Word(i) : Bracket(i));
    if (next < end) {
      const FormatToken& left = tokens_[next - 1];
      const FormatToken& right = tokens_[next];
      std::string blanks(BlankBetween(left, right) || left.comma_after ? 1 : 0, ' ');
      if (next == begin + 1) blanks.append(static_cast<size_t>(padding.after_first), ' ');
      if (next == begin + 2) blanks.append(static_cast<size_t>(padding.after_second), ' ');
      const bool may_break =
          fills && blanks.size() == 1 && next > begin + 1 && (left.Is(",") || BreaksBefore(right));
      parts.push_back(Gap(next - 1, may_break ? layout_.Nest(kContinuation, layout_.Fill())
                                              : layout_.Text(std::move(blanks))));
    }
    i = next;
  }
  return layout_.Concat(std::move(parts));
}

// At the operators of one level: each begins a line if the whole does not fit.
DocId FormatDocs::Split(size_t begin, size_t end, const std::vector<size_t>& at, int nest) {
  std::vector<DocId> parts;
  size_t from = begin;
  for (size_t k = 0; k <= at.size(); ++k) {
    const size_t to = k < at.size() ? at[k] : end;
    if (k > 0) {
      parts.push_back(Word(from));
      parts.push_back(Gap(from, layout_.Text(" ")));
      ++from;
    }
    parts.push_back(Expression(from, to, kLevel));
    if (k < at.size()) parts.push_back(Gap(to - 1, layout_.Line()));
    from = to;
  }
  return layout_.Group(layout_.Nest(nest, layout_.Concat(std::move(parts))));
}

DocId FormatDocs::Expression(size_t begin, size_t end, int nest) {
  if (begin >= end) return layout_.Text("");
  if (tokens_[begin].op && tokens_[begin].Is("if")) {
    // The `then` and the `else` of this `if`, not of one within its parts.
    std::vector<size_t> at;
    int inner = 0;
    for (size_t i = begin + 1; i < end && at.size() < 2; i = Skip(i)) {
      if (!tokens_[i].op || !tokens_[i].word) continue;
      if (tokens_[i].Is("if")) ++inner;
      if (inner == 0 && (tokens_[i].Is("then") || tokens_[i].Is("else"))) at.push_back(i);
      if (inner > 0 && tokens_[i].Is("else")) --inner;
    }
    if (at.size() == 2) {
      std::vector<DocId> parts{Word(begin),
                               Gap(begin, layout_.Text(" ")),
                               Expression(begin + 1, at[0], kLevel),
                               Gap(at[0] - 1, layout_.Line()),
                               Word(at[0]),
                               Gap(at[0], layout_.Text(" ")),
                               Expression(at[0] + 1, at[1], kLevel),
                               Gap(at[1] - 1, layout_.Line()),
                               Word(at[1]),
                               Gap(at[1], layout_.Text(" ")),
                               Expression(at[1] + 1, end, 0)};
      return layout_.Group(layout_.Nest(nest, layout_.Concat(std::move(parts))));
    }
  }
  for (const std::string_view op : {"or", "and"}) {
    const std::vector<size_t> at = Find(begin, end, op);
    if (!at.empty()) return Split(begin, end, at, nest);
  }
  return Row(begin, end, {}, false);
}

// One element of a bracket: a field, a fold's inside, or an expression.
DocId FormatDocs::Item(size_t open, size_t begin, size_t end) {
  size_t colon = begin;
  while (colon < end && !tokens_[colon].Is(":")) colon = Skip(colon);
  if (colon >= end) return Expression(begin, end, 0);
  const DocId head =
      tokens_[open].Is("(") ? Expression(begin, colon, kLevel) : Row(begin, colon, {}, false);
  const bool fold = tokens_[open].Is("(") && tokens_[begin + 1].Is("in");
  const DocId value = Expression(colon + 1, end, kLevel);
  const DocId mark = layout_.Concat({Gap(colon - 1, layout_.Text("")), Word(colon)});
  if (!fold) return layout_.Concat({head, mark, Gap(colon, layout_.Text(" ")), value});
  return layout_.Group(layout_.Concat(
      {head, mark,
       layout_.Nest(kLevel,
                    layout_.Concat({Gap(colon, layout_.Line()), Expression(colon + 1, end, 0)}))}));
}

DocId FormatDocs::Bracket(size_t open) {
  const size_t close = tokens_[open].match;
  const bool braces = tokens_[open].Is("{");
  if (close == open + 1 && tokens_[close].remarks.empty())
    return layout_.Concat({Word(open), Word(close)});
  std::vector<DocId> inside{Gap(open, braces ? layout_.Line() : layout_.Soft())};
  size_t begin = open + 1;
  for (size_t i = begin; i <= close && begin < close;) {
    const bool separator =
        i == close || tokens_[i].Is(",") || (i > begin && tokens_[i - 1].comma_after);
    if (!separator) {
      i = Skip(i);
      continue;
    }
    inside.push_back(Item(open, begin, i));
    if (i < close && tokens_[i].Is(",")) {
      inside.push_back(Gap(i - 1, layout_.Text("")));
      inside.push_back(Word(i));
      inside.push_back(Gap(i, layout_.Line()));
      begin = ++i;
    } else {
      if (i < close) inside.push_back(Gap(i - 1, layout_.Line()));
      begin = i;
      if (i == close) break;
      i = Skip(i);
    }
  }
  DocId last = braces ? layout_.Line() : layout_.Soft();
  if (!tokens_[close].remarks.empty()) {
    if (close == open + 1) inside.clear();
    inside.push_back(Remarks(close));
    last = layout_.Hard();
  }
  const DocId body = layout_.Concat(
      {Word(open), layout_.Nest(kLevel, layout_.Concat(std::move(inside))), last, Word(close)});
  return layout_.Group(body, braces && tokens_[open].newline_after);
}

DocId FormatDocs::Assignment(size_t begin, size_t end) {
  size_t equals = begin;
  while (equals < end && !tokens_[equals].Is("=")) equals = Skip(equals);
  if (equals + 1 >= end) return Plain(begin, end);
  const DocId head = Row(begin, equals + 1, {}, false);
  const DocId value = Expression(equals + 1, end, 0);
  // A bracket alone is broken inside, not moved to the next line.
  if (Skip(equals + 1) == end && tokens_[equals + 1].match != SIZE_MAX) {
    return layout_.Concat({head, Gap(equals, layout_.Text(" ")), value});
  }
  return layout_.Group(layout_.Concat(
      {head, layout_.Nest(kLevel, layout_.Concat({Gap(equals, layout_.Line()), value}))}));
}

DocId FormatDocs::Clause(size_t begin, size_t end, int pad) {
  const DocId gap = Gap(begin, layout_.Text(std::string(static_cast<size_t>(pad), ' ')));
  const int indent = static_cast<int>(tokens_[begin].text.size()) + pad;
  const bool condition = tokens_[begin].introduces && !tokens_[begin + 1].Is("obliged");
  const DocId said = condition ? Expression(begin + 1, end, 0) : Row(begin + 1, end, {}, true);
  return layout_.Concat({Word(begin), layout_.Nest(indent, layout_.Concat({gap, said}))});
}

DocId FormatDocs::Statement(size_t begin, size_t end, const Padding& padding) {
  if ((tokens_[begin].Is("let") || tokens_[begin].Is("now")) && padding.after_first == 0) {
    return Assignment(begin, end);
  }
  return Row(begin, end, padding, true);
}

DocId FormatDocs::OneLineBody(size_t begin, size_t brace, const std::vector<size_t>& starts,
                              size_t end) {
  std::vector<DocId> parts{Row(begin, brace + 1, {}, false), Gap(brace, layout_.Text(" "))};
  for (size_t i = 0; i + 1 < starts.size(); ++i) {
    parts.push_back(Row(starts[i], starts[i + 1], {}, false));
    const bool more = i + 2 < starts.size();
    if (more) parts.push_back(layout_.Text(","));
    parts.push_back(Gap(starts[i + 1] - 1, layout_.Text(" ")));
  }
  parts.push_back(Word(end - 1));
  return layout_.Concat(std::move(parts));
}

}  // namespace ztp::syntax
