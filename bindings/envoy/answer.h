// What of the engine's answer goes on: to the client with a denial, to the upstream with a permit.
//
// Boundary: the engine's JSON in, bodies and headers' values out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bindings/envoy/config.h"
#include "engine/facts/json_tree.h"

namespace ztp::envoy {

// A denial's body: what the client may learn of the engine's answer. `tree` is for its use.
std::string DenialBody(std::string_view answer, Tell tell, JsonTree& tree);

// The same of a request about which nothing could be asked. `message`: for whoever made it, told
// unless `tell` is "decision".
std::string RefusalBody(unsigned status, std::string_view message, Tell tell);

// Each obligation of an answer as one line of JSON in ASCII without control characters, so that it
// can be a header's value. False: the answer cannot be read. `tree` is for its use.
bool Obligations(std::string_view answer, JsonTree& tree, std::vector<std::string>& out);

// JSON with every character that is not of printable ASCII as \uXXXX; it is UTF-8.
std::string AsciiJson(std::string_view json);

}  // namespace ztp::envoy
