// See tell.h.
#include "bindings/server/tell.h"

#include <utility>

#include "bindings/server/handles.h"
#include "engine/base/str.h"
#include "engine/facts/json_sink.h"

namespace ztp::server {

std::string CutAnswer(const ztp_decision& decision, std::string_view answer, std::string_view id,
                      Tell tell, JsonTree& tree) {
  std::string out;
  JsonSink sink(&out);
  if (tell == Tell::kAll) {
    // The engine's answer as it is, and the id before what its context begins with.
    constexpr std::string_view kContext = "\"context\":{";
    const size_t at = id.empty() ? answer.npos : answer.find(kContext);
    if (at == answer.npos) return std::string(answer);
    sink.PutPlain(answer.substr(0, at + kContext.size()));
    sink.Put("\"decision_id\":");
    sink.PutText(id);
    sink.Put(',');
    sink.PutPlain(answer.substr(at + kContext.size()));
    sink.Flush();
    return out;
  }
  sink.PutPlain(decision.allow ? "{\"decision\":true" : "{\"decision\":false");
  bool is_empty = true;
  // What says nothing is left out.
  const auto name = [&](std::string_view member) {
    sink.PutPlain(std::exchange(is_empty, false) ? ",\"context\":{" : ",");
    sink.PutText(member);
    sink.Put(':');
  };
  if (!id.empty()) {
    name("decision_id");
    sink.PutText(id);
  }
  if (tell == Tell::kReason) {
    if (const std::string_view reason = ReasonOf(decision); !reason.empty()) {
      name("reason");
      sink.PutText(reason);
    }
  }
  if (decision.obligations > 0) {
    JsonError error;
    const JsonNode* obligations =
        tree.Parse(answer, JsonPath(), &error) ? tree.At({"context", "obligations"}) : nullptr;
    // An allow without what it obliges to would be another one.
    if (obligations == nullptr) return "{\"decision\":false}";
    name("obligations");
    sink.PutPlain(JsonTextOf(answer, *obligations));
  }
  if (decision.valid_until != ZTP_FOREVER) {
    name("valid_until");
    sink.PutTime(Time{decision.valid_until});
  }
  sink.PutPlain(is_empty ? "}" : "}}");
  sink.Flush();
  return out;
}

std::string_view ReasonOf(const ztp_decision& decision) {
  if (decision.halted) return "halted";
  if (decision.limit) return "limit";
  ztp_rule rule = ZTP_RULE_INIT;
  if (decision.rules == 0 || !ToStatus(ztp_decision_rule(&decision, 0, &rule)).ok()) return {};
  return ToView(rule.because);
}

std::string ErrorsIn(std::string_view answer, Tell tell, JsonTree& tree) {
  constexpr std::string_view kNothing = "the request cannot be read";
  JsonError error;
  if (tell == Tell::kDecision || !tree.Parse(answer, JsonPath(), &error)) {
    return std::string(kNothing);
  }
  std::string out;
  if (const JsonNode* errors = tree.At({"context", "errors"})) {
    for (const JsonNode& each : tree.Children(*errors)) {
      const JsonNode* path = tree.Find(each, "path");
      const JsonNode* message = tree.Find(each, "message");
      if (message == nullptr) continue;
      Append(out, out.empty() ? "" : "\n", path == nullptr ? "" : path->text,
             path == nullptr ? "" : ": ", message->text);
    }
  }
  return out.empty() ? std::string(kNothing) : out;
}

std::string ErrorAnswer(unsigned status, std::string_view message, std::string_view id) {
  std::string out;
  JsonSink sink(&out);
  sink.Put("{\"decision\":false,\"context\":{");
  if (!id.empty()) {
    sink.Put("\"decision_id\":");
    sink.PutText(id);
    sink.Put(',');
  }
  sink.Put("\"error\":{\"status\":");
  sink.PutPlain(Cat(status));
  sink.Put(",\"message\":");
  sink.PutText(message);
  sink.Put("}}}");
  sink.Flush();
  return out;
}

}  // namespace ztp::server
