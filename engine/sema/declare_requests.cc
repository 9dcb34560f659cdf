// What a request consists of and what a decision may impose: inputs, actions and their groups,
// obligations; and the definitions' parameters.
#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "engine/base/limits.h"
#include "engine/base/str.h"
#include "engine/diag/suggest.h"
#include "engine/sema/names.h"

namespace ztp::sema {

void Names::NameRequests() {
  schema_.inputs.resize(Count(NameKind::kInput));
  for (uint32_t i = 0; i < schema_.inputs.size(); ++i) {
    schema_.inputs[i].package = package(PackageOf({NameKind::kInput, i})).name;
    schema_.inputs[i].name = JsonName({NameKind::kInput, i});
  }
  schema_.actions.resize(Count(NameKind::kAction));
  for (uint32_t i = 0; i < schema_.actions.size(); ++i) {
    const DeclRef ref{NameKind::kAction, i};
    Action& action = schema_.actions[i];
    action.package = package(PackageOf(ref)).name;
    action.name = NameOf(ref);
    action.json_name = JsonName(ref);
  }
  schema_.obligations.resize(Count(NameKind::kObligation));
  for (uint32_t i = 0; i < schema_.obligations.size(); ++i) {
    const DeclRef ref{NameKind::kObligation, i};
    ObligationType& obligation = schema_.obligations[i];
    obligation.package = package(PackageOf(ref)).name;
    obligation.name = NameOf(ref);
    obligation.json_name = JsonName(ref);
  }
}

void Names::DeclareInputs() {
  for (uint32_t i = 0; i < schema_.inputs.size(); ++i) {
    const DeclSite& site = SiteOf({NameKind::kInput, i});
    const syntax::Field& field = site.ast->Input(*site.decl).field;
    const TypeId type = ResolveType({site.ast, field.type}, site.package);
    Input& input = schema_.inputs[i];
    input.type = type;
    input.optional = field.optional;
    switch (field.rank) {
      case syntax::Rank::kDefault:
      case syntax::Rank::kVouched:
        input.rank = Rank::kVouched;
        break;
      case syntax::Rank::kClaimed:
        input.rank = Rank::kClaimed;
        break;
      case syntax::Rank::kProven:
        input.rank = Rank::kProven;
        break;
    }
    if (field.proven_for.valid()) input.proven_for = SplitPath(field.proven_for);
  }
}

std::vector<EntityTypeId> Names::ResolveEntities(const std::vector<syntax::Path>& paths,
                                                 PackageId from) {
  std::vector<EntityTypeId> result;
  for (const syntax::Path& path : paths) {
    if (const auto type = ResolveEntity(path, from)) result.push_back(*type);
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

Param Names::DeclareParam(const syntax::Ast& ast, const syntax::Field& field, Rank rank,
                          PackageId from) {
  Param param{.name = std::string(Text(field.name.text)),
              .type = ResolveType({&ast, field.type}, from),
              .rank = rank,
              .optional = field.optional};
  if (field.rank == syntax::Rank::kVouched) param.rank = Rank::kVouched;
  if (field.rank == syntax::Rank::kClaimed) param.rank = Rank::kClaimed;
  param.default_value = Default(ast, field, param.type, from);
  return param;
}

void Names::DeclareActions() {
  // The names of one declaration share all but their names.
  struct Shared {
    std::vector<EntityTypeId> principals, resources;
    std::vector<Param> params;
  };
  absl::flat_hash_map<const syntax::Decl*, Shared> shared;
  for (uint32_t i = 0; i < schema_.actions.size(); ++i) {
    const Entry& e = entries(NameKind::kAction)[i];
    const syntax::Ast& ast = *e.site.ast;
    const syntax::ActionDecl& decl = ast.Action(*e.site.decl);
    if (!shared.contains(e.site.decl)) {
      Shared s;
      s.resources = ResolveEntities(decl.resources, e.site.package);
      s.principals = ResolveEntities(decl.principals, e.site.package);
      absl::flat_hash_map<Symbol, Span> seen;
      for (const syntax::Field& field : decl.params) {
        if (!field.name.valid()) continue;
        const auto [it, inserted] = seen.emplace(field.name.text, field.name.span);
        if (!inserted) {
          sink_.Report(
              Diagnostic(DiagKind::kDuplicateMember, field.name.span,
                         Cat("parameter ", Quoted(Text(field.name.text)), " is declared twice"))
                  .Mark("declared again")
                  .Label(it->second, "first declared here"));
          continue;
        }
        if (field.rank == syntax::Rank::kProven) {
          sink_.Report(
              Diagnostic(DiagKind::kBadDeclaration, field.rank_span,
                         "an action's parameter comes with the request and is never proven")
                  .Mark("at most vouched")
                  .Help("what evidence says comes in as 'input … proven'"));
        }
        s.params.push_back(DeclareParam(ast, field, Rank::kClaimed, e.site.package));
      }
      shared.emplace(e.site.decl, std::move(s));
    }
    const Shared& s = shared.at(e.site.decl);
    Action& action = schema_.actions[i];
    action.principals = s.principals;
    action.resources = s.resources;
    action.params = s.params;
    for (const syntax::ActionName& name : decl.names) {
      if (name.external && name.name.span == e.span) action.json_name = name.external->value;
    }
    single_actions_.push_back({ActionId{i}});
  }
  CheckActionJsonNames();
  for (uint32_t i = 0; i < groups_.size(); ++i) Flatten(i);
}

void Names::CheckActionJsonNames() {
  absl::flat_hash_map<std::string, uint32_t> seen;
  for (uint32_t i = 0; i < schema_.actions.size(); ++i) {
    const auto [it, inserted] = seen.emplace(schema_.actions[i].json_name, i);
    const DeclRef ref{NameKind::kAction, i}, first{NameKind::kAction, it->second};
    // Two of one name in one package were reported as that already.
    if (inserted || (PackageOf(ref) == PackageOf(first) && NameOf(ref) == NameOf(first))) continue;
    sink_.Report(
        Diagnostic(DiagKind::kDuplicateDeclaration, SpanOf(ref),
                   Cat("requests could mean two actions by \"", schema_.actions[i].json_name, "\""))
            .Mark("known by that name")
            .Label(SpanOf(first), "and so is this one")
            .Help("give one of them another external name: action a = \"…\""));
  }
}

const std::vector<ActionId>& Names::Flatten(uint32_t index, int depth) {
  GroupInfo& group = groups_[index];
  if (group.progress != Progress::kNew) return group.actions;
  group.progress = Progress::kRunning;
  const DeclRef self{NameKind::kActionGroup, index};
  const DeclSite& site = SiteOf(self);
  std::vector<ActionId> actions;
  for (const syntax::Path& path : site.ast->ActionGroup(*site.decl).members) {
    const Found found = Find(site.package, NameSpace::kActions, path);
    if (found.none()) {
      ReportUnknown(site.package, NameSpace::kActions, path.last, path.last_span,
                    DiagKind::kUnknownAction, "action");
      continue;
    }
    if (!found.found()) continue;
    if (found.ref.kind == NameKind::kAction) {
      actions.push_back(ActionId{found.ref.index});
      continue;
    }
    if (groups_[found.ref.index].progress == Progress::kRunning) {
      sink_.Report(Diagnostic(DiagKind::kActionGroupCycle, path.span,
                              Cat("action group ", Quoted(NameOf(found.ref)), " contains itself"))
                       .Mark("leads back to it")
                       .Label(SpanOf(found.ref), "declared here"));
      continue;
    }
    if (depth >= kMaxNestingDepth) {
      sink_.Report(Diagnostic(DiagKind::kNestingTooDeep, path.span, "groups are nested too deep"));
      continue;
    }
    const std::vector<ActionId>& members = Flatten(found.ref.index, depth + 1);
    actions.insert(actions.end(), members.begin(), members.end());
  }
  std::sort(actions.begin(), actions.end());
  actions.erase(std::unique(actions.begin(), actions.end()), actions.end());
  group.actions = std::move(actions);
  group.progress = Progress::kDone;
  return group.actions;
}

const std::vector<ActionId>& Names::ActionsOf(DeclRef ref) {
  return ref.kind == NameKind::kAction ? single_actions_[ref.index] : Flatten(ref.index);
}

void Names::DeclareObligations() {
  for (uint32_t i = 0; i < schema_.obligations.size(); ++i) {
    const DeclSite& site = SiteOf({NameKind::kObligation, i});
    absl::flat_hash_map<Symbol, Span> seen;
    for (const syntax::Field& field : site.ast->Obligation(*site.decl).params) {
      if (!field.name.valid()) continue;
      const auto [it, inserted] = seen.emplace(field.name.text, field.name.span);
      if (!inserted) {
        sink_.Report(
            Diagnostic(DiagKind::kDuplicateMember, field.name.span,
                       Cat("parameter ", Quoted(Text(field.name.text)), " is declared twice"))
                .Mark("declared again")
                .Label(it->second, "first declared here"));
        continue;
      }
      Param param = DeclareParam(*site.ast, field, Rank::kVouched, site.package);
      schema_.obligations[i].params.push_back(std::move(param));
    }
  }
}

void Names::DeclareDefs() {
  for (uint32_t i = 0; i < Count(NameKind::kDef); ++i) {
    const DeclSite& site = SiteOf({NameKind::kDef, i});
    const syntax::DefDecl& decl = site.ast->Def(*site.decl);
    DefInfo def{.site = site, .body = {site.ast, decl.body}};
    absl::flat_hash_map<Symbol, Span> seen;
    for (const syntax::Field& field : decl.params) {
      DefParam param{.name = field.name.text,
                     .span = field.name.span,
                     .type = ResolveType({site.ast, field.type}, site.package),
                     .proven = field.rank == syntax::Rank::kProven};
      def.params.push_back(param);
      if (!field.name.valid()) continue;
      const auto [it, inserted] = seen.emplace(field.name.text, field.name.span);
      if (!inserted) {
        sink_.Report(
            Diagnostic(DiagKind::kDuplicateMember, field.name.span,
                       Cat("parameter ", Quoted(Text(field.name.text)), " is declared twice"))
                .Mark("declared again")
                .Label(it->second, "first declared here"));
        continue;
      }
      if (const auto hidden = Peek(site.package, NameSpace::kNames, field.name.text)) {
        sink_.Report(Diagnostic(DiagKind::kShadowedName, field.name.span,
                                Cat("parameter ", Quoted(Text(field.name.text)), " would hide ",
                                    DescribeKind(hidden->kind)))
                         .Mark("take another name")
                         .Label(SpanOf(*hidden), "declared here"));
      }
    }
    defs_.push_back(std::move(def));
  }
}

// What an input's evidence is about lies in the request: `principal.spiffe`, `action.call`.
void Names::CheckProvenFor() {
  for (uint32_t i = 0; i < schema_.inputs.size(); ++i) {
    const DeclSite& site = SiteOf({NameKind::kInput, i});
    const syntax::Field& field = site.ast->Input(*site.decl).field;
    if (!field.proven_for.valid() || site.decl->broken) continue;
    const std::vector<std::string> path = SplitPath(field.proven_for);
    bool good = false;
    std::vector<std::string> candidates;
    std::string mark;
    if (path[0] == "principal" || path[0] == "resource") {
      const std::vector<EntityTypeId> types =
          path[0] == "principal" ? AllPrincipals() : AllResources();
      mark = Cat("no ", path[0], " has it");
      for (EntityTypeId type : types) {
        good |= PathExists(schema_.types.Entity(type), path, 1);
        for (const Attribute& a : schema_[type].attributes) {
          candidates.push_back(Cat(path[0], ".", a.name));
        }
      }
      // A vocabulary declares inputs for policies that bring the actions.
      good |= types.empty();
    } else if (path[0] == "action" && path.size() > 1) {
      mark = "no action has such a parameter";
      for (const Action& action : schema_.actions) {
        const auto param = action.FindParam(path[1]);
        good |= param && PathExists(action.params[*param].type, path, 2);
        for (const Param& p : action.params) candidates.push_back(Cat("action.", p.name));
      }
      good |= schema_.actions.empty();
    } else {
      mark = "not a part of the request";
    }
    if (good) continue;
    Diagnostic diagnostic(DiagKind::kBadProvenFor, field.proven_for.span,
                          Cat("evidence for ", Quoted(Text(field.name.text)), " cannot be about ",
                              Quoted(Text(field.proven_for.text))));
    diagnostic.SetMark(mark);
    diagnostic.SetExpected("principal.…, resource.… or action.…");
    if (auto close = ClosestName(Text(field.proven_for.text), candidates)) {
      diagnostic.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
      diagnostic.SetFix(field.proven_for.span, *close);
    }
    sink_.Report(std::move(diagnostic));
  }
}

}  // namespace ztp::sema
