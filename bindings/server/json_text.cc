// See json_text.h.
#include "bindings/server/json_text.h"

#include <utility>

namespace ztp::server {

void PutJson(const JsonTree& tree, const JsonNode& node, JsonSink& sink) {
  switch (node.kind) {
    case JsonKind::kNull:
      return sink.Put("null");
    case JsonKind::kBool:
      return sink.PutPlain(node.boolean ? "true" : "false");
    case JsonKind::kNumber:
      return sink.PutPlain(node.text);
    case JsonKind::kString:
      return sink.PutText(node.text);
    case JsonKind::kArray:
    case JsonKind::kObject:
      break;
  }
  const bool is_object = node.kind == JsonKind::kObject;
  sink.Put(is_object ? '{' : '[');
  bool first = true;
  for (const JsonNode& child : tree.Children(node)) {
    if (!std::exchange(first, false)) sink.Put(',');
    if (is_object) {
      sink.PutText(child.key);
      sink.Put(':');
    }
    PutJson(tree, child, sink);
  }
  sink.Put(is_object ? '}' : ']');
}

}  // namespace ztp::server
