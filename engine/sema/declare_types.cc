// Enums, lattices with their layout, aliases, and type expressions resolved.
#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "engine/base/limits.h"
#include "engine/base/str.h"
#include "engine/diag/suggest.h"
#include "engine/sema/names.h"

namespace ztp::sema {
namespace {

std::optional<TypeKind> BuiltInScalar(std::string_view name) {
  static constexpr std::pair<std::string_view, TypeKind> kScalars[] = {
      {"Bool", TypeKind::kBool},
#define ZTP_SCALAR(name) {#name, TypeKind::k##name},
#include "engine/sema/built_ins.def"
  };
  for (const auto& [known, kind] : kScalars) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

}  // namespace

// Elements are written bare, and `L.top`, `L.bottom` are the lattice's own.
bool Names::CheckElements(const std::vector<syntax::Name>& elements, std::string_view of) {
  absl::flat_hash_map<Symbol, Span> seen;
  bool good = true;
  for (const syntax::Name& element : elements) {
    if (!element.valid()) continue;
    const auto [it, inserted] = seen.emplace(element.text, element.span);
    if (!inserted) {
      sink_.Report(Diagnostic(DiagKind::kDuplicateMember, element.span,
                              Cat(Quoted(Text(element.text)), " is declared twice in ", of))
                       .Mark("declared again")
                       .Label(it->second, "first declared here"));
      good = false;
    }
    if (Text(element.text) == "top" || Text(element.text) == "bottom") {
      sink_.Report(Diagnostic(DiagKind::kBadDeclaration, element.span,
                              Cat(Quoted(Text(element.text)), " is no name for a value"))
                       .Mark("means the end of a lattice")
                       .Help("every lattice L has L.top and L.bottom; take another name"));
      good = false;
    }
  }
  return good;
}

void Names::DeclareEnums() {
  for (uint32_t i = 0; i < Count(NameKind::kEnum); ++i) {
    const Entry& e = entries(NameKind::kEnum)[i];
    EnumType type{.package = package(e.site.package).name, .name = std::string(Text(e.name))};
    const syntax::EnumDecl& decl = e.site.ast->Enum(*e.site.decl);
    CheckElements(decl.values, Cat("enum ", type.name));
    for (const syntax::Name& value : decl.values) {
      if (value.valid()) type.values.emplace_back(Text(value.text));
    }
    schema_.enums.push_back(std::move(type));
  }
}

void Names::DeclareLattices() {
  const size_t count = Count(NameKind::kLattice);
  schema_.lattices.resize(count);
  std::vector<Progress> progress(count, Progress::kNew);
  for (uint32_t i = 0; i < count; ++i) {
    const Entry& e = entries(NameKind::kLattice)[i];
    schema_.lattices[i].package = package(e.site.package).name;
    schema_.lattices[i].name = Text(e.name);
  }
  for (uint32_t i = 0; i < count; ++i) LayOut(i, progress);
}

void Names::LayOut(uint32_t index, std::vector<Progress>& progress, int depth) {
  if (progress[index] != Progress::kNew) return;
  progress[index] = Progress::kRunning;
  const Entry& e = entries(NameKind::kLattice)[index];
  const syntax::Ast& ast = *e.site.ast;
  const syntax::LatticeDecl& decl = ast.Lattice(*e.site.decl);
  const std::string name(Text(e.name));
  LatticeType lattice = schema_.lattices[index];
  size_t bits = 0;
  if (decl.kind == syntax::LatticeKind::kProduct) {
    lattice.kind = LatticeType::Kind::kProduct;
    absl::flat_hash_map<Symbol, Span> seen;
    for (const syntax::Field& field : decl.parts) {
      if (!field.name.valid()) continue;
      const auto [it, inserted] = seen.emplace(field.name.text, field.name.span);
      if (!inserted) {
        sink_.Report(Diagnostic(DiagKind::kDuplicateMember, field.name.span,
                                Cat(Quoted(Text(field.name.text)), " is declared twice in ", name))
                         .Mark("declared again")
                         .Label(it->second, "first declared here"));
        continue;
      }
      const TypeId type = ResolveType({&ast, field.type}, e.site.package);
      const TypeKind kind = schema_.types.kind(type);
      if (kind == TypeKind::kNone) continue;
      const Span type_span = ast[field.type].span;
      if (kind != TypeKind::kLattice) {
        sink_.Report(Diagnostic(DiagKind::kBadLattice, type_span,
                                Cat("a part of a product is a lattice, and ",
                                    schema_.TypeName(type), " is none"))
                         .Mark("not a lattice"));
        continue;
      }
      const uint32_t part = schema_.types[type].decl;
      if (progress[part] == Progress::kRunning) {
        sink_.Report(
            Diagnostic(DiagKind::kTypeCycle, type_span,
                       Cat("lattice ", Quoted(schema_.lattices[part].name), " contains itself"))
                .Mark("a part that leads back")
                .Label(SpanOf({NameKind::kLattice, part}), "declared here"));
        continue;
      }
      if (depth >= kMaxJsonDepth) {
        sink_.Report(Diagnostic(DiagKind::kBadLattice, type_span, "products are nested too deep")
                         .Mark(Cat("more than ", kMaxJsonDepth, " deep")));
        continue;
      }
      LayOut(part, progress, depth + 1);
      lattice.parts.push_back(
          {std::string(Text(field.name.text)), LatticeId{part}, static_cast<uint16_t>(bits)});
      bits += schema_.lattices[part].bits;
      if (bits > kMaxLatticeBits) break;
    }
  } else {
    std::vector<std::string> elements;
    if (decl.of.valid()) {
      const Found found = Find(e.site.package, NameSpace::kNames, decl.of);
      if (found.none()) {
        ReportUnknown(e.site.package, NameSpace::kNames, decl.of.last, decl.of.last_span,
                      DiagKind::kUnknownType, "enum");
      } else if (found.found() && found.ref.kind != NameKind::kEnum) {
        sink_.Report(Diagnostic(DiagKind::kWrongKindOfName, decl.of.span,
                                Cat(Quoted(Text(decl.of.text)), " is ",
                                    DescribeKind(found.ref.kind), ", not an enum"))
                         .Mark("an enum is needed")
                         .Label(SpanOf(found.ref), "declared here"));
      } else if (found.found()) {
        lattice.elements = EnumId{found.ref.index};
      }
    } else {
      CheckElements(decl.elements, Cat("lattice ", name));
      EnumType own{.package = lattice.package, .name = lattice.name};
      for (const syntax::Name& element : decl.elements) {
        if (element.valid()) own.values.emplace_back(Text(element.text));
      }
      lattice.elements = EnumId{static_cast<uint32_t>(schema_.enums.size())};
      schema_.enums.push_back(std::move(own));
    }
    if (lattice.elements.index == UINT32_MAX) {
      // An error was reported; an empty enum keeps everything that prints or lays out labels safe.
      lattice.elements = EnumId{static_cast<uint32_t>(schema_.enums.size())};
      schema_.enums.push_back({.package = lattice.package, .name = lattice.name});
    }
    bits = schema_[lattice.elements].values.size();
    switch (decl.kind) {
      case syntax::LatticeKind::kChain:
        lattice.kind = LatticeType::Kind::kChain;
        bits = bits == 0 ? 0 : bits - 1;
        break;
      case syntax::LatticeKind::kDual:
        lattice.kind = LatticeType::Kind::kDual;
        break;
      default:
        lattice.kind = LatticeType::Kind::kPowerSet;
        break;
    }
  }
  if (bits > kMaxLatticeBits) {
    sink_.Report(
        Diagnostic(DiagKind::kBadLattice, e.span,
                   Cat("lattice ", Quoted(name), " needs more than ", kMaxLatticeBits, " bits"))
            .Mark("too many elements")
            .Help("a chain of n elements takes n - 1 bits, a power set or a dual one bit "
                  "an element, a product the sum of its parts"));
    bits = 0;
    lattice.parts.clear();
    if (decl.kind != syntax::LatticeKind::kProduct) {
      lattice.elements = EnumId{static_cast<uint32_t>(schema_.enums.size())};
      schema_.enums.push_back({.package = lattice.package, .name = lattice.name});
    }
  }
  lattice.bits = static_cast<uint16_t>(bits);
  schema_.lattices[index] = std::move(lattice);
  progress[index] = Progress::kDone;
}

void Names::DeclareAliases() {
  for (uint32_t i = 0; i < aliases_.size(); ++i) AliasType(i);
}

TypeId Names::AliasType(uint32_t index) {
  AliasInfo& alias = aliases_[index];
  if (alias.progress == Progress::kDone) return alias.type;
  const DeclRef ref{NameKind::kAlias, index};
  if (alias.progress == Progress::kRunning) {
    sink_.Report(Diagnostic(DiagKind::kTypeCycle, SpanOf(ref),
                            Cat("type ", Quoted(NameOf(ref)), " contains itself"))
                     .Mark("leads back to itself")
                     .Help("values are trees of bounded depth; refer to an entity instead"));
    return {};
  }
  alias.progress = Progress::kRunning;
  const DeclSite& site = SiteOf(ref);
  const TypeId type = ResolveType({site.ast, site.ast->Type(*site.decl).type}, site.package);
  alias.type = type;
  alias.progress = Progress::kDone;
  return type;
}

TypeId Names::ResolveType(TypeRef ref, PackageId from) {
  if (!ref.valid()) return {};
  const syntax::TypeExpr& type = (*ref.ast)[ref.id];
  if (resolving_ >= 2 * kMaxNestingDepth) {
    sink_.Report(Diagnostic(DiagKind::kNestingTooDeep, type.span,
                            "types lead from one to the next too often"));
    return {};
  }
  ++resolving_;
  TypeId result;
  switch (type.kind) {
    case syntax::TypeExprKind::kError:
      break;
    case syntax::TypeExprKind::kRecord:
      result = ResolveRecord(*ref.ast, type, from);
      break;
    case syntax::TypeExprKind::kNamed:
      result = ResolveNamed(*ref.ast, type, from);
      break;
  }
  --resolving_;
  return result;
}

TypeId Names::Limited(TypeId type, std::initializer_list<TypeId> parts, Span span) {
  return Limited(type, std::span<const TypeId>(parts.begin(), parts.size()), span);
}

// Values of the type come in as JSON, so it nests no deeper than that may.
TypeId Names::Limited(TypeId type, std::span<const TypeId> parts, Span span) {
  int depth = 1;
  for (TypeId part : parts) {
    const int below = part.index < type_depth_.size() ? type_depth_[part.index] : 1;
    depth = std::max(depth, below + 1);
  }
  if (depth > kMaxJsonDepth) {
    sink_.Report(Diagnostic(DiagKind::kNestingTooDeep, span, "a type is nested too deep")
                     .Mark(Cat("more than ", kMaxJsonDepth, " deep"))
                     .Help("refer to an entity instead"));
    return {};
  }
  if (type_depth_.size() <= type.index) type_depth_.resize(type.index + 1, 1);
  type_depth_[type.index] = static_cast<uint16_t>(depth);
  return type;
}

TypeId Names::ResolveNamed(const syntax::Ast& ast, const syntax::TypeExpr& type, PackageId from) {
  if (!type.name.valid()) return {};
  if (!type.name.qualifier.valid()) {
    const std::string_view name = Text(type.name.text);
    if (const auto scalar = BuiltInScalar(name)) {
      if (!type.args.empty()) {
        sink_.Report(Diagnostic(DiagKind::kBadDeclaration, type.span,
                                Cat(name, " takes no types in angle brackets")));
        return {};
      }
      return schema_.types.Scalar(*scalar);
    }
    if (name == "Set" || name == "List" || name == "Map") return ResolveBuiltIn(ast, type, from);
  }
  const Found found = Find(from, NameSpace::kNames, type.name);
  if (found.none()) {
    ReportUnknown(from, NameSpace::kNames, type.name.last, type.name.last_span,
                  DiagKind::kUnknownType, "type");
    return {};
  }
  if (!found.found()) return {};
  if (!type.args.empty()) {
    sink_.Report(Diagnostic(DiagKind::kBadDeclaration, type.span,
                            Cat(Text(type.name.text), " takes no types in angle brackets"))
                     .Help("only Set<T>, List<T> and Map<K, V> do"));
  }
  switch (found.ref.kind) {
    case NameKind::kEnum:
      return schema_.types.Enum(EnumId{found.ref.index});
    case NameKind::kLattice:
      return schema_.types.Lattice(LatticeId{found.ref.index});
    case NameKind::kEntity:
      return schema_.types.Entity(EntityTypeId{found.ref.index});
    case NameKind::kAlias:
      return AliasType(found.ref.index);
    default:
      break;
  }
  sink_.Report(Diagnostic(DiagKind::kWrongKindOfName, type.name.span,
                          Cat(Quoted(Text(type.name.text)), " is ", DescribeKind(found.ref.kind),
                              ", not a type"))
                   .Mark("a type is needed")
                   .Label(SpanOf(found.ref), "declared here"));
  return {};
}

TypeId Names::ResolveBuiltIn(const syntax::Ast& ast, const syntax::TypeExpr& type, PackageId from) {
  const std::string_view name = Text(type.name.text);
  const size_t wanted = name == "Map" ? 2 : 1;
  if (type.args.size() != wanted) {
    sink_.Report(Diagnostic(DiagKind::kBadDeclaration, type.span,
                            Cat(name, wanted == 1 ? " takes one type" : " takes two types",
                                ", not ", type.args.size()))
                     .Expected(name == "Map" ? "Map<K, V>" : Cat(name, "<T>")));
    return {};
  }
  std::vector<TypeId> args;
  bool good = true;
  for (syntax::TypeExprId arg : type.args) {
    args.push_back(ResolveType({&ast, arg}, from));
    good &= schema_.types.kind(args.back()) != TypeKind::kNone;
  }
  if (!good) return {};
  if (name == "Set") return Limited(schema_.types.Set(args[0]), {args[0]}, type.span);
  if (name == "List") return Limited(schema_.types.List(args[0]), {args[0]}, type.span);
  const TypeKind key = schema_.types.kind(args[0]);
  if (key == TypeKind::kSet || key == TypeKind::kList || key == TypeKind::kMap ||
      key == TypeKind::kRecord || key == TypeKind::kLattice) {
    sink_.Report(Diagnostic(DiagKind::kBadDeclaration, ast[type.args[0]].span,
                            Cat("a map's keys are single values, and ", schema_.TypeName(args[0]),
                                " is not"))
                     .Mark("not a key"));
    return {};
  }
  return Limited(schema_.types.Map(args[0], args[1]), {args[0], args[1]}, type.span);
}

TypeId Names::ResolveRecord(const syntax::Ast& ast, const syntax::TypeExpr& type, PackageId from) {
  std::vector<Field> fields;
  absl::flat_hash_map<Symbol, Span> seen;
  bool good = true;
  for (const syntax::Field& field : type.fields) {
    if (!field.name.valid()) {
      good = false;
      continue;
    }
    const auto [it, inserted] = seen.emplace(field.name.text, field.name.span);
    if (!inserted) {
      sink_.Report(Diagnostic(DiagKind::kDuplicateMember, field.name.span,
                              Cat("field ", Quoted(Text(field.name.text)), " is declared twice"))
                       .Mark("declared again")
                       .Label(it->second, "first declared here"));
      good = false;
      continue;
    }
    Field resolved{.name = std::string(Text(field.name.text)),
                   .type = ResolveType({&ast, field.type}, from),
                   .optional = field.optional};
    if (schema_.types.kind(resolved.type) == TypeKind::kNone) {
      good = false;
      continue;
    }
    resolved.default_value = Default(ast, field, resolved.type, from);
    fields.push_back(std::move(resolved));
  }
  if (!good) return {};
  std::vector<TypeId> parts;
  for (const Field& field : fields) parts.push_back(field.type);
  return Limited(schema_.types.Record(std::move(fields)), parts, type.span);
}

std::optional<Value> Names::Default(const syntax::Ast& ast, const syntax::Field& field, TypeId type,
                                    PackageId from) {
  if (!field.default_value.valid()) return std::nullopt;
  if (field.optional) {
    sink_.Report(Diagnostic(DiagKind::kBadDeclaration, field.name.span,
                            Cat(Quoted(Text(field.name.text)),
                                " has a default, so it is never missing and cannot be optional"))
                     .Mark("either '?' or a default")
                     .Help("leave out the '?'"));
  }
  if (schema_.types.kind(type) == TypeKind::kNone) return std::nullopt;
  auto value = evaluate_({&ast, field.default_value}, type, from);
  if (!value) return std::nullopt;
  return std::move(value->value);
}

std::optional<EntityTypeId> Names::ResolveEntity(const syntax::Path& path, PackageId from) {
  const Found found = Find(from, NameSpace::kNames, path);
  if (found.none()) {
    ReportUnknown(from, NameSpace::kNames, path.last, path.last_span, DiagKind::kUnknownType,
                  "entity type");
    return std::nullopt;
  }
  if (!found.found()) return std::nullopt;
  if (found.ref.kind != NameKind::kEntity) {
    sink_.Report(Diagnostic(DiagKind::kWrongKindOfName, path.span,
                            Cat(Quoted(Text(path.text)), " is ", DescribeKind(found.ref.kind),
                                ", not an entity type"))
                     .Mark("an entity type is needed")
                     .Label(SpanOf(found.ref), "declared here"));
    return std::nullopt;
  }
  return EntityTypeId{found.ref.index};
}

}  // namespace ztp::sema
