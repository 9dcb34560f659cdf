// See ext_authz.h.
#include "bindings/server/ext_authz.h"

#include <google/protobuf/arena.h>

#include <chrono>
#include <cmath>
#include <cstdlib>

#include "bindings/server/ext_authz.pb.h"
#include "bindings/server/obligation_header.h"
#include "bindings/server/tell.h"
#include "engine/base/scalar_text.h"

namespace ztp::server {
namespace {

namespace envoy = ::envoy::service::auth::v3;
using Headers = google::protobuf::RepeatedPtrField<envoy::HeaderValueOption>;

constexpr int kOk = 0;
constexpr int kInvalidArgument = 3;
constexpr int kPermissionDenied = 7;
constexpr int kUnavailable = 14;
constexpr std::string_view kValidUntil = "x-ztp-valid-until";
constexpr std::string_view kObligation = "x-ztp-obligation";
constexpr std::string_view kDecisionId = "x-ztp-decision-id";
// The largest number of which all smaller ones are different as doubles.
constexpr double kMaxExact = 9007199254740992.0;

// Whatever was there under that name is replaced: with `append` said to be false Envoy's older
// versions and newer ones agree about that.
void Set(Headers* headers, std::string_view name, std::string_view value) {
  envoy::HeaderValueOption* header = headers->Add();
  header->mutable_header()->set_key(name.data(), name.size());
  header->mutable_header()->set_value(value.data(), value.size());
  header->mutable_append()->set_value(false);
}

// A message may quote what a client sent; a string that is no UTF-8 would make the whole answer one
// that nobody can read.
void SetText(envoy::Value* value, std::string_view text) {
  std::string* out = value->mutable_string_value();
  out->assign(text.data(), text.size());
  if (IsValidUtf8(text)) return;
  for (char& c : *out) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
}

// Deep as JSON may be, which is bounded.
void SetValue(const JsonTree& tree, const JsonNode& node, envoy::Value* value);

envoy::Value* AddField(envoy::Struct* out, std::string_view name) {
  envoy::Field* field = out->add_fields();
  field->set_key(name.data(), name.size());
  return field->mutable_value();
}

void SetValue(const JsonTree& tree, const JsonNode& node, envoy::Value* value) {
  switch (node.kind) {
    case JsonKind::kNull:
      return value->set_null_value(0);
    case JsonKind::kBool:
      return value->set_bool_value(node.boolean);
    case JsonKind::kString:
      return SetText(value, node.text);
    case JsonKind::kNumber: {
      const double number = std::strtod(std::string(node.text).c_str(), nullptr);
      if (std::abs(number) <= kMaxExact) return value->set_number_value(number);
      return SetText(value, node.text);  // would become another number
    }
    case JsonKind::kArray: {
      envoy::ListValue* list = value->mutable_list_value();
      for (const JsonNode& item : tree.Children(node)) SetValue(tree, item, list->add_values());
      return;
    }
    case JsonKind::kObject: {
      envoy::Struct* object = value->mutable_struct_value();
      for (const JsonNode& member : tree.Children(node)) {
        SetValue(tree, member, AddField(object, member.key));
      }
      return;
    }
  }
}

std::string Serialized(const envoy::CheckResponse& response) {
  std::string out;
  response.SerializeToString(&out);
  return out;
}

bool SaysNothing(const JsonNode& node) {
  return node.kind == JsonKind::kNull || (node.kind == JsonKind::kArray && node.child_count == 0);
}

std::string TimeText(int64_t microseconds) {
  char text[kMaxTimeText];
  return std::string(text, WriteTime(Time{microseconds}, text));
}

// A denial for Envoy's client.
void SetDenied(unsigned status, std::string body, std::string_view request_id, std::string_view id,
               envoy::CheckResponse* response) {
  response->mutable_status()->set_code(status == 400   ? kInvalidArgument
                                       : status == 503 ? kUnavailable
                                                       : kPermissionDenied);
  envoy::DeniedHttpResponse* denied = response->mutable_denied_response();
  denied->mutable_status()->set_code(static_cast<int>(status));
  Set(denied->mutable_headers(), "content-type", "application/json");
  Set(denied->mutable_headers(), "cache-control", "no-store");
  if (!request_id.empty()) Set(denied->mutable_headers(), "x-request-id", request_id);
  if (!id.empty()) Set(denied->mutable_headers(), kDecisionId, id);
  denied->set_body(std::move(body));
}

}  // namespace

ExtAuthz::Answer ExtAuthz::Check(std::string_view request, std::string_view gateway, int64_t now) {
  const bool is_read = reader_.Read(request);
  const Asker asker = {
      .name = gateway, .request_id = reader_.request_id(), .traceparent = reader_.traceparent()};
  if (!is_read) return Refuse(asker, 400, reader_.problem(), now);
  const Routed routed = RouteHttp(session_.get(), reader_.http(), now);
  if (routed.failed != 0) return Refuse(asker, routed.failed, routed.message, now);
  return Decide(asker, routed, now);
}

ExtAuthz::Answer ExtAuthz::Decide(const Asker& asker, const Routed& routed, int64_t now) {
  const auto begin = std::chrono::steady_clock::now();
  ztp_decision decision = ZTP_DECISION_INIT;
  ztp_text text{};
  const absl::Status status = ToStatus(
      ztp_decide_json(session_.get(), ToText(routed.request), now, false, &decision, &text));
  if (!status.ok()) return Refuse(asker, 503, "the engine failed: nothing was decided", now);
  const std::chrono::nanoseconds passed = std::chrono::steady_clock::now() - begin;
  const auto nanoseconds = static_cast<uint64_t>(passed.count());
  const std::string_view answer = ToView(text);
  const std::string id = log_ == nullptr ? std::string() : log_->NextId();
  Answer made;
  if (decision.session == nullptr) {
    observer_.Unread();
    made.message = Deny(400, ErrorsIn(answer, settings_.tell, answer_), id);
  } else {
    observer_.Decided(decision, nanoseconds);
    made.message = Respond(decision, answer, routed.route, id);
  }
  std::string_view shadow;
  if (shadow_ != nullptr) shadow = shadow_->Compare(routed.request, now, decision, text, id);
  if (!Log(asker, id, routed.request, answer, shadow, now, nanoseconds, &made.ticket)) {
    return {.message = NotLogged()};
  }
  return made;
}

std::string ExtAuthz::Respond(const ztp_decision& decision, std::string_view answer,
                              std::string_view route, std::string_view id) {
  google::protobuf::Arena arena;
  auto* response = google::protobuf::Arena::CreateMessage<envoy::CheckResponse>(&arena);
  envoy::Struct* metadata = response->mutable_dynamic_metadata();
  AddField(metadata, "decision")->set_bool_value(decision.allow);
  if (!id.empty()) SetText(AddField(metadata, "decision_id"), id);
  const bool all = settings_.tell == Tell::kAll;
  if (all) SetText(AddField(metadata, "route"), route);
  std::string obligations;
  if (all || decision.obligations > 0) {
    JsonError error;
    const JsonNode* context =
        answer_.Parse(answer, JsonPath(), &error) ? answer_.At({"context"}) : nullptr;
    // An allow without what it obliges to would be another one.
    if (context == nullptr) return Deny(503, "the engine's answer is none", id);
    for (const JsonNode& member : answer_.Children(*context)) {
      const bool obliges = member.key == "obligations";
      if ((!all && !obliges) || SaysNothing(member)) continue;
      SetValue(answer_, member, AddField(metadata, member.key));
      if (obliges) obligations = ObligationHeader(answer, answer_, member);
    }
  }
  std::string valid_until;
  if (decision.valid_until != ZTP_FOREVER) valid_until = TimeText(decision.valid_until);
  if (!all) {
    if (settings_.tell == Tell::kReason) {
      const std::string_view reason = ReasonOf(decision);
      if (!reason.empty()) SetText(AddField(metadata, "reason"), reason);
    }
    if (!valid_until.empty()) SetText(AddField(metadata, "valid_until"), valid_until);
  }
  if (!decision.allow) {
    SetDenied(403, CutAnswer(decision, answer, id, settings_.tell, answer_), reader_.request_id(),
              id, response);
    return Serialized(*response);
  }
  response->mutable_status()->set_code(kOk);
  envoy::OkHttpResponse* ok = response->mutable_ok_response();
  // What is not set is taken away, whatever came: which of the client's headers are handed over
  // here is Envoy's setting.
  const auto set = [&](std::string_view name, std::string_view value) {
    if (value.empty()) {
      ok->add_headers_to_remove(name.data(), name.size());
    } else {
      Set(ok->mutable_headers(), name, value);
    }
  };
  set(kValidUntil, valid_until);
  set(kObligation, obligations);
  set(kDecisionId, id);
  if (!valid_until.empty()) {
    Set(ok->mutable_response_headers_to_add(), kValidUntil, valid_until);
  }
  for (const std::string_view name : reader_.reserved()) {
    if (name == kValidUntil || name == kObligation || name == kDecisionId) continue;
    ok->add_headers_to_remove(name.data(), name.size());
  }
  return Serialized(*response);
}

ExtAuthz::Answer ExtAuthz::Refuse(const Asker& asker, unsigned status, std::string_view message,
                                  int64_t now) {
  observer_.Unread();
  const std::string id = log_ == nullptr ? std::string() : log_->NextId();
  Answer made = {.message = Deny(status, message, id)};
  if (log_ != nullptr && !Log(asker, id, HttpAsLogged(reader_.http()),
                              ErrorAnswer(status, message, {}), {}, now, 0, &made.ticket)) {
    return {.message = NotLogged()};
  }
  return made;
}

std::string ExtAuthz::Deny(unsigned status, std::string_view message, std::string_view id) const {
  envoy::CheckResponse response;
  const bool tells = settings_.tell != Tell::kDecision;
  SetDenied(status, tells ? ErrorAnswer(status, message, id) : "{\"decision\":false}",
            reader_.request_id(), id, &response);
  AddField(response.mutable_dynamic_metadata(), "decision")->set_bool_value(false);
  if (!id.empty()) SetText(AddField(response.mutable_dynamic_metadata(), "decision_id"), id);
  if (tells) SetText(AddField(response.mutable_dynamic_metadata(), "error"), message);
  return Serialized(response);
}

std::string ExtAuthz::NotLogged() {
  envoy::CheckResponse response;
  SetDenied(503, "{\"decision\":false}", {}, {}, &response);
  Set(response.mutable_denied_response()->mutable_headers(), "retry-after", "1");
  AddField(response.mutable_dynamic_metadata(), "decision")->set_bool_value(false);
  return Serialized(response);
}

bool ExtAuthz::Log(const Asker& asker, std::string_view id, std::string_view request,
                   std::string_view answer, std::string_view shadow, int64_t now,
                   uint64_t nanoseconds, uint64_t* ticket) {
  if (log_ == nullptr) return true;
  return log_->Append({.id = id,
                       .asker = asker,
                       .request = request,
                       .answer = answer,
                       .shadow = shadow,
                       .now = now,
                       .nanoseconds = nanoseconds},
                      ticket);
}

}  // namespace ztp::server
