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

// Items with commas between: item(i) puts one.
template <typename Item>
void PutList(size_t count, const Item& item, JsonSink& sink) {
  sink.Put('[');
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) sink.Put(',');
    item(i);
  }
  sink.Put(']');
}

void PutTextOrNull(std::string_view text, JsonSink& sink) {
  if (text.empty()) {
    sink.Put("null");
  } else {
    sink.PutText(text);
  }
}

void PutRuleName(const DecisionProgram& program, uint32_t rule, JsonSink& sink) {
  const RuleRecord& record = program.rules[rule];
  sink.Put('"');
  if (record.package.size != 0) {
    sink.PutChars(program.Text(record.package));
    sink.Put('.');
  }
  sink.PutChars(program.Text(record.name));
  sink.Put('"');
}

// arg(i) is a value for each argument.
template <typename Arg>
void PutObligation(const Schema& schema, ObligationId id, size_t arg_count, const Arg& arg,
                   JsonSink& sink) {
  const ObligationType& type = schema[id];
  sink.Put(R"({"id":)");
  sink.PutText(type.json_name);
  sink.Put(R"(,"args":{)");
  bool first = true;
  for (size_t i = 0; i < arg_count && i < type.params.size(); ++i) {
    const auto& value = arg(i);
    if (value.is_none()) continue;
    if (!std::exchange(first, false)) sink.Put(',');
    sink.PutText(type.params[i].name);
    sink.Put(':');
    PutJsonValue(schema, type.params[i].type, value, sink);
  }
  sink.Put("}}");
}

// All but the end, before which an explanation may come. obligation(i) puts one.
template <typename Obligation>
void PutParts(const DecisionProgram& program, const Parts& parts, size_t obligation_count,
              const Obligation& obligation, const DecisionOrigin& origin, JsonSink& sink) {
  if (parts.allow) {
    sink.Put(R"({"decision":true,"context":{"rules":)");
  } else {
    sink.Put(R"({"decision":false,"context":{"rules":)");
  }
  PutList(
      parts.rules.size(), [&](size_t i) { PutRuleName(program, parts.rules[i], sink); }, sink);
  sink.Put(R"(,"reason":)");
  if (parts.reason) {
    sink.PutText(*parts.reason);
  } else {
    sink.Put("null");
  }
  sink.Put(R"(,"obligations":)");
  PutList(obligation_count, obligation, sink);
  sink.Put(R"(,"valid_until":)");
  if (parts.valid_until) {
    sink.PutTime(*parts.valid_until);
  } else {
    sink.Put("null");
  }
  sink.Put(R"(,"unknown":)");
  PutList(
      parts.unknown.size(), [&](size_t i) { sink.PutText(parts.unknown[i]); }, sink);
  sink.Put(R"(,"policy":)");
  PutTextOrNull(origin.policy, sink);
  sink.Put(R"(,"facts":)");
  PutTextOrNull(origin.facts, sink);
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

void PutEvidence(const EvidenceOutcome& outcome, JsonSink& sink) {
  sink.Put('{');
  bool first = true;
  const auto name = [&](std::string_view key) {
    if (!std::exchange(first, false)) sink.Put(',');
    sink.PutText(key);
    sink.Put(':');
  };
  const auto text = [&](std::string_view key, const std::string& value) {
    if (value.empty()) return;
    name(key);
    sink.PutText(value);
  };
  const auto time = [&](std::string_view key, const std::optional<Time>& value) {
    if (!value) return;
    name(key);
    sink.PutTime(*value);
  };
  text("input", outcome.input);
  text("source", outcome.source);
  text("kind", outcome.kind);
  name("bound");
  if (outcome.bound()) {
    sink.Put("true");
  } else {
    sink.Put("false");
  }
  text("check", outcome.check);
  text("message", outcome.message);
  text("subject", outcome.subject);
  time("issued_at", outcome.issued_at);
  time("expires_at", outcome.expires_at);
  text("anchor", outcome.anchor);
  text("digest", outcome.digest);
  sink.Put('}');
}

}  // namespace

std::string WriteEvidence(const EvidenceOutcome& outcome) {
  std::string out;
  JsonSink sink(&out);
  PutEvidence(outcome, sink);
  sink.Flush();
  return out;
}

std::string WriteDecision(const DecisionProgram& program, const Decision& decision,
                          const DecisionOrigin& origin, const Explanation* explanation,
                          std::span<const EvidenceOutcome> evidence) {
  std::string out;
  JsonSink sink(&out);
  const auto obligation = [&](size_t i) {
    const ObligationCall& call = decision.obligations[i];
    const auto arg = [&](size_t a) -> const Value& { return call.args[a]; };
    PutObligation(program.schema, call.obligation, call.args.size(), arg, sink);
  };
  PutParts(
      program,
      {decision.allow, decision.rules, decision.reason, decision.valid_until, decision.unknown},
      decision.obligations.size(), obligation, origin, sink);
  if (!evidence.empty()) {
    sink.Put(R"(,"evidence":)");
    PutList(
        evidence.size(), [&](size_t i) { PutEvidence(evidence[i], sink); }, sink);
  }
  if (explanation != nullptr) {
    sink.Put(R"(,"explanation":)");
    sink.PutPlain(DumpJson(Explained(program, *explanation)));
  }
  sink.Put("}}");
  sink.Flush();
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
  JsonSink sink(out);
  const auto obligation = [&](size_t i) {
    const Verdict::Obligation& call = verdict.obligations[i];
    const auto arg = [&](size_t a) { return Decode(call.args[a], request); };
    PutObligation(program.schema, ObligationId{call.obligation}, call.arg_count, arg, sink);
  };
  PutParts(program, parts, verdict.obligations.size(), obligation, origin, sink);
  sink.Put("}}");
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
