// Rules, delegations, fixtures and tests. See builder.h.
#include <optional>
#include <utility>

#include "engine/base/str.h"
#include "engine/syntax/builder.h"
#include "engine/syntax/strings.h"

namespace ztp::syntax {

// The lines between a rule's braces, with where each came.
struct Builder::RuleLines {
  Scope principal;
  ActionScope action;
  Scope resource;
  std::vector<Clause> clauses;
  std::vector<ObligationCall> obliges;
  std::optional<Text> because;
  Span because_line;
  int stage = 0;  // of the furthest line so far: see Line
  Span stage_span;
  std::string stage_word;
};

void Builder::Rule(P::RuleDeclContext* ctx, Decl decl) {
  RuleDecl rule;
  switch (ctx->start->getType()) {
    case P::FORBID:
      rule.kind = RuleKind::kForbid;
      break;
    case P::DUTY:
      rule.kind = RuleKind::kDuty;
      break;
    case P::NEVER:
      rule.kind = RuleKind::kNever;
      break;
    case P::ALWAYS:
      rule.kind = RuleKind::kAlways;
      break;
    default:
      rule.kind = RuleKind::kPermit;
  }
  RuleLines lines = Lines(ctx->ruleBody());
  rule.principal = std::move(lines.principal);
  rule.action = std::move(lines.action);
  rule.resource = std::move(lines.resource);
  rule.clauses = std::move(lines.clauses);
  rule.obliges = std::move(lines.obliges);
  rule.because = std::move(lines.because);
  ast_.rules.push_back(std::move(rule));
  Add(DeclKind::kRule, ast_.rules.size(), ctx, ctx->name(), std::move(decl));
}

void Builder::Delegate(P::DelegateDeclContext* ctx, Decl decl) {
  DelegateDecl out;
  out.package = PathOf(ctx->qualifiedName());
  RuleLines lines = Lines(ctx->ruleBody());
  out.principal = std::move(lines.principal);
  out.action = std::move(lines.action);
  out.resource = std::move(lines.resource);
  out.clauses = std::move(lines.clauses);
  for (const ObligationCall& call : lines.obliges) {
    Error(DiagKind::kEffectNotAllowed, call.span, "a delegation has no obligations",
          "write a 'duty' in the root package");
  }
  if (lines.because) {
    Error(DiagKind::kEffectNotAllowed, lines.because_line, "a delegation has no 'because'");
  }
  for (const Clause& clause : out.clauses) {
    if (clause.kind == Clause::Kind::kUnlessObliged) {
      Error(DiagKind::kEffectNotAllowed, clause.span, "'unless obliged' belongs to a 'never' rule");
    }
  }
  ast_.delegates.push_back(std::move(out));
  Add(DeclKind::kDelegate, ast_.delegates.size(), ctx, nullptr, std::move(decl));
}

Builder::RuleLines Builder::Lines(P::RuleBodyContext* ctx) {
  RuleLines lines;
  if (ctx == nullptr) return lines;
  for (P::RuleMemberContext* member : ctx->ruleMember()) {
    if (member->exception == nullptr) Line(member, lines);
  }
  return lines;
}

// Scope lines, then clauses, then effects: `stage` counts how far a rule has come.
void Builder::Line(P::RuleMemberContext* ctx, RuleLines& lines) {
  const Span span = SpanOf(ctx);
  const std::string word(TextOf(ctx->start));
  auto twice = [&](Span first) {
    sink_.Report(Diagnostic(DiagKind::kDuplicateLine, span, Cat(Quoted(word), " is written twice"))
                     .Label(first, "written first here"));
  };
  int stage = 0;
  switch (ctx->start->getType()) {
    case P::PRINCIPAL: {
      if (lines.principal.present) return twice(lines.principal.span);
      lines.principal = OneScope(ctx->scope(), span);
      stage = 1;
      break;
    }
    case P::ACTION: {
      if (lines.action.present) return twice(lines.action.span);
      lines.action.present = true;
      lines.action.any = ctx->ANY() != nullptr;
      lines.action.actions = PathsOf(ctx->qualifiedName());
      lines.action.span = span;
      stage = 2;
      break;
    }
    case P::RESOURCE: {
      if (lines.resource.present) return twice(lines.resource.span);
      lines.resource = OneScope(ctx->scope(), span);
      stage = 3;
      break;
    }
    case P::WHEN:
    case P::UNLESS: {
      Clause clause;
      clause.span = span;
      if (ctx->OBLIGED() != nullptr) {
        clause.kind = Clause::Kind::kUnlessObliged;
        clause.obliged = Call(ctx->call(0));
      } else {
        clause.kind =
            ctx->start->getType() == P::WHEN ? Clause::Kind::kWhen : Clause::Kind::kUnless;
        clause.condition = Expression(ctx->expression());
      }
      lines.clauses.push_back(std::move(clause));
      stage = 4;
      break;
    }
    case P::OBLIGE:
      for (P::CallContext* call : ctx->call()) lines.obliges.push_back(Call(call));
      stage = 5;
      break;
    case P::BECAUSE: {
      if (lines.because) return twice(lines.because_line);
      lines.because = StringOf(FindToken(ctx, {P::STRING, P::SLIP_STRING}));
      lines.because_line = span;
      stage = 5;
      break;
    }
    default:
      return;
  }
  if (stage < lines.stage) {
    sink_.Report(Diagnostic(DiagKind::kClauseOrder, span,
                            Cat(Quoted(word), " stands after ", Quoted(lines.stage_word)))
                     .Label(lines.stage_span, Cat(Quoted(lines.stage_word), " stands here"))
                     .Expected("principal, action, resource; when and unless; oblige, because")
                     .Help(Cat("move the line above ", Quoted(lines.stage_word))));
  } else {
    if (stage > lines.stage) {
      lines.stage_span = span;
      lines.stage_word = word;
    }
    lines.stage = stage;
  }
}

Scope Builder::OneScope(P::ScopeContext* ctx, Span span) {
  Scope scope;
  scope.present = true;
  scope.span = span;
  if (ctx == nullptr) return scope;
  if (P::ScopeTypesContext* types = ctx->scopeTypes()) {
    scope.any = types->ANY() != nullptr;
    std::vector<Path> names = PathsOf(types->qualifiedName());
    if (types->COLON() != nullptr && !names.empty()) {
      if (names[0].qualifier.valid()) {
        Error(DiagKind::kUnexpectedToken, names[0].span, "the name before ':' is one word");
      } else {
        scope.variable = Name{names[0].text, names[0].span};
      }
      names.erase(names.begin());
    }
    scope.types = std::move(names);
  }
  if (ctx->entityLiteral() != nullptr) {
    scope.test = ctx->IN() != nullptr ? ScopeTest::kIn : ScopeTest::kEq;
    if (ctx->ASSIGN() != nullptr) {
      sink_.Report(Diagnostic(DiagKind::kUnexpectedToken, SpanOf(ctx->ASSIGN()->getSymbol()),
                              "equality is written '=='")
                       .Fix(SpanOf(ctx->ASSIGN()->getSymbol()), "=="));
    }
    scope.entity = Literal(ctx->entityLiteral());
  }
  return scope;
}

ExprId Builder::Literal(P::EntityLiteralContext* ctx) {
  return EntityExpr(PathOf(ctx->qualifiedName()), FindToken(ctx, {P::STRING, P::SLIP_STRING}),
                    SpanOf(ctx));
}

ObligationCall Builder::Call(P::CallContext* ctx) {
  ObligationCall call;
  call.name = PathOf(ctx->qualifiedName());
  call.args = Arguments(ctx->arguments());
  call.span = SpanOf(ctx);
  return call;
}

// ---------------------------------------------------------------------------------------------------------

std::vector<TestStatement> Builder::Statements(P::TestBodyContext* ctx, bool is_test) {
  std::vector<TestStatement> statements;
  if (ctx == nullptr) return statements;
  for (P::StatementContext* node : ctx->statement()) {
    if (node->exception != nullptr) continue;
    TestStatement statement = Statement(node);
    if (!is_test && statement.kind == TestStatement::Kind::kExpect) {
      Error(DiagKind::kUnexpectedToken, statement.span, "a fixture expects nothing",
            "expectations stand in a 'test' that is 'using' the fixture");
      continue;
    }
    statements.push_back(std::move(statement));
  }
  return statements;
}

TestStatement Builder::Statement(P::StatementContext* ctx) {
  TestStatement statement;
  statement.span = SpanOf(ctx);
  switch (ctx->start->getType()) {
    case P::USING:
      statement.kind = TestStatement::Kind::kUsing;
      statement.fixtures = PathsOf(ctx->qualifiedName());
      break;
    case P::ENTITY:
      statement.kind = TestStatement::Kind::kEntity;
      statement.name = NameOf(ctx->name());
      statement.source = Ref(ctx->entityRef(0));
      EntityParts(ctx, statement);
      break;
    case P::LET:
      statement.kind = TestStatement::Kind::kLet;
      statement.name = NameOf(ctx->name());
      statement.value = Expression(ctx->expression());
      break;
    case P::INPUT:
      statement.kind = TestStatement::Kind::kInput;
      statement.name = NameOf(ctx->anyName());
      statement.value = Expression(ctx->expression());
      break;
    case P::NOW:
      statement.kind = TestStatement::Kind::kNow;
      statement.value = Expression(ctx->expression());
      break;
    default:
      statement.kind = TestStatement::Kind::kExpect;
      Expectation(ctx, statement);
  }
  return statement;
}

void Builder::EntityParts(P::StatementContext* ctx, TestStatement& statement) {
  const bool fresh = ast_[statement.source].kind == ExprKind::kEntity;
  for (P::EntityPartContext* part : ctx->entityPart()) {
    if (part->IN() != nullptr) {
      for (P::EntityRefContext* ref : part->entityRef()) statement.parents.push_back(Ref(ref));
    } else if (part->DERIVES() != nullptr) {
      for (P::EntityRefContext* ref : part->entityRef()) statement.derives.push_back(Ref(ref));
    } else if (part->WITH() != nullptr) {
      if (fresh) {
        Error(DiagKind::kUnexpectedToken, SpanOf(part),
              "'with' changes an entity that a name stands for",
              "the attributes of a new one follow directly: E::\"id\" { … }");
      }
    } else if (part->braces() != nullptr) {
      if (statement.body.valid()) {
        Error(DiagKind::kDuplicateLine, SpanOf(part), "a second list of attributes");
      } else {
        statement.body = RecordBraces(part->braces());
      }
    }
  }
}

void Builder::Expectation(P::StatementContext* ctx, TestStatement& statement) {
  statement.allow = ctx->ALLOW() != nullptr;
  statement.unknown = ctx->UNKNOWN() != nullptr;
  statement.principal = Ref(ctx->entityRef(0));
  statement.action = PathOf(ctx->qualifiedName(0));
  statement.resource = Ref(ctx->entityRef(1));
  for (P::ExpectPartContext* part : ctx->expectPart()) {
    const antlr4::Token* word = part->start;
    bool again = false;
    switch (word->getType()) {
      case P::WITH:
        again = statement.params.valid();
        if (!again) statement.params = RecordBraces(part->braces());
        break;
      case P::AT:
        again = statement.at.valid();
        if (!again) statement.at = Expression(part->expression());
        break;
      case P::BY:
        again = statement.by.valid();
        if (!again) statement.by = PathOf(part->qualifiedName());
        break;
      default:
        statement.has_obliged = true;
        for (P::CallContext* call : part->call()) statement.obliged.push_back(Call(call));
    }
    if (again) {
      Error(DiagKind::kDuplicateLine, SpanOf(part), Cat(Quoted(TextOf(word)), " is written twice"));
    }
  }
}

ExprId Builder::Ref(P::EntityRefContext* ctx) {
  const Span span = SpanOf(ctx);
  const Path path = PathOf(ctx->qualifiedName());
  if (const antlr4::Token* id = FindToken(ctx, {P::STRING, P::SLIP_STRING})) {
    return EntityExpr(path, id, span);
  }
  // A variable; or, with dots, something that sema will say is none.
  std::vector<Name> parts{NameOf(ctx->qualifiedName()->name())};
  for (P::AnyNameContext* part : ctx->qualifiedName()->anyName()) parts.push_back(NameOf(part));
  Expr first;
  first.kind = ExprKind::kName;
  first.name = parts[0].text;
  first.span = first.name_span = parts[0].span;
  ExprId id = Add(first, {});
  for (size_t i = 1; i < parts.size(); ++i) {
    Expr field;
    field.kind = ExprKind::kField;
    field.name = parts[i].text;
    field.name_span = parts[i].span;
    field.span = Cover(parts[0].span, parts[i].span);
    id = Add(field, {id});
  }
  return id;
}

ExprId Builder::RecordBraces(P::BracesContext* ctx) {
  const ExprId id = Braces(ctx);
  const ExprKind kind = ast_[id].kind;
  if (kind == ExprKind::kSet || kind == ExprKind::kMap) {
    Error(DiagKind::kUnexpectedToken, SpanOf(ctx), "names and values stand here",
          "write { name: value, … }");
    return ErrorExpr(SpanOf(ctx));
  }
  return id;
}

}  // namespace ztp::syntax
