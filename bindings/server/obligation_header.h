// What an allow obliges to, as a header: a list of RFC 9651 (structured fields), an obligation a
// token, its arguments the token's parameters: `audit;level="full", notify;to="security"`.
//
// Boundary: the engine's JSON in, a header's value out, of visible ASCII alone.
#pragma once

#include <string>

#include "engine/facts/json_tree.h"

namespace ztp::server {

// `obligations` is the array of an answer of that text, [{"id": "audit", "args": {"level":
// "full"}}]. Texts are strings, or display strings where they are not ASCII; numbers that a
// structured field cannot hold, and arrays and objects (their JSON), are strings too. Letters of a
// parameter's name become small ones.
std::string ObligationHeader(std::string_view text, const JsonTree& tree,
                             const JsonNode& obligations);

}  // namespace ztp::server
