// See tell.h.
#include "bindings/server/tell.h"

#include <utility>

#include "engine/base/str.h"
#include "engine/facts/json_sink.h"

namespace ztp::server {

bool Tells(Tell tell, std::string_view member) {
  if (tell == Tell::kAll || member == "obligations" || member == "valid_until") return true;
  return member == "reason" && tell == Tell::kReason;
}

std::string CutAnswer(std::string_view answer, Tell tell, JsonTree& tree) {
  if (tell == Tell::kAll) return std::string(answer);
  JsonError error;
  if (!tree.Parse(answer, JsonPath(), &error)) return "{\"decision\":false}";
  const JsonNode* decision = tree.Find(tree.root(), "decision");
  const JsonNode* context = tree.Find(tree.root(), "context");
  std::string out = decision != nullptr && decision->kind == JsonKind::kBool && decision->boolean
                        ? "{\"decision\":true"
                        : "{\"decision\":false";
  if (context != nullptr) {
    JsonSink sink(&out);
    bool first = true;
    for (const std::string_view name : {"reason", "obligations", "valid_until"}) {
      if (!Tells(tell, name)) continue;
      const JsonNode* member = tree.Find(*context, name);
      // What says nothing is left out.
      if (member == nullptr || member->kind == JsonKind::kNull ||
          (member->kind == JsonKind::kArray && member->child_count == 0)) {
        continue;
      }
      if (std::exchange(first, false)) {
        sink.Put(",\"context\":{");
      } else {
        sink.Put(',');
      }
      sink.PutText(name);
      sink.Put(':');
      sink.PutPlain(JsonTextOf(answer, *member));
    }
    if (!first) sink.Put('}');
    sink.Flush();
  }
  out += '}';
  return out;
}

std::string ErrorsIn(std::string_view answer, Tell tell, JsonTree& tree) {
  constexpr std::string_view kNothing = "the request cannot be read";
  JsonError error;
  if (tell == Tell::kDecision || !tree.Parse(answer, JsonPath(), &error)) {
    return std::string(kNothing);
  }
  const JsonNode* context = tree.Find(tree.root(), "context");
  const JsonNode* errors = context == nullptr ? nullptr : tree.Find(*context, "errors");
  std::string out;
  if (errors != nullptr) {
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

std::string ErrorAnswer(unsigned status, std::string_view message) {
  std::string out;
  JsonSink sink(&out);
  sink.Put("{\"decision\":false,\"context\":{\"error\":{\"status\":");
  sink.PutPlain(Cat(status));
  sink.Put(",\"message\":");
  sink.PutText(message);
  sink.Put("}}}");
  sink.Flush();
  return out;
}

}  // namespace ztp::server
