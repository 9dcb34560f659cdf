// The members in the order in which people read them.
#include "engine/eval/json_decision.h"

#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/facts/json_write_value.h"

namespace ztp {
namespace {

using Json = nlohmann::ordered_json;

const char* OutcomeName(Explanation::Outcome outcome) {
  switch (outcome) {
    case Explanation::Outcome::kFalse:
      return "false";
    case Explanation::Outcome::kTrue:
      return "true";
    case Explanation::Outcome::kUnknown:
      return "unknown";
    case Explanation::Outcome::kSkipped:
      return "skipped";
  }
  return "?";
}

const char* KindName(RuleRecord::Kind kind) {
  switch (kind) {
    case RuleRecord::Kind::kPermit:
      return "permit";
    case RuleRecord::Kind::kForbid:
      return "forbid";
    case RuleRecord::Kind::kDuty:
      return "duty";
    case RuleRecord::Kind::kNever:
      return "never";
    case RuleRecord::Kind::kAlways:
      return "always";
  }
  return "?";
}

Json TextOrNull(std::string_view text) {
  return text.empty() ? Json(nullptr) : Json(std::string(text));
}

Json Source(const DecisionProgram& program, const SourcePos& pos) {
  if (pos.source == SourcePos::kNoSource) return nullptr;
  return Cat(program.Text(program.sources[pos.source].path), ":", pos.line, ":", pos.column);
}

Json Obligations(const DecisionProgram& program, const Decision& decision) {
  Json out = Json::array();
  for (const ObligationCall& call : decision.obligations) {
    const ObligationType& type = program.schema[call.obligation];
    Json args = Json::object();
    for (size_t i = 0; i < call.args.size() && i < type.params.size(); ++i) {
      if (call.args[i].is_none()) continue;
      args[type.params[i].name] = ValueToJson(program.schema, type.params[i].type, call.args[i]);
    }
    Json obligation;
    obligation["id"] = type.json_name;
    obligation["args"] = std::move(args);
    out.push_back(std::move(obligation));
  }
  return out;
}

Json Explained(const DecisionProgram& program, const Explanation& explanation) {
  Json rules = Json::array();
  for (const Explanation::Rule& explained : explanation.rules) {
    const RuleRecord& record = program.rules[explained.index];
    Json rule;
    rule["rule"] = program.RuleName(explained.index);
    rule["kind"] = KindName(record.kind);
    rule["source"] = Source(program, record.pos);
    rule["applied"] = explained.applied;
    rule["value"] = OutcomeName(explained.condition);
    Json clauses = Json::array();
    for (const Explanation::Clause& c : explained.clauses) {
      const ClauseRecord& clause_record = program.clauses[c.index];
      Json clause;
      clause["clause"] = std::string(program.Text(clause_record.text));
      clause["value"] = OutcomeName(c.outcome);
      clause["source"] = Source(program, clause_record.pos);
      if (!c.unknown.empty()) clause["unknown"] = c.unknown;
      Json reads = Json::object();
      for (const Explanation::Read& read : c.reads) reads[read.path] = read.value;
      clause["read"] = std::move(reads);
      clauses.push_back(std::move(clause));
    }
    rule["clauses"] = std::move(clauses);
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace

std::string WriteDecision(const DecisionProgram& program, const Decision& decision,
                          const DecisionOrigin& origin, const Explanation* explanation) {
  Json context;
  Json rules = Json::array();
  for (uint32_t rule : decision.rules) rules.push_back(program.RuleName(rule));
  context["rules"] = std::move(rules);
  context["reason"] = decision.reason ? Json(*decision.reason) : Json(nullptr);
  context["obligations"] = Obligations(program, decision);
  context["valid_until"] =
      decision.valid_until ? Json(FormatTime(*decision.valid_until)) : Json(nullptr);
  Json unknown = Json::array();
  for (const std::string& fact : decision.unknown) unknown.push_back(fact);
  context["unknown"] = std::move(unknown);
  context["policy"] = TextOrNull(origin.policy);
  context["facts"] = TextOrNull(origin.facts);
  if (explanation != nullptr) context["explanation"] = Explained(program, *explanation);
  Json out;
  out["decision"] = decision.allow;
  out["context"] = std::move(context);
  return DumpJson(out);
}

std::string WriteRefusal(const std::vector<JsonError>& errors) {
  Json list = Json::array();
  for (const JsonError& error : errors) {
    Json item;
    item["code"] = JsonErrorCodeName(error.code);
    item["path"] = error.path;
    item["line"] = error.line;
    item["column"] = error.column;
    item["message"] = error.message;
    item["help"] = TextOrNull(error.help);
    list.push_back(std::move(item));
  }
  Json out;
  out["decision"] = false;
  out["context"]["errors"] = std::move(list);
  return DumpJson(out);
}

}  // namespace ztp
