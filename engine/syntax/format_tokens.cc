// See format_tokens.h.
#include "engine/syntax/format_tokens.h"

#include <algorithm>
#include <utility>

#include "engine/syntax/parse_guard.h"

namespace ztp::syntax {
namespace {

bool OneOf(std::string_view text, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool Opens(std::string_view text) { return OneOf(text, {"{", "(", "["}); }
bool Closes(std::string_view text) { return OneOf(text, {"}", ")", "]"}); }

std::vector<FormatToken> Collect(const SourceManager& sources, FileId file) {
  const std::string_view text = sources.file(file).text();
  std::vector<FormatToken> tokens;
  FormatToken next;
  uint32_t end = 0;  // of what came before
  bool first = true;
  for (const LexedToken& lexed : Lex(sources, file)) {
    const std::string_view gap = text.substr(end, lexed.span.begin - end);
    const auto lines = std::count(gap.begin(), gap.end(), '\n');
    end = lexed.span.end;
    const std::string_view word = text.substr(lexed.span.begin, lexed.span.size());
    const bool blank = lines > 1;
    if (lexed.kind == TokenKind::kComment) {
      next.remarks.push_back(Remark{word, lines > 0 || first, blank});
      if (next.remarks.size() == 1 && !tokens.empty() && lines > 0)
        tokens.back().newline_after = true;
    } else {
      if (!tokens.empty() && (lines > 0 || !next.remarks.empty()))
        tokens.back().newline_after = true;
      next.after_blank = next.remarks.empty() ? blank : next.remarks[0].after_blank;
      next.blank_directly_before = blank;
      next.text = word;
      next.span = lexed.span;
      next.word = lexed.kind == TokenKind::kWord;
      tokens.push_back(std::move(next));
      next = FormatToken();
    }
    first = false;
  }
  return tokens;
}

// Marks what stands at `offset`.
template <typename F>
void At(std::vector<FormatToken>& tokens, uint32_t offset, F&& mark) {
  const size_t i = TokenAt(tokens, offset);
  if (i < tokens.size() && tokens[i].span.begin == offset) mark(i);
}

void MarkTypes(std::vector<FormatToken>& tokens, const Ast& ast) {
  auto fields = [&](const std::vector<Field>& list) {
    for (size_t i = 0; i + 1 < list.size(); ++i) {
      const size_t after = TokenAt(tokens, list[i].span.end);
      if (after > 0 && !tokens[after].Is(",")) tokens[after - 1].comma_after = true;
    }
  };
  for (const TypeExpr& type : ast.type_exprs) {
    fields(type.fields);
    if (type.args.empty()) continue;
    const size_t opening = TokenAt(tokens, type.name.span.end);
    if (opening < tokens.size()) tokens[opening].generic = tokens[opening].Is("<");
    At(tokens, type.span.end - 1, [&](size_t i) { tokens[i].generic = tokens[i].Is(">"); });
  }
  for (const ActionDecl& action : ast.actions) fields(action.params);
}

// Takes tokens out; their remarks go to the next one.
void Remove(std::vector<FormatToken>& tokens, const std::vector<bool>& gone) {
  std::vector<FormatToken> kept;
  kept.reserve(tokens.size());
  std::vector<Remark> pending;
  for (size_t i = 0; i < tokens.size(); ++i) {
    FormatToken& token = tokens[i];
    if (gone[i]) {
      if (!pending.empty() && !token.remarks.empty()) token.remarks.front().own_line = true;
      pending.insert(pending.end(), token.remarks.begin(), token.remarks.end());
      if (!kept.empty() && token.newline_after) kept.back().newline_after = true;
      continue;
    }
    if (!pending.empty()) {
      // What followed the token on its line now follows a remark.
      if (!token.remarks.empty()) token.remarks.front().own_line = true;
      token.remarks.insert(token.remarks.begin(), pending.begin(), pending.end());
      pending.clear();
    }
    kept.push_back(std::move(token));
  }
  tokens = std::move(kept);
}

void DropCommas(std::vector<FormatToken>& tokens, const Ast& ast) {
  std::vector<bool> gone(tokens.size(), false);
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (tokens[i].Is(",") && Closes(tokens[i + 1].text)) gone[i] = true;
  }
  auto after = [&](Span span) {
    const size_t i = TokenAt(tokens, span.end);
    if (i < tokens.size() && tokens[i].Is(",")) gone[i] = true;
  };
  for (const Decl& decl : ast.decls) {
    if (decl.kind != DeclKind::kEntity) continue;
    const EntityDecl& entity = ast.Entity(decl);
    for (const Field& field : entity.attributes) after(field.span);
    // Commas between the edges of the head stay.
    size_t brace = TokenAt(tokens, decl.span.begin);
    while (brace < tokens.size() && !tokens[brace].Is("{")) ++brace;
    for (const Edge& edge : entity.in) {
      if (brace < tokens.size() && edge.span.begin > tokens[brace].span.begin) after(edge.span);
    }
  }
  Remove(tokens, gone);
}

void Match(std::vector<FormatToken>& tokens) {
  std::vector<size_t> open;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].word) continue;
    if (Opens(tokens[i].text)) {
      open.push_back(i);
    } else if (Closes(tokens[i].text) && !open.empty()) {
      tokens[i].match = open.back();
      tokens[open.back()].match = i;
      open.pop_back();
    }
  }
}

// `when`, `unless` and `at`: an expression begins after them.
void MarkIntroductions(std::vector<FormatToken>& tokens, const Ast& ast) {
  auto clauses = [&](const std::vector<Clause>& list) {
    for (const Clause& clause : list)
      At(tokens, clause.span.begin, [&](size_t i) { tokens[i].introduces = true; });
  };
  for (const RuleDecl& rule : ast.rules) clauses(rule.clauses);
  for (const DelegateDecl& delegate : ast.delegates) clauses(delegate.clauses);
  for (const RouteDecl& route : ast.routes) {
    for (const RouteLine& line : route.lines) {
      if (line.kind != RouteLine::Kind::kWhen) continue;
      At(tokens, line.span.begin, [&](size_t i) { tokens[i].introduces = true; });
    }
  }
  auto statements = [&](const std::vector<TestStatement>& list) {
    for (const TestStatement& statement : list) {
      if (!statement.at.valid()) continue;
      size_t i = TokenAt(tokens, ast[statement.at].span.begin);
      while (i > 0 && tokens[i - 1].Is("(")) --i;
      if (i > 0) tokens[i - 1].introduces = true;
    }
  };
  for (const FixtureDecl& fixture : ast.fixtures) statements(fixture.statements);
  for (const TestDecl& test : ast.tests) statements(test.statements);
}

// Left to right: is this word an operator, or a name? The same words can be both.
void TellWordsApart(std::vector<FormatToken>& tokens) {
  bool operand = false;  // a value may just have ended
  for (size_t i = 0; i < tokens.size(); ++i) {
    FormatToken& token = tokens[i];
    token.operand_before = operand;
    const std::string_view before = i == 0 ? std::string_view() : tokens[i - 1].text;
    const bool after_op = i > 0 && tokens[i - 1].op;
    if (!token.word) {
      if (OneOf(token.text, {"{", "(", "[", ",", ":", "::", ".", "..", "?"})) {
        operand = false;
      } else if (Closes(token.text)) {
        operand = true;
      } else if (token.span.size() > 0 &&
                 (token.text[0] == '"' || (token.text[0] >= '0' && token.text[0] <= '9'))) {
        operand = true;
      } else {
        token.op = !token.generic;
        operand = false;
      }
      continue;
    }
    const bool colon_follows =
        i + 1 < tokens.size() &&
        (tokens[i + 1].Is(":") ||
         (tokens[i + 1].Is("?") && i + 2 < tokens.size() && tokens[i + 2].Is(":")));
    const bool certainly_name = before == "." || (before == "has" && after_op) || colon_follows;
    bool op = false;
    if (token.introduces) {
      op = true;
    } else if (!certainly_name) {
      if (OneOf(token.text, {"and", "or", "not", "in", "if", "then", "else", "where", "is", "like",
                             "matches", "has"})) {
        op = true;
      } else if (OneOf(token.text, {"join", "meet", "within", "flows", "derives"})) {
        op = operand;
      } else if (token.Is("to")) {
        op = before == "flows" && after_op;
      } else if (token.Is("from")) {
        op = before == "derives" && after_op;
      }
    }
    token.op = op;
    operand = !op;
  }
}

}  // namespace

size_t TokenAt(const std::vector<FormatToken>& tokens, uint32_t offset) {
  const auto at =
      std::lower_bound(tokens.begin(), tokens.end(), offset,
                       [](const FormatToken& t, uint32_t o) { return t.span.begin < o; });
  return static_cast<size_t>(at - tokens.begin());
}

std::vector<FormatToken> TokensForFormat(const SourceManager& sources, const Ast& ast) {
  std::vector<FormatToken> tokens = Collect(sources, ast.file);
  MarkTypes(tokens, ast);
  DropCommas(tokens, ast);
  Match(tokens);
  MarkIntroductions(tokens, ast);
  TellWordsApart(tokens);
  return tokens;
}

bool BlankBetween(const FormatToken& left, const FormatToken& right) {
  if (OneOf(right.text, {",", ")", "]", ":", "?", ".", "::"}) && !right.word) return false;
  if (OneOf(left.text, {"(", "[", ".", "::"}) && !left.word) return false;
  if (left.generic && left.Is("<")) return false;
  if (right.generic) return false;
  if (left.Is("-") && !left.operand_before) return false;
  if (right.Is("(") || right.Is("[")) {
    // A call or an index, unless an operator stands before the bracket.
    return !((left.word && !left.op) || Closes(left.text));
  }
  if (left.Is("{") && right.Is("}")) return false;
  return true;
}

}  // namespace ztp::syntax
