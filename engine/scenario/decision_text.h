// A decision as one line that a policy author reads: `allow by a.read obliged audit("full") until
// …`; and what became of the evidence that came with the request, a line each.
#pragma once

#include <functional>
#include <string>

#include "engine/base/evidence_item.h"
#include "engine/base/world.h"

namespace ztp::scenario {

// Names of rules by index; both a typed program and a decision program can give them.
using RuleNames = std::function<std::string(uint32_t)>;

std::string FormatObligation(const Schema& schema, const ObligationCall& call);

// `allow by RULE [obliged f(…), …] [until TIME]`, `deny [by RULE, …] [unknown x, …] [until TIME]`,
// `deny limit`.
std::string FormatDecision(const Schema& schema, const Decision& decision,
                           const RuleNames& rule_name);

// `proven x by SOURCE about SUBJECT`, or `refused x (CHECK): why`.
std::string FormatEvidence(const EvidenceOutcome& evidence);

}  // namespace ztp::scenario
