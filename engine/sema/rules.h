// Rules: scope lines to narrowed types, clauses, obligations, delegation.
//
// Boundary: what a clause means is the expression checker's; here is who it is asked about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/sema/builder.h"
#include "engine/sema/check_expr.h"
#include "engine/sema/names.h"
#include "engine/sema/program.h"

namespace ztp::sema {

class RuleChecker {
 public:
  // All outlive the checker.
  RuleChecker(Names& names, ProgramBuilder& builder, ExprChecker& checker);

  // Checks every rule of the policy, in source order. Rules with mistakes are among rules() too, so
  // that tests can name them.
  void CheckAll();

  std::vector<Rule>& rules() { return rules_; }
  const std::vector<Rule>& rules() const { return rules_; }

  // The rule of that name: with a package before it, or of `from`. Reports what there is not.
  std::optional<uint32_t> FindRule(PackageId from, const syntax::Path& path);

  // An obligation by its name. Reports what there is not. `use`: it counts as used.
  std::optional<ObligationId> FindObligation(PackageId from, const syntax::Path& path, bool use);
  // Are there as many arguments as the obligation takes? Reports if not.
  bool CheckArgumentCount(ObligationId id, const syntax::ObligationCall& call);

 private:
  // Whom a `principal` or `resource` line lets in.
  struct Who {
    bool present = false;
    bool broken = false;  // an error was reported
    bool listed = false;  // types are written down
    std::vector<EntityTypeId>
        types;  // before actions narrow them; all that actions name if !listed
    syntax::ScopeTest test = syntax::ScopeTest::kNone;
    std::optional<EntityUid> entity;
    const syntax::Scope* line = nullptr;
  };
  struct Which {
    bool broken = false;
    std::vector<ActionId> actions;
  };
  // The scope of a rule, or of a delegation.
  struct ScopeOf {
    Who principal;
    Which action;
    Who resource;
  };

  void CheckRule(const DeclSite& site);
  void CheckUnusedDelegate(const DeclSite& site);
  void CheckMissingLines(const DeclSite& site, const syntax::RuleDecl& decl);
  ScopeOf ReadScope(const DeclSite& site, const syntax::Scope& principal,
                    const syntax::ActionScope& action, const syntax::Scope& resource);
  Who ReadWho(const DeclSite& site, const syntax::Scope& line, bool is_principal);
  Which ReadWhich(const DeclSite& site, const syntax::ActionScope& line);
  // Both scopes at once.
  static void Intersect(ScopeOf& scope, const ScopeOf& with);
  // Fills the rule's principals, actions and resources; false if nobody is left.
  bool Narrow(const ScopeOf& scope, Rule& rule) const;
  ExprContext MakeContext(const DeclSite& site, const ScopeOf& scope, const Rule& rule);
  void AddVariables(ExprContext& context, const syntax::Scope& principal,
                    const syntax::Scope& resource);
  void AddScopeClause(const ExprContext& context, const Who& who, bool is_principal,
                      Clause::Kind kind, Rule& rule);
  void CheckClauses(ExprContext& context, const syntax::Ast& ast,
                    const std::vector<syntax::Clause>& clauses, bool delegated, Rule& rule);
  void CheckEffects(ExprContext& context, const DeclSite& site, const syntax::RuleDecl& decl,
                    Rule& rule);
  std::optional<Oblige> CheckOblige(ExprContext& context, const syntax::Ast& ast,
                                    const syntax::ObligationCall& call);
  void ReportNobodyLeft(const DeclSite& site, const ScopeOf& scope, const Rule& rule);

  Names& names_;
  ProgramBuilder& builder_;
  ExprChecker& checker_;
  const std::vector<EntityTypeId> all_principals_, all_resources_;
  std::vector<Rule> rules_;
  absl::flat_hash_map<std::pair<uint32_t, Symbol>, uint32_t> by_name_;
};

}  // namespace ztp::sema
