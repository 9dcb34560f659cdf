// Routes: where the parts of a request come from in an HTTP request, held against what the policy
// declares.
//
// Boundary: a route says places and no more: there is nothing to be worked out, so that what it
// reads can be listed. Ranks are those of the language: what a client writes is claimed, what the
// channel shows is vouched for by who ends it, what evidence said is proven.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/path_pattern.h"
#include "engine/base/route.h"
#include "engine/sema/names.h"

namespace ztp::sema {

class RouteChecker {
 public:
  // `names` must outlive it.
  explicit RouteChecker(Names& names) : names_(names) {}

  // Checks every caller and every route, in source order. A route for several callers becomes
  // several routes, one for each, of the same name.
  void CheckAll();

  // Warns of callers for whom there is no route.
  void LintCallers();

  std::vector<Route>& routes() { return routes_; }

 private:
  // A value with what is known of it when the policy is compiled.
  struct Sourced {
    RouteValue value;
    Rank rank = Rank::kClaimed;
    TypeId type;              // of kProven; else kNone
    syntax::ExprId fallback;  // the literal behind `??`, of `ast`
    const syntax::Ast* ast = nullptr;
    const syntax::Expr* at = nullptr;
  };
  struct Local {
    Symbol name;
    Span span;
    Sourced value;
    bool lost = false;  // stands for what was reported
  };
  // What is checked now.
  struct Context {
    DeclSite site;
    Route route;
    std::vector<Local> locals;
    std::vector<InputId> proofs;
    bool names_proxy = false;  // has a `peer` line
    // A mistake that was reported takes names with it: of a path or an id, and of inputs.
    bool lost_names = false;
    std::vector<Symbol> lost_proofs;
  };
  // Who may ask, as a `caller` says it: what a route for him begins with.
  struct Caller {
    Symbol name;
    Context context;
    bool used = false;
  };
  struct Taken {
    DeclSite site;
    std::optional<PathPattern> pattern;
    Span caller;  // where its `by` line names for whom it is; invalid: it says so itself
  };

  void CheckCaller(const DeclSite& site);
  void CheckRoute(const DeclSite& site);
  // The route that begins with `c`; `caller`: see Taken.
  void CheckRouteFor(Context c, const DeclSite& site, Span caller);
  // With the places where they are named; `by`: a kBy.
  std::vector<std::pair<const Caller*, Span>> FindCallers(const syntax::RouteLine& by);
  void CheckLines(Context& c);
  void CheckConflicts();
  // The first method of two routes by which no third one takes exactly what fits both; null: none.
  const std::string* Contested(size_t a, size_t b, const PathPattern& both) const;
  // Lines, in the order in which they depend on each other.
  void CheckOn(Context& c, const syntax::RouteLine& line);
  void CheckPeer(Context& c, const syntax::RouteLine& line, RouteSource source);
  void CheckLet(Context& c, const syntax::RouteLine& line);
  void CheckProven(Context& c, const syntax::RouteLine& line);
  void CheckWhen(Context& c, syntax::ExprId id);
  void CheckAction(Context& c, const syntax::RouteLine& line);
  // Is the route's action by, or on, such entities?
  void CheckTakes(Context& c, Span span, EntityTypeId type, bool principal);
  void CheckEntity(Context& c, const syntax::RouteLine& line, RouteEntity& entity);
  void CheckAttributes(Context& c, const syntax::RouteLine& line, RouteEntity& entity);
  void CheckWith(Context& c, const syntax::RouteLine* line);
  void CheckInput(Context& c, const syntax::RouteLine& line);
  // Nothing: there is none, which was reported.
  std::optional<InputId> FindInput(const Context& c, const syntax::Name& name);

  // Nothing: an error was reported.
  std::optional<Sourced> Read(Context& c, syntax::ExprId id);
  // The same where a `type` is wanted: it may be an element of an enum or a chain, too.
  std::optional<Sourced> ReadFor(Context& c, syntax::ExprId id, TypeId type);
  std::optional<Sourced> ReadPlace(Context& c, syntax::ExprId id);
  std::optional<Sourced> ReadSource(Context& c, const syntax::Expr& e, std::string_view root,
                                    std::vector<std::string> path);
  std::optional<Sourced> ReadProven(Context& c, const syntax::Expr& e,
                                    const std::vector<std::string>& path);
  // `a.b["c"]`: its first name, and what follows.
  bool Flatten(Context& c, syntax::ExprId id, Symbol* root, std::vector<std::string>* path);
  // A literal as JSON.
  std::optional<std::string> Literal(Context& c, syntax::ExprId id);
  // Binds a value to what wants `type` and a rank; false: an error was reported.
  bool Fits(Context& c, const Sourced& value, TypeId type, Rank rank, std::string_view what);
  bool FromText(TypeId type) const;
  std::optional<RouteText> Text(Context& c, syntax::ExprId entity, bool may_be_claimed,
                                std::string_view what);
  void AddLocal(Context& c, const syntax::Name& name, Sourced value, bool lost = false);

  void Bad(Span span, std::string message, std::string help = "");
  void ReportNotRoot(const DeclSite& site);
  void ReportTwice(const DeclSite& again, const DeclSite& first);
  // `help`: where no candidate has a name like it.
  void ReportUnknown(Span span, std::string message, std::string_view name,
                     const std::vector<std::string>& candidates, std::string help);
  // A client is spoken for, and no `peer` line names the proxies that may.
  void ReportNoProxy(Span span);
  const syntax::Expr& At(const Context& c, syntax::ExprId id) const { return (*c.site.ast)[id]; }

  Names& names_;
  std::vector<Caller> callers_;
  std::vector<Route> routes_;
  std::vector<Taken> taken_;  // of each route
};

}  // namespace ztp::sema
