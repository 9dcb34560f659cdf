// What of the engine's answer callers may learn (--tell).
//
// Boundary: the engine's JSON in, less of it out.
#pragma once

#include <string>
#include <string_view>

#include "bindings/server/settings.h"
#include "engine/facts/json_tree.h"

namespace ztp::server {

// May this member of an answer's `context` be told?
bool Tells(Tell tell, std::string_view member);

// One line of JSON, as the engine's is. `tree` is for its use. A denial without reasons where
// `answer` is no answer.
std::string CutAnswer(std::string_view answer, Tell tell, JsonTree& tree);

// Why a request could not be read, from the answer to it: a line a mistake. `tree` is for its use.
std::string ErrorsIn(std::string_view answer, Tell tell, JsonTree& tree);

// An answer in a decision's place, to a request for which there is none: a denial, with the HTTP
// status that it would have alone.
std::string ErrorAnswer(unsigned status, std::string_view message);

}  // namespace ztp::server
