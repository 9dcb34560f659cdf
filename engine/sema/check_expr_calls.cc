// Calls: trust, bound, typed literals, methods, and definitions with their expansion.
#include <algorithm>

#include "engine/base/str.h"
#include "engine/diag/suggest.h"
#include "engine/sema/check_expr.h"
#include "engine/sema/check_expr_scope.h"
#include "engine/sema/literals.h"

namespace ztp::sema {

using syntax::ExprKind;

namespace {

struct Conversion {
  std::string_view name;
  TypeKind kind;
};
constexpr Conversion kConversions[] = {
#define ZTP_SCALAR(name) {#name, TypeKind::k##name},
#include "engine/sema/built_ins.def"
};
constexpr std::string_view kFunctions[] = {
#define ZTP_FUNCTION(name) #name,
#include "engine/sema/built_ins.def"
};
constexpr std::string_view kMethods[] = {
#define ZTP_METHOD(name) #name,
#include "engine/sema/built_ins.def"
};
constexpr std::string_view kProperties[] = {
#define ZTP_PROPERTY(name) #name,
#include "engine/sema/built_ins.def"
};

template <typename Range>
bool IsOneOf(std::string_view name, const Range& range) {
  return std::find(std::begin(range), std::end(range), name) != std::end(range);
}

}  // namespace

bool ExprChecker::ArgumentCount(ExprRef e, size_t first_arg, size_t count, std::string_view name) {
  const size_t given = e->child_count - first_arg;
  if (given == count) return true;
  Report(Diagnostic(DiagKind::kWrongArguments, e->span,
                    Cat(Quoted(name), " takes ", count, count == 1 ? " argument" : " arguments",
                        ", not ", given))
             .Mark(given < count ? "too few arguments" : "too many arguments"));
  return false;
}

Typed ExprChecker::CheckCall(Context& c, ExprRef e, TypeId expected) {
  const std::string_view name = Text(e->name);
  if (name == "trust" || name == "bound") {
    if (!ArgumentCount(e, 0, 1, name)) return Failed(e);
    return name == "trust" ? CheckTrust(c, e, Child(e, 0), expected)
                           : CheckBound(c, e, Child(e, 0));
  }
  for (const Conversion& conversion : kConversions) {
    if (conversion.name == name) return CheckConversion(c, e, conversion.kind);
  }
  const Found found = names_.Find(c.package, NameSpace::kNames, e->name, e->name_span);
  if (found.found()) {
    if (found.ref.kind == NameKind::kDef) return CallDef(c, e, found.ref.index, 0);
    Report(Diagnostic(DiagKind::kWrongKindOfName, e->name_span,
                      Cat(Quoted(name), " is ", DescribeKind(found.ref.kind), ", not a definition"))
               .Mark("cannot be called")
               .Label(names_.SpanOf(found.ref), "declared here"));
    return Failed(e);
  }
  if (found.none()) {
    if (IsOneOf(name, kMethods) && e->child_count > 0) {
      Report(Diagnostic(DiagKind::kUnknownFunction, e->name_span, Cat(Quoted(name), " is a method"))
                 .Mark("not a function")
                 .Help(Cat("write '", SourceText(Child(e, 0)->span), ".", name, "(…)'")));
    } else {
      const std::vector<std::string> built_in(std::begin(kFunctions), std::end(kFunctions));
      names_.ReportUnknown(c.package, NameSpace::kNames, e->name, e->name_span,
                           DiagKind::kUnknownFunction, "definition", built_in);
    }
  }
  return Failed(e);
}

Typed ExprChecker::CheckTrust(Context& c, ExprRef e, ExprRef arg, TypeId expected) {
  Typed t = DemandPresent(c, arg, CheckAny(c, arg, expected));
  if (!t.ok()) return Failed(e);
  t.span = e->span;
  t.rank = std::max(t.rank, Rank::kVouched);
  return t;
}

Typed ExprChecker::CheckConversion(Context& c, ExprRef e, TypeKind scalar) {
  const std::string_view name = Text(e->name);
  if (!ArgumentCount(e, 0, 1, name)) return Failed(e);
  const ExprRef arg = Child(e, 0);
  if (arg->kind == ExprKind::kString) {
    if (scalar == TypeKind::kGlob || scalar == TypeKind::kString) {
      return CheckString(arg, Scalar(scalar));
    }
    const Typed text = CheckString(arg, string_);
    if (!text.ok()) return Failed(e);
    const std::string value = builder_.ConstValue(text.id).text();
    Typed t = ScalarLiteral(arg, scalar, value, arg->span);
    t.span = e->span;
    return t;
  }
  Typed t = Demand(c, arg, CheckAny(c, arg, Scalar(scalar)));
  if (!t.ok()) return Failed(e);
  if (t.type == Scalar(scalar)) {
    t.span = e->span;
    return t;
  }
  Report(Diagnostic(DiagKind::kNotConstant, arg->span,
                    Cat("'", name, "(…)' takes a string literal; values are not converted"))
             .Mark(Cat("this is ", TypeName(t.type)))
             .Expected(std::string(LiteralForm(scalar))));
  return Failed(e);
}

// ---------------------------------------------------------------------------------------------------
// Methods

Typed ExprChecker::CheckMethod(Context& c, ExprRef e, TypeId) {
  const ExprRef base_expr = Child(e, 0);
  const std::string_view name = Text(e->name);
  if (base_expr->kind == ExprKind::kName || base_expr->kind == ExprKind::kField) {
    const Resolved r = Resolve(c, base_expr);
    if (r.kind == Resolved::Kind::kReported) return Failed(e);
    if (r.kind == Resolved::Kind::kNone) {
      const auto package = names_.FindPackage(c.package, PathOf(base_expr).text);
      const Found found = package ? names_.FindIn(*package, NameSpace::kNames, e->name) : Found{};
      if (found.found() && found.ref.kind == NameKind::kDef) {
        return CallDef(c, e, found.ref.index, 1);
      }
      if (!ReportInPackage(c, PathOf(base_expr), e->name, e->name_span)) {
        ReportNoName(c, base_expr, {});
      }
      return Failed(e);
    }
  }
  const Typed base = Check(c, base_expr);
  if (!base.ok()) return Failed(e);
  if (name == "fresh") return CheckFresh(c, e, base);
  if (name == "ancestors") return CheckAncestors(c, e, base);
  if (name == "contains") return CheckContains(c, e, base, Op::kContains);
  if (name == "containsAll") return CheckContains(c, e, base, Op::kContainsAll);
  if (name == "containsAny") return CheckContains(c, e, base, Op::kContainsAny);
  if (e->child_count == 1 && IsOneOf(name, kProperties)) {
    Report(Diagnostic(DiagKind::kUnknownFunction, e->name_span,
                      Cat(Quoted(name), " takes no parentheses"))
               .Mark("not a method")
               .Help(Cat("write '", SourceText(base_expr->span), ".", name, "'"))
               .Fix(e->span, Cat(names_.sources().Text(base_expr->span), ".", name)));
    return Failed(e);
  }
  Diagnostic d(DiagKind::kUnknownFunction, e->name_span, Cat("there is no method ", Quoted(name)));
  d.SetMark("not a method");
  const std::vector<std::string> methods(std::begin(kMethods), std::end(kMethods));
  if (const auto close = ClosestName(name, methods)) {
    d.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
    d.SetFix(e->name_span, *close);
  } else if (kind(base.type) == TypeKind::kString) {
    d.AddHelp("texts are matched with 'like' or 'matches'");
  } else {
    d.SetExpected(Cat("one of ", Join(methods, ", ")));
  }
  Report(std::move(d));
  return Failed(e);
}

Typed ExprChecker::CheckAncestors(Context& c, ExprRef e, const Typed& base) {
  if (!ArgumentCount(e, 1, 1, "ancestors")) return Failed(e);
  const ExprRef arg = Child(e, 1);
  const syntax::Path path = PathOf(arg);
  if (!path.valid()) {
    Report(Diagnostic(DiagKind::kWrongArguments, arg->span,
                      "'ancestors' takes an entity type: 'm.ancestors(Dataset)'")
               .Mark("not an entity type"));
    return Failed(e);
  }
  const auto wanted = names_.ResolveEntity(path, c.package);
  if (!wanted) return Failed(e);
  const Type of = type(base.type);
  if (of.kind != TypeKind::kEntity) {
    Report(Diagnostic(DiagKind::kBadOperand, base.span,
                      Cat("only an entity has ancestors, not ", TypeName(base.type)))
               .Mark(Cat("this is ", TypeName(base.type))));
    return Failed(e);
  }
  if (std::none_of(of.entities.begin(), of.entities.end(),
                   [&](EntityTypeId id) { return names_.CanDeriveFrom(id, *wanted); })) {
    Report(Diagnostic(DiagKind::kNoOverlap, e->span,
                      Cat(TypeName(base.type), " never derives from ", schema()[*wanted].name))
               .Mark("always empty")
               .Help(Cat("declare 'entity ", TypeName(base.type), " derives ",
                         schema()[*wanted].name, "' if it can")));
    return Failed(e);
  }
  Lowest lowest;
  lowest.Add(base);
  lowest.Add(Rank::kVouched, e->span);
  const TypeId result = types().Set(types().Entity(*wanted));
  return Result(e, builder_.Make(Op::kAncestors, result, {base.id}, wanted->index), result, lowest);
}

Typed ExprChecker::CheckContains(Context& c, ExprRef e, const Typed& base, Op op) {
  if (!ArgumentCount(e, 1, 1, Text(e->name))) return Failed(e);
  const Type of = type(base.type);
  const ExprRef arg = Child(e, 1);
  if (of.kind != TypeKind::kSet && of.kind != TypeKind::kList) {
    Diagnostic d(DiagKind::kBadOperand, base.span,
                 Cat(Quoted(Text(e->name)), " asks a set or a list, not ", TypeName(base.type)));
    d.SetMark(Cat("this is ", TypeName(base.type)));
    switch (of.kind) {
      case TypeKind::kMap:
        d.AddHelp(Cat("write '", SourceText(base.span), ".keys.", Text(e->name), "(…)'"));
        break;
      case TypeKind::kLattice:
        d.AddHelp(Cat("write '… in ", SourceText(base.span), "'"));
        break;
      case TypeKind::kString:
        d.AddHelp("texts are matched with 'like' or 'matches'");
        break;
      default:
        break;
    }
    Report(std::move(d));
    return Failed(e);
  }
  Lowest lowest;
  lowest.Add(base);
  TypeId wanted = of.element;
  if (op != Op::kContains) {
    wanted = arg->kind == ExprKind::kList ? types().List(of.element) : types().Set(of.element);
  }
  const Typed t = Demand(c, arg, CheckAny(c, arg, wanted));
  if (!t.ok()) return Failed(e);
  TypeId element = t.type;
  if (op != Op::kContains) {
    const Type given = type(t.type);
    if (given.kind != TypeKind::kSet && given.kind != TypeKind::kList) {
      Diagnostic d(DiagKind::kTypeMismatch, arg->span,
                   Cat(Quoted(Text(e->name)), " takes a set or a list, not ", TypeName(t.type)));
      d.SetMark(Cat("this is ", TypeName(t.type)));
      if (Overlap(t.type, of.element)) {
        d.AddHelp(Cat("one element: '", SourceText(base.span), ".contains(", SourceText(arg->span),
                      ")'"));
      }
      Report(std::move(d));
      return Failed(e);
    }
    element = given.element;
  }
  if (!Overlap(element, of.element)) {
    Report(Diagnostic(DiagKind::kNoOverlap, arg->span,
                      Cat(TypeName(base.type), " never contains ", TypeName(element)))
               .Mark(Cat("this is ", TypeName(t.type)))
               .Label(base.span, Cat("this is ", TypeName(base.type))));
    return Failed(e);
  }
  lowest.Add(t);
  return Result(e, Make(e->span, op, bool_, {base.id, t.id}), bool_, lowest);
}

// ---------------------------------------------------------------------------------------------------
// Definitions

Typed ExprChecker::CallDef(Context& c, ExprRef e, uint32_t def, size_t first_arg) {
  const DeclRef ref{NameKind::kDef, def};
  const std::string name = names_.NameOf(ref);
  // Constants are worked out before definitions, which may read them.
  if (c.mode == Context::Mode::kConst) {
    Report(Diagnostic(DiagKind::kNotConstant, e->span,
                      Cat("a constant cannot call definition ", Quoted(name)))
               .Mark("not a constant")
               .Label(names_.SpanOf(ref), "declared here"));
    return Failed(e);
  }
  const DefInfo& info = names_.Def(def);
  if (!ArgumentCount(e, first_arg, info.params.size(), name)) return Failed(e);
  std::vector<Typed> args;
  bool ok = true;
  for (size_t i = 0; i < info.params.size(); ++i) {
    const DefParam& param = info.params[i];
    const ExprRef arg = Child(e, first_arg + i);
    Typed t = Expect(c, arg, DemandPresent(c, arg, CheckAny(c, arg, param.type)), param.type);
    if (t.ok() && param.proven && t.rank != Rank::kProven) {
      Diagnostic d(DiagKind::kNotProvenValue, arg->span,
                   Cat(Quoted(name), " demands a proven ", Quoted(Text(param.name))));
      d.SetMark(t.rank == Rank::kClaimed ? "only claimed" : "vouched for, not proven");
      d.AddLabel(param.span, "declared 'proven' here");
      d.AddHelp("proven are inputs and attributes declared so, read through proven values");
      Report(std::move(d));
      ok = false;
    }
    ok = ok && t.ok() && param.type.index != 0;
    args.push_back(std::move(t));
  }
  if (!ok || defs_.size() <= def || defs_[def].broken) return Failed(e);
  return ExpandDef(c, e, def, std::move(args));
}

Typed ExprChecker::ExpandDef(Context& c, ExprRef e, uint32_t def, std::vector<Typed> args) {
  const DefInfo& info = names_.Def(def);
  Memo key;
  key.def = def;
  key.fold_depth = c.fold_depth;
  // Where `now` is a constant its value is another one in each test.
  bool memoised = c.mode == Context::Mode::kRule || c.mode == Context::Mode::kDef;
  Span claimed;
  for (const Typed& t : args) {
    memoised = memoised && t.now_sign == 0;
    key.args.emplace_back(t.id, t.rank);
    if (t.rank == Rank::kClaimed && !claimed.valid()) claimed = t.claimed_span;
  }
  Typed result;
  const auto it = memoised ? memo_.find(key) : memo_.end();
  if (it != memo_.end()) {
    result = it->second;
  } else {
    Context body;
    body.mode = c.mode == Context::Mode::kRule ? Context::Mode::kDef : c.mode;
    body.package = info.site.package;
    body.now = c.now;
    body.fold_depth = c.fold_depth;
    for (size_t i = 0; i < args.size(); ++i) {
      args[i].type = info.params[i].type;
      body.locals.push_back({info.params[i].name, info.params[i].span, args[i]});
    }
    expansion_.emplace_back(def, e->span);
    result = DemandPresent(body, info.body, CheckAny(body, info.body, {}));
    expansion_.pop_back();
    if (memoised && !limit_hit_) memo_.emplace(std::move(key), result);
  }
  result.span = e->span;
  if (result.rank == Rank::kClaimed && claimed.valid()) result.claimed_span = claimed;
  return result;
}

void ExprChecker::CollectCalls(uint32_t def, std::vector<std::pair<uint32_t, Span>>* calls) {
  const DefInfo& info = names_.Def(def);
  if (!info.body.valid()) return;
  const syntax::Ast& ast = *info.body.ast;
  std::vector<syntax::ExprId> stack = {info.body.id};
  while (!stack.empty()) {
    const syntax::ExprId id = stack.back();
    stack.pop_back();
    if (!id.valid()) continue;
    const ExprRef e{&ast, id};
    if (e->kind == ExprKind::kCall) {
      const auto ref = names_.Peek(info.site.package, NameSpace::kNames, e->name);
      if (ref && ref->kind == NameKind::kDef) calls->emplace_back(ref->index, e->span);
    } else if (e->kind == ExprKind::kMethodCall) {
      const syntax::Path path = PathOf(Child(e, 0));
      if (path.valid()) {
        if (const auto package = names_.FindPackage(info.site.package, path.text)) {
          const auto ref = names_.Peek(*package, NameSpace::kNames, e->name);
          if (ref && ref->kind == NameKind::kDef) calls->emplace_back(ref->index, e->span);
        }
      }
    }
    for (const syntax::RecordEntry& entry : ast.Entries(*e)) stack.push_back(entry.value);
    for (syntax::ExprId child : ast.Children(*e)) stack.push_back(child);
  }
}

void ExprChecker::CheckDefs() {
  const uint32_t count = static_cast<uint32_t>(names_.def_count());
  defs_.assign(count, {});
  std::vector<std::vector<std::pair<uint32_t, Span>>> calls(count);
  for (uint32_t i = 0; i < count; ++i) {
    CollectCalls(i, &calls[i]);
    std::sort(calls[i].begin(), calls[i].end());
  }
  // Callees first; what closes a circle is reported with the whole circle.
  enum class Progress : uint8_t { kNew, kRunning, kDone };
  std::vector<Progress> progress(count, Progress::kNew);
  struct Frame {
    uint32_t def;
    size_t next = 0;
    Span call;
  };
  for (uint32_t start = 0; start < count; ++start) {
    if (progress[start] != Progress::kNew) continue;
    std::vector<Frame> stack = {{start}};
    progress[start] = Progress::kRunning;
    while (!stack.empty()) {
      Frame& frame = stack.back();
      if (frame.next == calls[frame.def].size()) {
        const uint32_t def = frame.def;
        stack.pop_back();
        progress[def] = Progress::kDone;
        CheckDefAlone(def);
        continue;
      }
      const auto [callee, span] = calls[frame.def][frame.next++];
      if (progress[callee] == Progress::kNew) {
        progress[callee] = Progress::kRunning;
        stack.push_back({callee, 0, span});
      } else if (progress[callee] == Progress::kRunning) {
        size_t first = stack.size();
        while (stack[--first].def != callee) {
        }
        const auto name = [&](uint32_t d) { return names_.NameOf({NameKind::kDef, d}); };
        std::string circle;
        for (size_t i = first; i < stack.size(); ++i) {
          Append(circle, name(stack[i].def), " -> ");
          defs_[stack[i].def].broken = true;
        }
        Diagnostic d(
            DiagKind::kRecursiveDefinition, span,
            Cat("definition ", Quoted(name(callee)), " uses itself: ", circle, name(callee)));
        d.SetMark("closes the circle");
        for (size_t i = first + 1; i < stack.size(); ++i) {
          d.AddLabel(stack[i].call,
                     Cat(name(stack[i - 1].def), " calls ", name(stack[i].def), " here"));
        }
        Report(std::move(d));
      }
    }
  }
}

void ExprChecker::CheckDefAlone(uint32_t def) {
  const DefInfo& info = names_.Def(def);
  if (!info.body.valid() || names_.IsBroken({NameKind::kDef, def})) {
    defs_[def].broken = true;
    return;
  }
  BeginRule();
  const size_t errors = names_.sink().error_count();
  Context c;
  c.mode = Context::Mode::kDef;
  c.package = info.site.package;
  for (size_t i = 0; i < info.params.size(); ++i) {
    const DefParam& param = info.params[i];
    Typed t;
    t.span = param.span;
    if (param.type.index != 0) {
      t.type = param.type;
      t.rank = param.proven ? Rank::kProven : Rank::kVouched;
      t.id = builder_.Make(Op::kVar, param.type, {},
                           ProgramBuilder::kFirstPlaceholder + static_cast<uint32_t>(i));
    } else {
      defs_[def].broken = true;
    }
    AddLocal(c, param.name, param.span, std::move(t));
  }
  const Typed body = DemandPresent(c, info.body, CheckAny(c, info.body, {}));
  if (!body.ok() || names_.sink().error_count() != errors) defs_[def].broken = true;
}

}  // namespace ztp::sema
