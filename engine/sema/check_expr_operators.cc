// Operators: logic, if, arithmetic, labels, comparison, text.
#include <algorithm>

#include "engine/base/str.h"
#include "engine/sema/check_expr.h"
#include "engine/sema/check_expr_scope.h"
#include "engine/sema/literals.h"

namespace ztp::sema {

using syntax::BinaryOp;
using syntax::ExprKind;

Typed ExprChecker::CheckLogic(Context& c, ExprRef e) {
  const bool is_and = e->kind == ExprKind::kAnd;
  std::vector<ExprId> args;
  Lowest lowest;
  bool ok = true;
  {
    Scope scope(c);
    const bool incomplete = c.guards_incomplete;
    for (size_t i = 0; i < e->child_count; ++i) {
      const ExprRef child = Child(e, i);
      const Typed t = CheckBool(c, child);
      if (!t.ok()) {
        ok = false;
        c.guards_incomplete = c.guards_incomplete || MayGuard(child);
        continue;
      }
      LintConstant(c, child, t, "this part of the condition");
      args.push_back(t.id);
      lowest.Add(t);
      const std::vector<Guard>& guards = GuardsIf(t.id, is_and);
      c.guards.insert(c.guards.end(), guards.begin(), guards.end());
    }
    c.guards_incomplete = incomplete;
  }
  if (!ok) return Failed(e);
  return Result(e, Make(e->span, is_and ? Op::kAnd : Op::kOr, bool_, args), bool_, lowest);
}

Typed ExprChecker::CheckIf(Context& c, ExprRef e, TypeId expected) {
  const ExprRef test = Child(e, 0);
  const Typed condition = CheckBool(c, test);
  if (condition.ok()) LintConstant(c, test, condition, "this condition");
  Typed branches[2];
  const auto check = [&](int i, TypeId type) {
    Scope scope(c);
    const bool incomplete = c.guards_incomplete;
    if (condition.ok()) {
      const std::vector<Guard>& guards = GuardsIf(condition.id, i == 0);
      c.guards.insert(c.guards.end(), guards.begin(), guards.end());
    } else {
      c.guards_incomplete = c.guards_incomplete || MayGuard(test);
    }
    const ExprRef branch = Child(e, static_cast<size_t>(i) + 1);
    branches[i] = Demand(c, branch, CheckAny(c, branch, type));
    c.guards_incomplete = incomplete;
  };
  const int first = Flexibility(c, Child(e, 2)) < Flexibility(c, Child(e, 1)) ? 1 : 0;
  check(first, expected);
  const bool known = expected.index != 0 || branches[first].ok();
  if (known || Flexibility(c, Child(e, 2 - static_cast<size_t>(first))) < 2) {
    check(1 - first, expected.index != 0 ? expected : branches[first].type);
  }
  if (!condition.ok() || !branches[0].ok() || !branches[1].ok()) return Failed(e);
  const TypeId common = CommonType(branches[0].type, branches[1].type);
  if (common.index == 0) {
    Report(Diagnostic(DiagKind::kTypeMismatch, branches[1].span,
                      Cat("the branches differ: ", TypeName(branches[0].type), " and ",
                          TypeName(branches[1].type)))
               .Mark(Cat("this is ", TypeName(branches[1].type)))
               .Label(branches[0].span, Cat("this is ", TypeName(branches[0].type))));
    return Failed(e);
  }
  Lowest lowest;
  lowest.Add(condition);
  lowest.Add(branches[0]);
  lowest.Add(branches[1]);
  return Result(e, Make(e->span, Op::kIf, common, {condition.id, branches[0].id, branches[1].id}),
                common, lowest);
}

Typed ExprChecker::CheckUnary(Context& c, ExprRef e, TypeId expected) {
  const ExprRef operand = Child(e, 0);
  Lowest lowest;
  if (e->unary_op == syntax::UnaryOp::kNot) {
    const bool lint = allow_all_lint_;
    allow_all_lint_ = false;
    const Typed t = CheckBool(c, operand);
    allow_all_lint_ = lint;
    if (!t.ok()) return Failed(e);
    lowest.Add(t);
    return Result(e, Not(t.id), bool_, lowest);
  }
  Typed t = DemandPresent(c, operand, CheckAny(c, operand, expected));
  if (!t.ok()) return Failed(e);
  switch (kind(t.type)) {
    case TypeKind::kInt:
    case TypeKind::kDecimal:
    case TypeKind::kDuration:
      break;
    default:
      Report(Diagnostic(DiagKind::kBadOperand, e->name_span.valid() ? e->name_span : e->span,
                        Cat("'-' works on Int, Decimal and Duration, not on ", TypeName(t.type)))
                 .Mark(Cat("its operand is ", TypeName(t.type))));
      return Failed(e);
  }
  if (t.now_sign != 0) {
    t.now_sign = static_cast<int8_t>(-t.now_sign);
    for (NowTerm& term : t.terms) term.subtracted = !term.subtracted;
    t.span = e->span;
    return t;
  }
  lowest.Add(t);
  return Result(e, Make(e->span, Op::kNeg, t.type, {t.id}), t.type, lowest);
}

Typed ExprChecker::CheckBinary(Context& c, ExprRef e, TypeId expected) {
  switch (e->binary_op) {
    case BinaryOp::kMul:
      return CheckMul(c, e, expected);
    case BinaryOp::kAdd:
    case BinaryOp::kSub:
      return CheckAddSub(c, e, expected);
    case BinaryOp::kJoin:
    case BinaryOp::kMeet:
      return CheckJoinMeet(c, e, expected);
    case BinaryOp::kCoalesce:
      return CheckCoalesce(c, e, expected);
    case BinaryOp::kEq:
    case BinaryOp::kNe:
    case BinaryOp::kLt:
    case BinaryOp::kLe:
    case BinaryOp::kGt:
    case BinaryOp::kGe:
      return CheckCompare(c, e);
    case BinaryOp::kIn:
    case BinaryOp::kNotIn:
      return CheckIn(c, e);
    case BinaryOp::kLike:
      return CheckLike(c, e);
    case BinaryOp::kMatches:
      return CheckMatches(c, e);
    case BinaryOp::kFlowsTo:
      return CheckFlowsTo(c, e);
    case BinaryOp::kDerivesFrom:
      return CheckDerivesFrom(c, e);
    case BinaryOp::kWithin:
      return CheckWithin(c, e);
  }
  return Failed(e);
}

Typed ExprChecker::BadOperands(ExprRef e, const Typed& a, const Typed& b,
                               std::string_view works_on) {
  Diagnostic d(DiagKind::kBadOperand, e->name_span.valid() ? e->name_span : e->span,
               Cat("'", syntax::Spelling(e->binary_op), "' does not work on ", TypeName(a.type),
                   a.type == b.type ? std::string() : Cat(" and ", TypeName(b.type))));
  d.SetMark("wrong operands");
  d.AddLabel(a.span, Cat("this is ", TypeName(a.type)));
  d.AddLabel(b.span, Cat("this is ", TypeName(b.type)));
  d.SetExpected(std::string(works_on));
  const TypeKind x = kind(a.type), y = kind(b.type);
  if ((x == TypeKind::kInt && y == TypeKind::kDecimal) ||
      (x == TypeKind::kDecimal && y == TypeKind::kInt)) {
    d.AddHelp("Int and Decimal do not mix; only a literal can be either");
  } else if (x == TypeKind::kString && y == TypeKind::kString && e->binary_op == BinaryOp::kAdd) {
    d.AddHelp("strings are not put together in a policy; 'like' matches them against a pattern");
  } else if ((x == TypeKind::kSet || y == TypeKind::kSet) &&
             (e->binary_op == BinaryOp::kJoin || e->binary_op == BinaryOp::kAdd)) {
    d.AddHelp("sets are asked with 'contains', 'containsAll', 'containsAny' and folds");
  }
  Report(std::move(d));
  return Failed(e);
}

// ---------------------------------------------------------------------------------------------------
// Arithmetic and labels

Typed ExprChecker::CheckAddSub(Context& c, ExprRef e, TypeId expected) {
  const bool subtract = e->binary_op == BinaryOp::kSub;
  const ExprRef left = Child(e, 0), right = Child(e, 1);
  TypeId outer;
  switch (kind(expected)) {
    case TypeKind::kInt:
    case TypeKind::kDecimal:
    case TypeKind::kTime:
    case TypeKind::kDuration:
      outer = expected;
      break;
    default:
      break;
  }
  const auto [a, b] = CheckBoth(c, left, right, outer, [&](TypeId known, bool is_right) -> TypeId {
    switch (kind(known)) {
      case TypeKind::kTime:
        return subtract || !is_right ? time_ : duration_;
      case TypeKind::kDuration:
        return kind(expected) == TypeKind::kTime && !(subtract && is_right) ? time_ : duration_;
      default:
        return known;
    }
  });
  if (!a.ok() || !b.ok()) return Failed(e);
  const TypeKind x = kind(a.type), y = kind(b.type);
  TypeId result;
  if (x == y) {
    if (x == TypeKind::kInt || x == TypeKind::kDecimal || x == TypeKind::kDuration) {
      result = a.type;
    } else if (x == TypeKind::kTime && subtract) {
      result = duration_;
    }
  } else if (x == TypeKind::kTime && y == TypeKind::kDuration) {
    result = time_;
  } else if (x == TypeKind::kDuration && y == TypeKind::kTime && !subtract) {
    result = time_;
  }
  if (result.index == 0) {
    return BadOperands(e, a, b, "two Int, Decimal or Duration, or a Time and a Duration");
  }
  if (a.now_sign != 0 || b.now_sign != 0) return AddWithNow(e, a, b, subtract, result);
  Lowest lowest;
  lowest.Add(a);
  lowest.Add(b);
  return Result(e, Make(e->span, subtract ? Op::kSub : Op::kAdd, result, {a.id, b.id}), result,
                lowest);
}

Typed ExprChecker::CheckMul(Context& c, ExprRef e, TypeId expected) {
  const ExprRef left = Child(e, 0), right = Child(e, 1);
  const TypeId outer = kind(expected) == TypeKind::kDecimal ? decimal_ : TypeId{};
  auto [a, b] = CheckBoth(c, left, right, outer, [&](TypeId known, bool) {
    return kind(known) == TypeKind::kDecimal ? decimal_ : int_;
  });
  a = Demand(c, left, std::move(a));
  b = Demand(c, right, std::move(b));
  if (!a.ok() || !b.ok()) return Failed(e);
  const TypeKind x = kind(a.type), y = kind(b.type);
  TypeId result;
  if (x == y && (x == TypeKind::kInt || x == TypeKind::kDecimal)) result = a.type;
  if ((x == TypeKind::kDuration && y == TypeKind::kInt) ||
      (x == TypeKind::kInt && y == TypeKind::kDuration)) {
    result = duration_;
  }
  if (result.index == 0) {
    return BadOperands(e, a, b, "two Int or Decimal, or a Duration and an Int");
  }
  Lowest lowest;
  lowest.Add(a);
  lowest.Add(b);
  return Result(e, Make(e->span, Op::kMul, result, {a.id, b.id}), result, lowest);
}

Typed ExprChecker::CheckJoinMeet(Context& c, ExprRef e, TypeId expected) {
  const ExprRef left = Child(e, 0), right = Child(e, 1);
  const TypeId outer = kind(expected) == TypeKind::kLattice ? expected : TypeId{};
  auto [a, b] = CheckBoth(c, left, right, outer, [](TypeId known, bool) { return known; });
  a = Demand(c, left, std::move(a));
  b = Demand(c, right, std::move(b));
  if (!a.ok() || !b.ok()) return Failed(e);
  if (kind(a.type) != TypeKind::kLattice || a.type != b.type) {
    return BadOperands(e, a, b, "two labels of one lattice");
  }
  Lowest lowest;
  lowest.Add(a);
  lowest.Add(b);
  const Op op = e->binary_op == BinaryOp::kJoin ? Op::kJoin : Op::kMeet;
  return Result(e, Make(e->span, op, a.type, {a.id, b.id}), a.type, lowest);
}

Typed ExprChecker::CheckFlowsTo(Context& c, ExprRef e) {
  const ExprRef left = Child(e, 0), right = Child(e, 1);
  auto [a, b] = CheckBoth(c, left, right, {}, [](TypeId known, bool) { return known; });
  a = Demand(c, left, std::move(a));
  b = Demand(c, right, std::move(b));
  if (!a.ok() || !b.ok()) return Failed(e);
  if (kind(a.type) != TypeKind::kLattice || a.type != b.type) {
    return BadOperands(e, a, b, "two labels of one lattice");
  }
  Lowest lowest;
  lowest.Add(a);
  lowest.Add(b);
  return Result(e, Make(e->span, Op::kFlowsTo, bool_, {a.id, b.id}), bool_, lowest);
}

// ---------------------------------------------------------------------------------------------------
// Comparison

Typed ExprChecker::CheckCompare(Context& c, ExprRef e) {
  const ExprRef left = Child(e, 0), right = Child(e, 1);
  const BinaryOp op = e->binary_op;
  const auto [a, b] = CheckBoth(c, left, right, {}, [](TypeId known, bool) { return known; });
  if (!a.ok() || !b.ok()) return Failed(e);
  const bool equality = op == BinaryOp::kEq || op == BinaryOp::kNe;
  if (equality) {
    if (!Overlap(a.type, b.type)) {
      Diagnostic d(DiagKind::kNoOverlap, e->name_span.valid() ? e->name_span : e->span,
                   Cat(TypeName(a.type), " and ", TypeName(b.type), " are never equal"));
      d.SetMark("the two sides have no value in common");
      d.AddLabel(a.span, Cat("this is ", TypeName(a.type)));
      d.AddLabel(b.span, Cat("this is ", TypeName(b.type)));
      const Type& x = type(a.type);
      const Type& y = type(b.type);
      if ((x.kind == TypeKind::kSet || x.kind == TypeKind::kList) && Overlap(x.element, b.type)) {
        d.AddHelp(
            Cat("membership is written '", SourceText(b.span), " in ", SourceText(a.span), "'"));
      } else if ((y.kind == TypeKind::kSet || y.kind == TypeKind::kList) &&
                 Overlap(y.element, a.type)) {
        d.AddHelp(
            Cat("membership is written '", SourceText(a.span), " in ", SourceText(b.span), "'"));
      } else if ((x.kind == TypeKind::kInt && y.kind == TypeKind::kDecimal) ||
                 (x.kind == TypeKind::kDecimal && y.kind == TypeKind::kInt)) {
        d.AddHelp("Int and Decimal do not mix; only a literal can be either");
      }
      Report(std::move(d));
      return Failed(e);
    }
  } else if (!CheckOrdered(e, a, b)) {
    return Failed(e);
  }
  if (a.now_sign != 0 || b.now_sign != 0) return CompareWithNow(e, op, a, b);
  Lowest lowest;
  lowest.Add(a);
  lowest.Add(b);
  if (equality) {
    ExprId id = Make(e->span, Op::kEq, bool_, {a.id, b.id});
    if (id.valid() && op == BinaryOp::kNe) id = Not(id);
    return Result(e, id, bool_, lowest);
  }
  const bool swap = op == BinaryOp::kGt || op == BinaryOp::kGe;
  const Op made = op == BinaryOp::kLt || op == BinaryOp::kGt ? Op::kLt : Op::kLe;
  return Result(e, Make(e->span, made, bool_, {swap ? b.id : a.id, swap ? a.id : b.id}), bool_,
                lowest);
}

bool ExprChecker::CheckOrdered(ExprRef e, const Typed& a, const Typed& b) {
  const Type& x = type(a.type);
  switch (x.kind) {
    case TypeKind::kInt:
    case TypeKind::kDecimal:
    case TypeKind::kTime:
    case TypeKind::kDuration:
    case TypeKind::kVersion:
    case TypeKind::kHexVersion:
      if (a.type == b.type) return true;
      break;
    case TypeKind::kLattice: {
      if (a.type != b.type) break;
      if (schema()[LatticeId{x.decl}].kind == LatticeType::Kind::kChain) return true;
      const bool up = e->binary_op == BinaryOp::kLt || e->binary_op == BinaryOp::kLe;
      const std::string left = SourceText(Child(e, 0)->span);
      const std::string right = SourceText(Child(e, 1)->span);
      Report(Diagnostic(DiagKind::kNoOrderOnLabels, e->name_span.valid() ? e->name_span : e->span,
                        Cat("labels of ", TypeName(a.type), " have no '",
                            syntax::Spelling(e->binary_op), "'"))
                 .Mark("only a chain is ordered from low to high")
                 .Help(Cat("write '", up ? left : right, " flows to ", up ? right : left, "'")));
      return false;
    }
    default:
      break;
  }
  BadOperands(e, a, b, "two numbers, times, durations, versions, or elements of a chain");
  return false;
}

// ---------------------------------------------------------------------------------------------------
// Text

Typed ExprChecker::CheckLike(Context& c, ExprRef e) {
  const ExprRef left = Child(e, 0), right = Child(e, 1);
  const Typed a = Check(c, left);
  Typed b;
  const TypeId glob = Scalar(TypeKind::kGlob);
  if (right->kind == ExprKind::kString) {
    b = ScalarLiteral(right, TypeKind::kGlob, right.ast->String(*right).pattern, right->span);
  } else {
    b = Demand(c, right, CheckAny(c, right, glob));
  }
  if (!a.ok() || !b.ok()) return Failed(e);
  if (kind(a.type) != TypeKind::kString && kind(a.type) != TypeKind::kSpiffeId) {
    return BadOperands(e, a, b, "a String or a SpiffeId, and a pattern");
  }
  if (b.type != glob) {
    Report(Diagnostic(DiagKind::kTypeMismatch, right->span,
                      Cat("a pattern is a literal or a Glob, not ", TypeName(b.type)))
               .Mark(Cat("this is ", TypeName(b.type)))
               .Expected("Glob"));
    return Failed(e);
  }
  Lowest lowest;
  lowest.Add(a);
  lowest.Add(b);
  return Result(e, Make(e->span, Op::kLike, bool_, {a.id, b.id}), bool_, lowest);
}

Typed ExprChecker::CheckMatches(Context& c, ExprRef e) {
  const ExprRef left = Child(e, 0), right = Child(e, 1);
  const Typed a = Check(c, left);
  if (right->kind != ExprKind::kString) {
    if (right->kind != ExprKind::kError) {
      Report(Diagnostic(DiagKind::kNotConstant, right->span,
                        "the pattern of 'matches' is a string literal")
                 .Mark("not a literal"));
    }
    return Failed(e);
  }
  const std::string& pattern = right.ast->String(*right).pattern;
  if (const std::string error = CheckRegex(pattern); !error.empty()) {
    Report(Diagnostic(DiagKind::kBadPattern, right->span,
                      Cat("not a valid regular expression: ", error))
               .Mark("RE2 does not take this"));
    return Failed(e);
  }
  if (!a.ok()) return Failed(e);
  if (kind(a.type) != TypeKind::kString && kind(a.type) != TypeKind::kSpiffeId) {
    Report(Diagnostic(DiagKind::kBadOperand, left->span,
                      Cat("'matches' works on String and SpiffeId, not on ", TypeName(a.type)))
               .Mark(Cat("this is ", TypeName(a.type))));
    return Failed(e);
  }
  Lowest lowest;
  lowest.Add(a);
  return Result(e, Make(e->span, Op::kMatches, bool_, {a.id}, builder_.Name(pattern)), bool_,
                lowest);
}

}  // namespace ztp::sema
