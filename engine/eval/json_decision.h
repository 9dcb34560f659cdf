// Decisions and explanations to JSON: AuthZEN's answer, with our part under `context`.
//
// Boundary: the text that programs read; its members and their order are stable. What the host
// knows about the policy and the facts (their digests or versions) comes in as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/world.h"
#include "engine/bundle/decision_program.h"
#include "engine/eval/explanation.h"
#include "engine/facts/json_error.h"

namespace ztp {

struct DecisionOrigin {
  std::string_view policy;  // `sha256:…`; empty: null
  std::string_view facts;   // `sha256:…` or a version; empty: null
};

// One line, without a line feed. `explanation` may be nullptr.
std::string WriteDecision(const DecisionProgram& program, const Decision& decision,
                          const DecisionOrigin& origin, const Explanation* explanation = nullptr);

// The answer to a request that could not be read: a denial that says why.
//   {"decision":false,"context":{"errors":[{"code":"ZTP3030","path":"$.action.name","line":1,"column":9,
//     "message":"…","help":"…"}]}}
std::string WriteRefusal(const std::vector<JsonError>& errors);

}  // namespace ztp
