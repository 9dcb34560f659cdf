// The expression checker's entry: what is asked of it from outside, how a kind of expression finds
// who checks it, conversions between types, and reports.
#include "engine/sema/check_expr.h"

#include <algorithm>
#include <iterator>

#include "engine/base/limits.h"
#include "engine/base/str.h"
#include "engine/sema/check_expr_scope.h"
#include "engine/sema/fold.h"

namespace ztp::sema {
namespace {

using syntax::ExprKind;

// How deep expressions may be with all definitions expanded: what checking and evaluating may cost
// of a thread's stack.
constexpr int kMaxExpandedDepth = 400;
constexpr size_t kMaxExpansionSteps = 16 * kMaxExpandedNodes;
// What folding one node may cost at most, and what it may cost in any case, however much has been
// folded before.
constexpr size_t kMaxFoldSteps = 400'000;
constexpr size_t kMinFoldSteps = 1'000;

}  // namespace

ExprChecker::ExprChecker(Names& names, ProgramBuilder& builder)
    : names_(names),
      builder_(builder),
      bool_(Scalar(TypeKind::kBool)),
      int_(Scalar(TypeKind::kInt)),
      decimal_(Scalar(TypeKind::kDecimal)),
      string_(Scalar(TypeKind::kString)),
      time_(Scalar(TypeKind::kTime)),
      duration_(Scalar(TypeKind::kDuration)) {}

void ExprChecker::BeginRule() {
  builder_.BeginRule();
  steps_ = 0;
  limit_hit_ = false;
}

Typed ExprChecker::Check(Context& c, ExprRef e, TypeId expected) {
  return Expect(c, e, Demand(c, e, CheckAny(c, e, expected)), expected);
}

ExprId ExprChecker::CheckCondition(Context& c, ExprRef e, bool negated) {
  if (!e.valid()) {
    c.guards_incomplete = true;
    return {};
  }
  allow_all_lint_ = !negated;
  const Typed t = CheckBool(c, e);
  allow_all_lint_ = true;
  if (!t.ok()) {
    c.guards_incomplete = c.guards_incomplete || MayGuard(e);
    return {};
  }
  const bool claimed = c.mode == Context::Mode::kRule && t.rank == Rank::kClaimed;
  if (claimed) ReportClaimed(t);
  LintConstant(c, e, t, negated ? "this 'unless'" : "this condition");
  const ExprId id = negated ? Not(t.id) : t.id;
  const std::vector<Guard>& guards = GuardsIf(id, true);
  c.guards.insert(c.guards.end(), guards.begin(), guards.end());
  return claimed ? ExprId{} : id;
}

ExprId ExprChecker::CheckArgument(Context& c, ExprRef e, TypeId expected) {
  const Typed t = Check(c, e, expected);
  if (!t.ok()) return {};
  if (c.mode == Context::Mode::kRule && t.rank == Rank::kClaimed) {
    ReportClaimed(t);
    return {};
  }
  return t.id;
}

std::optional<Value> ExprChecker::CheckConstant(Context& c, ExprRef e, TypeId expected,
                                                TypeId* type) {
  BeginRule();
  const Typed t = Check(c, e, expected);
  if (!t.ok()) return std::nullopt;
  if (type != nullptr) *type = t.type;
  std::optional<Value> value = ValueOf(t);
  if (!value) {
    Report(Diagnostic(DiagKind::kNotConstant, e->span, "a constant is needed here")
               .Mark("depends on facts that are not known yet"));
  }
  return value;
}

std::optional<Value> ExprChecker::CheckConstantRecord(Context& c, ExprRef literal, TypeId record,
                                                      std::span<const std::string_view> extra_names,
                                                      std::vector<syntax::RecordEntry>* extras) {
  BeginRule();
  if (literal->kind != ExprKind::kRecord) return CheckConstant(c, literal, record);
  const Typed t = RecordOf(c, literal, record, extra_names, extras);
  if (!t.ok()) return std::nullopt;
  std::optional<Value> value = ValueOf(t);
  if (!value) {
    Report(Diagnostic(DiagKind::kNotConstant, literal->span, "a constant is needed here")
               .Mark("depends on facts that are not known yet"));
  }
  return value;
}

std::optional<TypedConst> ExprChecker::EvaluateConstant(ExprRef e, TypeId expected,
                                                        PackageId package) {
  Context c;
  c.mode = Context::Mode::kConst;
  c.package = package;
  TypeId type;
  std::optional<Value> value = CheckConstant(c, e, expected, &type);
  if (!value) return std::nullopt;
  return TypedConst{expected.index != 0 ? expected : type, *std::move(value)};
}

void ExprChecker::AddLocal(Context& c, Symbol name, Span span, Typed value) {
  if (!name.valid()) return;
  for (const Local& local : c.locals) {
    if (local.name != name) continue;
    Report(Diagnostic(DiagKind::kShadowedName, span, Cat(Quoted(Text(name)), " hides another name"))
               .Mark("take another name")
               .Label(local.span, "already introduced here"));
    c.locals.push_back({name, span, std::move(value)});
    return;
  }
  if (const auto decl = names_.Peek(c.package, NameSpace::kNames, name)) {
    Report(Diagnostic(
               DiagKind::kShadowedName, span,
               Cat(Quoted(Text(name)), " hides ", DescribeKind(decl->kind), " of the same name"))
               .Mark("take another name")
               .Label(names_.SpanOf(*decl), "declared here"));
  }
  c.locals.push_back({name, span, std::move(value)});
}

Typed ExprChecker::Principal(const Context& c, Span span) {
  Typed t;
  t.span = span;
  if (c.principal_type.index == 0) return t;
  t.type = c.principal_type;
  t.id = builder_.Make(Op::kPrincipal, t.type, {});
  return t;
}

Typed ExprChecker::Resource(const Context& c, Span span) {
  Typed t;
  t.span = span;
  if (c.resource_type.index == 0) return t;
  t.type = c.resource_type;
  t.id = builder_.Make(Op::kResource, t.type, {});
  return t;
}

Typed ExprChecker::Constant(TypeId type, Value value, Span span) {
  Typed t;
  t.span = span;
  t.type = type;
  t.id = builder_.Const(type, std::move(value));
  return t;
}

std::optional<Value> ExprChecker::ValueOf(const Typed& t) const {
  if (!t.ok() || !builder_.IsConst(t.id)) return std::nullopt;
  return builder_.ConstValue(t.id);
}

// ---------------------------------------------------------------------------------------------------
// Making nodes

ExprId ExprChecker::Make(Span span, Op op, TypeId type, std::span<const ExprId> args,
                         uint32_t payload) {
  // Exact in all three values, with their times: what a constant operand decides or leaves alone.
  switch (op) {
    case Op::kNot:
      if (builder_[args[0]].op == Op::kNot) return builder_.Arg(args[0], 0);
      break;
    case Op::kAnd:
    case Op::kOr: {
      const bool decides = op == Op::kOr;
      std::vector<ExprId> kept;
      for (ExprId arg : args) {
        if (!builder_.IsConst(arg)) {
          kept.push_back(arg);
        } else if (builder_.ConstValue(arg).boolean() == decides) {
          return arg;
        }
      }
      if (kept.empty()) return builder_.Const(bool_, Value::Bool(!decides));
      if (kept.size() == 1) return kept[0];
      return builder_.Make(op, type, kept, payload);
    }
    case Op::kIf:
      if (builder_.IsConst(args[0])) return args[builder_.ConstValue(args[0]).boolean() ? 1 : 2];
      break;
    case Op::kCoalesce:
      if (builder_.IsConst(args[0])) {
        return args[builder_.ConstValue(args[0]).is_none() ? 1 : 0];
      }
      break;
    default:
      break;
  }
  const ExprId id = builder_.Make(op, type, args, payload);
  if (!builder_.IsClosed(id) || builder_.FreeVars(id) != 0) return id;
  const size_t allowed = std::min(std::max(fold_budget_, kMinFoldSteps), kMaxFoldSteps);
  size_t steps = allowed;
  Folded folded = FoldClosed(schema(), builder_, id, {}, &steps);
  fold_budget_ -= std::min(fold_budget_, allowed - steps);
  switch (folded.state) {
    case Folded::State::kNot:
      return id;
    case Folded::State::kValue:
      return builder_.Const(type, std::move(folded.value));
    // A constant without a value: only `??` may meet one, or a guard that folded to false.
    case Folded::State::kMissing:
      return builder_.Const(type, Value());
    case Folded::State::kOverflow:
      Report(Diagnostic(DiagKind::kConstantOverflow, span,
                        Cat("the value does not fit ", TypeName(type)))
                 .Mark("overflows"));
      return {};
  }
  return id;
}

// ---------------------------------------------------------------------------------------------------
// Walking

Typed ExprChecker::CheckAny(Context& c, ExprRef e, TypeId expected) {
  if (!e.valid() || e->kind == ExprKind::kError) return {};
  if (OverLimit(e->span)) return Failed(e);
  ++depth_;
  Typed t = Narrow(c, Dispatch(c, e, expected));
  --depth_;
  return t;
}

Typed ExprChecker::Dispatch(Context& c, ExprRef e, TypeId expected) {
  switch (e->kind) {
    case ExprKind::kError:
      return Failed(e);
    case ExprKind::kBool:
    case ExprKind::kInt:
    case ExprKind::kDecimal:
    case ExprKind::kDuration:
      return CheckLiteral(c, e, expected);
    case ExprKind::kString:
      return CheckString(e, expected);
    case ExprKind::kName:
      return CheckName(c, e, expected);
    case ExprKind::kPrincipal:
    case ExprKind::kAction:
    case ExprKind::kResource:
    case ExprKind::kNow:
      return CheckKeyword(c, e);
    case ExprKind::kField:
      return CheckField(c, e, expected);
    case ExprKind::kCall:
      return CheckCall(c, e, expected);
    case ExprKind::kMethodCall:
      return CheckMethod(c, e, expected);
    case ExprKind::kIndex:
      return CheckIndex(c, e);
    case ExprKind::kEntity:
      return CheckEntity(c, e);
    case ExprKind::kEmpty:
      return CheckEmpty(e, expected);
    case ExprKind::kSet:
      return CheckSet(c, e, expected);
    case ExprKind::kRecord:
      return CheckRecord(c, e, expected);
    case ExprKind::kMap:
      return CheckMap(c, e, expected);
    case ExprKind::kList:
      return CheckList(c, e, expected);
    case ExprKind::kUnary:
      return CheckUnary(c, e, expected);
    case ExprKind::kBinary:
      return CheckBinary(c, e, expected);
    case ExprKind::kAnd:
    case ExprKind::kOr:
      return CheckLogic(c, e);
    case ExprKind::kHas:
      return CheckHas(c, e);
    case ExprKind::kHasInput:
      return CheckHasInput(c, e);
    case ExprKind::kIs:
      return CheckIs(c, e);
    case ExprKind::kIf:
      return CheckIf(c, e, expected);
    case ExprKind::kFold:
      return CheckFold(c, e, expected);
  }
  return Failed(e);
}

Typed ExprChecker::DemandPresent(Context& c, ExprRef e, Typed t) {
  if (!t.ok() || !t.maybe_missing) return t;
  ReportUnguarded(c, e, t);
  return Failed(e);
}

Typed ExprChecker::Demand(Context& c, ExprRef e, Typed t) {
  t = DemandPresent(c, e, std::move(t));
  if (!t.ok() || t.now_sign == 0) return t;
  Report(Diagnostic(DiagKind::kNowNotLinear, e->span,
                    "'now' may be used only in a comparison, under '+' and '-'")
             .Mark("'now' cannot be used like this")
             .Help("compare it with a time: 'now < x.until', 'now - x.at < 10m'"));
  return Failed(e);
}

Typed ExprChecker::Expect(Context&, ExprRef e, Typed t, TypeId expected) {
  if (!t.ok() || expected.index == 0 || Assignable(t.type, expected)) return t;
  ReportMismatch(e->span, expected, t.type);
  return Failed(e);
}

void ExprChecker::ReportMismatch(Span span, TypeId expected, TypeId found) {
  Diagnostic diagnostic(DiagKind::kTypeMismatch, span,
                        Cat("expected ", TypeName(expected), ", found ", TypeName(found)));
  diagnostic.SetMark(Cat("this is ", TypeName(found)));
  diagnostic.SetExpected(TypeName(expected));
  const TypeKind from = kind(found), to = kind(expected);
  if ((to == TypeKind::kSet || to == TypeKind::kList) &&
      Assignable(found, type(expected).element)) {
    const bool set = to == TypeKind::kSet;
    diagnostic.AddHelp(Cat("write ", set ? "{ " : "[", SourceText(span), set ? " }" : "]"));
  } else if (from == TypeKind::kInt && to == TypeKind::kDecimal) {
    diagnostic.AddHelp("Int and Decimal do not mix; only a literal can be either");
  }
  Report(std::move(diagnostic));
}

Typed ExprChecker::Narrow(const Context& c, Typed t) {
  if (!t.ok() || !t.id.valid() || kind(t.type) != TypeKind::kEntity) return t;
  for (const Guard& guard : c.guards) {
    if (!guard.is_type || guard.id != t.id) continue;
    const std::vector<EntityTypeId>& now = type(t.type).entities;
    std::vector<EntityTypeId> both;
    std::set_intersection(now.begin(), now.end(), guard.types.begin(), guard.types.end(),
                          std::back_inserter(both));
    if (!both.empty() && both.size() < now.size()) t.type = types().Entities(std::move(both));
  }
  return t;
}

Typed ExprChecker::CheckBool(Context& c, ExprRef e) { return Check(c, e, bool_); }

Typed ExprChecker::Result(ExprRef e, ExprId id, TypeId type, const Lowest& lowest) {
  if (!id.valid()) return Failed(e);
  Typed t;
  t.id = id;
  t.type = type;
  t.rank = lowest.rank;
  t.span = e->span;
  t.claimed_span = lowest.claimed;
  return t;
}

Typed ExprChecker::Failed(ExprRef e) const {
  Typed t;
  t.span = e->span;
  return t;
}

ExprRef ExprChecker::Child(ExprRef e, size_t i) { return {e.ast, e.ast->Child(*e, i)}; }

void ExprChecker::Lowest::Add(const Typed& t) { Add(t.rank, t.claimed_span); }

void ExprChecker::Lowest::Add(Rank r, Span leaf) {
  if (r == Rank::kClaimed && rank != Rank::kClaimed) claimed = leaf;
  rank = std::min(rank, r);
}

bool ExprChecker::MayGuard(ExprRef root) const {
  std::vector<syntax::ExprId> stack = {root.id};
  while (!stack.empty()) {
    const ExprRef e{root.ast, stack.back()};
    stack.pop_back();
    if (!e.id.valid()) continue;
    switch (e->kind) {
      case ExprKind::kError:
      case ExprKind::kHas:
      case ExprKind::kHasInput:
      case ExprKind::kIs:
        return true;
      case ExprKind::kCall:
        if (Text(e->name) != "trust") return true;
        break;
      case ExprKind::kField: {
        const std::string_view name = Text(e->name);
        if (name == "isEmpty" || name == "size" || name == "keys") return true;
        break;
      }
      default:
        break;
    }
    for (const syntax::RecordEntry& entry : e.ast->Entries(*e)) stack.push_back(entry.value);
    for (syntax::ExprId child : e.ast->Children(*e)) stack.push_back(child);
  }
  return false;
}

int ExprChecker::Flexibility(const Context& c, ExprRef e) {
  if (!e.valid()) return 0;
  switch (e->kind) {
    case ExprKind::kInt:
    case ExprKind::kString:
    case ExprKind::kEmpty:
    case ExprKind::kSet:
    case ExprKind::kRecord:
    case ExprKind::kMap:
    case ExprKind::kList:
      return 2;
    case ExprKind::kName:
      switch (Resolve(c, e).kind) {
        case Resolved::Kind::kNone:
          return 2;
        case Resolved::Kind::kReported:
          return 0;
        default:
          return 1;
      }
    case ExprKind::kUnary:
      return e->unary_op == syntax::UnaryOp::kMinus ? Flexibility(c, Child(e, 0)) : 0;
    case ExprKind::kIf:
      return std::min(Flexibility(c, Child(e, 1)), Flexibility(c, Child(e, 2)));
    case ExprKind::kCall:
      return Text(e->name) == "trust" && e->child_count == 1 ? Flexibility(c, Child(e, 0)) : 0;
    case ExprKind::kBinary:
      switch (e->binary_op) {
        case syntax::BinaryOp::kAdd:
        case syntax::BinaryOp::kSub:
        case syntax::BinaryOp::kMul:
        case syntax::BinaryOp::kJoin:
        case syntax::BinaryOp::kMeet:
          return std::min(Flexibility(c, Child(e, 0)), Flexibility(c, Child(e, 1)));
        default:
          return 0;
      }
    default:
      return 0;
  }
}

// ---------------------------------------------------------------------------------------------------
// Types

bool ExprChecker::Assignable(TypeId from, TypeId to) const {
  if (from == to || from.index == 0 || to.index == 0) return true;
  const Type& f = type(from);
  const Type& t = type(to);
  if (f.kind != t.kind) return false;
  switch (f.kind) {
    case TypeKind::kEntity:
      return std::includes(t.entities.begin(), t.entities.end(), f.entities.begin(),
                           f.entities.end());
    case TypeKind::kSet:
    case TypeKind::kList:
      return Assignable(f.element, t.element);
    case TypeKind::kMap:
      return Assignable(f.key, t.key) && Assignable(f.element, t.element);
    case TypeKind::kRecord:
      return std::equal(f.fields.begin(), f.fields.end(), t.fields.begin(), t.fields.end(),
                        [&](const Field& a, const Field& b) {
                          return a.name == b.name && (b.optional || !a.optional) &&
                                 Assignable(a.type, b.type);
                        });
    default:
      return f.decl == t.decl;
  }
}

bool ExprChecker::Overlap(TypeId a, TypeId b) const {
  if (a == b || a.index == 0 || b.index == 0) return true;
  const Type& x = type(a);
  const Type& y = type(b);
  if (x.kind != y.kind) return false;
  switch (x.kind) {
    case TypeKind::kEntity:
      return std::any_of(x.entities.begin(), x.entities.end(), [&](EntityTypeId id) {
        return std::binary_search(y.entities.begin(), y.entities.end(), id);
      });
    case TypeKind::kSet:
    case TypeKind::kList:
      return Overlap(x.element, y.element);
    case TypeKind::kMap:
      return Overlap(x.key, y.key) && Overlap(x.element, y.element);
    case TypeKind::kRecord:
      return std::equal(x.fields.begin(), x.fields.end(), y.fields.begin(), y.fields.end(),
                        [&](const Field& f, const Field& g) {
                          return f.name == g.name && Overlap(f.type, g.type);
                        });
    default:
      return x.decl == y.decl;
  }
}

TypeId ExprChecker::CommonType(TypeId a, TypeId b) {
  if (Assignable(a, b)) return b.index != 0 ? b : a;
  if (Assignable(b, a)) return a;
  const Type x = type(a), y = type(b);
  if (x.kind != y.kind) return {};
  switch (x.kind) {
    case TypeKind::kEntity: {
      std::vector<EntityTypeId> all;
      std::set_union(x.entities.begin(), x.entities.end(), y.entities.begin(), y.entities.end(),
                     std::back_inserter(all));
      return types().Entities(std::move(all));
    }
    case TypeKind::kSet:
    case TypeKind::kList: {
      const TypeId element = CommonType(x.element, y.element);
      if (element.index == 0) return {};
      return x.kind == TypeKind::kSet ? types().Set(element) : types().List(element);
    }
    default:
      return {};
  }
}

// ---------------------------------------------------------------------------------------------------
// Reports

std::string ExprChecker::SourceText(Span span) const {
  constexpr size_t kMost = 60;
  const std::string_view text = names_.sources().Text(span);
  return text.size() <= kMost ? std::string(text) : "…";
}

void ExprChecker::Report(Diagnostic d) {
  if (!expansion_.empty()) {
    // What is wrong in a definition's body for these arguments alone is the call's mistake.
    const auto& [def, call] = expansion_.front();
    d.AddLabel(d.span, d.mark.empty() ? std::string("here") : d.mark);
    d.SetMark(Cat("in this call of ", Quoted(names_.NameOf({NameKind::kDef, def}))));
    d.span = call;
    d.fix.reset();
  }
  names_.sink().Report(std::move(d));
}

void ExprChecker::Lint(const Context&, Diagnostic d) {
  if (expansion_.empty()) names_.sink().Report(std::move(d));
}

void ExprChecker::LintConstant(const Context& c, ExprRef e, const Typed& t, std::string_view what) {
  if (!t.ok() || !builder_.IsConst(t.id) || kind(t.type) != TypeKind::kBool) return;
  // A declared constant is a switch; that it is constant is its purpose. Of `and` and `or` the part
  // that makes it so has been named.
  switch (e->kind) {
    case ExprKind::kName:
    case ExprKind::kField:
    case ExprKind::kAnd:
    case ExprKind::kOr:
      return;
    default:
      break;
  }
  const bool value = builder_.ConstValue(t.id).boolean();
  Lint(c, Diagnostic(value ? DiagKind::kAlwaysTrue : DiagKind::kAlwaysFalse, e->span,
                     Cat(what, " is always ", value ? "true" : "false"))
              .Mark(Cat("always ", value ? "true" : "false")));
}

void ExprChecker::ReportClaimed(const Typed& t) {
  const Span leaf = t.claimed_span.valid() ? t.claimed_span : t.span;
  const std::string text = SourceText(leaf);
  Diagnostic d(DiagKind::kClaimedWithoutTrust, leaf,
               Cat(Quoted(text), " is only claimed by the requester"));
  d.SetMark("claimed, and the rule rests on it");
  d.AddHelp(Cat("write 'trust(", text, ")' if the rule is to believe the requester here"));
  d.SetFix(leaf, Cat("trust(", text, ")"));
  Report(std::move(d));
}

bool ExprChecker::OverLimit(Span span) {
  if (expansion_.empty()) return false;
  if (limit_hit_) return true;
  const bool nodes = builder_.nodes_of_rule() > kMaxExpandedNodes || ++steps_ > kMaxExpansionSteps;
  if (!nodes && depth_ <= kMaxExpandedDepth) return false;
  limit_hit_ = true;
  Report(Diagnostic(DiagKind::kExpansionTooLarge, span,
                    nodes ? Cat("definitions expand to more than ", kMaxExpandedNodes, " nodes")
                          : Cat("definitions expand to expressions nested more than ",
                                kMaxExpandedDepth, " deep"))
             .Mark("the limit is reached here")
             .Help("call fewer definitions from one another"));
  return true;
}

}  // namespace ztp::sema
