// Routes and callers. See builder.h.
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/str.h"
#include "engine/syntax/builder.h"
#include "engine/syntax/strings.h"

namespace ztp::syntax {

void Builder::Route(P::RouteDeclContext* ctx, Decl decl) {
  RouteDecl route;
  std::vector<P::RouteMemberContext*> members;
  if (ctx->routeBody() != nullptr) members = ctx->routeBody()->routeMember();
  for (P::RouteMemberContext* member : members) {
    if (member->exception != nullptr) continue;
    std::optional<RouteLine> line = OneRouteLine(member);
    if (!line) continue;
    // What a route has once; what it names may stand there as often as there are names.
    using Kind = RouteLine::Kind;
    const bool once = line->kind != Kind::kWhen && line->kind != Kind::kLet &&
                      line->kind != Kind::kInput && line->kind != Kind::kProven;
    for (const RouteLine& other : route.lines) {
      if (!once || other.kind != line->kind) continue;
      sink_.Report(Diagnostic(DiagKind::kDuplicateLine, line->span,
                              Cat(Quoted(TextOf(member->start)), " is written twice"))
                       .Label(other.span, "written first here"));
    }
    route.lines.push_back(std::move(*line));
  }
  ast_.routes.push_back(std::move(route));
  const DeclKind kind = ctx->start->getType() == P::CALLER ? DeclKind::kCaller : DeclKind::kRoute;
  Add(kind, ast_.routes.size(), ctx, ctx->name(), std::move(decl));
}

std::optional<RouteLine> Builder::OneRouteLine(P::RouteMemberContext* ctx) {
  using Kind = RouteLine::Kind;
  RouteLine line;
  line.span = SpanOf(ctx);
  switch (ctx->start->getType()) {
    case P::ON:
      line.kind = Kind::kOn;
      for (P::NameContext* method : ctx->name()) line.names.push_back(NameOf(method));
      line.text = StringOf(FindToken(ctx, {P::STRING, P::SLIP_STRING}));
      break;
    case P::IDENT: {
      const std::string_view word = TextOf(ctx->start);
      if (word != "peer" && word != "client") {
        Error(DiagKind::kUnexpectedToken, SpanOf(ctx->start),
              Cat(Quoted(word), " is no line of a route"),
              "a route has the lines on, by, peer, client, when, let, principal, action, resource, "
              "with, input, proven");
        return std::nullopt;
      }
      line.kind = word == "peer" ? Kind::kPeer : Kind::kClient;
      line.text = StringOf(FindToken(ctx, {P::STRING, P::SLIP_STRING}));
      break;
    }
    case P::WHEN:
      line.kind = Kind::kWhen;
      line.value = Expression(ctx->expression());
      break;
    case P::LET:
    case P::INPUT:
    case P::PROVEN:
      line.kind = ctx->start->getType() == P::LET     ? Kind::kLet
                  : ctx->start->getType() == P::INPUT ? Kind::kInput
                                                      : Kind::kProven;
      line.name = NameOf(ctx->anyName());
      line.value = Expression(ctx->expression());
      break;
    case P::BY:
      line.kind = Kind::kBy;
      for (P::NameContext* caller : ctx->name()) line.names.push_back(NameOf(caller));
      break;
    case P::PRINCIPAL:
    case P::RESOURCE:
      line.kind = ctx->start->getType() == P::PRINCIPAL ? Kind::kPrincipal : Kind::kResource;
      line.value = Literal(ctx->entityLiteral());
      if (ctx->braces() != nullptr) line.body = RecordBraces(ctx->braces());
      break;
    case P::ACTION:
      line.kind = Kind::kAction;
      line.action = PathOf(ctx->qualifiedName());
      break;
    default:
      line.kind = Kind::kWith;
      line.body = RecordBraces(ctx->braces());
  }
  return line;
}

}  // namespace ztp::syntax
