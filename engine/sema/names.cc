// Declaration tables and look-up.
#include "engine/sema/names.h"

#include <algorithm>

#include "engine/base/limits.h"
#include "engine/base/str.h"
#include "engine/diag/suggest.h"

namespace ztp::sema {
namespace {

constexpr std::string_view kBuiltInTypes[] = {
    "Bool", "Int",  "Decimal", "String",   "Time", "Duration", "Version", "HexVersion",
    "Ip",   "Cidr", "Digest",  "SpiffeId", "Glob", "Set",      "List",    "Map"};

bool IsBuiltInType(std::string_view name) {
  return std::find(std::begin(kBuiltInTypes), std::end(kBuiltInTypes), name) !=
         std::end(kBuiltInTypes);
}

bool IsType(NameKind kind) {
  return kind == NameKind::kEnum || kind == NameKind::kLattice || kind == NameKind::kAlias ||
         kind == NameKind::kEntity;
}

std::optional<NameSpace> SpaceOf(syntax::DeclKind kind) {
  switch (kind) {
    case syntax::DeclKind::kEnum:
    case syntax::DeclKind::kLattice:
    case syntax::DeclKind::kType:
    case syntax::DeclKind::kConst:
    case syntax::DeclKind::kEntity:
    case syntax::DeclKind::kInput:
    case syntax::DeclKind::kDef:
      return NameSpace::kNames;
    case syntax::DeclKind::kAction:
    case syntax::DeclKind::kActionGroup:
      return NameSpace::kActions;
    case syntax::DeclKind::kObligation:
      return NameSpace::kObligations;
    case syntax::DeclKind::kFixture:
      return NameSpace::kFixtures;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string_view DescribeKind(NameKind kind) {
  switch (kind) {
    case NameKind::kEnum:
      return "an enum";
    case NameKind::kLattice:
      return "a lattice";
    case NameKind::kAlias:
      return "a type";
    case NameKind::kEntity:
      return "an entity type";
    case NameKind::kConst:
      return "a constant";
    case NameKind::kInput:
      return "an input";
    case NameKind::kDef:
      return "a definition";
    case NameKind::kAction:
      return "an action";
    case NameKind::kActionGroup:
      return "an action group";
    case NameKind::kObligation:
      return "an obligation";
    case NameKind::kFixture:
      return "a fixture";
  }
  return "a declaration";
}

Names::Names(std::span<const syntax::Ast* const> files,
             std::span<const syntax::Ast* const> libraries, const SourceManager& sources,
             Interner& interner, DiagnosticSink& sink)
    : sources_(sources),
      interner_(interner),
      sink_(sink),
      libraries_(libraries.begin(), libraries.end()) {
  CollectPackages(files);
  LinkImports();
  ReportImportCycles();
  CollectDelegates();
  ChooseRoot();
  ReportUndelegated();
  CollectNames();
  schema_.root_package = packages_[root_.index].name;
}

void Names::Declare() {
  // Everything has its name before anything is resolved: what is resolved may be shown in a
  // message.
  NameEntities();
  NameRequests();
  DeclareEnums();
  DeclareLattices();
  DeclareAliases();
  for (uint32_t i = 0; i < consts_.size(); ++i) Const(i);
  DeclareEntities();
  DeclareInputs();
  DeclareActions();
  DeclareObligations();
  CheckProvenFor();
  DeclareDefs();
}

void Names::CollectNames() {
  for (uint32_t p = 0; p < packages_.size(); ++p) {
    for (const syntax::Ast* ast : packages_[p].files) {
      for (const syntax::Decl& decl : ast->decls) {
        const DeclSite site{ast, &decl, PackageId{p}};
        using Kind = syntax::DeclKind;
        switch (decl.kind) {
          case Kind::kEnum:
            AddName(NameKind::kEnum, NameSpace::kNames, site, decl.name);
            break;
          case Kind::kLattice:
            AddName(NameKind::kLattice, NameSpace::kNames, site, decl.name);
            break;
          case Kind::kType:
            AddName(NameKind::kAlias, NameSpace::kNames, site, decl.name);
            break;
          case Kind::kConst:
            AddName(NameKind::kConst, NameSpace::kNames, site, decl.name);
            break;
          case Kind::kEntity:
            AddName(NameKind::kEntity, NameSpace::kNames, site, decl.name);
            break;
          case Kind::kInput:
            AddName(NameKind::kInput, NameSpace::kNames, site, ast->Input(decl).field.name);
            break;
          case Kind::kDef:
            AddName(NameKind::kDef, NameSpace::kNames, site, decl.name);
            break;
          case Kind::kAction:
            for (const syntax::ActionName& name : ast->Action(decl).names) {
              AddName(NameKind::kAction, NameSpace::kActions, site, name.name);
            }
            break;
          case Kind::kActionGroup:
            AddName(NameKind::kActionGroup, NameSpace::kActions, site, decl.name);
            break;
          case Kind::kObligation:
            AddName(NameKind::kObligation, NameSpace::kObligations, site, decl.name);
            break;
          case Kind::kFixture:
            AddName(NameKind::kFixture, NameSpace::kFixtures, site, decl.name);
            break;
          case Kind::kDelegate:
          case Kind::kRoute:
          case Kind::kCaller:
          case Kind::kRule:
          case Kind::kTest:
            break;
        }
      }
    }
  }
  aliases_.resize(Count(NameKind::kAlias));
  groups_.resize(Count(NameKind::kActionGroup));
  for (const Entry& e : entries(NameKind::kConst)) consts_.push_back({.site = e.site});
}

void Names::AddName(NameKind kind, NameSpace space, const DeclSite& site,
                    const syntax::Name& name) {
  std::vector<Entry>& list = entries_[static_cast<size_t>(kind)];
  const DeclRef ref{kind, static_cast<uint32_t>(list.size())};
  list.push_back({name.text, name.valid() ? name.span : site.decl->head, site});
  if (!name.valid()) return;
  if (IsType(kind) && IsBuiltInType(Text(name.text))) {
    sink_.Report(Diagnostic(DiagKind::kDuplicateDeclaration, name.span,
                            Cat(Quoted(Text(name.text)), " is the name of a built-in type"))
                     .Mark("take another name"));
    return;
  }
  Table& table = tables_[site.package.index * kSpaces + static_cast<size_t>(space)];
  const auto [it, inserted] = table.emplace(name.text, ref);
  if (inserted) return;
  sink_.Report(Diagnostic(DiagKind::kDuplicateDeclaration, name.span,
                          Cat(Quoted(Text(name.text)), " is declared twice"))
                   .Mark(Cat("declared again, as ", DescribeKind(kind)))
                   .Label(SpanOf(it->second),
                          Cat("first declared here, as ", DescribeKind(it->second.kind))));
}

std::optional<DeclRef> Names::Peek(PackageId from, NameSpace space, Symbol name) const {
  const size_t offset = static_cast<size_t>(space);
  const Table& own = tables_[from.index * kSpaces + offset];
  if (const auto it = own.find(name); it != own.end()) return it->second;
  for (PackageId import : package(from).imports) {
    const Table& table = tables_[import.index * kSpaces + offset];
    if (const auto it = table.find(name); it != table.end()) return it->second;
  }
  return std::nullopt;
}

Found Names::Find(PackageId from, NameSpace space, Symbol name, Span span) {
  const size_t offset = static_cast<size_t>(space);
  const Table& own = tables_[from.index * kSpaces + offset];
  if (const auto it = own.find(name); it != own.end()) {
    MarkUsed(it->second);
    return {Found::State::kFound, it->second};
  }
  std::optional<DeclRef> found;
  for (PackageId import : package(from).imports) {
    const Table& table = tables_[import.index * kSpaces + offset];
    const auto it = table.find(name);
    if (it == table.end()) continue;
    MarkUsed(it->second);
    if (found) {
      ReportAmbiguous(name, span, *found, it->second);
      return {Found::State::kReported, {}};
    }
    found = it->second;
  }
  if (!found) return {};
  return {Found::State::kFound, *found};
}

Found Names::FindIn(PackageId in, NameSpace space, Symbol name) {
  const Table& table = tables_[in.index * kSpaces + static_cast<size_t>(space)];
  const auto it = table.find(name);
  if (it == table.end()) return {};
  MarkUsed(it->second);
  return {Found::State::kFound, it->second};
}

Found Names::Find(PackageId from, NameSpace space, const syntax::Path& path) {
  if (!path.valid()) return {Found::State::kReported, {}};
  if (!path.qualifier.valid()) return Find(from, space, path.last, path.last_span);
  if (const auto in = FindPackage(from, path.qualifier)) return FindIn(*in, space, path.last);
  const Span span{
      path.span.file, path.span.begin,
      path.last_span.begin > path.span.begin ? path.last_span.begin - 1 : path.last_span.begin};
  const std::string_view wanted = Text(path.qualifier);
  const bool known = package_index_.contains(path.qualifier) ||
                     std::any_of(libraries_.begin(), libraries_.end(), [&](const syntax::Ast* ast) {
                       return ast->package.text == path.qualifier;
                     });
  if (known) {
    sink_.Report(Diagnostic(DiagKind::kMissingImport, span,
                            Cat("package ", Quoted(wanted), " is not imported here"))
                     .Mark("not imported")
                     .Help(Cat("write 'import ", wanted, "' below the package line")));
    return {Found::State::kReported, {}};
  }
  std::vector<std::string> visible = {package(from).name};
  for (PackageId import : package(from).imports) visible.push_back(package(import).name);
  Diagnostic diagnostic(DiagKind::kUnknownPackage, span,
                        Cat("there is no package ", Quoted(wanted)));
  diagnostic.SetMark("not a package");
  if (auto close = ClosestName(wanted, visible)) {
    diagnostic.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
    diagnostic.SetFix(span, *close);
  }
  sink_.Report(std::move(diagnostic));
  return {Found::State::kReported, {}};
}

void Names::ReportAmbiguous(Symbol name, Span span, DeclRef first, DeclRef second) {
  const std::string& a = package(PackageOf(first)).name;
  const std::string& b = package(PackageOf(second)).name;
  sink_.Report(Diagnostic(DiagKind::kAmbiguousName, span,
                          Cat(Quoted(Text(name)), " is declared in ", a, " and in ", b))
                   .Mark("could be either")
                   .Label(SpanOf(first), Cat("declared in ", a))
                   .Label(SpanOf(second), Cat("declared in ", b))
                   .Help(Cat("write '", a, ".", Text(name), "' or '", b, ".", Text(name), "'")));
}

std::vector<std::string> Names::PackagesDeclaring(NameSpace space, Symbol name) const {
  std::vector<std::string> result;
  for (uint32_t p = 0; p < packages_.size(); ++p) {
    if (tables_[p * kSpaces + static_cast<size_t>(space)].contains(name)) {
      result.push_back(packages_[p].name);
    }
  }
  for (const syntax::Ast* ast : libraries_) {
    if (package_index_.contains(ast->package.text)) continue;
    for (const syntax::Decl& decl : ast->decls) {
      if (SpaceOf(decl.kind) != space) continue;
      bool declares = decl.name.valid() && decl.name.text == name;
      if (decl.kind == syntax::DeclKind::kInput) {
        declares |= ast->Input(decl).field.name.text == name;
      } else if (decl.kind == syntax::DeclKind::kAction) {
        for (const syntax::ActionName& n : ast->Action(decl).names) {
          declares |= n.name.text == name;
        }
      }
      if (declares) result.emplace_back(Text(ast->package.text));
    }
  }
  return result;
}

std::vector<std::string> Names::VisibleNames(PackageId from, NameSpace space) const {
  std::vector<std::string> names;
  const auto add = [&](PackageId id) {
    std::vector<std::string> own;
    for (const auto& [name, ref] : tables_[id.index * kSpaces + static_cast<size_t>(space)]) {
      own.emplace_back(Text(name));
    }
    // A hash table's order is no order: of equally near names the first is suggested.
    std::sort(own.begin(), own.end());
    names.insert(names.end(), own.begin(), own.end());
  };
  add(from);
  for (PackageId import : package(from).imports) add(import);
  return names;
}

void Names::ReportUnknown(PackageId from, NameSpace space, Symbol name, Span span, DiagKind kind,
                          std::string_view what, std::span<const std::string> locals) {
  const std::string_view text = Text(name);
  std::vector<std::string> elsewhere = PackagesDeclaring(space, name);
  elsewhere.erase(std::remove(elsewhere.begin(), elsewhere.end(), package(from).name),
                  elsewhere.end());
  if (!elsewhere.empty() && !elsewhere.front().empty()) {
    sink_.Report(Diagnostic(DiagKind::kMissingImport, span,
                            Cat(Quoted(text), " is declared in ", Quoted(elsewhere.front()),
                                ", which is not imported"))
                     .Mark("not known here")
                     .Help(Cat("write 'import ", elsewhere.front(), "' below the package line")));
    return;
  }
  std::vector<std::string> candidates(locals.begin(), locals.end());
  const std::vector<std::string> visible = VisibleNames(from, space);
  candidates.insert(candidates.end(), visible.begin(), visible.end());
  if (space == NameSpace::kNames && kind == DiagKind::kUnknownType) {
    candidates.insert(candidates.end(), std::begin(kBuiltInTypes), std::end(kBuiltInTypes));
  }
  const std::string subject = what == "name" ? "nothing is" : Cat("there is no ", what);
  Diagnostic diagnostic(kind, span, Cat(subject, " named ", Quoted(text)));
  diagnostic.SetMark("not declared");
  if (auto close = ClosestName(text, candidates)) {
    diagnostic.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
    diagnostic.SetFix(span, *close);
  }
  sink_.Report(std::move(diagnostic));
}

std::string Names::NameOf(DeclRef ref) const { return std::string(Text(entry(ref).name)); }
Span Names::SpanOf(DeclRef ref) const { return entry(ref).span; }
PackageId Names::PackageOf(DeclRef ref) const { return entry(ref).site.package; }
bool Names::IsBroken(DeclRef ref) const { return entry(ref).site.decl->broken; }

const ConstInfo& Names::Const(uint32_t index) {
  ConstInfo& info = consts_[index];
  if (info.state == ConstInfo::State::kDone) return info;
  const DeclRef ref{NameKind::kConst, index};
  if (info.state == ConstInfo::State::kRunning) {
    sink_.Report(Diagnostic(DiagKind::kRecursiveDefinition, SpanOf(ref),
                            Cat("constant ", Quoted(NameOf(ref)), " is defined by itself"))
                     .Mark("its value needs its value"));
    info.state = ConstInfo::State::kDone;
    return info;
  }
  if (evaluating_ >= kMaxNestingDepth / 2) {
    sink_.Report(Diagnostic(DiagKind::kNestingTooDeep, SpanOf(ref),
                            "constants lead from one to the next too often"));
    return info;
  }
  info.state = ConstInfo::State::kRunning;
  ++evaluating_;
  const syntax::Ast& ast = *info.site.ast;
  const syntax::ConstDecl& decl = ast.Const(*info.site.decl);
  TypeId expected;
  bool typed = true;
  if (decl.type.valid()) {
    expected = ResolveType({&ast, decl.type}, info.site.package);
    typed = schema_.types.kind(expected) != TypeKind::kNone;
  }
  if (decl.value.valid()) {
    auto value = evaluate_({&ast, decl.value}, expected, info.site.package);
    if (value && typed && info.state == ConstInfo::State::kRunning) {
      info.type = value->type;
      info.value = std::move(value->value);
    }
  }
  --evaluating_;
  info.state = ConstInfo::State::kDone;
  return info;
}

bool Names::CanBeIn(EntityTypeId type, EntityTypeId ancestor) const {
  return member_of_[type.index][ancestor.index];
}

std::optional<EntityTypeId> Names::ClaimedOnTheWay(EntityTypeId type, EntityTypeId ancestor) const {
  for (uint32_t i = 0; i < schema_.entities.size(); ++i) {
    const EntityType& step = schema_.entities[i];
    if (step.carried != Carried::kClaimed || !CanBeIn(type, EntityTypeId{i})) continue;
    if (std::any_of(step.parents.begin(), step.parents.end(),
                    [&](EntityTypeId parent) { return CanBeIn(parent, ancestor); })) {
      return EntityTypeId{i};
    }
  }
  return std::nullopt;
}

bool Names::CanDeriveFrom(EntityTypeId type, EntityTypeId ancestor) const {
  return derives_from_[type.index][ancestor.index];
}

std::vector<EntityTypeId> Names::AllPrincipals() const {
  std::vector<EntityTypeId> all;
  for (const Action& action : schema_.actions) {
    all.insert(all.end(), action.principals.begin(), action.principals.end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::vector<EntityTypeId> Names::AllResources() const {
  std::vector<EntityTypeId> all;
  for (const Action& action : schema_.actions) {
    all.insert(all.end(), action.resources.begin(), action.resources.end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace ztp::sema
