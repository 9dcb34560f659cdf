// `{…}` and `[…]`: sets, lists, maps, records, and labels written as such.
#include <algorithm>

#include "engine/base/str.h"
#include "engine/diag/suggest.h"
#include "engine/sema/check_expr.h"

namespace ztp::sema {

using syntax::ExprKind;

namespace {

bool IsSetLattice(LatticeType::Kind kind) {
  return kind == LatticeType::Kind::kPowerSet || kind == LatticeType::Kind::kDual;
}

}  // namespace

Typed ExprChecker::CheckEmpty(ExprRef e, TypeId expected) {
  switch (kind(expected)) {
    case TypeKind::kSet:
      return Constant(expected, Value::Set({}), e->span);
    case TypeKind::kMap:
      return Constant(expected, Value::Map({}), e->span);
    case TypeKind::kRecord: {
      Context none;
      return RecordOf(none, e, expected, {}, nullptr);
    }
    case TypeKind::kLattice: {
      const LatticeId lattice{type(expected).decl};
      if (IsSetLattice(schema()[lattice].kind)) {
        return Constant(expected, Value::OfLabel(schema().SetLabel(lattice, {})), e->span);
      }
      Context none;
      if (schema()[lattice].kind == LatticeType::Kind::kProduct) {
        return ProductOf(none, e, expected);
      }
      break;
    }
    case TypeKind::kNone:
      Report(
          Diagnostic(DiagKind::kCannotInfer, e->span, "what '{}' is does not follow from its place")
              .Mark("a set, a map, a record or a label?")
              .Help("compare or combine it with something whose type is known"));
      return Failed(e);
    default:
      break;
  }
  ReportLiteral(e, expected, "'{}'",
                kind(expected) == TypeKind::kList ? "an empty list is '[]'" : "");
  return Failed(e);
}

// A literal of the wrong sort, without looking into it.
void ExprChecker::ReportLiteral(ExprRef e, TypeId expected, std::string_view found,
                                std::string_view help) {
  Diagnostic d(DiagKind::kTypeMismatch, e->span,
               Cat("expected ", TypeName(expected), ", found ", found));
  d.SetMark(Cat("this is ", found));
  d.SetExpected(TypeName(expected));
  if (!help.empty()) d.AddHelp(std::string(help));
  Report(std::move(d));
}

bool ExprChecker::CheckElements(Context& c, ExprRef e, TypeId expected,
                                std::vector<Typed>* elements, TypeId* element) {
  const size_t count = e->child_count;
  elements->assign(count, Typed{});
  *element = expected;
  bool ok = true;
  // Without an expectation the first that knows its own type gives the others theirs.
  size_t first = 0;
  if (expected.index == 0) {
    while (first < count && Flexibility(c, Child(e, first)) == 2) ++first;
    if (first == count) first = 0;
  }
  for (size_t i = 0; i < count; ++i) {
    const size_t at = i == 0 ? first : i <= first ? i - 1 : i;
    const ExprRef child = Child(e, at);
    Typed t;
    if (expected.index != 0) {
      t = Check(c, child, expected);
    } else {
      t = Demand(c, child, CheckAny(c, child, *element));
      if (t.ok()) {
        const TypeId common = element->index == 0 ? t.type : CommonType(*element, t.type);
        if (common.index == 0) {
          ReportMismatch(child->span, *element, t.type);
          t = Failed(child);
        } else {
          *element = common;
        }
      } else if (i == 0) {
        // The others would only say again that the first is not understood.
        return false;
      }
    }
    ok = ok && t.ok();
    (*elements)[at] = std::move(t);
  }
  return ok;
}

Typed ExprChecker::CheckSet(Context& c, ExprRef e, TypeId expected) {
  const Type want = type(expected);
  TypeId wanted;
  bool label = false;
  switch (want.kind) {
    case TypeKind::kNone:
      break;
    case TypeKind::kSet:
      wanted = want.element;
      break;
    case TypeKind::kLattice: {
      const LatticeType& lattice = schema()[LatticeId{want.decl}];
      if (!IsSetLattice(lattice.kind)) {
        ReportLiteral(e, expected, "a set",
                      lattice.kind == LatticeType::Kind::kChain
                          ? "a chain's label is one of its elements"
                          : "a product's label names its parts: { part: … }");
        return Failed(e);
      }
      label = true;
      wanted = types().Enum(lattice.elements);
      break;
    }
    default:
      ReportLiteral(e, expected, "a set",
                    want.kind == TypeKind::kList ? "a list is written [a, b]" : "");
      return Failed(e);
  }
  std::vector<Typed> elements;
  TypeId element;
  if (!CheckElements(c, e, wanted, &elements, &element)) return Failed(e);
  std::vector<ExprId> args;
  Lowest lowest;
  for (const Typed& t : elements) {
    args.push_back(t.id);
    lowest.Add(t);
  }
  const TypeId result = label || want.kind == TypeKind::kSet ? expected : types().Set(element);
  return Result(e, Make(e->span, label ? Op::kSetLabel : Op::kMakeSet, result, args), result,
                lowest);
}

Typed ExprChecker::CheckList(Context& c, ExprRef e, TypeId expected) {
  const Type want = type(expected);
  if (want.kind != TypeKind::kNone && want.kind != TypeKind::kList) {
    ReportLiteral(e, expected, "a list",
                  want.kind == TypeKind::kSet ? "a set is written { a, b }" : "");
    return Failed(e);
  }
  if (e->child_count == 0) {
    if (want.kind == TypeKind::kList) return Constant(expected, Value::List({}), e->span);
    Report(Diagnostic(DiagKind::kCannotInfer, e->span,
                      "the type of '[]' does not follow from its place")
               .Mark("a list of what?"));
    return Failed(e);
  }
  std::vector<Typed> elements;
  TypeId element;
  if (!CheckElements(c, e, want.element, &elements, &element)) return Failed(e);
  std::vector<ExprId> args;
  Lowest lowest;
  for (const Typed& t : elements) {
    args.push_back(t.id);
    lowest.Add(t);
  }
  const TypeId result = want.kind == TypeKind::kList ? expected : types().List(element);
  return Result(e, Make(e->span, Op::kMakeList, result, args), result, lowest);
}

// ---------------------------------------------------------------------------------------------------
// Maps

Typed ExprChecker::CheckMap(Context& c, ExprRef e, TypeId expected) {
  const Type want = type(expected);
  if (want.kind != TypeKind::kNone && want.kind != TypeKind::kMap) {
    ReportLiteral(e, expected, "a map",
                  want.kind == TypeKind::kRecord || want.kind == TypeKind::kLattice
                      ? "the names of fields and parts are written without quotes"
                      : "");
    return Failed(e);
  }
  TypeId key = want.key, value = want.element;
  std::vector<std::pair<Typed, Typed>> entries;
  bool ok = true;
  for (size_t i = 0; i + 1 < e->child_count; i += 2) {
    Typed k = Check(c, Child(e, i), key);
    Typed v = Check(c, Child(e, i + 1), value);
    if (!k.ok() || !v.ok()) {
      ok = false;
      continue;
    }
    if (want.kind == TypeKind::kNone) {
      key = k.type;
      value = v.type;
    }
    entries.emplace_back(std::move(k), std::move(v));
  }
  if (!ok) return Failed(e);
  return MakeMap(e, want.kind == TypeKind::kMap ? expected : types().Map(key, value),
                 std::move(entries));
}

Typed ExprChecker::MakeMap(ExprRef e, TypeId map, std::vector<std::pair<Typed, Typed>> entries) {
  bool ok = true;
  for (const auto& [key, value] : entries) {
    if (builder_.IsConst(key.id)) continue;
    Report(Diagnostic(DiagKind::kNotConstant, key.span, "the keys of a map literal are constants")
               .Mark("not a constant"));
    ok = false;
  }
  if (!ok) return Failed(e);
  std::stable_sort(entries.begin(), entries.end(), [&](const auto& a, const auto& b) {
    return builder_.ConstValue(a.first.id) < builder_.ConstValue(b.first.id);
  });
  std::vector<ExprId> args;
  Lowest lowest;
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& [key, value] = entries[i];
    if (i > 0 && builder_.ConstValue(entries[i - 1].first.id) == builder_.ConstValue(key.id)) {
      Report(Diagnostic(DiagKind::kDuplicateMember, key.span, "a key is written twice")
                 .Mark("the second time")
                 .Label(entries[i - 1].first.span, "the first time"));
      ok = false;
    }
    args.push_back(key.id);
    args.push_back(value.id);
    lowest.Add(value);
  }
  if (!ok) return Failed(e);
  return Result(e, Make(e->span, Op::kMakeMap, map, args), map, lowest);
}

// ---------------------------------------------------------------------------------------------------
// Records and products

Typed ExprChecker::CheckRecord(Context& c, ExprRef e, TypeId expected) {
  const Type want = type(expected);
  switch (want.kind) {
    case TypeKind::kRecord:
      return RecordOf(c, e, expected, {}, nullptr);
    case TypeKind::kLattice: {
      const LatticeType::Kind lattice = schema()[LatticeId{want.decl}].kind;
      if (lattice == LatticeType::Kind::kProduct) return ProductOf(c, e, expected);
      ReportLiteral(e, expected, "a record",
                    IsSetLattice(lattice) ? "a power set's label is written { a, b }" : "");
      return Failed(e);
    }
    case TypeKind::kMap: {
      std::vector<std::pair<Typed, Typed>> entries;
      bool ok = true;
      for (const syntax::RecordEntry& entry : e.ast->Entries(*e)) {
        auto key = FindElement(want.key, Text(entry.key.text));
        if (!key) {
          if (ElementNames(want.key).empty()) {
            Report(Diagnostic(DiagKind::kTypeMismatch, entry.key.span,
                              Cat("the keys of ", TypeName(expected), " are ", TypeName(want.key)))
                       .Mark("a bare name")
                       .Expected(TypeName(want.key))
                       .Help(Cat("write \"", Text(entry.key.text), "\"")));
          } else {
            ReportNoElement(want.key, entry.key.text, entry.key.span);
          }
          ok = false;
        }
        Typed value = Check(c, {e.ast, entry.value}, want.element);
        if (!key || !value.ok()) {
          ok = false;
          continue;
        }
        entries.emplace_back(Constant(key->first, std::move(key->second), entry.key.span),
                             std::move(value));
      }
      return ok ? MakeMap(e, expected, std::move(entries)) : Failed(e);
    }
    case TypeKind::kNone:
      break;
    default:
      ReportLiteral(e, expected, "a record", "");
      return Failed(e);
  }
  if (e->flag) {
    ReportRest(e);
    return Failed(e);
  }
  std::vector<Field> fields;
  std::vector<std::pair<std::string, ExprId>> values;
  Lowest lowest;
  bool ok = true;
  for (const syntax::RecordEntry& entry : e.ast->Entries(*e)) {
    const Typed value = Check(c, {e.ast, entry.value});
    std::string name(Text(entry.key.text));
    const bool twice =
        std::any_of(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
    if (twice) {
      Report(Diagnostic(DiagKind::kDuplicateMember, entry.key.span,
                        Cat("field ", Quoted(name), " is written twice"))
                 .Mark("the second time"));
    }
    ok = ok && value.ok() && !twice;
    lowest.Add(value);
    fields.push_back({.name = name, .type = value.type, .optional = false, .default_value = {}});
    values.emplace_back(std::move(name), value.id);
  }
  if (!ok) return Failed(e);
  std::sort(values.begin(), values.end());
  std::vector<ExprId> args;
  for (const auto& [name, id] : values) args.push_back(id);
  const TypeId result = types().Record(std::move(fields));
  return Result(e, Make(e->span, Op::kMakeRecord, result, args), result, lowest);
}

void ExprChecker::ReportRest(ExprRef e) {
  Report(Diagnostic(DiagKind::kBadLiteral, e->span,
                    "'..' stands only for what is left out of a "
                    "fixture's entity")
             .Mark("ends with '..'"));
}

Typed ExprChecker::RecordOf(Context& c, ExprRef e, TypeId record,
                            std::span<const std::string_view> extra_names,
                            std::vector<syntax::RecordEntry>* extras) {
  const std::vector<Field> fields = type(record).fields;
  std::vector<ExprId> args(fields.size());
  std::vector<Span> given(fields.size());
  Lowest lowest;
  bool ok = true;
  if (e->kind == ExprKind::kRecord && e->flag) {
    ReportRest(e);
    ok = false;
  }
  for (const syntax::RecordEntry& entry : e.ast->Entries(*e)) {
    const std::string_view name = Text(entry.key.text);
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
    if (field == fields.end()) {
      if (extras != nullptr &&
          std::find(extra_names.begin(), extra_names.end(), name) != extra_names.end()) {
        extras->push_back(entry);
        continue;
      }
      ok = false;
      std::vector<std::string> names;
      for (const Field& f : fields) names.push_back(f.name);
      Diagnostic d(DiagKind::kUnknownAttribute, entry.key.span,
                   Cat("the record has no field ", Quoted(name)));
      d.SetMark(Cat("not a field of ", TypeName(record)));
      if (const auto close = ClosestName(name, names)) {
        d.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
        d.SetFix(entry.key.span, *close);
      } else {
        d.SetExpected(names.empty() ? "no field" : Cat("one of ", Join(names, ", ")));
      }
      Report(std::move(d));
      continue;
    }
    const size_t index = static_cast<size_t>(field - fields.begin());
    if (given[index].valid()) {
      Report(Diagnostic(DiagKind::kDuplicateMember, entry.key.span,
                        Cat("field ", Quoted(name), " is written twice"))
                 .Mark("the second time")
                 .Label(given[index], "the first time"));
      ok = false;
    }
    given[index] = entry.key.span;
    if (field->type.index == 0) {
      ok = false;
      continue;
    }
    const Typed value = Check(c, {e.ast, entry.value}, field->type);
    args[index] = value.id;
    lowest.Add(value);
    ok = ok && value.ok();
  }
  std::vector<std::string> missing;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (given[i].valid()) continue;
    if (fields[i].default_value) {
      args[i] = builder_.Const(fields[i].type, *fields[i].default_value);
    } else if (!fields[i].optional) {
      missing.push_back(Quoted(fields[i].name));
    }
  }
  if (!missing.empty()) {
    Report(Diagnostic(DiagKind::kMissingField, e->span,
                      Cat("the record lacks ", missing.size() == 1 ? "field " : "fields ",
                          Join(missing, ", ")))
               .Mark(Cat("incomplete"))
               .Expected(TypeName(record)));
    ok = false;
  }
  if (!ok) return Failed(e);
  return Result(e, Make(e->span, Op::kMakeRecord, record, args), record, lowest);
}

Typed ExprChecker::ProductOf(Context& c, ExprRef e, TypeId lattice) {
  const LatticeId id{type(lattice).decl};
  const std::vector<LatticeType::Part> parts = schema()[id].parts;
  std::vector<ExprId> args(parts.size());
  std::vector<bool> given(parts.size(), false);
  Lowest lowest;
  bool ok = true;
  if (e->kind == ExprKind::kRecord && e->flag) {
    ReportRest(e);
    ok = false;
  }
  for (const syntax::RecordEntry& entry : e.ast->Entries(*e)) {
    const std::string_view name = Text(entry.key.text);
    const auto part = std::find_if(parts.begin(), parts.end(),
                                   [&](const LatticeType::Part& p) { return p.name == name; });
    if (part == parts.end()) {
      ok = false;
      std::vector<std::string> names;
      for (const LatticeType::Part& p : parts) names.push_back(p.name);
      ReportNoMemberNamed(lattice, "part", name, entry.key.span, names);
      continue;
    }
    const size_t index = static_cast<size_t>(part - parts.begin());
    if (given[index]) {
      Report(Diagnostic(DiagKind::kDuplicateMember, entry.key.span,
                        Cat("part ", Quoted(name), " is written twice"))
                 .Mark("the second time"));
      ok = false;
    }
    given[index] = true;
    const Typed value = Check(c, {e.ast, entry.value}, types().Lattice(part->lattice));
    args[index] = value.id;
    lowest.Add(value);
    ok = ok && value.ok();
  }
  std::vector<std::string> missing;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!given[i]) missing.push_back(Quoted(parts[i].name));
  }
  if (!missing.empty()) {
    Report(Diagnostic(DiagKind::kMissingField, e->span,
                      Cat("the label lacks ", missing.size() == 1 ? "part " : "parts ",
                          Join(missing, ", ")))
               .Mark("a product's label names every part")
               .Expected(TypeName(lattice)));
    ok = false;
  }
  if (!ok) return Failed(e);
  return Result(e, Make(e->span, Op::kProduct, lattice, args), lattice, lowest);
}

}  // namespace ztp::sema
