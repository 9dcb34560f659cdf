// What is declared where: packages and their imports, declaration tables, look-up of names, and
// types written in the source resolved to TypeIds.
//
// Boundary: knows declarations, not expressions. The expression checker (check_expr.h) asks here
// for what a name means; what needs an expression's value (constants, defaults) goes through the
// ConstEvaluator, behind which is the checker. One Names lives as long as one Check; it owns the
// Schema until Check moves it into the Program.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "engine/base/schema.h"
#include "engine/base/source.h"
#include "engine/base/symbol.h"
#include "engine/diag/diagnostic.h"
#include "engine/syntax/ast.h"

namespace ztp::sema {

struct PackageId {
  uint32_t index = UINT32_MAX;
  bool valid() const { return index != UINT32_MAX; }
  auto operator<=>(const PackageId&) const = default;
};

// ASTs are one a file, so an expression or a type is named by its AST and its id there.
struct ExprRef {
  const syntax::Ast* ast = nullptr;
  syntax::ExprId id;
  bool valid() const { return ast != nullptr && id.valid(); }
  const syntax::Expr& operator*() const { return (*ast)[id]; }
  const syntax::Expr* operator->() const { return &(*ast)[id]; }
};
struct TypeRef {
  const syntax::Ast* ast = nullptr;
  syntax::TypeExprId id;
  bool valid() const { return ast != nullptr && id.valid(); }
};
struct DeclSite {
  const syntax::Ast* ast = nullptr;
  const syntax::Decl* decl = nullptr;
  PackageId package;
};

enum class NameKind : uint8_t {
  kEnum,         // index: EnumId
  kLattice,      // LatticeId
  kAlias,        // AliasType
  kEntity,       // EntityTypeId
  kConst,        // Const
  kInput,        // InputId
  kDef,          // Def
  kAction,       // ActionId
  kActionGroup,  // ActionsOf
  kObligation,   // ObligationId
  kFixture,      // Fixture
};
// "an enum", "an entity type", … for messages.
std::string_view DescribeKind(NameKind kind);

struct DeclRef {
  NameKind kind = NameKind::kEnum;
  uint32_t index = 0;
  auto operator<=>(const DeclRef&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, DeclRef r) {
    return H::combine(std::move(h), static_cast<uint8_t>(r.kind), r.index);
  }
};

// Which table a name is looked up in. Names of different spaces never meet in the grammar, so an
// action and an obligation may share one.
enum class NameSpace : uint8_t {
  kNames,  // enums, lattices, type aliases, entities, constants, inputs, defs
  kActions,
  kObligations,
  kFixtures,
};

// What a look-up came to. kReported: there was an error and the author has been told.
struct Found {
  enum class State : uint8_t { kNone, kFound, kReported };
  State state = State::kNone;
  DeclRef ref;
  bool found() const { return state == State::kFound; }
  bool none() const { return state == State::kNone; }
};

struct ConstInfo {
  DeclSite site;
  enum class State : uint8_t { kNew, kRunning, kDone } state = State::kNew;
  TypeId type;  // kNone: an error was reported
  Value value;  // kNone: an error was reported
};

struct DefParam {
  Symbol name;
  Span span;
  TypeId type;          // kNone: an error was reported
  bool proven = false;  // `x: T proven`: the argument must be proven
};

struct DefInfo {
  DeclSite site;
  std::vector<DefParam> params;
  ExprRef body;
};

struct TypedConst {
  TypeId type;
  Value value;
};
// The type and value of a closed expression; with `expected` (not kNone), of that type. Nothing
// after an error, which was reported.
using ConstEvaluator =
    std::function<std::optional<TypedConst>(ExprRef expr, TypeId expected, PackageId package)>;

class Names {
 public:
  // `files` make the policy; `libraries` (the packages built into the compiler) count only as far
  // as they are imported, and a package that is among `files` is not taken from them. All of them
  // outlive this object.
  Names(std::span<const syntax::Ast* const> files, std::span<const syntax::Ast* const> libraries,
        const SourceManager& sources, Interner& interner, DiagnosticSink& sink);
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;

  void set_const_evaluator(ConstEvaluator evaluate) { evaluate_ = std::move(evaluate); }
  const ConstEvaluator& const_evaluator() const { return evaluate_; }

  // Fills the schema and the tables below from all declarations; reports what is wrong with them.
  // Once, before anything is looked up from outside. The const evaluator must be set.
  void Declare();

  Schema& schema() { return schema_; }
  const Schema& schema() const { return schema_; }
  Interner& interner() { return interner_; }
  const SourceManager& sources() const { return sources_; }
  DiagnosticSink& sink() { return sink_; }
  std::string_view Text(Symbol symbol) const { return interner_.Text(symbol); }

  // ---- Packages
  struct Package {
    Symbol symbol;                          // invalid: files without a package line
    std::string name;                       // "acme.training"
    std::vector<const syntax::Ast*> files;  // by path
    std::vector<PackageId> imports;         // of all its files, each once
    bool library = false;                   // built in: its unused declarations are no matter
    bool has_rules = false;
  };
  // In the order of their names.
  const std::vector<Package>& packages() const { return packages_; }
  const Package& package(PackageId id) const { return packages_[id.index]; }
  PackageId root() const { return root_; }
  // The package that `qualifier` ("std.ai") names within `from`: itself or an import.
  std::optional<PackageId> FindPackage(PackageId from, Symbol qualifier) const;
  // The delegation under which the rules of a package other than the root count.
  const DeclSite* DelegateOf(PackageId id) const;

  // ---- Look-up. What is found counts as used.
  // A name without a dot: the package's own declarations win over its imports'. Two imports that
  // both declare it: an error at `span`.
  Found Find(PackageId from, NameSpace space, Symbol name, Span span);
  // A name with the package before it, which FindPackage gave.
  Found FindIn(PackageId package, NameSpace space, Symbol name);
  // Either, as the path is written. A qualifier that is no package is reported.
  Found Find(PackageId from, NameSpace space, const syntax::Path& path);
  // As Find, without errors and without marking as used: for the rule that nothing is shadowed.
  std::optional<DeclRef> Peek(PackageId from, NameSpace space, Symbol name) const;
  // Reports a name that Find did not find, as `kind`, or as a missing import where a package that
  // is not imported declares it. `what` is what was looked for ("type", "name"); `locals` are
  // further names that might have been meant.
  void ReportUnknown(PackageId from, NameSpace space, Symbol name, Span span, DiagKind kind,
                     std::string_view what, std::span<const std::string> locals = {});
  // All names visible from a package, for suggestions.
  std::vector<std::string> VisibleNames(PackageId from, NameSpace space) const;

  void MarkUsed(DeclRef ref) { used_.insert(ref); }
  bool IsUsed(DeclRef ref) const { return used_.contains(ref); }

  std::string NameOf(DeclRef ref) const;
  Span SpanOf(DeclRef ref) const;  // of the name where it is declared
  PackageId PackageOf(DeclRef ref) const;

  // ---- What the declarations are
  // The type that an alias stands for; kNone after an error.
  TypeId AliasType(uint32_t alias);
  const ConstInfo& Const(uint32_t index);  // worked out at the first call
  // The reference stays valid: no def is added after Declare.
  const DefInfo& Def(uint32_t index) const { return defs_[index]; }
  size_t def_count() const { return defs_.size(); }
  const DeclSite& Fixture(uint32_t index) const { return SiteOf({NameKind::kFixture, index}); }
  // The actions of an action or a group, sorted; groups are followed.
  const std::vector<ActionId>& ActionsOf(DeclRef ref);
  // The type that a type expression names; kNone after an error, which is reported.
  TypeId ResolveType(TypeRef type, PackageId from);
  // An entity type by its path; reports what is none.
  std::optional<EntityTypeId> ResolveEntity(const syntax::Path& path, PackageId from);

  // Can a `type` be (`in`, reflexively) a member of an `ancestor`, by what is declared?
  bool CanBeIn(EntityTypeId type, EntityTypeId ancestor) const;
  // A type whose membership the requester claims and that a path from a `type` to an `ancestor` can
  // lead on from; it may be `type` itself. Nothing: the edges are the fact store's word.
  std::optional<EntityTypeId> ClaimedOnTheWay(EntityTypeId type, EntityTypeId ancestor) const;
  // Can a `type` have an `ancestor` in its lineage (strictly)?
  bool CanDeriveFrom(EntityTypeId type, EntityTypeId ancestor) const;
  // All types that an action names as principal (resource), sorted.
  std::vector<EntityTypeId> AllPrincipals() const;
  std::vector<EntityTypeId> AllResources() const;

  // Was the declaration cut short by a syntax error? Then what it lacks is no news.
  bool IsBroken(DeclRef ref) const;
  // All declarations of one kind, in the order of their indices.
  size_t Count(NameKind kind) const { return entries_[static_cast<size_t>(kind)].size(); }
  const DeclSite& SiteOf(DeclRef ref) const { return entry(ref).site; }

 private:
  struct Entry {
    Symbol name;
    Span span;
    DeclSite site;
  };
  enum class Progress : uint8_t { kNew, kRunning, kDone };
  struct AliasInfo {
    Progress progress = Progress::kNew;
    TypeId type;
  };
  struct GroupInfo {
    Progress progress = Progress::kNew;
    std::vector<ActionId> actions;
  };
  static constexpr size_t kKinds = 11;
  static constexpr size_t kSpaces = 4;
  using Table = absl::flat_hash_map<Symbol, DeclRef>;

  const Entry& entry(DeclRef ref) const {
    return entries_[static_cast<size_t>(ref.kind)][ref.index];
  }
  const std::vector<Entry>& entries(NameKind kind) const {
    return entries_[static_cast<size_t>(kind)];
  }

  // names_packages.cc
  void CollectPackages(std::span<const syntax::Ast* const> files);
  void LinkImports();
  void ReportImportCycles();
  void CollectDelegates();
  void ChooseRoot();
  void ReportUndelegated();
  Span ImportSpan(PackageId from, PackageId to) const;
  std::string JsonName(DeclRef ref) const;

  // names.cc
  void CollectNames();
  void AddName(NameKind kind, NameSpace space, const DeclSite& site, const syntax::Name& name);
  void ReportAmbiguous(Symbol name, Span span, DeclRef first, DeclRef second);
  std::vector<std::string> PackagesDeclaring(NameSpace space, Symbol name) const;

  // declare_types.cc
  void DeclareEnums();
  void DeclareLattices();
  void LayOut(uint32_t lattice, std::vector<Progress>& progress, int depth = 0);
  void DeclareAliases();
  TypeId ResolveNamed(const syntax::Ast& ast, const syntax::TypeExpr& type, PackageId from);
  TypeId ResolveBuiltIn(const syntax::Ast& ast, const syntax::TypeExpr& type, PackageId from);
  TypeId ResolveRecord(const syntax::Ast& ast, const syntax::TypeExpr& type, PackageId from);
  std::optional<Value> Default(const syntax::Ast& ast, const syntax::Field& field, TypeId type,
                               PackageId from);
  // What contains `parts`, at `span`: kNone, and reported, if it is nested too deep.
  TypeId Limited(TypeId type, std::initializer_list<TypeId> parts, Span span);
  TypeId Limited(TypeId type, std::span<const TypeId> parts, Span span);
  bool CheckElements(const std::vector<syntax::Name>& elements, std::string_view of);

  // declare_entities.cc
  void NameEntities();
  void DeclareEntities();
  void DeclareEdges(uint32_t entity);
  void DeclareAttributes(uint32_t entity);
  void CheckInherited(uint32_t entity);
  void CheckInheritedFrom(uint32_t entity, const Attribute& attribute, const syntax::Field& field,
                          const syntax::Path& parent);
  void CheckInheritedFromAfar(uint32_t index, const Attribute& attribute,
                              const syntax::Field& field);
  void CheckProvenForOwn(uint32_t entity);
  void Close();
  std::vector<std::string> SplitPath(const syntax::Path& path) const;
  // Does reading `path` from position `at` on, beginning with a value of `type`, name a field each
  // time?
  bool PathExists(TypeId type, const std::vector<std::string>& path, size_t at) const;

  // declare_requests.cc
  void NameRequests();
  void DeclareInputs();
  void DeclareActions();
  void DeclareObligations();
  void DeclareDefs();
  void CheckProvenFor();
  void CheckActionJsonNames();
  const std::vector<ActionId>& Flatten(uint32_t group, int depth = 0);
  std::vector<EntityTypeId> ResolveEntities(const std::vector<syntax::Path>& paths, PackageId from);
  Param DeclareParam(const syntax::Ast& ast, const syntax::Field& field, Rank rank, PackageId from);

  const SourceManager& sources_;
  Interner& interner_;
  DiagnosticSink& sink_;
  ConstEvaluator evaluate_;
  Schema schema_;

  std::vector<const syntax::Ast*> libraries_;
  std::vector<Package> packages_;
  absl::flat_hash_map<Symbol, uint32_t> package_index_;
  PackageId root_;
  std::vector<std::pair<PackageId, DeclSite>> delegates_;

  std::vector<Table> tables_;  // package * kSpaces + space
  std::vector<Entry> entries_[kKinds];
  absl::flat_hash_set<DeclRef> used_;

  std::vector<AliasInfo> aliases_;
  std::vector<uint16_t> type_depth_;  // by TypeId, as far as it goes; else 1
  int resolving_ = 0;                 // types, one within the other
  int evaluating_ = 0;                // constants, likewise
  std::vector<ConstInfo> consts_;
  std::vector<DefInfo> defs_;
  std::vector<GroupInfo> groups_;
  std::vector<std::vector<ActionId>> single_actions_;
  std::vector<std::vector<bool>> member_of_;     // [type][ancestor], reflexive
  std::vector<std::vector<bool>> derives_from_;  // strict
};

}  // namespace ztp::sema
