// The lines of a route, and routes among each other. Where values come from: routes_sources.cc.
#include "engine/sema/routes.h"

#include <algorithm>
#include <set>

#include "engine/base/quote.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/diag/suggest.h"

namespace ztp::sema {
namespace {

using Kind = syntax::RouteLine::Kind;

const syntax::RouteLine* Find(const syntax::RouteDecl& decl, Kind kind) {
  for (const syntax::RouteLine& line : decl.lines) {
    if (line.kind == kind) return &line;
  }
  return nullptr;
}

// RFC 9110, 9.1; methods have no small letters by custom, and are compared by letter.
bool IsMethod(std::string_view text) {
  return text.size() <= 32 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool Has(const std::vector<std::string>& methods, const std::string& method) {
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

}  // namespace

void RouteChecker::Bad(Span span, std::string message, std::string help) {
  Diagnostic diagnostic(DiagKind::kBadRoute, span, std::move(message));
  if (!help.empty()) diagnostic.AddHelp(std::move(help));
  names_.sink().Report(std::move(diagnostic));
}

void RouteChecker::ReportNotRoot(const DeclSite& site) {
  Bad(site.decl->head, Cat(Describe(site.decl->kind), "s stand in the root package"),
      "whoever writes a route says who is asking; move it to the package that delegates");
}

void RouteChecker::ReportTwice(const DeclSite& again, const DeclSite& first) {
  names_.sink().Report(
      Diagnostic(DiagKind::kDuplicateDeclaration, again.decl->head,
                 Cat(Describe(again.decl->kind), " ", Quoted(names_.Text(again.decl->name.text)),
                     " is declared twice"))
          .Mark("declared again")
          .Label(first.decl->head, "first declared here"));
}

void RouteChecker::ReportUnknown(Span span, std::string message, std::string_view name,
                                 const std::vector<std::string>& candidates, std::string help) {
  Diagnostic diagnostic(DiagKind::kUnknownName, span, std::move(message));
  diagnostic.SetMark("not known here");
  const auto close = ClosestName(name, candidates);
  diagnostic.AddHelp(close ? Cat("did you mean ", Quoted(*close), "?") : std::move(help));
  names_.sink().Report(std::move(diagnostic));
}

void RouteChecker::ReportNoProxy(Span span) {
  Bad(span, "nobody says who may speak for a client",
      "a proxy does: write a line 'peer \"spiffe://…\"' with the ids of the proxies that you "
      "believe");
}

void RouteChecker::CheckAll() {
  const auto each = [&](syntax::DeclKind kind, auto check) {
    for (uint32_t p = 0; p < names_.packages().size(); ++p) {
      for (const syntax::Ast* ast : names_.packages()[p].files) {
        for (const syntax::Decl& decl : ast->decls) {
          if (decl.kind == kind) check(DeclSite{ast, &decl, PackageId{p}});
        }
      }
    }
  };
  each(syntax::DeclKind::kCaller, [&](const DeclSite& site) { CheckCaller(site); });
  each(syntax::DeclKind::kRoute, [&](const DeclSite& site) { CheckRoute(site); });
  CheckConflicts();
}

void RouteChecker::CheckCaller(const DeclSite& site) {
  if (site.package != names_.root()) return ReportNotRoot(site);
  const Symbol name = site.decl->name.text;
  for (const Caller& other : callers_) {
    if (other.name == name) ReportTwice(site, other.context.site);
  }
  const syntax::RouteDecl& decl = site.ast->Route(*site.decl);
  Context c{.site = site};
  for (const syntax::RouteLine& line : decl.lines) {
    if (line.kind != Kind::kOn && line.kind != Kind::kBy && line.kind != Kind::kAction &&
        line.kind != Kind::kResource && line.kind != Kind::kWith) {
      continue;
    }
    Bad(line.span, "a caller says who asks, and not for what",
        "it has the lines peer, client, when, let, principal, input, proven");
    c.lost_names = true;
  }
  if (Find(decl, Kind::kPrincipal) == nullptr && !site.decl->broken) {
    Bad(site.decl->head, Cat("caller ", Quoted(names_.Text(name)), " has no line 'principal'"));
  }
  if (!c.lost_names) CheckLines(c);
  callers_.push_back({name, std::move(c)});
}

void RouteChecker::LintCallers() {
  for (const Caller& caller : callers_) {
    if (caller.used) continue;
    names_.sink().Report(
        Diagnostic(DiagKind::kUnusedDeclaration, caller.context.site.decl->head,
                   Cat("caller ", Quoted(names_.Text(caller.name)), " is never used"))
            .Mark("not used"));
  }
}

void RouteChecker::CheckRoute(const DeclSite& site) {
  const syntax::RouteDecl& decl = site.ast->Route(*site.decl);
  const Span head = site.decl->head;
  if (site.package != names_.root()) return ReportNotRoot(site);
  const std::string_view name = names_.Text(site.decl->name.text);
  const auto other = std::find_if(routes_.begin(), routes_.end(),
                                  [&](const Route& route) { return route.name == name; });
  if (other != routes_.end()) {
    ReportTwice(site, taken_[static_cast<size_t>(other - routes_.begin())].site);
  }
  const syntax::RouteLine* by = Find(decl, Kind::kBy);
  for (const auto& [kind, word] :
       {std::pair(Kind::kOn, "on"), std::pair(Kind::kPrincipal, "principal"),
        std::pair(Kind::kAction, "action"), std::pair(Kind::kResource, "resource")}) {
    if (site.decl->broken || Find(decl, kind) != nullptr) continue;
    if (kind == Kind::kPrincipal && by != nullptr) continue;
    Bad(head, Cat("route ", Quoted(name), " has no line ", Quoted(word)),
        kind == Kind::kPrincipal ? "write one, or 'by' and the names of callers" : "");
  }
  if (by == nullptr) return CheckRouteFor({}, site, {});
  for (const syntax::RouteLine& line : decl.lines) {
    if (line.kind != Kind::kPeer && line.kind != Kind::kClient && line.kind != Kind::kPrincipal) {
      continue;
    }
    names_.sink().Report(Diagnostic(DiagKind::kBadRoute, line.span, "its callers say who asks")
                             .Label(by->span, "by these")
                             .Help("leave one of the two lines out"));
    return;
  }
  // What is wrong with the route is said once, and not for each of its callers.
  const auto callers = FindCallers(*by);
  const size_t errors = names_.sink().error_count();
  for (const auto& [caller, span] : callers) {
    if (names_.sink().error_count() != errors) return;
    CheckRouteFor(caller->context, site, span);
  }
}

std::vector<std::pair<const RouteChecker::Caller*, Span>> RouteChecker::FindCallers(
    const syntax::RouteLine& by) {
  std::vector<std::pair<const Caller*, Span>> found;
  for (const syntax::Name& name : by.names) {
    if (!name.valid()) continue;
    const auto caller = std::find_if(callers_.begin(), callers_.end(),
                                     [&](const Caller& c) { return c.name == name.text; });
    if (caller == callers_.end()) {
      std::vector<std::string> candidates;
      for (const Caller& c : callers_) candidates.emplace_back(names_.Text(c.name));
      ReportUnknown(name.span, Cat("there is no caller ", Quoted(names_.Text(name.text))),
                    names_.Text(name.text), candidates,
                    Cat("declare it: caller ", names_.Text(name.text), " { principal … }"));
      continue;
    }
    const auto twice = std::find_if(found.begin(), found.end(),
                                    [&](const auto& other) { return other.first == &*caller; });
    if (twice != found.end()) {
      names_.sink().Report(
          Diagnostic(DiagKind::kDuplicateMember, name.span,
                     Cat("caller ", Quoted(names_.Text(name.text)), " is listed twice"))
              .Mark("listed again")
              .Label(twice->second, "listed first here"));
      continue;
    }
    caller->used = true;
    found.emplace_back(&*caller, name.span);
  }
  return found;
}

void RouteChecker::CheckRouteFor(Context c, const DeclSite& site, Span caller) {
  c.site = site;
  c.route.package = names_.package(site.package).name;
  c.route.name = names_.Text(site.decl->name.text);
  c.route.line = names_.sources().Locate(site.decl->head).line;
  taken_.push_back({.site = site, .caller = caller});
  CheckLines(c);
  if (caller.valid() && c.route.principal.type != UINT32_MAX) {
    CheckTakes(c, caller, EntityTypeId{c.route.principal.type}, true);
  }
  routes_.push_back(std::move(c.route));
}

void RouteChecker::CheckLines(Context& c) {
  const syntax::RouteDecl& decl = c.site.ast->Route(*c.site.decl);
  const auto each = [&](Kind kind, auto check) {
    for (const syntax::RouteLine& line : decl.lines) {
      if (line.kind == kind) check(line);
    }
  };
  each(Kind::kOn, [&](const auto& line) { CheckOn(c, line); });
  each(Kind::kPeer, [&](const auto& line) { CheckPeer(c, line, RouteSource::kPeer); });
  each(Kind::kClient, [&](const auto& line) { CheckPeer(c, line, RouteSource::kClient); });
  // Evidence first, as `let` lines may read what it proves; both in the order of the lines, as one
  // may be made of another.
  for (const syntax::RouteLine& line : decl.lines) {
    if (line.kind == Kind::kLet) CheckLet(c, line);
    if (line.kind == Kind::kProven) CheckProven(c, line);
  }
  each(Kind::kWhen, [&](const auto& line) { CheckWhen(c, line.value); });
  each(Kind::kAction, [&](const auto& line) { CheckAction(c, line); });
  each(Kind::kPrincipal, [&](const auto& line) { CheckEntity(c, line, c.route.principal); });
  each(Kind::kResource, [&](const auto& line) { CheckEntity(c, line, c.route.resource); });
  CheckWith(c, Find(decl, Kind::kWith));
  each(Kind::kInput, [&](const auto& line) { CheckInput(c, line); });
}

void RouteChecker::CheckOn(Context& c, const syntax::RouteLine& line) {
  for (const syntax::Name& name : line.names) {
    if (!name.valid()) continue;
    const std::string method(names_.Text(name.text));
    if (!IsMethod(method)) {
      Bad(name.span, Cat(Quoted(method), " is no method"), "methods are written in capitals: POST");
    } else if (std::find(c.route.methods.begin(), c.route.methods.end(), method) !=
               c.route.methods.end()) {
      names_.sink().Report(Diagnostic(DiagKind::kDuplicateMember, name.span,
                                      Cat("method ", Quoted(method), " is listed twice"))
                               .Mark("listed again"));
    } else {
      c.route.methods.push_back(method);
    }
  }
  auto pattern = PathPattern::ParsePath(line.text.value);
  if (!pattern.ok()) {
    c.lost_names = true;
    return Bad(
        line.text.span, Cat("this is no path: ", Message(pattern.status())),
        "a path is written as requests have it, names in braces: \"/v2/models/{model}/infer\"");
  }
  c.route.path = line.text.value;
  for (const std::string& name : pattern->names()) {
    AddLocal(c, {names_.interner().Intern(name), line.text.span},
             {.value = {.source = RouteSource::kPath, .name = name}});
  }
  taken_.back().pattern = *std::move(pattern);
}

void RouteChecker::CheckPeer(Context& c, const syntax::RouteLine& line, RouteSource source) {
  const bool client = source == RouteSource::kClient;
  if (client && Find(c.site.ast->Route(*c.site.decl), Kind::kPeer) == nullptr) {
    ReportNoProxy(line.span);
  }
  c.names_proxy |= !client;
  auto pattern = PathPattern::ParseSpiffe(line.text.value);
  if (!pattern.ok()) {
    c.lost_names = true;
    return Bad(line.text.span, Cat("this is no SPIFFE ID: ", Message(pattern.status())),
               "names may stand for segments: \"spiffe://acme.org/ns/{ns}/sa/{sa}\"");
  }
  (client ? c.route.client : c.route.peer) = line.text.value;
  for (const std::string& name : pattern->names()) {
    AddLocal(c, {names_.interner().Intern(name), line.text.span},
             {.value = {.source = source, .name = name}, .rank = Rank::kVouched});
  }
}

void RouteChecker::AddLocal(Context& c, const syntax::Name& name, Sourced value, bool lost) {
  for (const Local& local : c.locals) {
    if (local.name != name.text) continue;
    names_.sink().Report(Diagnostic(DiagKind::kDuplicateMember, name.span,
                                    Cat(Quoted(names_.Text(name.text)), " stands for two things"))
                             .Mark("named again")
                             .Label(local.span, "first named here"));
    return;
  }
  c.locals.push_back({name.text, name.span, std::move(value), lost});
}

void RouteChecker::CheckLet(Context& c, const syntax::RouteLine& line) {
  if (!line.name.valid()) return;
  auto value = Read(c, line.value);
  const bool lost = !value;
  AddLocal(c, line.name, lost ? Sourced() : *std::move(value), lost);
}

std::optional<InputId> RouteChecker::FindInput(const Context& c, const syntax::Name& name) {
  if (!name.valid()) return std::nullopt;
  const Found found = names_.Find(c.site.package, NameSpace::kNames, name.text, name.span);
  if (found.found() && found.ref.kind == NameKind::kInput) return InputId{found.ref.index};
  if (found.state != Found::State::kReported) {
    names_.sink().Report(Diagnostic(DiagKind::kUnknownInput, name.span,
                                    Cat("there is no input ", Quoted(names_.Text(name.text))))
                             .Mark("not an input"));
  }
  return std::nullopt;
}

void RouteChecker::CheckProven(Context& c, const syntax::RouteLine& line) {
  const auto id = FindInput(c, line.name);
  if (!id || names_.schema()[*id].rank != Rank::kProven) c.lost_proofs.push_back(line.name.text);
  if (!id) return;
  const Input& input = names_.schema()[*id];
  if (input.rank != Rank::kProven) {
    names_.sink().Report(Diagnostic(DiagKind::kNotProvenValue, line.name.span,
                                    Cat("input ", Quoted(input.name), " is not proven"))
                             .Mark("takes no evidence")
                             .Label(names_.SpanOf({NameKind::kInput, id->index}), "declared here")
                             .Help(Cat("write 'input ", names_.Text(line.name.text), " = …'")));
    return;
  }
  if (std::find(c.proofs.begin(), c.proofs.end(), *id) != c.proofs.end()) {
    return Bad(line.name.span, Cat("evidence for ", Quoted(input.name), " is named twice"));
  }
  c.proofs.push_back(*id);
  const auto value = Read(c, line.value);
  if (!value) return;
  if (value->value.source == RouteSource::kProven || value->fallback.valid()) {
    return Bad(value->at->span, "evidence comes with the request",
               "bearer, peer.certificate, header[\"…\"], or a place in the body");
  }
  c.route.proofs.push_back({input.name, value->value});
}

void RouteChecker::CheckWhen(Context& c, syntax::ExprId id) {
  const syntax::Expr& e = At(c, id);
  const syntax::Ast& ast = *c.site.ast;
  if (e.kind == syntax::ExprKind::kAnd) {
    for (const syntax::ExprId part : ast.Children(e)) CheckWhen(c, part);
    return;
  }
  RouteTest test;
  const bool negated = e.kind == syntax::ExprKind::kUnary && e.unary_op == syntax::UnaryOp::kNot;
  const syntax::Expr& inner = negated ? At(c, ast.Child(e, 0)) : e;
  if (inner.kind == syntax::ExprKind::kHasInput) {
    test.kind = negated ? RouteTest::Kind::kAbsent : RouteTest::Kind::kPresent;
    auto value = Read(c, ast.Child(inner, 0));
    if (!value) return;
    test.value = std::move(value->value);
    c.route.tests.push_back(std::move(test));
    return;
  }
  using Op = syntax::BinaryOp;
  const bool binary = !negated && e.kind == syntax::ExprKind::kBinary;
  const bool one = binary && (e.binary_op == Op::kEq || e.binary_op == Op::kNe);
  const bool set = binary && (e.binary_op == Op::kIn || e.binary_op == Op::kNotIn) &&
                   At(c, ast.Child(e, 1)).kind == syntax::ExprKind::kSet;
  if (!one && !set) {
    if (e.kind == syntax::ExprKind::kError) return;
    return Bad(e.span, "a route tests only what stands in the request",
               "place == \"text\", place in {\"a\", \"b\"}, has name, not has name, and 'and' "
               "between them; rules decide the rest");
  }
  test.kind = e.binary_op == Op::kEq || e.binary_op == Op::kIn ? RouteTest::Kind::kEqual
                                                               : RouteTest::Kind::kNotEqual;
  auto value = Read(c, ast.Child(e, 0));
  if (!value) return;
  test.value = std::move(value->value);
  const syntax::Expr& right = At(c, ast.Child(e, 1));
  std::vector<syntax::ExprId> literals{ast.Child(e, 1)};
  if (set) literals.assign(ast.Children(right).begin(), ast.Children(right).end());
  for (const syntax::ExprId literal : literals) {
    auto text = Literal(c, literal);
    if (!text) return;
    test.literals.push_back(*std::move(text));
  }
  c.route.tests.push_back(std::move(test));
}

void RouteChecker::CheckAction(Context& c, const syntax::RouteLine& line) {
  const Found found = names_.Find(c.site.package, NameSpace::kActions, line.action);
  if (found.none()) {
    names_.ReportUnknown(c.site.package, NameSpace::kActions, line.action.last,
                         line.action.last_span, DiagKind::kUnknownAction, "action");
  }
  if (!found.found()) return;
  if (found.ref.kind != NameKind::kAction) {
    names_.sink().Report(Diagnostic(DiagKind::kWrongKindOfName, line.action.span,
                                    "a request asks for one action, not for a group")
                             .Mark("an action group"));
    return;
  }
  c.route.action = found.ref.index;
}

void RouteChecker::CheckEntity(Context& c, const syntax::RouteLine& line, RouteEntity& entity) {
  const bool principal = line.kind == Kind::kPrincipal;
  const syntax::Expr& e = At(c, line.value);
  if (e.kind != syntax::ExprKind::kEntity) return;
  const auto type = names_.ResolveEntity(c.site.ast->PathOf(e), c.site.package);
  auto text = Text(c, line.value, !principal, principal ? "the principal" : "the resource");
  if (!type || !text) return;
  entity.type = type->index;
  entity.id = *std::move(text);
  CheckTakes(c, e.name_span, *type, principal);
  CheckAttributes(c, line, entity);
}

void RouteChecker::CheckTakes(Context& c, Span span, EntityTypeId type, bool principal) {
  if (c.route.action == UINT32_MAX) return;
  const Action& action = names_.schema()[ActionId{c.route.action}];
  const std::vector<EntityTypeId>& types = principal ? action.principals : action.resources;
  if (std::find(types.begin(), types.end(), type) != types.end()) return;
  names_.sink().Report(
      Diagnostic(DiagKind::kImpossibleScope, span,
                 Cat("action ", Quoted(action.name), " is not ", principal ? "by" : "on", " a ",
                     names_.schema()[type].name))
          .Mark(principal ? "no principal of the action" : "no resource of the action")
          .Label(names_.SpanOf({NameKind::kAction, c.route.action}), "declared here"));
}

void RouteChecker::CheckAttributes(Context& c, const syntax::RouteLine& line, RouteEntity& entity) {
  const EntityType& type = names_.schema()[EntityTypeId{entity.type}];
  if (type.carried == Carried::kNo) {
    if (line.body.valid()) {
      Bad(At(c, line.body).span,
          Cat("attributes of a ", type.name, " come from the facts, not with a request"),
          "only types declared 'carried' take them here");
    }
    return;
  }
  std::set<std::string> bound;
  if (line.body.valid()) {
    for (const syntax::RecordEntry& entry : c.site.ast->Entries(At(c, line.body))) {
      const std::string name(names_.Text(entry.key.text));
      const auto index = type.FindAttribute(name);
      if (!index) {
        names_.sink().Report(Diagnostic(DiagKind::kUnknownAttribute, entry.key.span,
                                        Cat(type.name, " has no attribute ", Quoted(name)))
                                 .Mark("not an attribute"));
        continue;
      }
      bound.insert(name);
      const Attribute attribute = type.attributes[*index];
      const Rank rank = type.carried == Carried::kClaimed ? Rank::kClaimed : attribute.rank;
      const auto value = ReadFor(c, entry.value, attribute.type);
      if (!value || !Fits(c, *value, attribute.type, rank, Cat("attribute ", Quoted(name))))
        continue;
      entity.attributes.push_back({name, value->value});
    }
  }
  for (const Attribute& attribute : type.attributes) {
    if (attribute.optional || attribute.default_value || attribute.rank == Rank::kProven ||
        bound.contains(attribute.name)) {
      continue;
    }
    names_.sink().Report(Diagnostic(DiagKind::kMissingField, line.span,
                                    Cat("attribute ", Quoted(attribute.name), " of ", type.name,
                                        " comes from nowhere"))
                             .Help(Cat("write it behind the id: { ", attribute.name, ": … }")));
  }
}

void RouteChecker::CheckWith(Context& c, const syntax::RouteLine* line) {
  if (c.route.action == UINT32_MAX) return;
  const Action action = names_.schema()[ActionId{c.route.action}];
  std::set<std::string> bound;
  if (line != nullptr) {
    for (const syntax::RecordEntry& entry : c.site.ast->Entries(At(c, line->body))) {
      const std::string name(names_.Text(entry.key.text));
      const auto index = action.FindParam(name);
      if (!index) {
        names_.sink().Report(
            Diagnostic(DiagKind::kUnknownAttribute, entry.key.span,
                       Cat("action ", Quoted(action.name), " has no parameter ", Quoted(name)))
                .Mark("not a parameter")
                .Label(names_.SpanOf({NameKind::kAction, c.route.action}), "declared here"));
        continue;
      }
      bound.insert(name);
      const Param& param = action.params[*index];
      const auto value = ReadFor(c, entry.value, param.type);
      if (!value || !Fits(c, *value, param.type, param.rank, Cat("parameter ", Quoted(name)))) {
        continue;
      }
      c.route.params.push_back({name, value->value});
    }
  }
  for (const Param& param : action.params) {
    if (param.optional || param.default_value || bound.contains(param.name)) continue;
    names_.sink().Report(Diagnostic(DiagKind::kMissingField,
                                    line != nullptr ? line->span : c.site.decl->head,
                                    Cat("parameter ", Quoted(param.name), " of action ",
                                        Quoted(action.name), " comes from nowhere"))
                             .Help(Cat("write: with { ", param.name, ": … }")));
  }
}

void RouteChecker::CheckInput(Context& c, const syntax::RouteLine& line) {
  const auto id = FindInput(c, line.name);
  if (!id) return;
  const Input input = names_.schema()[*id];
  for (const RouteBinding& other : c.route.inputs) {
    if (other.name == input.name) {
      return Bad(line.name.span, Cat("input ", Quoted(input.name), " is bound twice"));
    }
  }
  if (input.rank == Rank::kProven) {
    names_.sink().Report(
        Diagnostic(DiagKind::kNotProvenValue, line.name.span,
                   Cat("input ", Quoted(input.name), " is bound from evidence alone"))
            .Mark("proven")
            .Label(names_.SpanOf({NameKind::kInput, id->index}), "declared here")
            .Help(Cat("write 'proven ", names_.Text(line.name.text), " from bearer'")));
    return;
  }
  const auto value = ReadFor(c, line.value, input.type);
  if (!value || !Fits(c, *value, input.type, input.rank, Cat("input ", Quoted(input.name)))) return;
  c.route.inputs.push_back({input.name, value->value});
}

const std::string* RouteChecker::Contested(size_t a, size_t b, const PathPattern& both) const {
  const auto takes = [&](size_t i, const std::string& method) {
    return taken_[i].pattern && Has(routes_[i].methods, method) &&
           PathPattern::Compare(*taken_[i].pattern, both) == PathPattern::Relation::kSame &&
           PathPattern::SameLetters(*taken_[i].pattern, both);
  };
  for (const std::string& method : routes_[a].methods) {
    bool contested = Has(routes_[b].methods, method);
    for (size_t i = 0; contested && i < routes_.size(); ++i) contested = !takes(i, method);
    if (contested) return &method;
  }
  return nullptr;
}

void RouteChecker::CheckConflicts() {
  using Relation = PathPattern::Relation;
  std::set<std::pair<const syntax::Decl*, const syntax::Decl*>> reported;
  const auto conflict = [&](size_t later, size_t earlier, std::string message, std::string help) {
    reported.emplace(taken_[later].site.decl, taken_[earlier].site.decl);
    names_.sink().Report(
        Diagnostic(DiagKind::kRouteConflict, taken_[later].site.decl->head, std::move(message))
            .Mark("takes the same requests")
            .Label(taken_[earlier].site.decl->head, "as this one")
            .Help(std::move(help)));
  };
  for (size_t b = 0; b < routes_.size(); ++b) {
    for (size_t a = 0; a < b; ++a) {
      if (!taken_[a].pattern || !taken_[b].pattern ||
          reported.contains({taken_[b].site.decl, taken_[a].site.decl})) {
        continue;
      }
      const auto shared = std::find_first_of(routes_[a].methods.begin(), routes_[a].methods.end(),
                                             routes_[b].methods.begin(), routes_[b].methods.end());
      if (shared == routes_[a].methods.end()) continue;
      const bool takes_all = routes_[a].tests.empty() && routes_[a].peer.empty();
      if (taken_[a].site.decl == taken_[b].site.decl) {
        if (!takes_all) continue;
        reported.emplace(taken_[b].site.decl, taken_[a].site.decl);
        names_.sink().Report(
            Diagnostic(DiagKind::kRouteConflict, taken_[b].caller, "nobody is left for this caller")
                .Mark("never asked for")
                .Label(taken_[a].caller, "takes whoever it is")
                .Help("let it stand before the other one"));
        continue;
      }
      switch (PathPattern::Compare(*taken_[a].pattern, *taken_[b].pattern)) {
        case Relation::kApart:
        case Relation::kNarrower:
        case Relation::kWider:
          break;
        case Relation::kCrossing: {
          const PathPattern both = PathPattern::Meet(*taken_[a].pattern, *taken_[b].pattern);
          const std::string* const contested = Contested(a, b, both);
          if (contested == nullptr) break;
          conflict(b, a,
                   Cat("a path can fit both ", Quoted(routes_[a].path), " and ",
                       Quoted(routes_[b].path), ", and neither is narrower"),
                   Cat("add a route for ", *contested, " ", QuoteText(both.Text()),
                       ", which is what fits both, or write one of them out, a literal in place "
                       "of its name"));
          break;
        }
        case Relation::kSame:
          if (!PathPattern::SameLetters(*taken_[a].pattern, *taken_[b].pattern)) {
            conflict(b, a,
                     Cat(Quoted(routes_[a].path), " and ", Quoted(routes_[b].path),
                         " differ by the case of letters"),
                     "some servers take them for the same path; write it as yours does");
          }
          if (takes_all) {
            conflict(b, a,
                     Cat("route ", Quoted(routes_[b].name), " is never taken: ",
                         Quoted(routes_[a].name), " takes every ", *shared, " of that path"),
                     "give the first one a 'when' or a 'peer', or let it stand behind this one");
          }
          break;
      }
    }
  }
}

}  // namespace ztp::sema
