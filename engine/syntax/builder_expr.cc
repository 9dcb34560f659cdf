// Expressions: postfix forms, literals, braces, folds. Operators are in builder_row.cc. See
// builder.h.
#include <algorithm>
#include <optional>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/str.h"
#include "engine/syntax/builder.h"
#include "engine/syntax/strings.h"

namespace ztp::syntax {
namespace {

// Decimal digits, compared without leading zeros.
bool FitsInt64(std::string_view digits) {
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  constexpr std::string_view kLimit = "9223372036854775808";  // the negative one's
  return digits.size() < kLimit.size() || (digits.size() == kLimit.size() && digits <= kLimit);
}

}  // namespace

uint16_t Builder::DepthOf(const std::vector<ExprId>& children) const {
  uint16_t depth = 0;
  for (const ExprId child : children) {
    if (child.valid()) depth = std::max(depth, ast_[child].depth);
  }
  return static_cast<uint16_t>(depth + 1);
}

ExprId Builder::ErrorExpr(Span span) {
  Expr expr;
  expr.kind = ExprKind::kError;
  expr.span = span;
  ast_.exprs.push_back(expr);
  return ExprId{static_cast<uint32_t>(ast_.exprs.size() - 1)};
}

ExprId Builder::Add(Expr expr, const std::vector<ExprId>& children) {
  expr.depth = DepthOf(children);
  if (expr.depth > kMaxNestingDepth) {
    if (!too_deep_) {
      Error(DiagKind::kNestingTooDeep, expr.span,
            Cat("operators are nested more than ", kMaxNestingDepth, " deep"),
            "name parts of the expression with 'def'");
    }
    too_deep_ = true;
    return ErrorExpr(expr.span);
  }
  expr.first_child = static_cast<uint32_t>(ast_.children.size());
  expr.child_count = static_cast<uint32_t>(children.size());
  ast_.children.insert(ast_.children.end(), children.begin(), children.end());
  ast_.exprs.push_back(expr);
  return ExprId{static_cast<uint32_t>(ast_.exprs.size() - 1)};
}

ExprId Builder::EntityExpr(const Path& type, const antlr4::Token* id, Span span) {
  Expr expr;
  expr.kind = ExprKind::kEntity;
  expr.span = span;
  expr.name_span = type.span;
  StringLiteral literal;
  literal.value = StringOf(id).value;
  literal.pattern = literal.value;
  ast_.strings.push_back(std::move(literal));
  expr.string = static_cast<uint32_t>(ast_.strings.size() - 1);
  ast_.paths.push_back(type);
  expr.path = static_cast<uint32_t>(ast_.paths.size() - 1);
  return Add(expr, {});
}

// `a.b.c` as one dotted name, if it is no more than that.
std::optional<Path> Builder::AsPath(ExprId id) {
  std::vector<Name> parts;
  while (true) {
    const Expr& expr = ast_[id];
    if (expr.parens) return std::nullopt;
    if (expr.kind == ExprKind::kField) {
      parts.push_back(Name{expr.name, expr.name_span});
      id = ast_.Child(expr, 0);
    } else if (expr.kind == ExprKind::kName) {
      parts.push_back(Name{expr.name, expr.name_span});
      std::reverse(parts.begin(), parts.end());
      return PathOf(parts);
    } else {
      return std::nullopt;
    }
  }
}

std::vector<ExprId> Builder::Arguments(P::ArgumentsContext* ctx) {
  std::vector<ExprId> args;
  CheckCommas(ctx, "an argument");
  for (P::ExpressionContext* arg : ctx->expression()) args.push_back(Expression(arg));
  return args;
}

Builder::Piece Builder::Postfix(P::OperandContext* ctx) {
  Piece piece;
  const size_t count = ctx->children.size();
  for (size_t i = 0; i < count; ++i) {
    antlr4::tree::ParseTree* child = ctx->children[i];
    if (auto* atom = dynamic_cast<P::AtomContext*>(child)) {
      piece = Atom(atom, i + 1 == count);
    } else if (auto* suffix = dynamic_cast<P::SuffixContext*>(child)) {
      piece = Suffix(piece, suffix);
    }
  }
  return piece;
}

Builder::Piece Builder::Suffix(Piece left, P::SuffixContext* ctx) {
  const Span span = Cover(left.span, SpanOf(ctx));
  if (ctx->arguments() != nullptr) return CallOf(left, ctx->arguments());
  Expr expr;
  expr.span = span;
  if (ctx->COLONCOLON() != nullptr) {
    const antlr4::Token* id = FindToken(ctx, {P::STRING, P::SLIP_STRING});
    const std::optional<Path> type = AsPath(left.id);
    if (!type) {
      Error(DiagKind::kUnexpectedToken, left.span, "before '::' stands the name of an entity type",
            "an entity is written Type::\"id\"");
      return Piece{ErrorExpr(span), span};
    }
    return Piece{EntityExpr(*type, id, span), span};
  }
  if (ctx->DOT() != nullptr) {
    const Name name = NameOf(ctx->anyName());
    expr.kind = ExprKind::kField;
    expr.name = name.text;
    expr.name_span = name.span;
    return Piece{Add(expr, {left.id}), span};
  }
  expr.kind = ExprKind::kIndex;
  expr.name_span = SpanOf(ctx);
  const ExprId key = Expression(ctx->expression());
  return Piece{Add(expr, {left.id, key}), span};
}

Builder::Piece Builder::CallOf(Piece left, P::ArgumentsContext* ctx) {
  const Span span = Cover(left.span, SpanOf(ctx));
  std::vector<ExprId> children = Arguments(ctx);
  const Expr callee = ast_[left.id];
  Expr expr;
  expr.span = span;
  expr.name = callee.name;
  expr.name_span = callee.name_span;
  if (callee.kind == ExprKind::kName && !callee.parens) {
    expr.kind = ExprKind::kCall;
  } else if (callee.kind == ExprKind::kField && !callee.parens) {
    expr.kind = ExprKind::kMethodCall;
    children.insert(children.begin(), ast_.Child(callee, 0));
  } else {
    if (callee.kind != ExprKind::kError) {
      Error(DiagKind::kUnexpectedToken, left.span, "only a name can be called",
            "a call is written f(x) or x.f(y)");
    }
    return Piece{ErrorExpr(span), span};
  }
  return Piece{Add(expr, children), span};
}

Builder::Piece Builder::Atom(P::AtomContext* ctx, bool bare) {
  const Span span = SpanOf(ctx);
  antlr4::tree::ParseTree* first = ctx->children.front();
  if (auto* name = dynamic_cast<P::NameContext*>(first)) return Token(name->start, bare);
  if (auto* fold = dynamic_cast<P::FoldContext*>(first)) return Piece{Fold(fold), span};
  if (auto* braces = dynamic_cast<P::BracesContext*>(first)) return Piece{Braces(braces), span};
  const antlr4::Token* token = TokenOf(first);
  if (token->getType() == P::LPAREN) {
    const ExprId inner = Expression(ctx->expression(0));
    ast_.exprs[inner.index].parens = true;
    return Piece{inner, span};
  }
  if (token->getType() == P::LBRACKET) {
    CheckCommas(ctx, "an element");
    std::vector<ExprId> elements;
    for (P::ExpressionContext* element : ctx->expression()) elements.push_back(Expression(element));
    Expr list;
    list.kind = ExprKind::kList;
    list.span = span;
    return Piece{Add(list, elements), span};
  }
  return Token(token, bare);
}

// `bare`: nothing follows that would make a name more than a name.
Builder::Piece Builder::Token(const antlr4::Token* token, bool bare) {
  Expr expr;
  expr.span = expr.name_span = SpanOf(token);
  const std::string_view text = TextOf(token);
  switch (token->getType()) {
    case P::INT:
      expr.kind = ExprKind::kInt;
      expr.name = interner_.Intern(text);
      if (!FitsInt64(text)) {
        Error(DiagKind::kBadNumber, expr.span, "the number does not fit into 64 bits",
              "the largest Int is 9223372036854775807");
        return Piece{ErrorExpr(expr.span), expr.span};
      }
      break;
    case P::DECIMAL:
      expr.kind = ExprKind::kDecimal;
      expr.name = interner_.Intern(text);
      break;
    case P::DURATION:
      expr.kind = ExprKind::kDuration;
      expr.name = interner_.Intern(text);
      break;
    case P::STRING:
    case P::SLIP_STRING: {
      expr.kind = ExprKind::kString;
      const std::string_view inside = InsideQuotes(token);
      StringLiteral literal;
      if (auto fault = DecodeString(inside, literal.value)) {
        literal.bad_escape = Span{file_, expr.span.begin + 1 + static_cast<uint32_t>(fault->begin),
                                  expr.span.begin + 1 + static_cast<uint32_t>(fault->end)};
      }
      literal.pattern = DecodePattern(inside);
      ast_.strings.push_back(std::move(literal));
      expr.string = static_cast<uint32_t>(ast_.strings.size() - 1);
      break;
    }
    case P::TRUE:
    case P::FALSE:
      expr.kind = ExprKind::kBool;
      expr.flag = token->getType() == P::TRUE;
      break;
    case P::NOW:
      expr.kind = ExprKind::kNow;
      break;
    case P::PRINCIPAL:
      expr.kind = ExprKind::kPrincipal;
      break;
    case P::ACTION:
      expr.kind = ExprKind::kAction;
      break;
    case P::RESOURCE:
      expr.kind = ExprKind::kResource;
      break;
    case P::OPEN_STRING:
      Error(DiagKind::kUnterminatedString, expr.span, "the string is not closed on its line",
            "a line break within a string is written \\n");
      return Piece{ErrorExpr(expr.span), expr.span};
    case P::SLIP_NUMBER: {
      const bool version = std::count(text.begin(), text.end(), '.') > 1;
      Error(DiagKind::kBadNumber, expr.span, Cat(Quoted(text), " is no number"),
            version ? Cat("versions and addresses are written as strings: ", '"', text, '"')
                    : "a duration is written like 250ms, 30s, 10m, 1h30m, 7d");
      return Piece{ErrorExpr(expr.span), expr.span};
    }
    default:
      if (bare && (text == "True" || text == "False" || text == "TRUE" || text == "FALSE")) {
        const bool value = text.starts_with('T');
        const std::string_view word = value ? "true" : "false";
        sink_.Report(Diagnostic(DiagKind::kUnexpectedToken, expr.span,
                                Cat(Quoted(text), " is written ", Quoted(word)))
                         .Fix(expr.span, std::string(word)));
        expr.kind = ExprKind::kBool;
        expr.flag = value;
        break;
      }
      expr.kind = ExprKind::kName;
      expr.name = interner_.Intern(text);
  }
  return Piece{Add(expr, {}), expr.span};
}

ExprId Builder::Fold(P::FoldContext* ctx) {
  Expr expr;
  expr.kind = ExprKind::kFold;
  expr.span = SpanOf(ctx);
  switch (ctx->start->getType()) {
    case P::ALL:
      expr.fold = FoldKind::kAll;
      break;
    case P::COUNT:
      expr.fold = FoldKind::kCount;
      break;
    case P::SUM:
      expr.fold = FoldKind::kSum;
      break;
    case P::JOIN:
      expr.fold = FoldKind::kJoin;
      break;
    case P::SET:
      expr.fold = FoldKind::kSet;
      break;
    default:
      expr.fold = FoldKind::kAny;
  }
  const Name variable = NameOf(ctx->name());
  expr.name = variable.text;
  expr.name_span = variable.span;
  const ExprId collection = Expression(ctx->expression(0));
  ExprId filter;
  ExprId body;
  size_t next = 1;
  if (ctx->WHERE() != nullptr) filter = Expression(ctx->expression(next++));
  if (ctx->COLON() != nullptr) body = Expression(ctx->expression(next));
  return Add(expr, {collection, filter, body});
}

ExprId Builder::Braces(P::BracesContext* ctx) {
  CheckCommas(ctx, "an element");
  const Span span = SpanOf(ctx);
  std::vector<RecordEntry> fields;
  std::vector<ExprId> pairs;
  std::vector<ExprId> elements;
  const antlr4::Token* rest = nullptr;
  Span first;  // the entry that decided what the braces are
  Span odd;    // the first one that does not fit
  auto decide = [&](Span at, bool fits) {
    if (!first.valid()) first = at;
    if (!fits && !odd.valid()) odd = at;
  };
  for (P::EntryContext* entry : ctx->entry()) {
    const Span at = SpanOf(entry);
    if (rest != nullptr) {
      Error(DiagKind::kUnexpectedToken, at, "nothing follows '..'");
      break;
    }
    if (entry->DOTDOT() != nullptr) {
      rest = entry->start;
      decide(at, pairs.empty() && elements.empty());
      continue;
    }
    if (entry->keyword() != nullptr) {
      decide(at, pairs.empty() && elements.empty());
      fields.push_back({NameOf(entry->keyword()), Expression(entry->expression(0))});
      continue;
    }
    const ExprId key = Expression(entry->expression(0));
    if (entry->COLON() == nullptr) {
      decide(at, fields.empty() && pairs.empty());
      elements.push_back(key);
      continue;
    }
    const ExprId value = Expression(entry->expression(1));
    const Expr& written = ast_[key];
    const bool word = written.kind == ExprKind::kName || written.kind == ExprKind::kBool ||
                      written.kind == ExprKind::kNow || written.kind == ExprKind::kPrincipal ||
                      written.kind == ExprKind::kAction || written.kind == ExprKind::kResource;
    if (word && !written.parens) {
      decide(at, pairs.empty() && elements.empty());
      const Span key_span = written.span;
      fields.push_back(
          {Name{interner_.Intern(text_.substr(key_span.begin, key_span.size())), key_span}, value});
    } else {
      decide(at, fields.empty() && elements.empty() && rest == nullptr);
      pairs.push_back(key);
      pairs.push_back(value);
    }
  }
  if (odd.valid()) {
    sink_.Report(Diagnostic(DiagKind::kUnexpectedToken, odd, "braces hold one kind of thing")
                     .Label(first, "which this begins")
                     .Expected("{ name: value, … }, { \"key\": value, … } or { element, … }"));
    return ErrorExpr(span);
  }
  Expr expr;
  expr.span = span;
  if (!fields.empty() || rest != nullptr) {
    expr.kind = ExprKind::kRecord;
    expr.flag = rest != nullptr;
    std::vector<ExprId> values;
    for (const RecordEntry& field : fields) values.push_back(field.value);
    const ExprId id = Add(expr, {});
    Expr& made = ast_.exprs[id.index];
    made.depth = DepthOf(values);
    made.first_child = static_cast<uint32_t>(ast_.entries.size());
    made.child_count = static_cast<uint32_t>(fields.size());
    ast_.entries.insert(ast_.entries.end(), fields.begin(), fields.end());
    return id;
  }
  if (!pairs.empty()) {
    expr.kind = ExprKind::kMap;
    return Add(expr, pairs);
  }
  expr.kind = elements.empty() ? ExprKind::kEmpty : ExprKind::kSet;
  return Add(expr, elements);
}

}  // namespace ztp::syntax
