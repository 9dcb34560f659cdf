// A part of a JSON document as text again.
#pragma once

#include "engine/facts/json_sink.h"
#include "engine/facts/json_tree.h"

namespace ztp::server {

// The same value: numbers in their own digits, members in their order. As deep as the tree, which
// is bounded when it is parsed.
void PutJson(const JsonTree& tree, const JsonNode& node, JsonSink& sink);

}  // namespace ztp::server
