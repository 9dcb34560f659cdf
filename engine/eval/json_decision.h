// Decisions and explanations to JSON: AuthZEN's answer, with our part under `context`.
//
// Boundary: the text that programs read; its members and their order are stable. What the host
// knows about the policy and the facts (their digests or versions) comes in as text.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/evidence_item.h"
#include "engine/base/world.h"
#include "engine/bundle/decision_program.h"
#include "engine/core/verdict.h"
#include "engine/eval/bound_request.h"
#include "engine/eval/explanation.h"
#include "engine/eval/scratch.h"
#include "engine/facts/json_error.h"

namespace ztp {

struct DecisionOrigin {
  std::string_view policy;  // `sha256:…`; empty: null
  std::string_view facts;   // `sha256:…` or a version; empty: null
};

// One line, without a line feed. `explanation` may be nullptr. `evidence`: what became of what came
// with the request, where any did:
//   "evidence":[{"input":"peer","source":"mesh","kind":"x509-svid","bound":true,"subject":"spiffe://…",
//     "issued_at":"…","expires_at":"…","anchor":"sha256:…","digest":"sha256:…"},
//    {"input":"device","source":"nras","kind":"eat","bound":false,"check":"expired","message":"…"}]
std::string WriteDecision(const DecisionProgram& program, const Decision& decision,
                          const DecisionOrigin& origin, const Explanation* explanation = nullptr,
                          std::span<const EvidenceOutcome> evidence = {});
// One of those, without a line feed.
std::string WriteEvidence(const EvidenceOutcome& outcome);

// The same of a verdict that `scratch` just made on `request`, appended to *out: what
// WriteDecision(program, ToDecision(request, verdict, scratch), origin) says, without plain data
// between. Where nothing is unknown and nothing obliged, nothing is allocated but what *out needs.
void AppendDecision(const BoundRequest& request, const Verdict& verdict, const Scratch& scratch,
                    const DecisionOrigin& origin, std::string* out);

// The answer to a request that could not be read: a denial that says why.
//   {"decision":false,"context":{"errors":[{"code":"ZTP3030","path":"$.action.name","line":1,"column":9,
//     "message":"…","help":"…"}]}}
std::string WriteRefusal(const std::vector<JsonError>& errors);

}  // namespace ztp
