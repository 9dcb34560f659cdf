// `expect`: a request, and what its decision must be.
#include <algorithm>

#include "engine/base/str.h"
#include "engine/diag/suggest.h"
#include "engine/sema/tests.h"

namespace ztp::sema {

void TestChecker::PlayExpect(Scene& scene, const syntax::Ast& ast,
                             const syntax::TestStatement& statement, TestCase& test) {
  Expect expect{.span = statement.span, .allow = statement.allow, .unknown = statement.unknown};
  Request& request = expect.request;
  const auto action = ReadAction(scene, statement.action);
  bool good = action.has_value();
  if (action) {
    request.action = *action;
    const auto principal = ReadParty(scene, ast, statement.principal, *action, true);
    const auto resource = ReadParty(scene, ast, statement.resource, *action, false);
    good &= ReadParams(scene, ast, statement, *action, request);
    if (principal) request.principal = *principal;
    if (resource) request.resource = *resource;
    good &= principal.has_value() && resource.has_value();
  }
  request.now = scene.context.now;
  if (statement.at.valid()) {
    const TypeId time = names_.schema().types.Scalar(TypeKind::kTime);
    const auto at = checker_.CheckConstant(scene.context, {&ast, statement.at}, time);
    if (at) request.now = at->time();
    good &= at.has_value();
  }
  good &= ReadBy(scene, statement, expect);
  good &= ReadObliged(scene, ast, statement, expect);
  if (!good) return;

  request.inputs = scene.inputs;
  for (const EntityUid* uid : {&request.principal, &request.resource}) {
    const auto it = scene.places.find(FormatUid(schema(), *uid));
    if (it == scene.places.end() || !it->second.carried) continue;
    if (uid == &request.resource && request.resource == request.principal) continue;
    request.carried.push_back(scene.carried[it->second.index]);
  }
  if (scene.changed || test.worlds.empty()) {
    CheckAcyclic(scene);
    test.worlds.push_back(scene.stored);
    scene.changed = false;
  }
  expect.world = static_cast<uint32_t>(test.worlds.size() - 1);
  test.expects.push_back(std::move(expect));
}

std::optional<ActionId> TestChecker::ReadAction(const Scene& scene, const syntax::Path& path) {
  const Found found = names_.Find(scene.context.package, NameSpace::kActions, path);
  if (found.none()) {
    names_.ReportUnknown(scene.context.package, NameSpace::kActions, path.last, path.last_span,
                         DiagKind::kUnknownAction, "action");
  }
  if (!found.found()) return std::nullopt;
  if (found.ref.kind != NameKind::kAction) {
    Report(Diagnostic(DiagKind::kWrongKindOfName, path.span,
                      Cat(Quoted(Text(path.text)), " is an action group: a request has one action"))
               .Mark("name one action")
               .Label(names_.SpanOf(found.ref), "declared here"));
    return std::nullopt;
  }
  return ActionId{found.ref.index};
}

std::optional<EntityUid> TestChecker::ReadParty(Scene& scene, const syntax::Ast& ast,
                                                syntax::ExprId expr, ActionId action_id,
                                                bool is_principal) {
  if (!expr.valid()) return std::nullopt;
  const auto value = checker_.CheckConstant(scene.context, {&ast, expr}, {});
  if (!value) return std::nullopt;
  const std::string_view role = is_principal ? "principal" : "resource";
  const Span span = ast[expr].span;
  if (value->kind() != TypeKind::kEntity) {
    Report(Diagnostic(DiagKind::kTypeMismatch, span, Cat("a ", role, " is an entity"))
               .Mark("not an entity"));
    return std::nullopt;
  }
  const Action& action = schema()[action_id];
  const std::vector<EntityTypeId>& allowed = is_principal ? action.principals : action.resources;
  if (std::find(allowed.begin(), allowed.end(), value->entity_type()) == allowed.end()) {
    std::vector<std::string> names;
    for (EntityTypeId id : allowed) names.push_back(schema()[id].json_name);
    const std::string& type = schema()[value->entity_type()].json_name;
    Report(Diagnostic(DiagKind::kBadExpectation, span,
                      Cat("action ", Quoted(action.name), " has no ", role, "s of type ", type))
               .Mark(WithArticle(type))
               .Label(names_.SpanOf({NameKind::kAction, action_id.index}), "declared here")
               .Expected(Join(names, " or ")));
    return std::nullopt;
  }
  return value->uid();
}

bool TestChecker::ReadParams(Scene& scene, const syntax::Ast& ast,
                             const syntax::TestStatement& statement, ActionId action_id,
                             Request& request) {
  const Action& action = schema()[action_id];
  const DeclRef ref{NameKind::kAction, action_id.index};
  request.params.assign(action.params.size(), Fact::Missing());
  std::vector<bool> given(action.params.size(), false);
  bool good = true;
  if (statement.params.valid()) {
    for (const syntax::RecordEntry& entry : ast.Entries(ast[statement.params])) {
      if (!entry.key.valid() || !entry.value.valid()) continue;
      const auto param = action.FindParam(Text(entry.key.text));
      if (!param) {
        std::vector<std::string> params;
        for (const Param& p : action.params) params.push_back(p.name);
        Diagnostic diagnostic(DiagKind::kBadExpectation, entry.key.span,
                              Cat("action ", Quoted(action.name), " has no parameter ",
                                  Quoted(Text(entry.key.text))));
        diagnostic.SetMark("not a parameter");
        diagnostic.AddLabel(names_.SpanOf(ref), "declared here");
        if (auto close = ClosestName(Text(entry.key.text), params)) {
          diagnostic.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
          diagnostic.SetFix(entry.key.span, *close);
        }
        Report(std::move(diagnostic));
        good = false;
        continue;
      }
      if (given[*param]) {
        Report(Diagnostic(DiagKind::kDuplicateMember, entry.key.span,
                          Cat("parameter ", Quoted(Text(entry.key.text)), " is given twice"))
                   .Mark("given again"));
        good = false;
        continue;
      }
      given[*param] = true;
      if (schema().types.kind(action.params[*param].type) == TypeKind::kNone) {
        good = false;
        continue;
      }
      auto value =
          checker_.CheckConstant(scene.context, {&ast, entry.value}, action.params[*param].type);
      if (!value) {
        good = false;
        continue;
      }
      request.params[*param] = Fact::Of(std::move(*value));
    }
  }
  std::vector<std::string> missing, names;
  for (size_t i = 0; i < action.params.size(); ++i) {
    if (given[i]) continue;
    if (action.params[i].default_value) {
      request.params[i] = Fact::Of(*action.params[i].default_value);
    } else if (!action.params[i].optional) {
      names.push_back(action.params[i].name);
      missing.push_back(Quoted(action.params[i].name));
    }
  }
  if (!missing.empty()) {
    Report(Diagnostic(DiagKind::kBadExpectation, statement.action.span,
                      Cat("action ", Quoted(action.name), " needs ", Join(missing, ", ")))
               .Mark("a parameter is missing")
               .Label(names_.SpanOf(ref), "declared here")
               .Help(Cat("write 'with { ", Join(names, ": …, "), ": … }'")));
    good = false;
  }
  return good;
}

bool TestChecker::ReadBy(const Scene& scene, const syntax::TestStatement& statement,
                         Expect& expect) {
  if (!statement.by.valid()) return true;
  const auto rule = rules_.FindRule(scene.context.package, statement.by);
  if (!rule) return false;
  const Rule& named = rules_.rules()[*rule];
  const bool decides = expect.allow
                           ? named.kind == RuleKind::kPermit
                           : named.kind == RuleKind::kForbid || named.kind == RuleKind::kDuty;
  if (!decides) {
    Report(Diagnostic(DiagKind::kBadExpectation, statement.by.span,
                      Cat(expect.allow ? "an allow" : "a deny", " is never by ",
                          WithArticle(RuleKindName(named.kind))))
               .Mark(WithArticle(RuleKindName(named.kind)))
               .Label(named.name_span, "declared here")
               .Expected(expect.allow ? "a permit" : "a forbid or a duty"));
    return false;
  }
  expect.by = *rule;
  expect.by_span = statement.by.span;
  return true;
}

bool TestChecker::ReadObliged(Scene& scene, const syntax::Ast& ast,
                              const syntax::TestStatement& statement, Expect& expect) {
  if (!statement.has_obliged) return true;
  if (!expect.allow) {
    Report(Diagnostic(DiagKind::kBadExpectation,
                      statement.obliged.empty() ? statement.span : statement.obliged[0].span,
                      "a deny carries no obligations")
               .Mark("only an allow obliges"));
    return false;
  }
  bool good = true;
  for (const syntax::ObligationCall& call : statement.obliged) {
    if (!call.name.valid()) continue;
    const auto id = rules_.FindObligation(scene.context.package, call.name, false);
    if (!id || !rules_.CheckArgumentCount(*id, call)) {
      good = false;
      continue;
    }
    ObligationCall expected{.obligation = *id};
    const std::vector<Param>& params = schema()[*id].params;
    for (size_t i = 0; i < params.size(); ++i) {
      if (schema().types.kind(params[i].type) == TypeKind::kNone) {
        good = false;
        continue;
      }
      auto value = checker_.CheckConstant(scene.context, {&ast, call.args[i]}, params[i].type);
      if (value) expected.args.push_back(std::move(*value));
      good &= value.has_value();
    }
    expect.obliged.push_back(std::move(expected));
  }
  return good;
}

}  // namespace ztp::sema
