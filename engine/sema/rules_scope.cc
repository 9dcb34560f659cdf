// Scope lines: which types of principal and resource and which actions a rule is about, narrowed by
// `in` and `==` and by what the actions are declared for.
#include <algorithm>

#include "engine/base/str.h"
#include "engine/sema/rules.h"

namespace ztp::sema {
namespace {

template <typename Id>
bool Contains(const std::vector<Id>& sorted, Id id) {
  return std::binary_search(sorted.begin(), sorted.end(), id);
}

template <typename Id>
std::vector<Id> Common(const std::vector<Id>& a, const std::vector<Id>& b) {
  std::vector<Id> result;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(result));
  return result;
}

template <typename Id>
bool Meets(const std::vector<Id>& a, const std::vector<Id>& b) {
  return std::any_of(a.begin(), a.end(), [&](Id id) { return Contains(b, id); });
}

template <typename Id>
void SortUnique(std::vector<Id>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

}  // namespace

RuleChecker::ScopeOf RuleChecker::ReadScope(const DeclSite& site, const syntax::Scope& principal,
                                            const syntax::ActionScope& action,
                                            const syntax::Scope& resource) {
  return {ReadWho(site, principal, true), ReadWhich(site, action), ReadWho(site, resource, false)};
}

RuleChecker::Who RuleChecker::ReadWho(const DeclSite& site, const syntax::Scope& line,
                                      bool is_principal) {
  Who who{.present = line.present, .line = &line};
  const std::vector<EntityTypeId>& possible = is_principal ? all_principals_ : all_resources_;
  if (line.types.empty()) {
    who.types = possible;
  } else {
    who.listed = true;
    for (const syntax::Path& path : line.types) {
      const auto type = names_.ResolveEntity(path, site.package);
      if (!type) {
        who.broken = true;
        continue;
      }
      if (!Contains(possible, *type)) {
        const std::string_view role = is_principal ? "principal" : "resource";
        names_.sink().Report(
            Diagnostic(DiagKind::kImpossibleScope, path.span,
                       Cat("no action has ", Quoted(names_.Text(path.text)), " as its ", role))
                .Mark(Cat("never a ", role))
                .Label(names_.SpanOf({NameKind::kEntity, type->index}), "declared here")
                .Help(Cat("actions name their ", role, "s with '", is_principal ? "by" : "on",
                          "': action a on … by …")));
        who.broken = true;
        continue;
      }
      who.types.push_back(*type);
    }
    SortUnique(who.types);
  }
  if (line.test == syntax::ScopeTest::kNone || !line.entity.valid()) return who;
  ExprContext context;
  context.mode = ExprContext::Mode::kConst;
  context.package = site.package;
  const auto value = checker_.CheckConstant(context, {site.ast, line.entity}, TypeId{});
  if (!value || value->kind() != TypeKind::kEntity) {
    who.broken = true;
    return who;
  }
  who.test = line.test;
  who.entity = value->uid();
  std::erase_if(who.types, [&](EntityTypeId type) {
    return line.test == syntax::ScopeTest::kEq ? type != who.entity->type
                                               : !names_.CanBeIn(type, who.entity->type);
  });
  return who;
}

RuleChecker::Which RuleChecker::ReadWhich(const DeclSite& site, const syntax::ActionScope& line) {
  Which which;
  if (!line.present || line.any || line.actions.empty()) {
    for (uint32_t i = 0; i < names_.schema().actions.size(); ++i) {
      which.actions.push_back(ActionId{i});
    }
    return which;
  }
  for (const syntax::Path& path : line.actions) {
    const Found found = names_.Find(site.package, NameSpace::kActions, path);
    if (found.none()) {
      names_.ReportUnknown(site.package, NameSpace::kActions, path.last, path.last_span,
                           DiagKind::kUnknownAction, "action");
    }
    if (!found.found()) {
      which.broken = true;
      continue;
    }
    const std::vector<ActionId>& actions = names_.ActionsOf(found.ref);
    which.actions.insert(which.actions.end(), actions.begin(), actions.end());
  }
  SortUnique(which.actions);
  return which;
}

void RuleChecker::Intersect(ScopeOf& scope, const ScopeOf& with) {
  scope.principal.types = Common(scope.principal.types, with.principal.types);
  scope.resource.types = Common(scope.resource.types, with.resource.types);
  scope.action.actions = Common(scope.action.actions, with.action.actions);
  scope.principal.broken |= with.principal.broken;
  scope.resource.broken |= with.resource.broken;
  scope.action.broken |= with.action.broken;
}

bool RuleChecker::Narrow(const ScopeOf& scope, Rule& rule) const {
  for (ActionId id : scope.action.actions) {
    const Action& action = names_.schema()[id];
    if (!Meets(action.principals, scope.principal.types)) continue;
    if (!Meets(action.resources, scope.resource.types)) continue;
    rule.actions.push_back(id);
    const auto principals = Common(action.principals, scope.principal.types);
    const auto resources = Common(action.resources, scope.resource.types);
    rule.principals.insert(rule.principals.end(), principals.begin(), principals.end());
    rule.resources.insert(rule.resources.end(), resources.begin(), resources.end());
  }
  SortUnique(rule.principals);
  SortUnique(rule.resources);
  return !rule.actions.empty();
}

ExprContext RuleChecker::MakeContext(const DeclSite& site, const ScopeOf& scope, const Rule& rule) {
  ExprContext context;
  context.mode = ExprContext::Mode::kRule;
  context.package = site.package;
  TypeTable& types = names_.schema().types;
  // Where nobody is left, clauses are still checked against what is written.
  const auto type_of = [&](const Who& who, const std::vector<EntityTypeId>& narrowed) {
    if (who.broken) return TypeId{};
    if (!narrowed.empty()) return types.Entities(narrowed);
    if (!who.types.empty()) return types.Entities(who.types);
    return TypeId{};
  };
  context.principal_type = type_of(scope.principal, rule.principals);
  context.resource_type = type_of(scope.resource, rule.resources);
  context.actions = rule.actions.empty() ? scope.action.actions : rule.actions;
  return context;
}

void RuleChecker::AddVariables(ExprContext& context, const syntax::Scope& principal,
                               const syntax::Scope& resource) {
  if (principal.variable.valid()) {
    checker_.AddLocal(context, principal.variable.text, principal.variable.span,
                      checker_.Principal(context, principal.variable.span));
  }
  if (resource.variable.valid()) {
    checker_.AddLocal(context, resource.variable.text, resource.variable.span,
                      checker_.Resource(context, resource.variable.span));
  }
}

void RuleChecker::AddScopeClause(const ExprContext& context, const Who& who, bool is_principal,
                                 Clause::Kind kind, Rule& rule) {
  if (!who.entity) return;
  const Typed subject = is_principal ? checker_.Principal(context, who.line->span)
                                     : checker_.Resource(context, who.line->span);
  if (!subject.ok()) return;
  TypeTable& types = names_.schema().types;
  const ExprId entity = builder_.Const(types.Entity(who.entity->type), Value::Entity(*who.entity));
  const Op op = who.test == syntax::ScopeTest::kEq ? Op::kEq : Op::kIn;
  if (op == Op::kIn) {
    for (EntityTypeId id : types[subject.type].entities) {
      const auto claimed = names_.ClaimedOnTheWay(id, who.entity->type);
      if (!claimed) continue;
      const std::string group = FormatUid(names_.schema(), *who.entity);
      names_.sink().Report(Diagnostic(DiagKind::kClaimedWithoutTrust, who.line->span,
                                      Cat("what ", WithArticle(names_.schema()[*claimed].name),
                                          " is in, the requester only claims"))
                               .Mark("claimed, and the rule rests on it")
                               .Help(Cat("write 'when trust(x in ", group,
                                         ")' if the rule is to believe the requester here")));
      return;
    }
  }
  const ExprId condition =
      checker_.Make(who.line->span, op, types.Scalar(TypeKind::kBool), {subject.id, entity});
  if (condition.valid()) rule.clauses.push_back({kind, condition, who.line->span});
}

void RuleChecker::ReportNobodyLeft(const DeclSite& site, const ScopeOf& scope, const Rule& rule) {
  const Schema& schema = names_.schema();
  const auto list = [&](const std::vector<EntityTypeId>& ids) {
    std::vector<std::string> names;
    for (EntityTypeId id : ids) names.push_back(schema[id].json_name);
    return Join(names, " or ");
  };
  const auto why = [&](const Who& who, std::string_view role) {
    return who.entity && who.types.empty() ? Cat("no ", role, " of its type can be ",
                                                 who.test == syntax::ScopeTest::kEq ? "" : "in ",
                                                 FormatUid(schema, *who.entity))
                                           : std::string();
  };
  std::string reason = why(scope.principal, "principal");
  if (reason.empty()) reason = why(scope.resource, "resource");
  if (reason.empty() && scope.action.actions.empty()) reason = "no action is left in its scope";
  if (reason.empty() && (scope.principal.types.empty() || scope.resource.types.empty())) {
    reason = Cat("no ", scope.principal.types.empty() ? "principal" : "resource",
                 " is left in its scope");
  }
  if (reason.empty()) {
    reason = Cat("none of its actions is declared on ", list(scope.resource.types), " by ",
                 list(scope.principal.types));
  }
  Diagnostic diagnostic(
      DiagKind::kRuleNeverApplies, rule.name_span,
      Cat(RuleKindName(rule.kind), " ", Quoted(rule.name), " can never apply: ", reason));
  diagnostic.SetMark("nobody is left in its scope");
  if (site.ast->Rule(*site.decl).action.present && !scope.action.actions.empty()) {
    const ActionId first = scope.action.actions.front();
    diagnostic.AddLabel(names_.SpanOf({NameKind::kAction, first.index}),
                        Cat("action ", Quoted(schema[first].name), " is by ",
                            list(schema[first].principals), " on ", list(schema[first].resources)));
  }
  names_.sink().Report(std::move(diagnostic));
}

}  // namespace ztp::sema
