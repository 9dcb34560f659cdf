// The members in the order in which people read them.
#include "engine/eval/json_decision.h"

#include <optional>
#include <span>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/eval/decide.h"
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

// A decision's parts, wherever they are kept.
struct Parts {
  bool allow = false;
  std::span<const uint32_t> rules;
  std::optional<std::string_view> reason;
  std::optional<Time> valid_until;
  std::span<const std::string> unknown;
};

// Items with commas between: item(i) appends one.
template <typename Item>
void AppendList(size_t count, const Item& item, std::string* out) {
  *out += '[';
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) *out += ',';
    item(i);
  }
  *out += ']';
}

void AppendTextOrNull(std::string_view text, std::string* out) {
  if (text.empty()) {
    *out += "null";
  } else {
    AppendJsonText(text, out);
  }
}

void AppendRuleName(const DecisionProgram& program, uint32_t rule, std::string* out) {
  const RuleRecord& record = program.rules[rule];
  *out += '"';
  if (record.package.size != 0) {
    AppendJsonChars(program.Text(record.package), out);
    *out += '.';
  }
  AppendJsonChars(program.Text(record.name), out);
  *out += '"';
}

// `arg(i)` is a value for each argument.
template <typename Arg>
void AppendObligation(const Schema& schema, ObligationId id, size_t arg_count, const Arg& arg,
                      std::string* out) {
  const ObligationType& type = schema[id];
  *out += R"({"id":)";
  AppendJsonText(type.json_name, out);
  *out += R"(,"args":{)";
  bool first = true;
  for (size_t i = 0; i < arg_count && i < type.params.size(); ++i) {
    const auto& value = arg(i);
    if (value.is_none()) continue;
    if (!std::exchange(first, false)) *out += ',';
    AppendJsonText(type.params[i].name, out);
    *out += ':';
    AppendJsonValue(schema, type.params[i].type, value, out);
  }
  *out += "}}";
}

// All but the end, behind which an explanation may follow. `obligation(i)` appends one.
template <typename Obligation>
void AppendParts(const DecisionProgram& program, const Parts& parts, size_t obligation_count,
                 const Obligation& obligation, const DecisionOrigin& origin, std::string* out) {
  *out += parts.allow ? R"({"decision":true,"context":{"rules":)"
                      : R"({"decision":false,"context":{"rules":)";
  AppendList(
      parts.rules.size(), [&](size_t i) { AppendRuleName(program, parts.rules[i], out); }, out);
  *out += R"(,"reason":)";
  if (parts.reason) {
    AppendJsonText(*parts.reason, out);
  } else {
    *out += "null";
  }
  *out += R"(,"obligations":)";
  AppendList(obligation_count, obligation, out);
  *out += R"(,"valid_until":)";
  if (parts.valid_until) {
    *out += '"';
    AppendTime(*parts.valid_until, out);
    *out += '"';
  } else {
    *out += "null";
  }
  *out += R"(,"unknown":)";
  AppendList(
      parts.unknown.size(), [&](size_t i) { AppendJsonText(parts.unknown[i], out); }, out);
  *out += R"(,"policy":)";
  AppendTextOrNull(origin.policy, out);
  *out += R"(,"facts":)";
  AppendTextOrNull(origin.facts, out);
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
  std::string out;
  const auto obligation = [&](size_t i) {
    const ObligationCall& call = decision.obligations[i];
    const auto arg = [&](size_t a) -> const Value& { return call.args[a]; };
    AppendObligation(program.schema, call.obligation, call.args.size(), arg, &out);
  };
  AppendParts(
      program,
      {decision.allow, decision.rules, decision.reason, decision.valid_until, decision.unknown},
      decision.obligations.size(), obligation, origin, &out);
  if (explanation != nullptr) {
    Append(out, R"(,"explanation":)", DumpJson(Explained(program, *explanation)));
  }
  out += "}}";
  return out;
}

void AppendDecision(const BoundRequest& request, const Verdict& verdict, const Scratch& scratch,
                    const DecisionOrigin& origin, std::string* out) {
  const DecisionProgram& program = request.policy().program();
  Parts parts{.allow = verdict.allow, .rules = verdict.rules};
  if (verdict.limit) {
    parts.reason = "limit";
  } else if (!verdict.rules.empty()) {
    const RuleRecord& rule = program.rules[verdict.rules[0]];
    if (rule.has_because) parts.reason = program.Text(rule.because);
  }
  if (verdict.valid_until != kForEver) parts.valid_until = Time{verdict.valid_until};
  std::vector<std::string> unknown;
  if (!verdict.facts.empty()) unknown = NamesOfMissing(request, scratch, verdict.facts);
  parts.unknown = unknown;
  const auto obligation = [&](size_t i) {
    const Verdict::Obligation& call = verdict.obligations[i];
    const auto arg = [&](size_t a) { return Decode(call.args[a], request); };
    AppendObligation(program.schema, ObligationId{call.obligation}, call.arg_count, arg, out);
  };
  AppendParts(program, parts, verdict.obligations.size(), obligation, origin, out);
  *out += "}}";
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
