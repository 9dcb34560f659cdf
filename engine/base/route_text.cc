// Routes as an author would write them, with what `let` lines named in its place.
#include "engine/base/quote.h"
#include "engine/base/schema.h"
#include "engine/base/str.h"

namespace ztp {
namespace {

std::string ValueText(const RouteValue& value) {
  const auto path = [&](std::string text) {
    for (const std::string& step : value.path) Append(text, ".", step);
    return text;
  };
  std::string text;
  switch (value.source) {
    case RouteSource::kLiteral:
      return value.fallback.value_or("");
    case RouteSource::kPath:
    case RouteSource::kPeer:
    case RouteSource::kClient:
      text = value.name;
      break;
    case RouteSource::kQuery:
      text = Cat("query.", value.name);
      break;
    case RouteSource::kHeader:
      text = Cat("header[", QuoteText(value.name), "]");
      break;
    case RouteSource::kBody:
      text = path("body");
      break;
    case RouteSource::kMethod:
      text = "method";
      break;
    case RouteSource::kAuthority:
      text = "authority";
      break;
    case RouteSource::kBearer:
      text = "bearer";
      break;
    case RouteSource::kPeerSpiffe:
      text = "peer.spiffe";
      break;
    case RouteSource::kPeerCertificate:
      text = "peer.certificate";
      break;
    case RouteSource::kClientSpiffe:
      text = "client.spiffe";
      break;
    case RouteSource::kSourceIp:
      text = "source.ip";
      break;
    case RouteSource::kProven:
      text = path(Cat("proven.", value.name));
      break;
  }
  if (value.fallback) Append(text, " ?? ", *value.fallback);
  return text;
}

std::string TestText(const RouteTest& test) {
  const std::string value = ValueText(test.value);
  const bool one = test.literals.size() == 1;
  const std::string literals =
      one ? test.literals.front() : Cat("{ ", Join(test.literals, ", "), " }");
  switch (test.kind) {
    case RouteTest::Kind::kEqual:
      return Cat(value, one ? " == " : " in ", literals);
    case RouteTest::Kind::kNotEqual:
      return Cat(value, one ? " != " : " not in ", literals);
    case RouteTest::Kind::kPresent:
      return Cat("has ", value);
    case RouteTest::Kind::kAbsent:
      return Cat("not has ", value);
  }
  return value;
}

std::string BindingsText(const std::vector<RouteBinding>& bindings) {
  std::vector<std::string> texts;
  for (const RouteBinding& b : bindings) texts.push_back(Cat(b.name, ": ", ValueText(b.value)));
  return Cat("{ ", Join(texts, ", "), " }");
}

std::string EntityText(const Schema& schema, const RouteEntity& entity) {
  std::string id;
  for (const RouteText::Piece& piece : entity.id.pieces) {
    Append(id, piece.before, "{", ValueText(piece.value), "}");
  }
  id += entity.id.after;
  std::string text = Cat(schema[EntityTypeId{entity.type}].json_name, "::", QuoteText(id));
  if (!entity.attributes.empty()) Append(text, " ", BindingsText(entity.attributes));
  return text;
}

}  // namespace

std::string FormatRoute(const Schema& schema, const Route& route) {
  std::string out = Cat("route ", route.full_name(), "\n");
  const auto line = [&](std::string_view text) { Append(out, "  ", text, "\n"); };
  line(Cat("on ", Join(route.methods, ", "), " ", QuoteText(route.path)));
  if (!route.peer.empty()) line(Cat("peer ", QuoteText(route.peer)));
  if (!route.client.empty()) line(Cat("client ", QuoteText(route.client)));
  for (const RouteTest& test : route.tests) line(Cat("when ", TestText(test)));
  line(Cat("principal ", EntityText(schema, route.principal)));
  line(Cat("action ", schema[ActionId{route.action}].json_name));
  line(Cat("resource ", EntityText(schema, route.resource)));
  if (!route.params.empty()) line(Cat("with ", BindingsText(route.params)));
  for (const RouteBinding& b : route.inputs) {
    line(Cat("input ", b.name, " = ", ValueText(b.value)));
  }
  for (const RouteBinding& b : route.proofs) {
    line(Cat("proven ", b.name, " from ", ValueText(b.value)));
  }
  return out;
}

}  // namespace ztp
