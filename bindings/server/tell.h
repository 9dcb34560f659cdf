// What of the engine's answer callers may learn (--tell).
//
// Boundary: a decision and the engine's JSON in, less of it out.
#pragma once

#include <string>
#include <string_view>

#include "bindings/c/ztp.h"
#include "bindings/server/settings.h"
#include "engine/facts/json_tree.h"

namespace ztp::server {

// What callers may learn of the decision, whose answer by the engine is `answer`, as one line of
// JSON. `id`: the decision's in the audit log; empty: it is in none. `tree` is for its use.
std::string CutAnswer(const ztp_decision& decision, std::string_view answer, std::string_view id,
                      Tell tell, JsonTree& tree);

// The author's reason of the rule that decided first, or what else there was; empty: none. Valid
// until the session decides again.
std::string_view ReasonOf(const ztp_decision& decision);

// Why a request could not be read, from the answer to it: a line a mistake. `tree` is for its use.
std::string ErrorsIn(std::string_view answer, Tell tell, JsonTree& tree);

// An answer in a decision's place, to a request for which there is none: a denial, with the HTTP
// status that it would have alone.
std::string ErrorAnswer(unsigned status, std::string_view message, std::string_view id);

}  // namespace ztp::server
