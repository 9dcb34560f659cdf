// See ci_report.h.
#include "bindings/cli/ci_report.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/diag/sarif.h"
#include "engine/eval/json_decision.h"
#include "engine/facts/json_items.h"
#include "engine/facts/json_sink.h"
#include "engine/facts/json_write_value.h"

namespace ztp::cli {
namespace {

constexpr std::string_view kIndent = "       ";

std::string PlaceIn(const DecisionProgram& program, const SourcePos& pos) {
  if (pos.source == SourcePos::kNoSource) return {};
  return Cat(program.Text(program.sources[pos.source].path), ":", pos.line, ":", pos.column);
}

std::string SizeText(uint64_t bytes) {
  if (bytes < 10'000) return Cat(bytes, " bytes");
  if (bytes < 10'000'000) return Cat((bytes + 500) / 1000, " kB");
  return Cat((bytes + 500'000) / 1'000'000, " MB");
}

std::string PathOf(const CiReport& report, std::string_view path) {
  std::string folder = report.folder;
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  while (folder.starts_with("./")) folder.erase(0, 2);
  return folder == "." || folder.empty() ? std::string(path) : Cat(folder, "/", path);
}

std::string UseText(const CiUse& use) {
  const std::string name = use.evidence->Name();
  if (use.refused()) return Cat(name, ": refused: ", use.outcome.check, ": ", use.outcome.message);
  if (use.described && use.inputs.empty())
    return Cat(name, ": a bill of materials of it; what it says is claimed");
  if (use.inputs.empty()) {
    return Cat(name, ": not looked at: no kind of evidence here is ",
               Quoted(JsonExcerpt(use.evidence->predicate)));
  }
  return Cat(name, ": proves ", Join(use.inputs, ", "), " by ", use.outcome.source);
}

std::string SharedText(const EvidenceOutcome& outcome) {
  if (outcome.bound()) {
    return Cat(outcome.input, ": proven by ", outcome.source, ", about ", outcome.subject);
  }
  return Cat(outcome.input, ": refused: ", outcome.check, ": ", outcome.message);
}

void AppendResult(const CiReport& report, const CiResult& result, std::string* out) {
  const CiArtifact& artifact = *result.artifact;
  Append(*out, result.allow ? "ALLOW  " : "DENY   ", artifact.path,
         artifact.is_folder ? Cat("/, ", artifact.files.size(), " files") : "", ", ",
         SizeText(artifact.bytes), "\n");
  const auto line = [&](std::string_view text) { Append(*out, kIndent, text, "\n"); };
  line(artifact.digest);
  if (!result.asked.empty()) line(result.asked);
  if (result.allow) {
    const Decision& decision = *result.decision;
    std::string text = report.program->RuleName(decision.rules.front());
    if (decision.reason) Append(text, ": ", *decision.reason);
    line(text);
    for (const ObligationCall& call : decision.obligations) {
      line(Cat("obliged: ", report.program->schema[call.obligation].json_name));
    }
    if (decision.valid_until) line(Cat("until ", FormatTime(*decision.valid_until)));
    if (result.build_level) line(Cat("built at SLSA level ", *result.build_level));
  }
  for (const CiReason& reason : result.reasons) {
    const std::string place = PlaceIn(*report.program, reason.pos);
    line(Cat(reason.message, place.empty() ? "" : Cat(" (", place, ")")));
  }
  for (const std::string& missing : result.missing) line(missing);
  for (const CiUse& use : result.evidence) line(Cat("evidence ", UseText(use)));
}

// The rules of a log, each once.
class Rules {
 public:
  explicit Rules(SarifLog* log) : log_(log) {}
  size_t Of(const std::string& id, std::string summary, std::string_view level) {
    const auto [at, is_new] = index_.try_emplace(id, log_->rules.size());
    if (is_new) {
      log_->rules.push_back({.id = id, .name = id, .summary = std::move(summary), .level = level});
    }
    return at->second;
  }

 private:
  SarifLog* log_;
  std::map<std::string, size_t> index_;
};

// What the policy says of a rule of its own.
std::string SummaryOf(const DecisionProgram& program, const std::string& rule) {
  for (uint32_t i = 0; i < program.rules.size(); ++i) {
    if (program.RuleName(i) != rule) continue;
    const RuleRecord& record = program.rules[i];
    if (record.has_because) return std::string(program.Text(record.because));
    return Cat("the policy's rule ", rule);
  }
  for (const auto& [id, summary] :
       {std::pair("ztp.ci.not_planned", "an artefact that the plan has no pattern for"),
        std::pair("ztp.ci.unverified_content", "a file in a model that nobody has signed"),
        std::pair("ztp.ci.not_in_facts", "an artefact that the facts do not have"),
        std::pair("ztp.ci.other_bytes", "an artefact of which the facts say another digest"),
        std::pair("ztp.ci.no_permit", "an artefact that no permit covers")}) {
    if (rule == id) return summary;
  }
  return "an artefact whose decision took too long";
}

constexpr char kRefusedRule[] = "ztp.ci.refused_evidence";
constexpr char kRefusedSummary[] = "evidence that proves nothing";

SarifResult Denial(const CiReport& report, const CiResult& result, Rules* rules) {
  const CiReason& first = result.reasons.front();
  const DecisionProgram& program = *report.program;
  SarifResult out{.rule = rules->Of(first.rule, SummaryOf(program, first.rule), "error"),
                  .level = "error",
                  .message = Cat(result.artifact->path, " is denied")};
  if (!result.asked.empty()) Append(out.message, " (", result.asked, ")");
  for (const CiReason& reason : result.reasons) {
    Append(out.message, "\n", reason.message);
    if (reason.pos.source == SourcePos::kNoSource) continue;
    out.related.push_back(
        {.path = std::string(program.Text(program.sources[reason.pos.source].path)),
         .region = SarifRegion{.start_line = reason.pos.line, .start_column = reason.pos.column},
         .message = reason.message});
  }
  for (const std::string& missing : result.missing) Append(out.message, "\n", missing);
  out.fingerprint = Cat(first.rule, ":", result.artifact->path);
  return out;
}

}  // namespace

size_t CiReport::Denied() const {
  return static_cast<size_t>(
      std::count_if(results.begin(), results.end(), [](const CiResult& r) { return !r.allow; }));
}

size_t CiReport::Refused() const {
  size_t count = 0;
  for (const CiResult& result : results) {
    for (const CiUse& use : result.evidence) count += use.refused();
  }
  for (const EvidenceOutcome& outcome : shared) count += !outcome.bound();
  return count;
}

std::string CiText(const CiReport& report) {
  std::string out;
  for (const EvidenceOutcome& outcome : report.shared) {
    Append(out, "evidence ", SharedText(outcome), "\n");
  }
  for (const CiResult& result : report.results) AppendResult(report, result, &out);
  for (const CiEvidence* orphan : report.orphans) {
    Append(out, "evidence ", orphan->Name(), ": about nothing that is here",
           orphan->why.empty() ? "" : Cat(": ", orphan->why), "\n");
  }
  const size_t all = report.results.size(), denied = report.Denied(), refused = report.Refused();
  Append(out, all, all == 1 ? " artefact: " : " artefacts: ", all - denied, " allowed, ", denied,
         " denied");
  if (refused > 0) Append(out, "; ", refused, " of the evidence refused");
  out += '\n';
  return out;
}

std::string CiJsonLines(const CiReport& report) {
  std::string out;
  for (const CiResult& result : report.results) {
    JsonSink sink(&out);
    sink.Put("{\"artifact\":");
    sink.PutText(result.artifact->path);
    sink.Put(",\"digest\":");
    sink.PutText(result.artifact->digest);
    sink.Put(",\"allow\":");
    sink.PutPlain(result.allow ? "true" : "false");
    sink.Put(",\"reasons\":[");
    for (size_t i = 0; i < result.reasons.size(); ++i) {
      if (i > 0) sink.Put(',');
      sink.Put("{\"rule\":");
      sink.PutText(result.reasons[i].rule);
      sink.Put(",\"message\":");
      sink.PutText(result.reasons[i].message);
      const std::string place = PlaceIn(*report.program, result.reasons[i].pos);
      if (!place.empty()) {
        sink.Put(",\"source\":");
        sink.PutText(place);
      }
      sink.Put('}');
    }
    sink.Put("],\"evidence\":[");
    for (size_t i = 0; i < result.evidence.size(); ++i) {
      if (i > 0) sink.Put(',');
      sink.Put("{\"file\":");
      sink.PutText(result.evidence[i].evidence->Name());
      sink.Put(",\"outcome\":");
      sink.PutPlain(WriteEvidence(result.evidence[i].outcome));
      sink.Put('}');
    }
    sink.Put(']');
    if (result.decision) {
      sink.Put(",\"answer\":");
      sink.PutPlain(WriteDecision(*report.program, *result.decision,
                                  {report.policy_digest, report.facts_version}));
    }
    sink.Put("}\n");
  }
  return out;
}

std::string CiSarif(const CiReport& report) {
  SarifLog log{.tool_version = ZTP_VERSION};
  Rules rules(&log);
  for (const CiResult& result : report.results) {
    std::string refused;
    std::string check;
    for (const CiUse& use : result.evidence) {
      if (!use.refused()) continue;
      if (check.empty()) check = use.outcome.check;
      Append(refused, "\nevidence ", UseText(use));
    }
    if (result.allow && refused.empty()) continue;
    SarifResult found =
        result.allow
            ? SarifResult{.rule = rules.Of(kRefusedRule, kRefusedSummary, "warning"),
                          .level = "warning",
                          .message = Cat(result.artifact->path,
                                         " is allowed, and not all of its evidence is good"),
                          .fingerprint = Cat(kRefusedRule, ":", result.artifact->path)}
            : Denial(report, result, &rules);
    found.message += refused;
    // Line 1: code hosts want one, of a folder too.
    found.location = SarifLocation{.path = PathOf(report, result.artifact->path),
                                   .region = SarifRegion{.start_line = 1},
                                   .message = {}};
    log.results.push_back(std::move(found));
  }
  for (const CiEvidence* orphan : report.orphans) {
    constexpr char kOrphan[] = "ztp.ci.about_nothing";
    log.results.push_back(
        {.rule = rules.Of(kOrphan, "evidence that is about nothing that is there", "warning"),
         .level = "warning",
         .message = Cat(orphan->Name(), " is about nothing that is here",
                        orphan->why.empty() ? "" : Cat(": ", orphan->why)),
         .location = SarifLocation{.path = PathOf(report, orphan->path),
                                   .region = SarifRegion{.start_line = 1},
                                   .message = {}},
         .fingerprint = Cat(kOrphan, ":", orphan->Name())});
  }
  return WriteSarif(log);
}

}  // namespace ztp::cli
