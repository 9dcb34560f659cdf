// One rule after the other: its clauses and effects. Scope lines are read in rules_scope.cc.
#include "engine/sema/rules.h"

#include <algorithm>

#include "engine/base/str.h"
#include "engine/diag/suggest.h"

namespace ztp::sema {
namespace {

RuleKind KindOf(syntax::RuleKind kind) {
  switch (kind) {
    case syntax::RuleKind::kPermit:
      return RuleKind::kPermit;
    case syntax::RuleKind::kForbid:
      return RuleKind::kForbid;
    case syntax::RuleKind::kDuty:
      return RuleKind::kDuty;
    case syntax::RuleKind::kNever:
      return RuleKind::kNever;
    case syntax::RuleKind::kAlways:
      return RuleKind::kAlways;
  }
  return RuleKind::kPermit;
}

}  // namespace

RuleChecker::RuleChecker(Names& names, ProgramBuilder& builder, ExprChecker& checker)
    : names_(names),
      builder_(builder),
      checker_(checker),
      all_principals_(names.AllPrincipals()),
      all_resources_(names.AllResources()) {}

void RuleChecker::CheckAll() {
  for (uint32_t p = 0; p < names_.packages().size(); ++p) {
    const PackageId package{p};
    for (const syntax::Ast* ast : names_.package(package).files) {
      for (const syntax::Decl& decl : ast->decls) {
        if (decl.kind == syntax::DeclKind::kRule) CheckRule({ast, &decl, package});
      }
    }
    const DeclSite* delegate = names_.DelegateOf(package);
    if (delegate != nullptr && !names_.package(package).has_rules) CheckUnusedDelegate(*delegate);
  }
}

void RuleChecker::CheckRule(const DeclSite& site) {
  const syntax::Ast& ast = *site.ast;
  const syntax::RuleDecl& decl = ast.Rule(*site.decl);
  const syntax::Name& name = site.decl->name;
  checker_.BeginRule();

  Rule rule{.kind = KindOf(decl.kind),
            .package = names_.package(site.package).name,
            .name = std::string(names_.Text(name.text)),
            .span = site.decl->span,
            .name_span = name.valid() ? name.span : site.decl->head,
            .doc = site.decl->doc};
  if (decl.because) rule.because = decl.because->value;
  if (name.valid()) {
    const auto [it, inserted] = by_name_.emplace(std::pair(site.package.index, name.text),
                                                 static_cast<uint32_t>(rules_.size()));
    if (!inserted) {
      names_.sink().Report(Diagnostic(DiagKind::kDuplicateDeclaration, name.span,
                                      Cat("there are two rules named ", Quoted(rule.name)))
                               .Mark("declared again")
                               .Label(rules_[it->second].name_span, "the first one"));
    }
  }
  CheckMissingLines(site, decl);

  ScopeOf scope = ReadScope(site, decl.principal, decl.action, decl.resource);
  const DeclSite* delegate = names_.DelegateOf(site.package);
  std::optional<ScopeOf> delegated;
  const syntax::DelegateDecl* delegation = nullptr;
  ScopeOf whole = scope;
  if (delegate != nullptr && site.package != names_.root()) {
    delegation = &delegate->ast->Delegate(*delegate->decl);
    delegated =
        ReadScope(*delegate, delegation->principal, delegation->action, delegation->resource);
    Intersect(whole, *delegated);
  }
  const bool scope_broken = whole.principal.broken || whole.action.broken || whole.resource.broken;
  if (!Narrow(whole, rule) && !scope_broken && !site.decl->broken) {
    ReportNobodyLeft(site, whole, rule);
  }

  ExprContext context = MakeContext(site, whole, rule);
  context.permit = rule.kind == RuleKind::kPermit;
  AddScopeClause(context, scope.principal, true, Clause::Kind::kPrincipal, rule);
  AddScopeClause(context, scope.resource, false, Clause::Kind::kResource, rule);
  if (delegation != nullptr) {
    AddScopeClause(context, delegated->principal, true, Clause::Kind::kDelegate, rule);
    AddScopeClause(context, delegated->resource, false, Clause::Kind::kDelegate, rule);
    // The clauses see the delegating package's names and the delegation's own variables.
    ExprContext theirs = context;
    theirs.package = delegate->package;
    AddVariables(theirs, delegation->principal, delegation->resource);
    CheckClauses(theirs, *delegate->ast, delegation->clauses, true, rule);
    context.guards = std::move(theirs.guards);
  }
  AddVariables(context, decl.principal, decl.resource);
  CheckClauses(context, ast, decl.clauses, false, rule);
  CheckEffects(context, site, decl, rule);

  if (rule.kind == RuleKind::kNever || rule.kind == RuleKind::kAlways) {
    names_.sink().Report(
        Diagnostic(DiagKind::kGuaranteeNotProven, rule.name_span,
                   Cat("not proven: ", RuleKindName(rule.kind), " ", rule.full_name()))
            .Mark("type-checked only"));
  }
  rules_.push_back(std::move(rule));
}

// A delegation that no rule carries is checked for its own sake.
void RuleChecker::CheckUnusedDelegate(const DeclSite& site) {
  const syntax::DelegateDecl& decl = site.ast->Delegate(*site.decl);
  checker_.BeginRule();
  const ScopeOf scope = ReadScope(site, decl.principal, decl.action, decl.resource);
  Rule unused;
  Narrow(scope, unused);
  ExprContext context = MakeContext(site, scope, unused);
  AddVariables(context, decl.principal, decl.resource);
  CheckClauses(context, *site.ast, decl.clauses, true, unused);
}

void RuleChecker::CheckMissingLines(const DeclSite& site, const syntax::RuleDecl& decl) {
  if (site.decl->broken) return;
  if (decl.kind != syntax::RuleKind::kPermit && decl.kind != syntax::RuleKind::kAlways) return;
  std::vector<std::string> missing;
  if (!decl.principal.present) missing.push_back("principal");
  if (!decl.action.present) missing.push_back("action");
  if (!decl.resource.present) missing.push_back("resource");
  if (missing.empty()) return;
  std::vector<std::string> quoted, any;
  for (const std::string& line : missing) {
    quoted.push_back(Quoted(line));
    any.push_back(Cat("'", line, " any'"));
  }
  const syntax::Name& name = site.decl->name;
  const std::string_view kind = syntax::Spelling(decl.kind);
  names_.sink().Report(
      Diagnostic(DiagKind::kMissingScopeLine, name.valid() ? name.span : site.decl->head,
                 Cat(kind, " ", Quoted(names_.Text(name.text)), " has no ",
                     Join(quoted, " and no "), missing.size() == 1 ? " line" : " lines"))
          .Mark(Cat(WithArticle(kind), " says for whom, for what and on what it holds"))
          .Help(Cat("write ", Join(any, " and "), " if no restriction is meant")));
}

void RuleChecker::CheckClauses(ExprContext& context, const syntax::Ast& ast,
                               const std::vector<syntax::Clause>& clauses, bool delegated,
                               Rule& rule) {
  for (const syntax::Clause& clause : clauses) {
    if (clause.kind == syntax::Clause::Kind::kUnlessObliged) {
      if (rule.kind != RuleKind::kNever || delegated) {
        names_.sink().Report(
            Diagnostic(DiagKind::kEffectNotAllowed, clause.span,
                       Cat("'unless obliged' has no meaning in ",
                           WithArticle(delegated ? "delegation" : RuleKindName(rule.kind))))
                .Mark("only a 'never' asks what an allow carries"));
        continue;
      }
      if (auto oblige = CheckOblige(context, ast, clause.obliged)) {
        rule.unless_obliged.push_back(std::move(*oblige));
      }
      continue;
    }
    if (!clause.condition.valid()) continue;
    const bool negated = clause.kind == syntax::Clause::Kind::kUnless;
    const ExprId condition = checker_.CheckCondition(context, {&ast, clause.condition}, negated);
    if (!condition.valid()) continue;
    Clause::Kind kind = negated ? Clause::Kind::kUnless : Clause::Kind::kWhen;
    if (delegated) kind = Clause::Kind::kDelegate;
    rule.clauses.push_back({kind, condition, ast[clause.condition].span});
  }
}

void RuleChecker::CheckEffects(ExprContext& context, const DeclSite& site,
                               const syntax::RuleDecl& decl, Rule& rule) {
  const std::string_view kind = RuleKindName(rule.kind);
  for (const syntax::ObligationCall& call : decl.obliges) {
    if (rule.kind != RuleKind::kPermit && rule.kind != RuleKind::kDuty) {
      names_.sink().Report(Diagnostic(DiagKind::kEffectNotAllowed, call.span,
                                      Cat(WithArticle(kind), " cannot oblige to anything"))
                               .Mark("only a permit or a duty imposes obligations"));
      continue;
    }
    if (auto oblige = CheckOblige(context, *site.ast, call)) {
      rule.obliges.push_back(std::move(*oblige));
    }
  }
  if (rule.kind == RuleKind::kDuty && decl.because) {
    names_.sink().Report(Diagnostic(DiagKind::kEffectNotAllowed, decl.because->span,
                                    "a duty decides nothing, so it has no 'because'")
                             .Mark("never shown")
                             .Help("a comment '/// …' above the rule says what it is for"));
  }
  if (rule.kind == RuleKind::kDuty && decl.obliges.empty() && !site.decl->broken) {
    names_.sink().Report(Diagnostic(DiagKind::kEffectNotAllowed, rule.name_span,
                                    Cat("duty ", Quoted(rule.name), " obliges to nothing"))
                             .Mark("has no 'oblige'")
                             .Help("write 'oblige name(arguments)'"));
  }
}

std::optional<ObligationId> RuleChecker::FindObligation(PackageId from, const syntax::Path& path,
                                                        bool use) {
  if (!use && !path.qualifier.valid()) {
    if (const auto ref = names_.Peek(from, NameSpace::kObligations, path.last)) {
      return ObligationId{ref->index};
    }
  }
  const Found found = names_.Find(from, NameSpace::kObligations, path);
  if (found.none()) {
    names_.ReportUnknown(from, NameSpace::kObligations, path.last, path.last_span,
                         DiagKind::kUnknownObligation, "obligation");
  }
  if (!found.found()) return std::nullopt;
  return ObligationId{found.ref.index};
}

bool RuleChecker::CheckArgumentCount(ObligationId id, const syntax::ObligationCall& call) {
  const ObligationType& obligation = names_.schema()[id];
  const size_t count = obligation.params.size();
  if (call.args.size() == count) return true;
  std::vector<std::string> params;
  for (const Param& param : obligation.params) {
    params.push_back(Cat(param.name, ": ", names_.schema().TypeName(param.type)));
  }
  const DeclRef ref{NameKind::kObligation, id.index};
  names_.sink().Report(Diagnostic(DiagKind::kWrongArguments, call.span,
                                  Cat("obligation ", Quoted(obligation.name), " takes ",
                                      count == 0   ? "no arguments"
                                      : count == 1 ? "one argument"
                                                   : Cat(count, " arguments"),
                                      ", not ", call.args.size()))
                           .Label(names_.SpanOf(ref), "declared here")
                           .Expected(Cat(obligation.name, "(", Join(params, ", "), ")")));
  return false;
}

std::optional<Oblige> RuleChecker::CheckOblige(ExprContext& context, const syntax::Ast& ast,
                                               const syntax::ObligationCall& call) {
  if (!call.name.valid()) return std::nullopt;
  const auto id = FindObligation(context.package, call.name, true);
  if (!id) return std::nullopt;
  if (!CheckArgumentCount(*id, call)) return std::nullopt;
  const std::vector<Param> params = names_.schema()[*id].params;
  Oblige oblige{.obligation = *id, .span = call.span};
  bool good = true;
  for (size_t i = 0; i < params.size(); ++i) {
    if (names_.schema().types.kind(params[i].type) == TypeKind::kNone) return std::nullopt;
    const ExprId arg = checker_.CheckArgument(context, {&ast, call.args[i]}, params[i].type);
    good &= arg.valid();
    oblige.args.push_back(arg);
  }
  if (!good) return std::nullopt;
  return oblige;
}

std::optional<uint32_t> RuleChecker::FindRule(PackageId from, const syntax::Path& path) {
  if (!path.valid()) return std::nullopt;
  std::optional<uint32_t> package = from.index;
  if (path.qualifier.valid()) {
    package.reset();
    for (uint32_t p = 0; p < names_.packages().size(); ++p) {
      if (names_.packages()[p].symbol == path.qualifier) package = p;
    }
  }
  if (package) {
    const auto it = by_name_.find(std::pair(*package, path.last));
    if (it != by_name_.end()) return it->second;
  }
  // The same name in another package is what was meant, before any name that is only alike.
  std::optional<std::string> close;
  std::vector<std::string> candidates;
  for (const Rule& rule : rules_) {
    const bool own = rule.package == names_.package(from).name;
    if (!own && !close && rule.name == names_.Text(path.last)) close = rule.full_name();
    candidates.push_back(own && !path.qualifier.valid() ? rule.name : rule.full_name());
  }
  const std::string wanted(names_.Text(path.text));
  if (!close) close = ClosestName(wanted, candidates);
  Diagnostic diagnostic(DiagKind::kBadExpectation, path.span,
                        Cat("there is no rule named ", Quoted(wanted)));
  diagnostic.SetMark("not a rule");
  if (close) {
    diagnostic.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
    diagnostic.SetFix(path.span, *close);
  }
  names_.sink().Report(std::move(diagnostic));
  return std::nullopt;
}

}  // namespace ztp::sema
