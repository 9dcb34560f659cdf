// Names, keywords and literals as expressions.
#include <algorithm>

#include "engine/base/str.h"
#include "engine/diag/suggest.h"
#include "engine/sema/check_expr.h"
#include "engine/sema/literals.h"
#include "engine/syntax/parser.h"

namespace ztp::sema {

using syntax::ExprKind;

ExprChecker::Resolved ExprChecker::Resolve(const Context& c, ExprRef e) {
  Resolved r;
  if (e->kind == ExprKind::kName) {
    for (auto local = c.locals.rbegin(); local != c.locals.rend(); ++local) {
      if (local->name != e->name) continue;
      r.kind = Resolved::Kind::kLocal;
      r.local = &*local;
      return r;
    }
    const Found found = names_.Find(c.package, NameSpace::kNames, e->name, e->span);
    if (found.found()) {
      r.kind = Resolved::Kind::kDecl;
      r.decl = found.ref;
    } else if (!found.none()) {
      r.kind = Resolved::Kind::kReported;
    }
    return r;
  }
  if (e->kind != ExprKind::kField) {
    r.kind = Resolved::Kind::kMember;
    return r;
  }
  const ExprRef base = Child(e, 0);
  switch (Resolve(c, base).kind) {
    case Resolved::Kind::kNone:
      break;
    case Resolved::Kind::kReported:
      r.kind = Resolved::Kind::kReported;
      return r;
    default:
      r.kind = Resolved::Kind::kMember;
      return r;
  }
  const syntax::Path path = PathOf(base);
  if (!path.valid()) return r;
  if (const auto package = names_.FindPackage(c.package, path.text)) {
    const Found found = names_.FindIn(*package, NameSpace::kNames, e->name);
    if (found.found()) {
      r.kind = Resolved::Kind::kDecl;
      r.decl = found.ref;
    }
  }
  return r;
}

syntax::Path ExprChecker::PathOf(ExprRef e) const {
  syntax::Path path;
  if (e->kind == ExprKind::kName) {
    path.text = path.last = e->name;
    path.span = path.last_span = e->span;
    return path;
  }
  if (e->kind != ExprKind::kField) return path;
  const syntax::Path base = PathOf(Child(e, 0));
  if (!base.valid()) return path;
  path.qualifier = base.text;
  path.last = e->name;
  path.text = names_.interner().Intern(Cat(Text(base.text), ".", Text(e->name)));
  path.span = e->span;
  path.last_span = e->name_span;
  return path;
}

Typed ExprChecker::CheckName(Context& c, ExprRef e, TypeId expected) {
  const Resolved r = Resolve(c, e);
  const auto element = FindElement(expected, Text(e->name));
  switch (r.kind) {
    case Resolved::Kind::kReported:
      return Failed(e);
    case Resolved::Kind::kLocal:
    case Resolved::Kind::kDecl: {
      const bool value = r.kind == Resolved::Kind::kLocal || r.decl.kind == NameKind::kConst ||
                         r.decl.kind == NameKind::kInput;
      if (element && !value) break;
      if (element) {
        const std::string of = TypeName(expected);
        const std::string_view name = Text(e->name);
        Report(
            Diagnostic(DiagKind::kAmbiguousName, e->span, Cat(Quoted(name), " could be two things"))
                .Mark(Cat("a value of ", of, ", or a name in scope?"))
                .Label(r.kind == Resolved::Kind::kLocal ? r.local->span : names_.SpanOf(r.decl),
                       Cat(Quoted(name), " is introduced here"))
                .Help(Cat("write '", of, ".", name, "' for the value, or rename the other")));
        return Failed(e);
      }
      if (r.kind == Resolved::Kind::kDecl) return ReadDecl(c, e, r.decl);
      Typed t = r.local->value;
      t.span = e->span;
      if (t.rank == Rank::kClaimed && !t.claimed_span.valid()) t.claimed_span = e->span;
      return t;
    }
    default:
      break;
  }
  if (!element) {
    ReportNoName(c, e, expected);
    return Failed(e);
  }
  return Constant(element->first, element->second, e->span);
}

Typed ExprChecker::ReadDecl(Context& c, ExprRef e, DeclRef decl) {
  switch (decl.kind) {
    case NameKind::kConst: {
      const ConstInfo& info = names_.Const(decl.index);
      if (info.type.index == 0 || info.value.is_none()) return Failed(e);
      return Constant(info.type, info.value, e->span);
    }
    case NameKind::kInput:
      return ReadInput(c, e, InputId{decl.index});
    case NameKind::kDef:
      Report(Diagnostic(DiagKind::kWrongKindOfName, e->span,
                        Cat(Quoted(names_.NameOf(decl)), " is a definition, not a value"))
                 .Mark("must be called")
                 .Label(names_.SpanOf(decl), "declared here")
                 .Help(Cat("write '", SourceText(e->span), "(…)'")));
      return Failed(e);
    default: {
      Diagnostic d(
          DiagKind::kWrongKindOfName, e->span,
          Cat(Quoted(names_.NameOf(decl)), " is ", DescribeKind(decl.kind), ", not a value"));
      d.SetMark("a value is needed here");
      d.AddLabel(names_.SpanOf(decl), "declared here");
      if (decl.kind == NameKind::kEntity) {
        d.AddHelp(Cat("an entity is written ", SourceText(e->span), "::\"id\""));
      }
      Report(std::move(d));
      return Failed(e);
    }
  }
}

Typed ExprChecker::ReadInput(Context& c, ExprRef e, InputId id) {
  if (c.mode == Context::Mode::kConst || c.mode == Context::Mode::kFixture) {
    Report(Diagnostic(DiagKind::kNotConstant, e->span,
                      Cat("input ", Quoted(schema()[id].name), " has no value here"))
               .Mark("comes with a request"));
    return Failed(e);
  }
  const Input& input = schema()[id];
  if (input.type.index == 0) return Failed(e);
  Lowest lowest;
  lowest.Add(input.rank, e->span);
  Typed t = Result(e, builder_.Make(Op::kInput, input.type, {}, id.index), input.type, lowest);
  if (input.optional) {
    const ExprId has = builder_.Make(Op::kHasInput, bool_, {}, id.index);
    const ExprId bound = builder_.Make(Op::kBoundInput, bool_, {}, id.index);
    t.optional_read = true;
    t.maybe_missing = !IsGuarded(c, has, true) && !IsGuarded(c, bound, true);
  }
  return t;
}

Typed ExprChecker::CheckKeyword(Context& c, ExprRef e) {
  if (e->kind == ExprKind::kNow) {
    if (c.mode == Context::Mode::kFixture) return Constant(time_, Value::OfTime(c.now), e->span);
    if (c.mode == Context::Mode::kConst) {
      Report(Diagnostic(DiagKind::kNotConstant, e->span, "a constant cannot depend on 'now'")
                 .Mark("changes with time"));
      return Failed(e);
    }
    Typed t;
    t.span = e->span;
    t.type = time_;
    t.now_sign = 1;
    return t;
  }
  if (e->kind == ExprKind::kAction) {
    Report(Diagnostic(DiagKind::kWrongKindOfName, e->span, "'action' alone is no value")
               .Mark("a value is needed here")
               .Help("a rule's 'action' line says which actions it covers; 'action.x' reads a "
                     "parameter"));
    return Failed(e);
  }
  const bool principal = e->kind == ExprKind::kPrincipal;
  const std::string_view word = principal ? "principal" : "resource";
  switch (c.mode) {
    case Context::Mode::kRule:
      return principal ? Principal(c, e->span) : Resource(c, e->span);
    case Context::Mode::kDef:
      Report(Diagnostic(DiagKind::kNotConstant, e->span,
                        Cat("a definition does not see the request's ", word))
                 .Mark("not known here")
                 .Help("make it a parameter and pass it in the call"));
      return Failed(e);
    default:
      Report(Diagnostic(DiagKind::kNotConstant, e->span, Cat("there is no ", word, " here"))
                 .Mark("belongs to a request"));
      return Failed(e);
  }
}

// ---------------------------------------------------------------------------------------------------
// Elements of enums and lattices

std::optional<std::pair<TypeId, Value>> ExprChecker::FindElement(TypeId id,
                                                                 std::string_view name) const {
  const Type& t = type(id);
  EnumId elements;
  bool chain = false;
  if (t.kind == TypeKind::kEnum) {
    elements = EnumId{t.decl};
  } else if (t.kind == TypeKind::kLattice &&
             schema()[LatticeId{t.decl}].kind == LatticeType::Kind::kChain) {
    elements = schema()[LatticeId{t.decl}].elements;
    chain = true;
  }
  if (elements.index == UINT32_MAX) return std::nullopt;
  const std::vector<std::string>& values = schema()[elements].values;
  const auto it = std::find(values.begin(), values.end(), name);
  if (it == values.end()) return std::nullopt;
  const uint32_t ordinal = static_cast<uint32_t>(it - values.begin());
  if (!chain) return std::pair(id, Value::Enum(ordinal));
  return std::pair(id, Value::OfLabel(schema().ChainLabel(LatticeId{t.decl}, ordinal)));
}

std::optional<std::pair<TypeId, Value>> ExprChecker::FindMember(DeclRef decl,
                                                                std::string_view name) {
  if (decl.kind == NameKind::kEnum) return FindElement(types().Enum(EnumId{decl.index}), name);
  const LatticeId id{decl.index};
  const TypeId lattice = types().Lattice(id);
  if (name == "top") return std::pair(lattice, Value::OfLabel(schema().Top(id)));
  if (name == "bottom") return std::pair(lattice, Value::OfLabel(schema().Bottom(id)));
  const LatticeType& declared = schema()[id];
  if (declared.kind == LatticeType::Kind::kProduct) return std::nullopt;
  if (declared.kind == LatticeType::Kind::kChain) return FindElement(lattice, name);
  return FindElement(types().Enum(declared.elements), name);
}

std::vector<std::string> ExprChecker::ElementNames(TypeId id) const {
  const Type& t = type(id);
  if (t.kind == TypeKind::kEnum) return schema()[EnumId{t.decl}].values;
  if (t.kind == TypeKind::kLattice) {
    const LatticeType& lattice = schema()[LatticeId{t.decl}];
    if (lattice.kind != LatticeType::Kind::kProduct) return schema()[lattice.elements].values;
  }
  return {};
}

Typed ExprChecker::CheckMemberOfType(Context&, ExprRef e, DeclRef decl) {
  if (decl.kind != NameKind::kEnum && decl.kind != NameKind::kLattice) {
    Report(Diagnostic(
               DiagKind::kWrongKindOfName, Child(e, 0)->span,
               Cat(Quoted(names_.NameOf(decl)), " is ", DescribeKind(decl.kind), ", not a value"))
               .Mark("has no members")
               .Label(names_.SpanOf(decl), "declared here"));
    return Failed(e);
  }
  if (names_.IsBroken(decl)) {
    if (auto found = FindMember(decl, Text(e->name))) {
      return Constant(found->first, std::move(found->second), e->span);
    }
    return Failed(e);
  }
  if (auto found = FindMember(decl, Text(e->name))) {
    return Constant(found->first, std::move(found->second), e->span);
  }
  const TypeId declared = decl.kind == NameKind::kEnum ? types().Enum(EnumId{decl.index})
                                                       : types().Lattice(LatticeId{decl.index});
  ReportNoElement(declared, e->name, e->name_span);
  return Failed(e);
}

void ExprChecker::ReportNoElement(TypeId id, Symbol name, Span span) {
  const bool is_enum = kind(id) == TypeKind::kEnum;
  Diagnostic d(DiagKind::kUnknownEnumValue, span,
               Cat(TypeName(id), " has no ", is_enum ? "value " : "element ", Quoted(Text(name))));
  d.SetMark(Cat("not one of ", TypeName(id)));
  const std::vector<std::string> elements = ElementNames(id);
  if (const auto close = ClosestName(Text(name), elements)) {
    d.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
    d.SetFix(span, *close);
  } else if (!elements.empty() && elements.size() <= 12) {
    d.SetExpected(Cat("one of ", Join(elements, ", ")));
  }
  Report(std::move(d));
}

bool ExprChecker::ReportInPackage(Context& c, const syntax::Path& qualifier, Symbol last,
                                  Span last_span) {
  if (!qualifier.valid()) return false;
  const std::string_view package = Text(qualifier.text);
  if (const auto id = names_.FindPackage(c.package, qualifier.text)) {
    Diagnostic d(DiagKind::kUnknownName, last_span,
                 Cat("package ", Quoted(package), " declares no ", Quoted(Text(last))));
    d.SetMark("not declared");
    const auto visible = names_.VisibleNames(*id, NameSpace::kNames);
    if (const auto close = ClosestName(Text(last), visible)) {
      d.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
      d.SetFix(last_span, *close);
    }
    Report(std::move(d));
    return true;
  }
  const bool known =
      package.substr(0, 4) == "std." ||
      std::any_of(names_.packages().begin(), names_.packages().end(),
                  [&](const Names::Package& p) { return p.symbol == qualifier.text; });
  if (!known) return false;
  syntax::Path path;
  path.text = names_.interner().Intern(Cat(package, ".", Text(last)));
  path.qualifier = qualifier.text;
  path.last = last;
  path.span = Cover(qualifier.span, last_span);
  path.last_span = last_span;
  (void)names_.Find(c.package, NameSpace::kNames, path);
  return true;
}

void ExprChecker::ReportNoName(Context& c, ExprRef e, TypeId expected) {
  // A package that is known, or not imported, says more than its first word does.
  while (e->kind == ExprKind::kField) {
    const ExprRef base = Child(e, 0);
    if (ReportInPackage(c, PathOf(base), e->name, e->name_span)) return;
    e = base;
  }
  if (e->kind != ExprKind::kName) return;
  const std::vector<std::string> elements = ElementNames(expected);
  const std::string_view name = Text(e->name);
  if (!elements.empty()) {
    if (std::find(elements.begin(), elements.end(), name) != elements.end()) {
      // An element of a power set where the label itself is needed.
      Report(Diagnostic(DiagKind::kTypeMismatch, e->span,
                        Cat("expected a label of ", TypeName(expected), ", found one element"))
                 .Mark("an element")
                 .Expected(TypeName(expected))
                 .Help(Cat("write '{ ", name, " }'"))
                 .Fix(e->span, Cat("{ ", name, " }")));
      return;
    }
    const std::vector<std::string> locals = LocalNames(c);
    if (!ClosestName(name, locals)) {
      ReportNoElement(expected, e->name, e->span);
      return;
    }
  }
  names_.ReportUnknown(c.package, NameSpace::kNames, e->name, e->span, DiagKind::kUnknownName,
                       "name", LocalNames(c));
}

std::vector<std::string> ExprChecker::LocalNames(const Context& c) const {
  std::vector<std::string> names;
  for (const Local& local : c.locals) names.emplace_back(Text(local.name));
  return names;
}

// ---------------------------------------------------------------------------------------------------
// Literals

Typed ExprChecker::CheckLiteral(Context&, ExprRef e, TypeId expected) {
  switch (e->kind) {
    case ExprKind::kBool:
      return Constant(bool_, Value::Bool(e->flag), e->span);
    case ExprKind::kInt:
      return ScalarLiteral(
          e, kind(expected) == TypeKind::kDecimal ? TypeKind::kDecimal : TypeKind::kInt,
          Text(e->name), e->span);
    case ExprKind::kDecimal:
      return ScalarLiteral(e, TypeKind::kDecimal, Text(e->name), e->span);
    default:
      return ScalarLiteral(e, TypeKind::kDuration, Text(e->name), e->span);
  }
}

Typed ExprChecker::ScalarLiteral(ExprRef e, TypeKind scalar, std::string_view text, Span span) {
  LiteralResult result = ParseLiteral(scalar, text);
  if (result.value) return Constant(Scalar(scalar), std::move(*result.value), e->span);
  Diagnostic d(scalar == TypeKind::kGlob ? DiagKind::kBadPattern : DiagKind::kBadLiteral, span,
               Cat("not a valid ", TypeName(Scalar(scalar)), ": ", result.error));
  d.SetMark(Cat("not ", WithArticle(TypeName(Scalar(scalar)))));
  d.SetExpected(std::string(LiteralForm(scalar)));
  Report(std::move(d));
  return Failed(e);
}

Typed ExprChecker::CheckString(ExprRef e, TypeId expected) {
  const syntax::StringLiteral& string = e.ast->String(*e);
  const TypeKind wanted = kind(expected);
  if (wanted == TypeKind::kGlob) return ScalarLiteral(e, wanted, string.pattern, e->span);
  if (string.bad_escape) {
    syntax::ReportBadEscape(names_.sources(), *e.ast, e.id, names_.sink());
    return Failed(e);
  }
  switch (wanted) {
    case TypeKind::kTime:
    case TypeKind::kVersion:
    case TypeKind::kHexVersion:
    case TypeKind::kIp:
    case TypeKind::kCidr:
    case TypeKind::kDigest:
    case TypeKind::kSpiffeId:
      return ScalarLiteral(e, wanted, string.value, e->span);
    case TypeKind::kInt:
    case TypeKind::kDecimal:
    case TypeKind::kDuration:
    case TypeKind::kBool:
    case TypeKind::kEnum:
    case TypeKind::kLattice: {
      Diagnostic d(DiagKind::kTypeMismatch, e->span,
                   Cat("expected ", TypeName(expected), ", found a string"));
      d.SetMark("this is String");
      d.SetExpected(TypeName(expected));
      const std::vector<std::string> elements = ElementNames(expected);
      const bool element =
          std::find(elements.begin(), elements.end(), string.value) != elements.end();
      const bool number = (wanted == TypeKind::kInt || wanted == TypeKind::kDecimal ||
                           wanted == TypeKind::kDuration) &&
                          ParseLiteral(wanted, string.value).value;
      if (element || number) {
        d.AddHelp("write it without quotes");
        d.SetFix(e->span, string.value);
      }
      Report(std::move(d));
      return Failed(e);
    }
    case TypeKind::kEntity: {
      const std::string of = TypeName(expected);
      Report(Diagnostic(DiagKind::kTypeMismatch, e->span, Cat("expected ", of, ", found a string"))
                 .Mark("this is String")
                 .Expected(of)
                 .Help(Cat("an entity is written ",
                           type(expected).entities.size() == 1 ? of : std::string("Type"),
                           "::", SourceText(e->span))));
      return Failed(e);
    }
    default:
      return Constant(string_, Value::String(string.value), e->span);
  }
}

Typed ExprChecker::CheckEntity(Context& c, ExprRef e) {
  const auto entity = names_.ResolveEntity(e.ast->PathOf(*e), c.package);
  if (!entity) return Failed(e);
  return Constant(types().Entity(*entity), Value::Entity(*entity, e.ast->String(*e).value),
                  e->span);
}

}  // namespace ztp::sema
