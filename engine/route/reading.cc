#include "engine/route/reading.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "engine/base/limits.h"
#include "engine/base/quote.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/base/uri.h"
#include "engine/route/forwarded.h"

namespace ztp::route {
namespace {

// The place, as a policy writes it.
std::string Place(const RouteValue& value) {
  switch (value.source) {
    case RouteSource::kQuery:
      return Cat("parameter ", Quoted(value.name));
    case RouteSource::kHeader:
      return Cat("header ", Quoted(value.name));
    case RouteSource::kBody: {
      std::string path = "body";
      for (const std::string& step : value.path) path += "." + step;
      return path;
    }
    case RouteSource::kMethod:
      return "method";
    case RouteSource::kAuthority:
      return "host";
    case RouteSource::kBearer:
      return "bearer token";
    case RouteSource::kPeerSpiffe:
      return "SPIFFE ID of the peer";
    case RouteSource::kPeerCertificate:
      return "certificate of the peer";
    case RouteSource::kClientSpiffe:
      return "SPIFFE ID of a client";
    case RouteSource::kSourceIp:
      return "address of the peer";
    case RouteSource::kProven:
      return Cat("proven.", value.name);
    default:
      return Quoted(value.name);
  }
}

// RFC 9110, 8.3.1; 8259, 11: JSON has no parameters, and `charset=utf-8` does no harm.
bool IsJson(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  const size_t end = type.find_last_not_of(" \t");
  const std::string_view name = type.substr(0, end == std::string_view::npos ? 0 : end + 1);
  if (!EqualIgnoringCase(name, "application/json") &&
      !(name.size() > 17 && EqualIgnoringCase(name.substr(0, 12), "application/") &&
        EqualIgnoringCase(name.substr(name.size() - 5), "+json"))) {
    return false;
  }
  if (type.size() == content_type.size()) return true;
  std::string rest(content_type.substr(type.size() + 1));
  std::erase_if(rest, [](char c) { return c == ' ' || c == '\t' || c == '"'; });
  return EqualIgnoringCase(rest, "charset=utf-8");
}

// Would a server that takes no notice of letters' case read `key` for `name`? Go's encoding/json
// is one, and has two letters beyond ASCII that are small s and k to it.
bool ReadsAs(std::string_view key, std::string_view name) {
  if (key.size() == name.size()) return key != name && EqualIgnoringCase(key, name);
  // The two letters are two and three bytes long.
  if (key.size() < name.size() || key.size() > 3 * name.size()) return false;
  std::string folded(key);
  for (const auto& [letter, plain] : {std::pair("\u017f", "s"), std::pair("\u212a", "k")}) {
    for (size_t at = folded.find(letter); at != std::string::npos; at = folded.find(letter)) {
      folded.replace(at, std::string_view(letter).size(), plain);
    }
  }
  return EqualIgnoringCase(folded, name);
}

bool IsInteger(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.size() <= 19 && (text.size() == 1 || text[0] != '0') &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

absl::StatusOr<std::optional<std::string_view>> Reading::Header(std::string_view name) const {
  std::optional<std::string_view> found;
  for (const HttpHeader& header : http_.headers) {
    if (!EqualIgnoringCase(header.name, name)) continue;
    if (found) return InvalidArgument("header ", Quoted(name), " comes twice");
    found = header.value;
  }
  if (found && http_.headers_joined && found->find(',') != std::string_view::npos) {
    return InvalidArgument("header ", Quoted(name), " may be several");
  }
  return found;
}

Reading::MaybeFound Reading::Bearer() const {
  ZTP_ASSIGN_OR_RETURN(const auto header, Header("authorization"));
  if (!header) return std::nullopt;
  constexpr std::string_view kScheme = "Bearer ";
  if (header->size() <= kScheme.size() ||
      !EqualIgnoringCase(header->substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  // RFC 6750, 2.1.
  std::string_view token = header->substr(kScheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  const bool good = !token.empty() && std::all_of(token.begin(), token.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~+/=").find(c) != std::string_view::npos;
  });
  if (!good) return InvalidArgument("the bearer token is malformed");
  return Found{std::string(token)};
}

absl::Status Reading::ParseBody() {
  if (body_is_parsed_) return absl::OkStatus();
  if (http_.body_partial) return InvalidArgument("the body is cut off, or was not handed over");
  if (http_.body.size() > kMaxJsonDocumentBytes) return InvalidArgument("the body is too large");
  ZTP_ASSIGN_OR_RETURN(const auto encoding, Header("content-encoding"));
  if (encoding && !EqualIgnoringCase(*encoding, "identity")) {
    return InvalidArgument("the body is encoded (", Quoted(*encoding), ")");
  }
  ZTP_ASSIGN_OR_RETURN(const auto type, Header("content-type"));
  if (!type || !IsJson(*type)) return InvalidArgument("the body is not said to be JSON");
  JsonError error;
  if (!scratch_.body.Parse(http_.body, JsonPath(), &error)) {
    return InvalidArgument("the body is no JSON that is taken: ", error.message);
  }
  body_is_parsed_ = true;
  return absl::OkStatus();
}

Reading::MaybeFound Reading::InBody(std::span<const std::string> path) {
  ZTP_RETURN_IF_ERROR(ParseBody());
  const JsonNode* node = &scratch_.body.root();
  for (const std::string& step : path) {
    if (node->kind != JsonKind::kObject) return std::nullopt;
    const JsonNode* next = nullptr;
    for (const JsonNode& member : scratch_.body.Children(*node)) {
      if (member.key == step) next = &member;
      if (!ReadsAs(member.key, step)) continue;
      return InvalidArgument("the body has a name ", Quoted(member.key),
                             ", which some servers take for ", Quoted(step));
    }
    if (next == nullptr) return std::nullopt;
    node = next;
  }
  switch (node->kind) {
    case JsonKind::kNull:
      return std::nullopt;
    case JsonKind::kString:
      return Found{std::string(node->text), Found::Form::kString};
    default:
      return Found{std::string(JsonTextOf(http_.body, *node)), Found::Form::kJson};
  }
}

absl::StatusOr<std::string> Reading::ClientSpiffe() const {
  ZTP_ASSIGN_OR_RETURN(const auto header, Header("x-forwarded-client-cert"));
  if (!header) return NotFound("the proxy sends no x-forwarded-client-cert");
  return ForwardedSpiffeId(*header);
}

Reading::MaybeFound Reading::Proven(const RouteValue& value) {
  for (const RouteBinding& proof : route_->proofs) {
    if (proof.name != value.name) continue;
    ZTP_ASSIGN_OR_RETURN(const auto bytes, Find(proof.value));
    if (!bytes) return std::nullopt;
    ZTP_ASSIGN_OR_RETURN(const std::string source, evidence_.SourceOf(value.name, bytes->text));
    if (source.empty()) {
      return absl::PermissionDeniedError(
          Cat("nobody here verifies evidence for ", Quoted(value.name)));
    }
    rests_on_.push_back(value.name);
    auto json = evidence_.Proven(value.name, source, bytes->text, value.path);
    if (absl::IsNotFound(json.status())) return std::nullopt;
    if (!json.ok()) return json.status();
    return Found{*std::move(json), Found::Form::kJson};
  }
  return std::nullopt;
}

Reading::MaybeFound Reading::FindInRequest(const RouteValue& value) {
  const auto text = [](std::string_view found) -> std::optional<Found> {
    if (found.empty()) return std::nullopt;
    return Found{std::string(found)};
  };
  const auto captured = [&](const PathPattern* pattern,
                            const std::vector<std::string_view>& captures) {
    const auto& names = pattern->names();
    const auto at = std::find(names.begin(), names.end(), value.name);
    return captures[static_cast<size_t>(at - names.begin())];
  };
  switch (value.source) {
    case RouteSource::kLiteral:
      return std::nullopt;
    case RouteSource::kPath:
      // The target was held to its form: nothing in it cannot be decoded.
      return Found{UnescapeUri(captured(path_, scratch_.path)).value_or("")};
    case RouteSource::kQuery: {
      ZTP_ASSIGN_OR_RETURN(auto found, QueryParameter(target_.query, value.name));
      if (!found) return std::nullopt;
      return Found{*std::move(found)};
    }
    case RouteSource::kHeader: {
      ZTP_ASSIGN_OR_RETURN(const auto found, Header(value.name));
      if (!found) return std::nullopt;
      return Found{std::string(*found)};
    }
    case RouteSource::kBody:
      return InBody(value.path);
    case RouteSource::kMethod:
      return text(http_.method);
    case RouteSource::kAuthority:
      return text(http_.authority);
    case RouteSource::kBearer:
      return Bearer();
    case RouteSource::kPeer:
      return Found{std::string(captured(peer_, scratch_.peer))};
    case RouteSource::kPeerSpiffe:
      return text(http_.peer_spiffe);
    case RouteSource::kPeerCertificate:
      return text(http_.peer_certificates);
    case RouteSource::kClient:
      return Found{std::string(captured(client_, scratch_.client))};
    case RouteSource::kClientSpiffe: {
      auto id = ClientSpiffe();
      if (absl::IsNotFound(id.status())) return std::nullopt;
      if (!id.ok()) return id.status();
      return Found{*std::move(id)};
    }
    case RouteSource::kSourceIp:
      return text(http_.source_ip);
    case RouteSource::kProven:
      return Proven(value);
  }
  return std::nullopt;
}

Reading::MaybeFound Reading::Find(const RouteValue& value) {
  ZTP_ASSIGN_OR_RETURN(auto found, FindInRequest(value));
  if (!found && value.fallback) return Found{*value.fallback, Found::Form::kJson};
  return found;
}

absl::StatusOr<bool> Reading::Fits(const std::optional<PathPattern>& peer,
                                   const std::optional<PathPattern>& client, std::string* why) {
  if (!http_.peer_spiffe.empty()) {
    if (const absl::Status id = CheckSpiffeId(http_.peer_spiffe); !id.ok()) {
      return InvalidArgument("the peer's SPIFFE ID is none: ", Message(id));
    }
  }
  if (peer) {
    if (!peer->Match(http_.peer_spiffe, false, &scratch_.peer)) {
      *why = http_.peer_spiffe.empty() ? std::string("the peer showed no SPIFFE ID")
                                       : Cat("the peer is not one of ", Quoted(route_->peer));
      return false;
    }
    peer_ = &*peer;
  }
  if (client) {
    auto id = ClientSpiffe();
    if (!id.ok() && !absl::IsNotFound(id.status())) return id.status();
    client_spiffe_ = id.ok() ? *std::move(id) : std::string();
    if (!client->Match(client_spiffe_, false, &scratch_.client)) {
      *why = client_spiffe_.empty() ? std::string(Message(id.status()))
                                    : Cat("the client is not one of ", Quoted(route_->client));
      return false;
    }
    client_ = &*client;
  }
  for (const RouteTest& test : route_->tests) {
    ZTP_ASSIGN_OR_RETURN(const bool holds, Holds(test));
    if (holds) continue;
    *why = Cat(Place(test.value), " is not what a route asks for");
    return false;
  }
  return true;
}

// What is not there is equal to nothing, and different from nothing.
absl::StatusOr<bool> Reading::Holds(const RouteTest& test) {
  ZTP_ASSIGN_OR_RETURN(const auto found, Find(test.value));
  switch (test.kind) {
    case RouteTest::Kind::kPresent:
      return found.has_value();
    case RouteTest::Kind::kAbsent:
      return !found.has_value();
    case RouteTest::Kind::kEqual:
    case RouteTest::Kind::kNotEqual:
      break;
  }
  if (!found) return false;
  const std::string json = found->form == Found::Form::kJson ? found->text : JsonText(found->text);
  const bool among =
      std::find(test.literals.begin(), test.literals.end(), json) != test.literals.end();
  return among == (test.kind == RouteTest::Kind::kEqual);
}

absl::StatusOr<std::string> Reading::Id(const RouteText& text, std::string_view what) {
  std::string id;
  for (size_t i = 0; i < text.pieces.size(); ++i) {
    const RouteText::Piece& piece = text.pieces[i];
    ZTP_ASSIGN_OR_RETURN(auto found, Find(piece.value));
    if (!found) return InvalidArgument(what, " is not named: there is no ", Place(piece.value));
    if (found->form == Found::Form::kJson) {
      // A JSON string says its text; a number its digits; nothing else is part of a name.
      if (found->text.starts_with('"')) {
        JsonError error;
        JsonTree tree;
        if (!tree.Parse(found->text, JsonPath(), &error)) return InvalidArgument(error.message);
        found->text = tree.root().text;
      } else if (!IsInteger(found->text)) {
        return InvalidArgument(Place(piece.value), " names nothing: it is no text");
      }
    }
    if (found->text.empty()) return InvalidArgument(Place(piece.value), " is empty");
    // Else "a/b" and "c" would be named as "a" and "b/c" are.
    const bool last = i + 1 == text.pieces.size();
    if (!last && found->text.find(text.pieces[i + 1].before) != std::string::npos) {
      return InvalidArgument(Place(piece.value), " has a ", Quoted(text.pieces[i + 1].before),
                             " in it");
    }
    Append(id, piece.before, found->text);
  }
  id += text.after;
  return id;
}

absl::StatusOr<std::string> Reading::Json(const Found& found, TypeId type,
                                          std::string_view what) const {
  if (found.form == Found::Form::kJson) return found.text;
  if (found.form == Found::Form::kString) return JsonText(found.text);
  switch (schema_.types.kind(type)) {
    case TypeKind::kInt:
      if (!IsInteger(found.text)) return InvalidArgument(what, " is no whole number");
      return found.text;
    case TypeKind::kBool:
      if (found.text != "true" && found.text != "false") {
        return InvalidArgument(what, " is neither 'true' nor 'false'");
      }
      return found.text;
    default:
      return JsonText(found.text);
  }
}

template <typename TargetOf>
absl::Status Reading::WriteBindings(std::span<const RouteBinding> bindings, std::string_view what,
                                    std::string_view whose, const TargetOf& target_of,
                                    std::string* out) {
  *out += '{';
  bool any = false;
  for (const RouteBinding& binding : bindings) {
    ZTP_ASSIGN_OR_RETURN(const auto found, Find(binding.value));
    const Target target = target_of(binding.name);
    if (!found) {
      if (!target.required) continue;
      return InvalidArgument(what, " ", Quoted(binding.name), " of ", whose,
                             " is missing: there is no ", Place(binding.value));
    }
    ZTP_ASSIGN_OR_RETURN(const std::string json, Json(*found, target.type, Place(binding.value)));
    Append(*out, any ? "," : "", JsonText(binding.name), ":", json);
    any = true;
  }
  *out += '}';
  return absl::OkStatus();
}

absl::Status Reading::WriteEntity(const RouteEntity& entity, std::string_view member,
                                  std::string* out) {
  const EntityType& type = schema_[EntityTypeId{entity.type}];
  ZTP_ASSIGN_OR_RETURN(const std::string id,
                       Id(entity.id, member == "subject" ? "the principal" : "the resource"));
  Append(*out, JsonText(member),
         ":{\"type\":", JsonText(schema_[EntityTypeId{entity.type}].json_name),
         ",\"id\":", JsonText(id));
  if (!entity.attributes.empty()) {
    *out += ",\"properties\":";
    ZTP_RETURN_IF_ERROR(WriteBindings(
        entity.attributes, "attribute", type.json_name,
        [&](std::string_view name) {
          const auto index = type.FindAttribute(name);
          if (!index) return Target();
          const Attribute& attribute = type.attributes[*index];
          return Target{attribute.type, !attribute.optional && !attribute.default_value};
        },
        out));
  }
  *out += '}';
  return absl::OkStatus();
}

absl::Status Reading::WriteEvidence(std::string* out) {
  bool any = false;
  for (const RouteBinding& proof : route_->proofs) {
    ZTP_ASSIGN_OR_RETURN(const auto found, Find(proof.value));
    if (!found) continue;  // unbound, and what rests on it denies
    ZTP_ASSIGN_OR_RETURN(const std::string source, evidence_.SourceOf(proof.name, found->text));
    if (source.empty()) continue;
    Append(*out, any ? "," : ",\"evidence\":[", "{\"input\":", JsonText(proof.name),
           ",\"source\":", JsonText(source));
    // Whoever decides this must hold it to the evidence whether a rule reads it or not.
    if (std::find(rests_on_.begin(), rests_on_.end(), proof.name) != rests_on_.end()) {
      *out += ",\"critical\":true";
    }
    Append(*out, ",\"value\":", JsonText(found->text), "}");
    any = true;
  }
  if (any) *out += ']';
  return absl::OkStatus();
}

absl::Status Reading::Write(std::string* request) {
  *request = "{";
  ZTP_RETURN_IF_ERROR(WriteEntity(route_->principal, "subject", request));
  const Action& action = schema_[ActionId{route_->action}];
  Append(*request, ",\"action\":{\"name\":", JsonText(action.json_name));
  if (!route_->params.empty()) {
    *request += ",\"properties\":";
    ZTP_RETURN_IF_ERROR(WriteBindings(
        route_->params, "parameter", action.json_name,
        [&](std::string_view name) {
          const auto index = action.FindParam(name);
          if (!index) return Target();
          const Param& param = action.params[*index];
          return Target{param.type, !param.optional && !param.default_value};
        },
        request));
  }
  *request += "},";
  ZTP_RETURN_IF_ERROR(WriteEntity(route_->resource, "resource", request));
  if (!route_->inputs.empty()) {
    *request += ",\"context\":";
    ZTP_RETURN_IF_ERROR(WriteBindings(
        route_->inputs, "input", "the request",
        [&](std::string_view name) {
          // One that is missing is unknown to the rules, which is no error.
          const auto id = schema_.FindInput(name);
          return id ? Target{schema_[*id].type} : Target();
        },
        request));
  }
  ZTP_RETURN_IF_ERROR(WriteEvidence(request));
  *request += '}';
  return absl::OkStatus();
}

}  // namespace ztp::route
