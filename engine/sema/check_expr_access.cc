// Reading: attributes, fields, parts, parameters, evidence times, maps; what may be missing and the
// tests for it: has, is, bound, ??.
#include <algorithm>

#include "engine/base/str.h"
#include "engine/diag/suggest.h"
#include "engine/sema/check_expr.h"

namespace ztp::sema {

using syntax::ExprKind;

Typed ExprChecker::CheckField(Context& c, ExprRef e, TypeId) {
  const ExprRef base = Child(e, 0);
  if (base->kind == ExprKind::kAction) return ReadParam(c, e);
  if (base->kind == ExprKind::kName || base->kind == ExprKind::kField) {
    const Resolved r = Resolve(c, base);
    if (r.kind == Resolved::Kind::kReported) return Failed(e);
    if (r.kind == Resolved::Kind::kDecl) {
      if (r.decl.kind == NameKind::kDef) return ReadDecl(c, base, r.decl);
      if (r.decl.kind != NameKind::kConst && r.decl.kind != NameKind::kInput) {
        return CheckMemberOfType(c, e, r.decl);
      }
    }
    if (r.kind == Resolved::Kind::kNone) {
      const Resolved whole = Resolve(c, e);
      if (whole.kind == Resolved::Kind::kDecl) return ReadDecl(c, e, whole.decl);
      if (whole.kind != Resolved::Kind::kReported) ReportNoName(c, e, {});
      return Failed(e);
    }
  }
  const Typed t = Check(c, base);
  return t.ok() ? ReadMember(c, e, t) : Failed(e);
}

Typed ExprChecker::ReadMember(Context& c, ExprRef e, const Typed& base) {
  const std::string_view name = Text(e->name);
  const Type of = type(base.type);
  Lowest lowest;
  lowest.Add(base);
  const auto made = [&](Op op, TypeId result, uint32_t payload = 0) {
    return Result(e, Make(e->span, op, result, {base.id}, payload), result, lowest);
  };
  const bool evidence_time = name == "issued_at" || name == "expires_at";
  const Op evidence_op = name == "issued_at" ? Op::kIssuedAt : Op::kExpiresAt;
  std::vector<std::string> members;
  switch (of.kind) {
    case TypeKind::kEntity:
      if (evidence_time && EvidenceRoot(base.id).valid() &&
          std::none_of(of.entities.begin(), of.entities.end(), [&](EntityTypeId id) {
            return schema()[id].FindAttribute(name).has_value();
          })) {
        return EvidenceTime(c, e, base, evidence_op);
      }
      return ReadAttribute(c, e, base);
    case TypeKind::kRecord: {
      for (uint32_t i = 0; i < of.fields.size(); ++i) {
        const Field& field = of.fields[i];
        if (field.name != name) {
          members.push_back(field.name);
          continue;
        }
        if (field.type.index == 0) return Failed(e);
        Typed t = made(Op::kField, field.type, i);
        t.optional_read = field.optional;
        t.maybe_missing = field.optional &&
                          !IsGuarded(c, Make(e->span, Op::kHasField, bool_, {base.id}, i), true);
        return t;
      }
      break;
    }
    case TypeKind::kLattice: {
      const LatticeType& lattice = schema()[LatticeId{of.decl}];
      for (uint32_t i = 0; i < lattice.parts.size(); ++i) {
        if (lattice.parts[i].name == name) {
          return made(Op::kPart, types().Lattice(lattice.parts[i].lattice), i);
        }
        members.push_back(lattice.parts[i].name);
      }
      break;
    }
    case TypeKind::kSet:
    case TypeKind::kList:
    case TypeKind::kMap: {
      if (name == "size") return made(Op::kSize, int_);
      if (name == "isEmpty") return made(Op::kIsEmpty, bool_);
      members = {"size", "isEmpty"};
      if (of.kind == TypeKind::kList) {
        if (name == "first" || name == "last") {
          Typed t = made(name == "first" ? Op::kFirst : Op::kLast, of.element);
          t.optional_read = true;
          t.maybe_missing = !IsGuarded(c, Make(e->span, Op::kIsEmpty, bool_, {base.id}), false);
          return t;
        }
        members.insert(members.end(), {"first", "last"});
      }
      if (of.kind == TypeKind::kMap) {
        if (name == "keys") return made(Op::kKeys, types().Set(of.key));
        if (name == "values") return made(Op::kValues, types().List(of.element));
        members.insert(members.end(), {"keys", "values"});
      }
      break;
    }
    case TypeKind::kSpiffeId:
      if (name == "trust_domain") return made(Op::kTrustDomain, string_);
      if (name == "path") return made(Op::kPath, string_);
      members = {"trust_domain", "path"};
      break;
    default:
      break;
  }
  if (evidence_time) return EvidenceTime(c, e, base, evidence_op);
  ReportNoMember(base, e->name, e->name_span, members);
  return Failed(e);
}

void ExprChecker::ReportNoMember(const Typed& base, Symbol name, Span span,
                                 std::span<const std::string> members) {
  ReportNoMemberNamed(base.type, kind(base.type) == TypeKind::kLattice ? "part" : "member",
                      Text(name), span, members);
}

void ExprChecker::ReportNoMemberNamed(TypeId of, std::string_view what, std::string_view name,
                                      Span span, std::span<const std::string> members) {
  Diagnostic d(DiagKind::kUnknownAttribute, span,
               Cat(TypeName(of), " has no ", what, " ", Quoted(name)));
  d.SetMark(Cat("no such ", what));
  std::optional<std::string> close = ClosestName(name, members);
  const auto has = [&](std::string_view m) {
    return std::find(members.begin(), members.end(), m) != members.end();
  };
  if ((name == "length" || name == "count" || name == "len") && has("size")) close = "size";
  if ((name == "empty" || name == "is_empty") && has("isEmpty")) close = "isEmpty";
  if (close) {
    d.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
    d.SetFix(span, *close);
  } else if (!members.empty() && members.size() <= 12) {
    std::vector<std::string> list(members.begin(), members.end());
    d.SetExpected(Cat("one of ", Join(list, ", ")));
  }
  Report(std::move(d));
}

// ---------------------------------------------------------------------------------------------------
// Attributes and parameters

std::optional<Attribute> ExprChecker::CommonAttribute(Context&, TypeId of, Symbol symbol,
                                                      Span span) {
  const std::string_view name = Text(symbol);
  std::optional<Attribute> common;
  const std::vector<EntityTypeId> entities = type(of).entities;
  std::vector<std::string> members;
  EntityTypeId first;
  for (EntityTypeId id : entities) {
    const EntityType& entity = schema()[id];
    const auto index = entity.FindAttribute(name);
    if (!index) {
      if (names_.IsBroken({NameKind::kEntity, id.index})) return std::nullopt;
      for (const Attribute& a : entity.attributes) members.push_back(a.name);
      ReportNoMemberNamed(types().Entity(id), "attribute", name, span, members);
      return std::nullopt;
    }
    Attribute a = entity.attributes[*index];
    if (a.inherit != Inherit::kNo) a.rank = std::min(a.rank, Rank::kVouched);
    if (entity.carried == Carried::kClaimed) a.rank = Rank::kClaimed;
    if (entity.carried == Carried::kVouched) a.rank = std::min(a.rank, Rank::kVouched);
    if (!common) {
      common = std::move(a);
      first = id;
      continue;
    }
    if (common->type.index == 0 || a.type.index == 0) return std::nullopt;
    if (common->type != a.type || common->optional != a.optional) {
      Report(Diagnostic(DiagKind::kTypeMismatch, span,
                        Cat(Quoted(name), " is not declared alike in ", schema()[first].name,
                            " and ", entity.name))
                 .Mark(Cat(TypeName(common->type), common->optional ? " (optional)" : "", " or ",
                           TypeName(a.type), a.optional ? " (optional)" : "", "?"))
                 .Help(Cat("test with 'is ", schema()[first].name, "' first")));
      return std::nullopt;
    }
    common->rank = std::min(common->rank, a.rank);
  }
  if (common && common->type.index == 0) return std::nullopt;
  return common;
}

Typed ExprChecker::ReadAttribute(Context& c, ExprRef e, const Typed& base) {
  const auto attribute = CommonAttribute(c, base.type, e->name, e->name_span);
  if (!attribute) return Failed(e);
  const uint32_t name = builder_.Name(attribute->name);
  Lowest lowest;
  lowest.Add(base);
  lowest.Add(attribute->rank, e->span);
  Typed t = Result(e, builder_.Make(Op::kAttr, attribute->type, {base.id}, name), attribute->type,
                   lowest);
  t.optional_read = attribute->optional;
  t.maybe_missing = attribute->optional &&
                    !IsGuarded(c, builder_.Make(Op::kHasAttr, bool_, {base.id}, name), true);
  return t;
}

std::optional<Param> ExprChecker::CommonParam(Context& c, Symbol symbol, Span span) {
  const std::string_view name = Text(symbol);
  if (c.mode != Context::Mode::kRule) {
    Report(Diagnostic(DiagKind::kNotConstant, span,
                      c.mode == Context::Mode::kDef
                          ? "a definition does not see the request's action"
                          : "there is no action here")
               .Mark("not known here")
               .Help(c.mode == Context::Mode::kDef ? "make it a parameter and pass it in the call"
                                                   : "parameters belong to a request"));
    return std::nullopt;
  }
  std::optional<Param> common;
  ActionId first;
  std::vector<std::string> members, with, without;
  for (ActionId id : c.actions) {
    const Action& action = schema()[id];
    const auto index = action.FindParam(name);
    if (!index) {
      without.push_back(action.name);
      for (const Param& p : action.params) members.push_back(p.name);
      continue;
    }
    with.push_back(action.name);
    const Param& p = action.params[*index];
    if (!common) {
      common = p;
      first = id;
      continue;
    }
    if (common->type.index == 0 || p.type.index == 0) return std::nullopt;
    const bool missing = common->optional && !common->default_value;
    if (common->type != p.type || missing != (p.optional && !p.default_value)) {
      Report(Diagnostic(DiagKind::kTypeMismatch, span,
                        Cat(Quoted(name), " is not declared alike in actions ",
                            schema()[first].name, " and ", action.name))
                 .Mark(Cat(TypeName(common->type), " or ", TypeName(p.type), "?"))
                 .Help("name fewer actions in the rule's 'action' line"));
      return std::nullopt;
    }
    common->rank = std::min(common->rank, p.rank);
  }
  if (without.empty()) {
    if (common && common->type.index == 0) return std::nullopt;
    return common;
  }
  for (ActionId id : c.actions) {
    if (names_.IsBroken({NameKind::kAction, id.index})) return std::nullopt;
  }
  Diagnostic d(DiagKind::kUnknownAttribute, span,
               Cat("action ", Quoted(without.front()), " has no parameter ", Quoted(name)));
  d.SetMark("not one of its parameters");
  if (!with.empty()) {
    d.AddHelp(Cat("the rule covers ", without.size() == 1 ? "an action" : "actions",
                  " without it; write 'action ", Join(with, ", "), "'"));
  } else if (const auto close = ClosestName(name, members)) {
    d.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
    d.SetFix(span, *close);
  }
  Report(std::move(d));
  return std::nullopt;
}

Typed ExprChecker::ReadParam(Context& c, ExprRef e) {
  const auto param = CommonParam(c, e->name, e->name_span);
  if (!param) return Failed(e);
  const uint32_t name = builder_.Name(param->name);
  Lowest lowest;
  lowest.Add(param->rank, e->span);
  Typed t = Result(e, builder_.Make(Op::kParam, param->type, {}, name), param->type, lowest);
  t.optional_read = param->optional && !param->default_value;
  t.maybe_missing =
      t.optional_read && !IsGuarded(c, builder_.Make(Op::kHasParam, bool_, {}, name), true);
  return t;
}

// ---------------------------------------------------------------------------------------------------
// Evidence

ExprId ExprChecker::EvidenceRoot(ExprId id) const {
  while (builder_[id].op == Op::kField) id = builder_.Arg(id, 0);
  const Expr& e = builder_[id];
  switch (e.op) {
    case Op::kInput:
      return schema().inputs[e.payload].rank == Rank::kProven ? id : ExprId{};
    case Op::kAttr: {
      const Type& holder = type(builder_[builder_.Arg(id, 0)].type);
      for (EntityTypeId entity : holder.entities) {
        const auto index = schema()[entity].FindAttribute(builder_.NameText(e.payload));
        if (index && schema()[entity].attributes[*index].rank != Rank::kProven) return {};
      }
      return id;
    }
    // A definition's parameter, checked on its own: the argument will have evidence or be refused.
    case Op::kVar:
      return e.payload >= ProgramBuilder::kFirstPlaceholder ? id : ExprId{};
    default:
      return {};
  }
}

ExprId ExprChecker::DemandEvidence(ExprRef e, const Typed& base) {
  const ExprId root = EvidenceRoot(base.id);
  const bool placeholder = root.valid() && builder_[root].op == Op::kVar;
  if (root.valid() && (!placeholder || base.rank == Rank::kProven)) return root;
  Diagnostic d(DiagKind::kNotProvenValue, e->name_span,
               Cat(Quoted(SourceText(base.span)), " has no ", Quoted(Text(e->name)),
                   ": only proven inputs and attributes come with evidence"));
  d.SetMark("times of evidence");
  if (placeholder) d.AddHelp("declare the parameter 'proven'");
  Report(std::move(d));
  return {};
}

Typed ExprChecker::EvidenceTime(Context& c, ExprRef e, const Typed& base, Op op) {
  const Type& of = type(base.type);
  if (of.kind == TypeKind::kRecord && !EvidenceRoot(base.id).valid()) {
    std::vector<std::string> members;
    for (const Field& field : of.fields) members.push_back(field.name);
    if (ClosestName(Text(e->name), members)) {
      ReportNoMember(base, e->name, e->name_span, members);
      return Failed(e);
    }
  }
  const ExprId root = DemandEvidence(e, base);
  if (!root.valid()) return Failed(e);
  (void)c;
  Lowest lowest;
  lowest.Add(base);
  return Result(e, builder_.Make(op, time_, {root}), time_, lowest);
}

// ---------------------------------------------------------------------------------------------------
// Optional reads

bool ExprChecker::IsGuarded(const Context& c, ExprId guard, bool truth) const {
  if (builder_.IsConst(guard)) return builder_.ConstValue(guard).boolean() == truth;
  return std::any_of(c.guards.begin(), c.guards.end(), [&](const Guard& g) {
    return !g.is_type && g.id == guard && g.truth == truth;
  });
}

void ExprChecker::ReportUnguarded(Context& c, ExprRef e, const Typed& t) {
  if (c.guards_incomplete) return;
  const std::string text = SourceText(e->span);
  Diagnostic d(DiagKind::kUnguardedOptional, e->span,
               Cat(Quoted(text), " is optional and may be missing here"));
  d.SetMark("read without a guard or a default");
  const std::string holder = e->child_count > 0 ? SourceText(Child(e, 0)->span) : std::string();
  switch (builder_[t.id].op) {
    case Op::kInput:
      d.AddHelp(Cat("guard it: 'has ", text, " and …'"));
      break;
    case Op::kFirst:
    case Op::kLast:
      d.AddHelp(Cat("guard it: 'not ", holder, ".isEmpty and …'"));
      break;
    case Op::kIndex:
      d.AddHelp(Cat("guard it: '", SourceText(Child(e, 1)->span), " in ", holder, ".keys and …'"));
      break;
    default:
      if (e->kind == ExprKind::kField) {
        d.AddHelp(Cat("guard it: '", holder, " has ", Text(e->name), " and …'"));
      }
      break;
  }
  d.AddHelp(Cat("or give a default: '", text, " ?? …'"));
  Report(std::move(d));
}

Typed ExprChecker::CheckIndex(Context& c, ExprRef e) {
  const Typed base = Check(c, Child(e, 0));
  if (!base.ok()) return Failed(e);
  const Type of = type(base.type);
  if (of.kind != TypeKind::kMap) {
    Diagnostic d(DiagKind::kBadOperand, Child(e, 0)->span,
                 Cat("only a Map is indexed, not ", TypeName(base.type)));
    d.SetMark(Cat("this is ", TypeName(base.type)));
    if (of.kind == TypeKind::kList) d.AddHelp("a list has '.first', '.last' and folds");
    Report(std::move(d));
    return Failed(e);
  }
  const Typed key = Check(c, Child(e, 1), of.key);
  if (!key.ok()) return Failed(e);
  Lowest lowest;
  lowest.Add(base);
  lowest.Add(key);
  Typed t = Result(e, Make(e->span, Op::kIndex, of.element, {base.id, key.id}), of.element, lowest);
  const ExprId keys = Make(e->span, Op::kKeys, types().Set(of.key), {base.id});
  t.optional_read = true;
  t.maybe_missing = !IsGuarded(c, Make(e->span, Op::kContains, bool_, {keys, key.id}), true);
  return t;
}

Typed ExprChecker::CheckCoalesce(Context& c, ExprRef e, TypeId expected) {
  const ExprRef left = Child(e, 0), right = Child(e, 1);
  Typed a = CheckAny(c, left, expected);
  if (a.ok() && a.now_sign != 0) a = Demand(c, left, std::move(a));
  if (!a.ok()) {
    // The default is looked at for its own mistakes unless its type would come from the left.
    if (Flexibility(c, right) < 2 || expected.index != 0) (void)Check(c, right, expected);
    return Failed(e);
  }
  const Typed b = Demand(c, right, CheckAny(c, right, a.type));
  if (!a.optional_read) return NotOptional(e, left->span, SourceText(left->span), true);
  if (!b.ok()) return Failed(e);
  const TypeId common = CommonType(a.type, b.type);
  if (common.index == 0) {
    ReportMismatch(right->span, a.type, b.type);
    return Failed(e);
  }
  Lowest lowest;
  lowest.Add(a);
  lowest.Add(b);
  return Result(e, Make(e->span, Op::kCoalesce, common, {a.id, b.id}), common, lowest);
}

Typed ExprChecker::NotOptional(ExprRef e, Span span, std::string_view what, bool coalesce) {
  Report(Diagnostic(DiagKind::kNotOptional, span, Cat(Quoted(what), " is never missing"))
             .Mark("not optional")
             .Help(coalesce ? "leave out the default" : "leave out the test"));
  return Failed(e);
}

// ---------------------------------------------------------------------------------------------------
// has, is, bound

Typed ExprChecker::CheckHas(Context& c, ExprRef e) {
  const ExprRef holder = Child(e, 0);
  if (holder->kind == ExprKind::kAction) return HasParam(c, e, e->name, e->name_span);
  const Typed base = Check(c, holder);
  if (!base.ok()) return Failed(e);
  const std::string_view name = Text(e->name);
  const Type of = type(base.type);
  Lowest lowest;
  lowest.Add(base);
  if (of.kind == TypeKind::kEntity) {
    const auto attribute = CommonAttribute(c, base.type, e->name, e->name_span);
    if (!attribute) return Failed(e);
    if (!attribute->optional) return NotOptional(e, e->name_span, attribute->name, false);
    lowest.Add(attribute->rank, e->span);
    return Result(e, builder_.Make(Op::kHasAttr, bool_, {base.id}, builder_.Name(attribute->name)),
                  bool_, lowest);
  }
  if (of.kind == TypeKind::kRecord) {
    std::vector<std::string> members;
    for (uint32_t i = 0; i < of.fields.size(); ++i) {
      members.push_back(of.fields[i].name);
      if (of.fields[i].name != name) continue;
      if (!of.fields[i].optional) return NotOptional(e, e->name_span, name, false);
      return Result(e, Make(e->span, Op::kHasField, bool_, {base.id}, i), bool_, lowest);
    }
    ReportNoMemberNamed(base.type, "field", name, e->name_span, members);
    return Failed(e);
  }
  Diagnostic d(DiagKind::kBadOperand, holder->span,
               Cat("'has' asks an entity or a record, not ", TypeName(base.type)));
  d.SetMark(Cat("this is ", TypeName(base.type)));
  if (of.kind == TypeKind::kMap) {
    d.AddHelp(Cat("whether a key is there: 'key in ", SourceText(holder->span), ".keys'"));
  }
  Report(std::move(d));
  return Failed(e);
}

Typed ExprChecker::HasParam(Context& c, ExprRef e, Symbol name, Span span) {
  const auto param = CommonParam(c, name, span);
  if (!param) return Failed(e);
  if (!param->optional || param->default_value) {
    return NotOptional(e, span, param->name, false);
  }
  Lowest lowest;
  lowest.Add(param->rank, e->span);
  return Result(e, builder_.Make(Op::kHasParam, bool_, {}, builder_.Name(param->name)), bool_,
                lowest);
}

Typed ExprChecker::CheckHasInput(Context& c, ExprRef e) {
  const ExprRef what = Child(e, 0);
  if (what->kind == ExprKind::kField && Child(what, 0)->kind == ExprKind::kAction) {
    return HasParam(c, e, what->name, what->name_span);
  }
  const Resolved r = Resolve(c, what);
  if (r.kind == Resolved::Kind::kReported) return Failed(e);
  if (r.kind == Resolved::Kind::kNone) {
    ReportNoName(c, what, {});
    return Failed(e);
  }
  if (r.kind != Resolved::Kind::kDecl || r.decl.kind != NameKind::kInput) {
    Diagnostic d(DiagKind::kWrongKindOfName, what->span, "'has x' asks for an optional input");
    d.SetMark("not an input");
    if (what->kind == ExprKind::kField) {
      const std::string better = Cat(SourceText(Child(what, 0)->span), " has ", Text(what->name));
      d.AddHelp(Cat("write '", better, "'"));
      d.SetFix(e->span, better);
    }
    Report(std::move(d));
    return Failed(e);
  }
  const Typed read = ReadInput(c, what, InputId{r.decl.index});
  if (!read.ok()) return Failed(e);
  const Input& input = schema().inputs[r.decl.index];
  if (!input.optional) {
    Report(Diagnostic(DiagKind::kNotOptional, what->span,
                      Cat("input ", Quoted(input.name), " is not optional"))
               .Mark("declared without '?'")
               .Label(names_.SpanOf(r.decl), "declared here")
               .Help(Cat("'bound(", input.name, ")' asks whether it is there")));
    return Failed(e);
  }
  Lowest lowest;
  lowest.Add(input.rank, what->span);
  return Result(e, builder_.Make(Op::kHasInput, bool_, {}, r.decl.index), bool_, lowest);
}

Typed ExprChecker::CheckIs(Context& c, ExprRef e) {
  const Typed base = Check(c, Child(e, 0));
  const auto wanted = names_.ResolveEntity(e.ast->PathOf(*e), c.package);
  if (!base.ok() || !wanted) return Failed(e);
  const Type of = type(base.type);
  if (of.kind != TypeKind::kEntity) {
    Report(Diagnostic(DiagKind::kBadOperand, Child(e, 0)->span,
                      Cat("'is' tests an entity's type, this is ", TypeName(base.type)))
               .Mark(Cat("this is ", TypeName(base.type))));
    return Failed(e);
  }
  if (!std::binary_search(of.entities.begin(), of.entities.end(), *wanted)) {
    Report(Diagnostic(DiagKind::kNoOverlap, e->span,
                      Cat(TypeName(base.type), " is never ", schema()[*wanted].name))
               .Mark("cannot be")
               .Label(Child(e, 0)->span, Cat("this is ", TypeName(base.type))));
    return Failed(e);
  }
  if (of.entities.size() == 1) {
    Lint(c, Diagnostic(DiagKind::kAlwaysTrue, e->span, "this test is always true")
                .Mark(Cat("it is always ", TypeName(base.type))));
  }
  Lowest lowest;
  lowest.Add(base);
  return Result(e, Make(e->span, Op::kIsType, bool_, {base.id}, wanted->index), bool_, lowest);
}

Typed ExprChecker::CheckBound(Context& c, ExprRef e, ExprRef arg) {
  Typed t = CheckAny(c, arg, {});
  if (!t.ok()) return Failed(e);
  Lowest lowest;
  lowest.Add(t);
  if (t.id.valid() && builder_[t.id].op == Op::kInput) {
    return Result(e, builder_.Make(Op::kBoundInput, bool_, {}, builder_[t.id].payload), bool_,
                  lowest);
  }
  t = Demand(c, arg, std::move(t));
  if (!t.ok()) return Failed(e);
  if (kind(t.type) != TypeKind::kEntity) {
    Diagnostic d(DiagKind::kBadOperand, arg->span, "'bound' takes an input or an entity");
    d.SetMark(Cat("this is ", TypeName(t.type)));
    if (arg->kind == ExprKind::kField) {
      d.AddHelp(Cat("whether an attribute is there: '", SourceText(Child(arg, 0)->span), " has ",
                    Text(arg->name), "'"));
    }
    Report(std::move(d));
    return Failed(e);
  }
  lowest.Add(Rank::kVouched, e->span);
  return Result(e, builder_.Make(Op::kBoundEntity, bool_, {t.id}), bool_, lowest);
}

}  // namespace ztp::sema
