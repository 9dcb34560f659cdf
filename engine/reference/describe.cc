// Decisions and traces as text, for the report on two decisions that disagree.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "engine/reference/interpreter.h"

namespace ztp::reference {
namespace {

std::string Until(const std::optional<Time>& time) {
  if (!time) return "for ever";
  return absl::StrCat("until ",
                      absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixMicros(time->micros),
                                       absl::UTCTimeZone()));
}

std::string Describe(const Finding& finding) {
  switch (finding.outcome) {
    case Finding::Outcome::kFalse:
      return absl::StrCat("false ", Until(finding.valid_until));
    case Finding::Outcome::kTrue:
      return absl::StrCat("true ", Until(finding.valid_until));
    case Finding::Outcome::kSkipped:
      return absl::StrCat("skipped ", Until(finding.valid_until));
    case Finding::Outcome::kUnknown:
      return absl::StrCat("unknown ", Until(finding.valid_until), " {",
                          absl::StrJoin(finding.facts, ", "), "}");
  }
  return "";
}

const char* ClauseName(sema::Clause::Kind kind) {
  switch (kind) {
    case sema::Clause::Kind::kPrincipal:
      return "principal";
    case sema::Clause::Kind::kResource:
      return "resource";
    case sema::Clause::Kind::kWhen:
      return "when";
    case sema::Clause::Kind::kUnless:
      return "unless, so";
    case sema::Clause::Kind::kDelegate:
      return "delegate";
  }
  return "";
}

std::string FormatCall(const Schema& schema, const ObligationCall& call) {
  const ObligationType& type = schema[call.obligation];
  std::vector<std::string> args;
  for (size_t i = 0; i < call.args.size(); ++i) {
    args.push_back(FormatValue(schema, type.params[i].type, call.args[i]));
  }
  return absl::StrCat(type.name, "(", absl::StrJoin(args, ", "), ")");
}

}  // namespace

std::string DescribeDecision(const sema::Program& program, const Decision& decision,
                             const std::vector<RuleTrace>& trace) {
  std::string text =
      absl::StrCat(decision.allow ? "allow " : "deny ", Until(decision.valid_until), "\n");
  for (uint32_t rule : decision.rules) {
    absl::StrAppend(&text, "  by ", program.rules[rule].full_name(), "\n");
  }
  if (decision.reason) absl::StrAppend(&text, "  because \"", *decision.reason, "\"\n");
  for (const ObligationCall& call : decision.obligations) {
    absl::StrAppend(&text, "  obliged ", FormatCall(program.schema, call), "\n");
  }
  if (!decision.unknown.empty()) {
    absl::StrAppend(&text, "  unknown {", absl::StrJoin(decision.unknown, ", "), "}\n");
  }
  for (const RuleTrace& entry : trace) {
    const sema::Rule& rule = program.rules[entry.rule];
    absl::StrAppend(&text, sema::RuleKindName(rule.kind), " ", rule.full_name(), ": ",
                    Describe(entry.condition), entry.applies ? ", applies" : "", "\n");
    for (size_t i = 0; i < entry.clauses.size(); ++i) {
      absl::StrAppend(&text, "  ", ClauseName(rule.clauses[i].kind), " ",
                      sema::PrintExpr(program, rule.clauses[i].condition), ": ",
                      Describe(entry.clauses[i]), "\n");
    }
    for (size_t i = 0; i < entry.obliges.size(); ++i) {
      absl::StrAppend(&text, "  oblige ", program.schema[rule.obliges[i].obligation].name, ": ",
                      Describe(entry.obliges[i]), "\n");
    }
  }
  return text;
}

}  // namespace ztp::reference
