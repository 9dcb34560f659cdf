#include "engine/scenario/decision_text.h"

#include <vector>

#include "engine/base/scalar_text.h"
#include "engine/base/str.h"

namespace ztp::scenario {

std::string FormatObligation(const Schema& schema, const ObligationCall& call) {
  const ObligationType& type = schema[call.obligation];
  std::vector<std::string> args;
  for (size_t i = 0; i < call.args.size(); ++i) {
    args.push_back(call.args[i].is_none() ? ""
                                          : FormatValue(schema, type.params[i].type, call.args[i]));
  }
  return Cat(type.json_name, "(", Join(args, ", "), ")");
}

std::string FormatDecision(const Schema& schema, const Decision& decision,
                           const RuleNames& rule_name) {
  std::string out = decision.allow ? "allow" : "deny";
  if (decision.limit) out += " limit";
  std::vector<std::string> parts;
  for (uint32_t rule : decision.rules) parts.push_back(rule_name(rule));
  if (!parts.empty()) Append(out, " by ", Join(parts, ", "));
  if (!decision.unknown.empty()) Append(out, " unknown ", Join(decision.unknown, ", "));
  parts.clear();
  for (const ObligationCall& call : decision.obligations)
    parts.push_back(FormatObligation(schema, call));
  if (!parts.empty()) Append(out, " obliged ", Join(parts, ", "));
  if (decision.valid_until) Append(out, " until ", FormatTime(*decision.valid_until));
  return out;
}

std::string FormatEvidence(const EvidenceOutcome& evidence) {
  if (!evidence.bound()) {
    return Cat("refused ", evidence.input, " (", evidence.check, "): ", evidence.message);
  }
  return Cat("proven ", evidence.input, " by ", evidence.source,
             evidence.subject.empty() ? "" : " about ", evidence.subject);
}

}  // namespace ztp::scenario
