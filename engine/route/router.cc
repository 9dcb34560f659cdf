#include "engine/route/router.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/ascii.h"
#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/route/reading.h"

namespace ztp::route {
namespace {

using Relation = PathPattern::Relation;

// Headers by which some servers take a request for another one than its first line says.
constexpr std::array<std::string_view, 5> kOverrides = {"x-http-method-override", "x-http-method",
                                                        "x-method-override", "x-original-url",
                                                        "x-rewrite-url"};

bool IsCaptured(const RouteValue& value, const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), value.name) != names.end();
}

// Is the value one that the compiler makes?
absl::Status CheckValue(const Route& route, const RouteValue& value,
                        const std::vector<std::string>& path, const std::vector<std::string>& peer,
                        const std::vector<std::string>& client, bool is_evidence) {
  bool good = value.source <= kLastRouteSource;
  switch (value.source) {
    case RouteSource::kLiteral:
      good = value.fallback.has_value() && !is_evidence;
      break;
    case RouteSource::kPath:
      good = IsCaptured(value, path);
      break;
    case RouteSource::kPeer:
      good = IsCaptured(value, peer);
      break;
    case RouteSource::kClient:
      good = IsCaptured(value, client);
      break;
    case RouteSource::kClientSpiffe:
      good = !route.peer.empty();
      break;
    case RouteSource::kQuery:
    case RouteSource::kHeader:
      good = !value.name.empty();
      break;
    case RouteSource::kBody:
      good = !value.path.empty() && value.path.size() <= kMaxJsonDepth;
      break;
    case RouteSource::kProven:
      good = !is_evidence && !value.path.empty() && value.path.size() <= kMaxJsonDepth &&
             std::any_of(route.proofs.begin(), route.proofs.end(),
                         [&](const RouteBinding& proof) { return proof.name == value.name; });
      break;
    default:
      break;
  }
  if (good) return absl::OkStatus();
  return InvalidArgument("route ", route.full_name(), " reads what is not there");
}

}  // namespace

absl::StatusOr<std::unique_ptr<const Router>> Router::Make(const Schema& schema) {
  std::unique_ptr<Router> router(new Router(schema));
  for (const Route& route : schema.routes) {
    Compiled made{.route = &route};
    ZTP_ASSIGN_OR_RETURN(made.path, PathPattern::ParsePath(route.path));
    std::vector<std::string> peer, client;
    if (!route.peer.empty()) {
      ZTP_ASSIGN_OR_RETURN(made.peer, PathPattern::ParseSpiffe(route.peer));
      peer = made.peer->names();
    }
    if (!route.client.empty()) {
      if (route.peer.empty()) return InvalidArgument("a client without a proxy");
      ZTP_ASSIGN_OR_RETURN(made.client, PathPattern::ParseSpiffe(route.client));
      client = made.client->names();
    }
    bool reads_body = false;
    const auto check = [&](const RouteValue& value, bool is_evidence = false) {
      reads_body |= value.source == RouteSource::kBody;
      return CheckValue(route, value, made.path.names(), peer, client, is_evidence);
    };
    for (const RouteTest& test : route.tests) {
      if (test.kind > RouteTest::Kind::kAbsent) return InvalidArgument("a test of no kind");
      ZTP_RETURN_IF_ERROR(check(test.value));
    }
    for (const RouteEntity* entity : {&route.principal, &route.resource}) {
      for (const RouteText::Piece& piece : entity->id.pieces) {
        if (piece.before.empty() && &piece != &entity->id.pieces.front()) {
          return InvalidArgument("route ", route.full_name(), " makes an id that is not one");
        }
        ZTP_RETURN_IF_ERROR(check(piece.value));
      }
      for (const RouteBinding& b : entity->attributes) ZTP_RETURN_IF_ERROR(check(b.value));
    }
    for (const RouteBinding& b : route.params) ZTP_RETURN_IF_ERROR(check(b.value));
    for (const RouteBinding& b : route.inputs) ZTP_RETURN_IF_ERROR(check(b.value));
    for (const RouteBinding& b : route.proofs) ZTP_RETURN_IF_ERROR(check(b.value, true));
    router->reads_bodies_ |= reads_body;
    router->routes_.push_back(std::move(made));
  }
  std::vector<Compiled>& routes = router->routes_;
  std::stable_sort(routes.begin(), routes.end(), [](const Compiled& a, const Compiled& b) {
    return a.path.Width() < b.path.Width();
  });
  for (uint32_t i = 0; i < routes.size(); ++i) {
    routes[i].group = i;
    for (uint32_t k = 0; k < i && routes[i].group == i; ++k) {
      if (PathPattern::Compare(routes[k].path, routes[i].path) == Relation::kSame) {
        routes[i].group = routes[k].group;
      }
    }
  }
  return router;
}

absl::StatusOr<Router::Routed> Router::Take(const HttpRequest& http, EvidenceReader& evidence,
                                            Scratch& scratch) const {
  if (http.headers.size() > kMaxHeaders) {
    return InvalidArgument("the request has more than ", kMaxHeaders, " headers");
  }
  for (const HttpHeader& header : http.headers) {
    for (const std::string_view name : kOverrides) {
      if (EqualIgnoringCase(header.name, name)) {
        return InvalidArgument("the request has a header ", name,
                               ", by which some servers take it for another one");
      }
    }
  }
  ZTP_ASSIGN_OR_RETURN(const HttpTarget target, ReadTarget(http.target));
  Reading reading(schema_, http, target, evidence, scratch);
  const Compiled* first = nullptr;
  std::string why;
  for (const Compiled& candidate : routes_) {
    if (first != nullptr && candidate.group != first->group) continue;
    const Route& route = *candidate.route;
    if (std::find(route.methods.begin(), route.methods.end(), http.method) == route.methods.end()) {
      continue;
    }
    if (!candidate.path.Match(target.path, true, &scratch.path)) continue;
    first = &candidate;
    if (!candidate.path.Match(target.path, false, &scratch.path)) {
      return InvalidArgument("the path differs from ", Quoted(route.path),
                             " by the case of letters");
    }
    reading.Begin(route, candidate.path);
    ZTP_ASSIGN_OR_RETURN(const bool fits, reading.Fits(candidate.peer, candidate.client, &why));
    if (!fits) continue;
    Routed routed{.route = &route};
    ZTP_RETURN_IF_ERROR(reading.Write(&routed.request));
    return routed;
  }
  if (first == nullptr) {
    return NotFound("no route takes ", Quoted(http.method), " of this path");
  }
  return NotFound("no route takes it: ", why);
}

}  // namespace ztp::route
