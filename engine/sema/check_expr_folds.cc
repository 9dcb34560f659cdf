// Folds: any, all, count, sum, join, set.
#include "engine/base/limits.h"
#include "engine/base/str.h"
#include "engine/sema/check_expr.h"
#include "engine/sema/check_expr_scope.h"

namespace ztp::sema {

using syntax::FoldKind;

namespace {

Op OpOf(FoldKind fold) {
  switch (fold) {
    case FoldKind::kAny:
      return Op::kAny;
    case FoldKind::kAll:
      return Op::kAll;
    case FoldKind::kCount:
      return Op::kCount;
    case FoldKind::kSum:
      return Op::kSum;
    case FoldKind::kJoin:
      return Op::kJoinOf;
    case FoldKind::kSet:
      return Op::kSetOf;
  }
  return Op::kAny;
}

}  // namespace

bool ExprChecker::KnownNotEmpty(const Context& c, ExprId collection) const {
  const Expr& e = builder_[collection];
  if (e.op == Op::kConst) return !builder_.ConstValue(collection).items().empty();
  if (e.op == Op::kMakeSet || e.op == Op::kMakeList) return e.arg_count > 0;
  for (const Guard& guard : c.guards) {
    if (!guard.is_type && !guard.truth && builder_[guard.id].op == Op::kIsEmpty &&
        builder_.Arg(guard.id, 0) == collection) {
      return true;
    }
  }
  return false;
}

Typed ExprChecker::CheckFold(Context& c, ExprRef e, TypeId expected) {
  const ExprRef over = Child(e, 0), filter_expr = Child(e, 1), body_expr = Child(e, 2);
  const Typed collection = Check(c, over);
  const Type of = type(collection.type);
  bool ok = collection.ok();
  if (ok && of.kind != TypeKind::kSet && of.kind != TypeKind::kList) {
    Diagnostic d(DiagKind::kBadOperand, over->span,
                 Cat("'", syntax::Spelling(e->fold), "' goes over a set or a list, not over ",
                     TypeName(collection.type)));
    d.SetMark(Cat("this is ", TypeName(collection.type)));
    if (of.kind == TypeKind::kMap) {
      d.AddHelp(Cat("write '", SourceText(over->span), ".keys' or '.values'"));
    } else if (of.kind == TypeKind::kLattice) {
      d.AddHelp("labels are asked with 'x in label' and 'flows to'");
    }
    Report(std::move(d));
    ok = false;
  }
  if (c.fold_depth >= kMaxFoldDepth) {
    Report(Diagnostic(DiagKind::kFoldTooDeep, e->span,
                      Cat("folds are nested more than ", kMaxFoldDepth, " deep"))
               .Mark("one too many, definitions counted"));
    return Failed(e);
  }
  const uint32_t slot = static_cast<uint32_t>(c.fold_depth);
  Lowest lowest;
  lowest.Add(collection);
  Typed filter, body;
  const bool has_filter = filter_expr.valid();
  const bool lint = allow_all_lint_;
  {
    Scope scope(c);
    const bool incomplete = c.guards_incomplete;
    Typed variable;  // of no type after an error, which silences what is said of it
    if (ok) {
      variable.type = of.element;
      variable.id = builder_.Make(Op::kVar, of.element, {}, slot);
      variable.rank = collection.rank;
      variable.claimed_span = collection.claimed_span;
    }
    variable.span = e->name_span;
    AddLocal(c, e->name, e->name_span, variable);
    ++c.fold_depth;
    allow_all_lint_ = false;
    if (has_filter) {
      filter = CheckBool(c, filter_expr);
      if (filter.ok()) {
        LintConstant(c, filter_expr, filter, "this filter");
        lowest.Add(filter);
        const std::vector<Guard>& guards = GuardsIf(filter.id, true);
        c.guards.insert(c.guards.end(), guards.begin(), guards.end());
      } else {
        ok = false;
        c.guards_incomplete = c.guards_incomplete || MayGuard(filter_expr);
      }
    }
    allow_all_lint_ = lint;
    body = CheckFoldBody(c, e, body_expr, expected);
    --c.fold_depth;
    c.guards_incomplete = incomplete;
  }
  if (!ok || !body.ok()) return Failed(e);
  lowest.Add(body);
  TypeId result;
  switch (e->fold) {
    case FoldKind::kAny:
    case FoldKind::kAll:
      result = bool_;
      break;
    case FoldKind::kCount:
      result = int_;
      break;
    case FoldKind::kSum:
    case FoldKind::kJoin:
      result = body.type;
      break;
    case FoldKind::kSet:
      result = types().Set(body.type);
      break;
  }
  if (e->fold == FoldKind::kAll && c.permit && lint &&
      (has_filter || !KnownNotEmpty(c, collection.id))) {
    Lint(c, Diagnostic(DiagKind::kAllOverEmpty, e->span,
                       Cat("'all' holds if ", Quoted(SourceText(over->span)),
                           has_filter ? " has no such element" : " is empty"))
                .Mark("true of nothing, too")
                .Help(has_filter
                          ? Cat("ask also that there is one: 'any(… in ", SourceText(over->span),
                                " where …)'")
                          : Cat("ask first: 'not ", SourceText(over->span), ".isEmpty and …'")));
  }
  return Result(e,
                Make(e->span, OpOf(e->fold), result,
                     {collection.id, has_filter ? filter.id : ExprId{}, body.id}, slot),
                result, lowest);
}

Typed ExprChecker::CheckFoldBody(Context& c, ExprRef e, ExprRef body, TypeId expected) {
  const std::string_view name = syntax::Spelling(e->fold);
  if (!body.valid()) {
    if (e->fold == FoldKind::kAny || e->fold == FoldKind::kCount) {
      return Constant(bool_, Value::Bool(true), e->span);
    }
    Report(Diagnostic(DiagKind::kWrongArguments, e->span,
                      Cat("'", name, "' needs to be told of what: '", name, "(x in … : …)'"))
               .Mark("lacks ': …'"));
    return Failed(e);
  }
  switch (e->fold) {
    case FoldKind::kAny:
    case FoldKind::kAll:
    case FoldKind::kCount: {
      const Typed t = CheckBool(c, body);
      if (body->kind != syntax::ExprKind::kBool) {
        LintConstant(c, body, t, "this part of the condition");
      }
      return t;
    }
    case FoldKind::kSum: {
      const TypeKind wanted = kind(expected);
      const bool number =
          wanted == TypeKind::kInt || wanted == TypeKind::kDecimal || wanted == TypeKind::kDuration;
      Typed t = Demand(c, body, CheckAny(c, body, number ? expected : TypeId{}));
      if (!t.ok()) return t;
      const TypeKind got = kind(t.type);
      if (got == TypeKind::kInt || got == TypeKind::kDecimal || got == TypeKind::kDuration) {
        return t;
      }
      Report(Diagnostic(DiagKind::kBadOperand, body->span,
                        Cat("'sum' adds Int, Decimal or Duration, not ", TypeName(t.type)))
                 .Mark(Cat("this is ", TypeName(t.type))));
      return Failed(body);
    }
    case FoldKind::kJoin: {
      Typed t = Demand(
          c, body, CheckAny(c, body, kind(expected) == TypeKind::kLattice ? expected : TypeId{}));
      if (!t.ok() || kind(t.type) == TypeKind::kLattice) return t;
      Report(Diagnostic(DiagKind::kBadOperand, body->span,
                        Cat("'join' joins labels, not ", TypeName(t.type)))
                 .Mark(Cat("this is ", TypeName(t.type))));
      return Failed(body);
    }
    case FoldKind::kSet: {
      const Type want = type(expected);
      return Demand(c, body,
                    CheckAny(c, body, want.kind == TypeKind::kSet ? want.element : TypeId{}));
    }
  }
  return Failed(e);
}

}  // namespace ztp::sema
