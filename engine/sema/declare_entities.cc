// Entity types: what they may be members of, their lineage, their attributes, what is inherited.
#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "engine/base/str.h"
#include "engine/diag/suggest.h"
#include "engine/sema/names.h"

namespace ztp::sema {
namespace {

std::string_view RankName(Rank rank) {
  switch (rank) {
    case Rank::kClaimed:
      return "claimed";
    case Rank::kVouched:
      return "vouched";
    case Rank::kProven:
      return "proven";
  }
  return "vouched";
}

Rank RankOf(syntax::Rank written, Rank otherwise) {
  switch (written) {
    case syntax::Rank::kClaimed:
      return Rank::kClaimed;
    case syntax::Rank::kVouched:
      return Rank::kVouched;
    case syntax::Rank::kProven:
      return Rank::kProven;
    case syntax::Rank::kDefault:
      break;
  }
  return otherwise;
}

void AddOnce(std::vector<EntityTypeId>& list, EntityTypeId id) {
  if (std::find(list.begin(), list.end(), id) == list.end()) list.push_back(id);
}

}  // namespace

void Names::NameEntities() {
  schema_.entities.resize(Count(NameKind::kEntity));
  for (uint32_t i = 0; i < schema_.entities.size(); ++i) {
    const Entry& e = entries(NameKind::kEntity)[i];
    EntityType& entity = schema_.entities[i];
    entity.package = package(e.site.package).name;
    entity.name = Text(e.name);
    entity.json_name = JsonName({NameKind::kEntity, i});
  }
}

void Names::DeclareEntities() {
  const uint32_t count = static_cast<uint32_t>(schema_.entities.size());
  for (uint32_t i = 0; i < count; ++i) DeclareEdges(i);
  for (uint32_t i = 0; i < count; ++i) DeclareAttributes(i);
  Close();
  for (uint32_t i = 0; i < count; ++i) CheckInherited(i);
  for (uint32_t i = 0; i < count; ++i) CheckProvenForOwn(i);
}

void Names::DeclareEdges(uint32_t index) {
  const DeclSite& site = SiteOf({NameKind::kEntity, index});
  const syntax::EntityDecl& decl = site.ast->Entity(*site.decl);
  EntityType& entity = schema_.entities[index];
  switch (decl.carried) {
    case syntax::Carried::kNo:
      break;
    case syntax::Carried::kClaimed:
      entity.carried = Carried::kClaimed;
      break;
    case syntax::Carried::kVouched:
      entity.carried = Carried::kVouched;
      break;
  }
  for (const syntax::Edge& edge : decl.in) {
    if (const auto type = ResolveEntity(edge.type, site.package)) AddOnce(entity.parents, *type);
  }
  for (const syntax::Path& path : decl.derives) {
    if (const auto type = ResolveEntity(path, site.package)) AddOnce(entity.derives, *type);
  }
}

void Names::DeclareAttributes(uint32_t index) {
  const DeclSite& site = SiteOf({NameKind::kEntity, index});
  const syntax::Ast& ast = *site.ast;
  const syntax::EntityDecl& decl = ast.Entity(*site.decl);
  EntityType& entity = schema_.entities[index];
  const Rank usual = entity.carried == Carried::kClaimed ? Rank::kClaimed : Rank::kVouched;
  absl::flat_hash_map<Symbol, Span> seen;
  const auto is_new = [&](const syntax::Name& name) {
    const auto [it, inserted] = seen.emplace(name.text, name.span);
    if (inserted) return true;
    sink_.Report(Diagnostic(DiagKind::kDuplicateMember, name.span,
                            Cat("attribute ", Quoted(Text(name.text)), " of ", entity.name,
                                " is declared twice"))
                     .Mark("declared again")
                     .Label(it->second, "first declared here"));
    return false;
  };
  for (const syntax::Edge& edge : decl.in) {
    if (!edge.attribute.valid() || !is_new(edge.attribute)) continue;
    Attribute attribute{.name = std::string(Text(edge.attribute.text)),
                        .rank = usual,
                        .optional = edge.optional,
                        .is_parent = true};
    const Found found = Find(site.package, NameSpace::kNames, edge.type);
    if (found.found() && found.ref.kind == NameKind::kEntity) {
      attribute.type = schema_.types.Entity(EntityTypeId{found.ref.index});
    }
    schema_.entities[index].attributes.push_back(std::move(attribute));
  }
  for (const syntax::Field& field : decl.attributes) {
    if (!field.name.valid() || !is_new(field.name)) continue;
    Attribute attribute{.name = std::string(Text(field.name.text)),
                        .type = ResolveType({&ast, field.type}, site.package),
                        .rank = RankOf(field.rank, usual),
                        .optional = field.optional};
    attribute.default_value = Default(ast, field, attribute.type, site.package);
    if (field.proven_for.valid()) attribute.proven_for = SplitPath(field.proven_for);
    if (attribute.rank == Rank::kProven && attribute.default_value) {
      sink_.Report(Diagnostic(DiagKind::kBadDeclaration, field.name.span,
                              Cat(Quoted(attribute.name), " is proven, so it can have no default"))
                       .Mark("a default is nobody's evidence")
                       .Help(Cat("make it optional ('", attribute.name,
                                 "?') and give the default where it is read")));
      attribute.default_value.reset();
    }
    if (field.inherited != syntax::Inherited::kNo &&
        schema_.types.kind(attribute.type) != TypeKind::kNone) {
      const TypeKind kind = schema_.types.kind(attribute.type);
      const std::string type_name = schema_.TypeName(attribute.type);
      const auto bad = [&](std::string_view why, std::string_view help) {
        Diagnostic diagnostic(DiagKind::kBadInherited, field.inherited_span,
                              Cat("attribute ", Quoted(attribute.name), why));
        diagnostic.AddHelp(std::string(help));
        sink_.Report(std::move(diagnostic));
      };
      switch (field.inherited) {
        case syntax::Inherited::kNo:
          break;
        case syntax::Inherited::kYes:
          if (kind == TypeKind::kLattice) {
            attribute.inherit = Inherit::kJoin;
          } else if (kind == TypeKind::kSet) {
            attribute.inherit = Inherit::kUnion;
          } else if (kind == TypeKind::kBool) {
            bad(" is a Bool: say how it is inherited",
                "write 'inherited any' (true if one of them is) or 'inherited all'");
          } else {
            bad(Cat(" of type ", type_name, " cannot be inherited"),
                "a lattice is joined, a Set united, a Bool inherited 'any' or 'all'");
          }
          break;
        case syntax::Inherited::kAny:
        case syntax::Inherited::kAll:
          if (kind == TypeKind::kBool) {
            attribute.inherit =
                field.inherited == syntax::Inherited::kAny ? Inherit::kAny : Inherit::kAll;
          } else {
            bad(Cat(" of type ", type_name, " is not a Bool"),
                "'any' and 'all' are for Bool; a lattice or a Set is just 'inherited'");
          }
          break;
      }
    }
    schema_.entities[index].attributes.push_back(std::move(attribute));
  }
}

void Names::CheckInherited(uint32_t index) {
  const DeclSite& site = SiteOf({NameKind::kEntity, index});
  const syntax::EntityDecl& decl = site.ast->Entity(*site.decl);
  const EntityType& entity = schema_.entities[index];
  for (const syntax::Field& field : decl.attributes) {
    if (!field.name.valid() || field.inherited == syntax::Inherited::kNo) continue;
    const auto found = entity.FindAttribute(Text(field.name.text));
    if (!found || entity.attributes[*found].inherit == Inherit::kNo) continue;
    if (decl.derives.empty()) {
      if (!site.decl->broken) {
        sink_.Report(Diagnostic(DiagKind::kBadInherited, field.inherited_span,
                                Cat(entity.name, " derives from nothing, so ",
                                    Quoted(Text(field.name.text)), " has nobody to come from"))
                         .Mark("inherited from whom?")
                         .Label(site.decl->head, Cat(entity.name, " is declared here"))
                         .Help(Cat("write 'entity ", entity.name, " derives …'")));
      }
      continue;
    }
    for (const syntax::Path& parent : decl.derives) {
      CheckInheritedFrom(index, entity.attributes[*found], field, parent);
    }
    CheckInheritedFromAfar(index, entity.attributes[*found], field);
  }
}

// What contributes is whatever has the attribute, however far up: also behind a type whose own is
// not inherited, so that nothing else looks there.
void Names::CheckInheritedFromAfar(uint32_t index, const Attribute& attribute,
                                   const syntax::Field& field) {
  const std::vector<EntityTypeId>& parents = schema_.entities[index].derives;
  for (uint32_t t = 0; t < schema_.entities.size(); ++t) {
    const bool is_parent =
        std::find(parents.begin(), parents.end(), EntityTypeId{t}) != parents.end();
    if (!derives_from_[index][t] || is_parent || t == index) continue;
    const EntityType& ancestor = schema_.entities[t];
    const auto theirs = ancestor.FindAttribute(attribute.name);
    if (!theirs || ancestor.attributes[*theirs].type == attribute.type) continue;
    const TypeId type = ancestor.attributes[*theirs].type;
    if (schema_.types.kind(type) == TypeKind::kNone) continue;
    sink_.Report(Diagnostic(DiagKind::kBadInherited, field.name.span,
                            Cat(Quoted(attribute.name), " is inherited as ",
                                schema_.TypeName(attribute.type), ", and in ", ancestor.name,
                                ", which ", schema_.entities[index].name, " descends from, it is ",
                                schema_.TypeName(type)))
                     .Mark(schema_.TypeName(attribute.type))
                     .Label(SpanOf({NameKind::kEntity, t}), Cat(ancestor.name, " is declared here"))
                     .Help("the attribute must have one type in the whole lineage"));
  }
}

void Names::CheckInheritedFrom(uint32_t index, const Attribute& attribute,
                               const syntax::Field& field, const syntax::Path& path) {
  const DeclSite& site = SiteOf({NameKind::kEntity, index});
  const Found found = Find(site.package, NameSpace::kNames, path);
  if (!found.found() || found.ref.kind != NameKind::kEntity || found.ref.index == index) return;
  const EntityType& parent = schema_.entities[found.ref.index];
  const auto theirs = parent.FindAttribute(attribute.name);
  if (!theirs) {
    if (IsBroken(found.ref)) return;
    sink_.Report(Diagnostic(DiagKind::kBadInherited, field.name.span,
                            Cat(Quoted(attribute.name), " is inherited, and ", parent.name,
                                " has no attribute of that name"))
                     .Mark("inherited")
                     .Label(path.span, Cat(schema_.entities[index].name, " derives ", parent.name))
                     .Label(SpanOf(found.ref), Cat(parent.name, " is declared here"))
                     .Help(Cat("declare '", attribute.name, ": ", schema_.TypeName(attribute.type),
                               "' in ", parent.name)));
    return;
  }
  const Attribute& other = parent.attributes[*theirs];
  if (schema_.types.kind(other.type) == TypeKind::kNone) return;
  if (other.type != attribute.type) {
    sink_.Report(Diagnostic(DiagKind::kBadInherited, field.name.span,
                            Cat(Quoted(attribute.name), " is inherited as ",
                                schema_.TypeName(attribute.type), ", and in ", parent.name,
                                " it is ", schema_.TypeName(other.type)))
                     .Mark(schema_.TypeName(attribute.type))
                     .Label(SpanOf(found.ref), Cat(parent.name, " is declared here"))
                     .Help("the attribute must have one type in the whole lineage"));
    return;
  }
  if (other.rank < attribute.rank) {
    sink_.Report(Diagnostic(DiagKind::kBadInherited, field.name.span,
                            Cat(Quoted(attribute.name), " is ", RankName(attribute.rank),
                                " here, and inherited from ", parent.name, ", where it is ",
                                RankName(other.rank)))
                     .Mark(Cat("cannot be more than ", RankName(other.rank)))
                     .Label(SpanOf(found.ref), Cat(parent.name, " is declared here")));
  }
}

std::vector<std::string> Names::SplitPath(const syntax::Path& path) const {
  std::vector<std::string> parts(1);
  for (char c : Text(path.text)) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

bool Names::PathExists(TypeId type, const std::vector<std::string>& path, size_t at) const {
  for (; at < path.size(); ++at) {
    const Type& t = schema_.types[type];
    TypeId next;
    if (t.kind == TypeKind::kNone) return true;  // an error was reported
    if (t.kind == TypeKind::kRecord) {
      for (const Field& field : t.fields) {
        if (field.name == path[at]) next = field.type;
      }
    } else if (t.kind == TypeKind::kEntity) {
      for (EntityTypeId id : t.entities) {
        const EntityType& entity = schema_[id];
        if (const auto found = entity.FindAttribute(path[at])) {
          next = entity.attributes[*found].type;
          if (schema_.types.kind(next) == TypeKind::kNone) return true;
        }
      }
    }
    if (schema_.types.kind(next) == TypeKind::kNone) return false;
    type = next;
  }
  return true;
}

void Names::CheckProvenForOwn(uint32_t index) {
  const DeclSite& site = SiteOf({NameKind::kEntity, index});
  const EntityType& entity = schema_.entities[index];
  for (const syntax::Field& field : site.ast->Entity(*site.decl).attributes) {
    if (!field.proven_for.valid() || !field.name.valid() || site.decl->broken) continue;
    const std::vector<std::string> path = SplitPath(field.proven_for);
    const TypeId self = schema_.types.Entity(EntityTypeId{index});
    if (path[0] != Text(field.name.text) && PathExists(self, path, 0)) continue;
    Diagnostic diagnostic(DiagKind::kBadProvenFor, field.proven_for.span,
                          Cat("evidence for ", Quoted(Text(field.name.text)), " cannot be about ",
                              Quoted(Text(field.proven_for.text))));
    diagnostic.SetMark(path[0] == Text(field.name.text) ? "the evidence itself"
                                                        : Cat("not an attribute of ", entity.name));
    std::vector<std::string> attributes;
    for (const Attribute& attribute : entity.attributes) attributes.push_back(attribute.name);
    if (auto close = ClosestName(path[0], attributes); close && path.size() == 1) {
      diagnostic.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
      diagnostic.SetFix(field.proven_for.span, *close);
    } else {
      diagnostic.AddHelp(
          Cat("name an attribute of ", entity.name, " that the evidence says, such as its digest"));
    }
    sink_.Report(std::move(diagnostic));
  }
}

// Who can be a member of whom, and descend from whom, by what is declared.
void Names::Close() {
  const size_t count = schema_.entities.size();
  member_of_.assign(count, std::vector<bool>(count, false));
  derives_from_.assign(count, std::vector<bool>(count, false));
  const auto reach = [&](uint32_t start, auto edges, std::vector<bool>& reached) {
    std::vector<uint32_t> todo = {start};
    while (!todo.empty()) {
      const uint32_t at = todo.back();
      todo.pop_back();
      for (EntityTypeId next : edges(schema_.entities[at])) {
        if (reached[next.index]) continue;
        reached[next.index] = true;
        todo.push_back(next.index);
      }
    }
  };
  for (uint32_t i = 0; i < count; ++i) {
    reach(
        i, [](const EntityType& e) { return e.parents; }, member_of_[i]);
    member_of_[i][i] = true;
    reach(
        i, [](const EntityType& e) { return e.derives; }, derives_from_[i]);
  }
}

}  // namespace ztp::sema
