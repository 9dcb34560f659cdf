// See ext_authz.h.
#include "bindings/server/ext_authz.h"

#include <google/protobuf/arena.h>

#include <chrono>
#include <cmath>

#include "bindings/server/ext_authz.pb.h"
#include "bindings/server/obligation_header.h"
#include "bindings/server/tell.h"
#include "engine/base/str.h"

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

void SetText(envoy::Value* value, std::string_view text) {
  value->set_string_value(text.data(), text.size());
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

// A denial for Envoy's client.
void SetDenied(unsigned status, std::string body, std::string_view request_id,
               envoy::CheckResponse* response) {
  response->mutable_status()->set_code(status == 400   ? kInvalidArgument
                                       : status == 503 ? kUnavailable
                                                       : kPermissionDenied);
  envoy::DeniedHttpResponse* denied = response->mutable_denied_response();
  denied->mutable_status()->set_code(static_cast<int>(status));
  Set(denied->mutable_headers(), "content-type", "application/json");
  Set(denied->mutable_headers(), "cache-control", "no-store");
  if (!request_id.empty()) Set(denied->mutable_headers(), "x-request-id", request_id);
  denied->set_body(std::move(body));
}

}  // namespace

std::string ExtAuthz::Check(std::string_view request, int64_t now) {
  if (!reader_.Read(request)) {
    observer_.Unread();
    return Deny(400, reader_.problem());
  }
  return Decide(now);
}

std::string ExtAuthz::Deny(unsigned status, std::string_view message) {
  envoy::CheckResponse response;
  const bool tells = settings_.tell != Tell::kDecision;
  SetDenied(status, tells ? ErrorAnswer(status, message) : "{\"decision\":false}",
            reader_.request_id(), &response);
  AddField(response.mutable_dynamic_metadata(), "decision")->set_bool_value(false);
  if (tells) SetText(AddField(response.mutable_dynamic_metadata(), "error"), message);
  return Serialized(response);
}

std::string ExtAuthz::Decide(int64_t now) {
  const auto begin = std::chrono::steady_clock::now();
  const Routed routed = RouteHttp(session_.get(), reader_.http(), now);
  if (routed.failed != 0) {
    observer_.Unread();
    return Deny(routed.failed, routed.message);
  }
  ztp_decision decision = ZTP_DECISION_INIT;
  ztp_text text{};
  const absl::Status status = ToStatus(
      ztp_decide_json(session_.get(), ToText(routed.request), now, false, &decision, &text));
  const std::string_view answer = ToView(text);
  JsonError error;
  if (!status.ok()) {
    observer_.Unread();
    return Deny(503, "the engine failed: nothing was decided");
  }
  if (decision.session == nullptr) {
    observer_.Unread();
    return Deny(400, ErrorsIn(answer, settings_.tell, answer_));
  }
  const std::chrono::nanoseconds passed = std::chrono::steady_clock::now() - begin;
  observer_.Decided(decision, static_cast<uint64_t>(passed.count()));
  if (!answer_.Parse(answer, JsonPath(), &error)) return Deny(503, "the engine's answer is none");

  google::protobuf::Arena arena;
  auto* response = google::protobuf::Arena::CreateMessage<envoy::CheckResponse>(&arena);
  envoy::Struct* metadata = response->mutable_dynamic_metadata();
  AddField(metadata, "decision")->set_bool_value(decision.allow);
  if (settings_.tell == Tell::kAll) SetText(AddField(metadata, "route"), routed.route);
  const JsonNode* context = answer_.Find(answer_.root(), "context");
  std::string_view valid_until;
  std::string obligations;
  if (context != nullptr) {
    for (const JsonNode& member : answer_.Children(*context)) {
      if (!Tells(settings_.tell, member.key) || SaysNothing(member)) continue;
      SetValue(answer_, member, AddField(metadata, member.key));
      if (member.key == "valid_until") valid_until = member.text;
      if (member.key == "obligations") obligations = ObligationHeader(answer, answer_, member);
    }
  }
  if (!decision.allow) {
    SetDenied(403, CutAnswer(answer, settings_.tell, answer_), reader_.request_id(), response);
    return Serialized(*response);
  }
  response->mutable_status()->set_code(kOk);
  envoy::OkHttpResponse* ok = response->mutable_ok_response();
  if (!valid_until.empty()) {
    Set(ok->mutable_headers(), kValidUntil, valid_until);
    Set(ok->mutable_response_headers_to_add(), kValidUntil, valid_until);
  }
  if (!obligations.empty()) Set(ok->mutable_headers(), kObligation, obligations);
  // Both names whatever came: which of the client's headers are handed over here is Envoy's
  // setting.
  if (valid_until.empty()) ok->add_headers_to_remove(kValidUntil.data(), kValidUntil.size());
  if (obligations.empty()) ok->add_headers_to_remove(kObligation.data(), kObligation.size());
  for (const std::string_view name : reader_.reserved()) {
    if (name == kValidUntil || name == kObligation) continue;
    ok->add_headers_to_remove(name.data(), name.size());
  }
  return Serialized(*response);
}

}  // namespace ztp::server
