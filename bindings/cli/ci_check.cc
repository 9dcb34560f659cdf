// See ci_check.h.
#include "bindings/cli/ci_check.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "engine/base/str.h"
#include "engine/eval/decide.h"
#include "engine/eval/json_request.h"
#include "engine/evidence/about.h"
#include "engine/evidence/dsse.h"
#include "engine/evidence/sigstore_bundle.h"
#include "engine/facts/json_items.h"
#include "engine/facts/json_sink.h"

namespace ztp::cli {
namespace {

using evidence::Check;
using evidence::Refusal;
using evidence::Refuse;

constexpr size_t kMaxReasons = 8;

std::string_view KindOf(EvidenceRole role) {
  return role == EvidenceRole::kModelSignature ? "oms"
         : role == EvidenceRole::kSlsa         ? "slsa"
         : role == EvidenceRole::kSignedBom    ? "bom"
                                               : std::string_view();
}

std::string Shown(std::string_view text) { return Quoted(JsonExcerpt(text)); }

EvidenceOutcome Refused(const CiEvidence& evidence, const Refusal& refusal) {
  return {.input = {},
          .check = std::string(NameOf(refusal.check)),
          .message = refusal.message,
          .source = {},
          .kind = std::string(KindOf(evidence.role)),
          .digest = evidence.digest};
}

// In what a model's signature and the files at hand differ first; both are sorted by name.
std::string DifferenceOf(const CiEvidence& item, const CiArtifact& artifact) {
  std::string payload;
  if (auto bundle = evidence::ReadSigstoreBundle(item.text); bundle.ok()) {
    payload = std::move(bundle->envelope.payload);
  } else if (auto envelope = evidence::ReadDsse(item.text); envelope.ok()) {
    payload = std::move(envelope->payload);
  }
  auto signed_model = evidence::ReadModelStatement(payload);
  if (!signed_model.ok()) return signed_model.refusal().message;
  std::vector<evidence::ModelFile>& wanted = signed_model->manifest.files;
  const auto less = [](const evidence::ModelFile& a, const evidence::ModelFile& b) {
    return evidence::ModelPathLess(a.name, b.name);
  };
  std::sort(wanted.begin(), wanted.end(), less);
  const std::vector<evidence::ModelFile>& there = artifact.files;
  for (size_t i = 0;; ++i) {
    if (i == wanted.size() && i == there.size()) return "the signature names other digests";
    if (i == there.size() || (i < wanted.size() && less(wanted[i], there[i]))) {
      return Cat("the file ", Shown(wanted[i].name), " is signed and not there");
    }
    if (i == wanted.size() || less(there[i], wanted[i])) {
      return Cat("the file ", Shown(there[i].name), " is not signed");
    }
    if (there[i].sha256 != wanted[i].sha256) {
      return Cat("the file ", Shown(there[i].name), " is another than the one that was signed");
    }
  }
}

Refusal NotAbout(const CiEvidence& item, const CiArtifact& artifact) {
  if (item.role == EvidenceRole::kModelSignature) {
    return Refuse(Check::kContent, DifferenceOf(item, artifact));
  }
  return Refuse(
      item.role == EvidenceRole::kBom || item.role == EvidenceRole::kSignedBom ? Check::kContent
                                                                               : Check::kSubject,
      "it is about ",
      item.subjects.empty() ? "nothing that has a SHA-256" : JsonExcerpt(item.subjects.front()),
      ", and the artefact is ", artifact.digest);
}

bool IsAbout(const evidence::ProvenFact& fact, const CiArtifact& artifact) {
  return std::any_of(fact.subjects.begin(), fact.subjects.end(), [&](const std::string& subject) {
    return subject == artifact.digest || subject == artifact.model_digest;
  });
}

// Several sources refuse what is not theirs. The refusal that says most is of the one that it came
// furthest with.
int CameAsFarAs(const Refusal& refusal) {
  switch (refusal.check) {
    case Check::kKeyUnknown:
    case Check::kAlgorithm:
    case Check::kChain:
    case Check::kSignature:
      return 0;
    case Check::kIssuer:
      return 1;
    default:
      return 2;
  }
}

// The highest level that a fact of the kind "slsa" says.
std::optional<int64_t> LevelOf(const evidence::ProvenFact& fact) {
  if (fact.kind->name != "slsa") return std::nullopt;
  const Schema& schema = fact.kind->form().schema();
  const std::vector<Field>& fields = schema.types[fact.kind->form().type()].fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == "level") return fact.value.items()[i].integer();
  }
  return std::nullopt;
}

// Is it one of the words of the text?
bool Names(std::string_view text, std::string_view word) {
  const auto is_part = [&](size_t at) {
    if (at >= text.size()) return false;
    const char c = text[at];
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const bool begins = at == 0 || (!is_part(at - 1) && text[at - 1] != '.');
    if (begins && !is_part(at + word.size())) return true;
  }
  return false;
}

// A forbid that applied, or a duty that cannot be carried out: what it says, clause by clause. Its
// place is that of the clause that is not known, or of its first.
CiReason ReasonOf(const DecisionProgram& program, uint32_t rule, const Explanation& explanation) {
  const RuleRecord& record = program.rules[rule];
  CiReason reason{.rule = program.RuleName(rule), .pos = record.pos};
  const bool is_forbid = record.kind == RuleRecord::Kind::kForbid;
  reason.message = Cat(is_forbid ? "forbid " : "duty ", reason.rule);
  if (record.has_because) Append(reason.message, ": ", program.Text(record.because));
  const auto explained =
      std::find_if(explanation.rules.begin(), explanation.rules.end(),
                   [&](const Explanation::Rule& other) { return other.index == rule; });
  if (explained == explanation.rules.end()) return reason;
  bool placed = false;
  for (const Explanation::Clause& clause : explained->clauses) {
    const ClauseRecord& written = program.clauses[clause.index];
    const bool is_unless = written.kind == ClauseRecord::Kind::kUnless;
    if (!is_unless && written.kind != ClauseRecord::Kind::kWhen) continue;
    const bool unknown = clause.outcome == Explanation::Outcome::kUnknown;
    Append(reason.message, is_unless ? "; unless `" : "; when `", program.Text(written.text), "`",
           unknown ? Cat(", which needs ", Join(clause.unknown, ", ")) : "");
    if (!placed || unknown) reason.pos = written.pos;
    placed = true;
  }
  return reason;
}

}  // namespace

std::vector<InputId> CiChecker::InputsOf(std::string_view kind) const {
  const Schema& schema = policy_.program().schema;
  std::vector<InputId> inputs;
  for (uint32_t i = 0; i < schema.inputs.size(); ++i) {
    const auto config = trust_.trust()->config();
    const bool proven =
        std::any_of(config->sources.begin(), config->sources.end(), [&](const auto& source) {
          return source->kind->name == kind && source->MayProve(schema.inputs[i].name);
        });
    if (proven) inputs.push_back(InputId{i});
  }
  return inputs;
}

void CiChecker::AddShared(const SharedEvidence& evidence, std::string_view bytes) {
  const std::shared_ptr<evidence::Trust>& trust = trust_.trust();
  auto fact = evidence.source.empty() ? trust->VerifyFor(evidence.input, evidence.kind, bytes, now_)
                                      : trust->Verify(evidence.source, bytes, now_);
  const auto input = policy_.program().schema.FindInput(evidence.input);
  std::optional<Refusal> refusal;
  if (!fact.ok()) {
    refusal = fact.refusal();
  } else if (!input) {
    refusal = Refuse(Check::kSource, "the policy has no input ", Shown(evidence.input));
  } else {
    refusal = trust_.MayProve(**fact, *input);
  }
  EvidenceOutcome& outcome = shared_.emplace_back();
  if (fact.ok()) outcome = evidence::OutcomeOf(**fact);
  outcome.input = evidence.input;
  if (refusal) {
    outcome.check = NameOf(refusal->check);
    outcome.message = refusal->message;
  } else {
    shared_facts_.push_back({*input, *fact});
  }
}

std::string CiChecker::RequestOf(const CiArtifact& artifact, const PlannedArtifacts& planned,
                                 const CiFolder& folder) const {
  std::string out;
  JsonSink sink(&out);
  sink.Put("{\"subject\":");
  sink.PutPlain(plan_.subject);
  sink.Put(",\"action\":{\"name\":");
  sink.PutText(planned.action);
  if (!planned.parameters.empty()) {
    sink.Put(",\"properties\":");
    sink.PutPlain(planned.parameters);
  }
  sink.Put("},\"resource\":{\"type\":");
  sink.PutText(planned.type);
  sink.Put(",\"id\":");
  sink.PutText(artifact.path);
  const Schema& schema = policy_.program().schema;
  const auto type = schema.FindEntityType(planned.type);
  const bool carried = type && schema[*type].carried != Carried::kNo;
  if (carried || !planned.properties.empty()) {
    sink.Put(",\"properties\":{");
    bool first = true;
    const auto name = [&](std::string_view attribute) {
      if (!carried || !schema[*type].FindAttribute(attribute)) return false;
      if (!std::exchange(first, false)) sink.Put(',');
      sink.PutText(attribute);
      sink.Put(':');
      return true;
    };
    if (name("digest")) sink.PutText(artifact.digest);
    if (name("model_digest")) sink.PutText(artifact.model_digest);
    if (name("path")) sink.PutText(artifact.path);
    if (name("contents")) {
      sink.Put('[');
      for (size_t i = 0; i < artifact.files.size(); ++i) {
        if (i > 0) sink.Put(',');
        sink.PutText(artifact.files[i].name);
      }
      sink.Put(']');
    }
    if (name("files")) sink.PutPlain(Cat(artifact.files.size()));
    if (name("bytes")) sink.PutPlain(Cat(artifact.bytes));
    for (const size_t i : artifact.evidence) {
      const CiEvidence& item = folder.evidence[i];
      const bool is_bom = item.role == EvidenceRole::kBom || item.role == EvidenceRole::kSignedBom;
      if (!is_bom || !item.IsAbout(artifact) || !name("bom")) continue;
      sink.PutText(item.digest);
      break;
    }
    // The plan's own, without its braces. A name that is measured too is there twice then, which
    // the reader refuses.
    if (const size_t begin = planned.properties.find_first_not_of(" \t\r\n", 1);
        !planned.properties.empty() && planned.properties[begin] != '}') {
      if (!std::exchange(first, false)) sink.Put(',');
      sink.PutPlain(std::string_view(planned.properties).substr(1, planned.properties.size() - 2));
    }
    sink.Put('}');
  }
  sink.Put('}');
  if (!plan_.context.empty()) {
    sink.Put(",\"context\":");
    sink.PutPlain(plan_.context);
  }
  sink.Put('}');
  sink.Flush();
  return out;
}

void CiChecker::ProveStatement(const CiArtifact& artifact, Request* request, CiUse* use,
                               CiResult* result) {
  const CiEvidence& item = *use->evidence;
  const std::string_view kind = KindOf(item.role);
  const std::vector<InputId> inputs = InputsOf(kind);
  if (inputs.empty()) {
    use->outcome = Refused(item, Refuse(Check::kSource, "the trust configuration has no source of ",
                                        kind, " that proves anything"));
    return;
  }
  // Whatever the policy says of its inputs: evidence of an artefact is about this artefact.
  if (!item.IsAbout(artifact)) {
    use->outcome = Refused(item, NotAbout(item, artifact));
    return;
  }
  const Schema& schema = policy_.program().schema;
  std::optional<EvidenceOutcome> bound;
  std::optional<Refusal> telling;
  for (const InputId input : inputs) {
    auto fact = trust_.trust()->VerifyFor(schema[input].name, kind, item.text, now_);
    std::optional<Refusal> refusal;
    if (!fact.ok()) {
      refusal = fact.refusal();
    } else if (!IsAbout(**fact, artifact)) {  // a bill names more than its statement is about
      refusal = NotAbout(item, artifact);
    } else if (request->inputs[input.index].state == Fact::State::kPresent) {
      // Another proves it already; is this one good all the same?
      Request other = *request;
      refusal = trust_.Bind(**fact, input, facts_, &other);
    } else {
      refusal = trust_.Bind(**fact, input, facts_, request);
    }
    if (refusal) {
      if (!telling || CameAsFarAs(*refusal) > CameAsFarAs(*telling)) telling = refusal;
      continue;
    }
    use->inputs.push_back(schema[input].name);
    if (!bound) bound = evidence::OutcomeOf(**fact);
    if (const auto level = LevelOf(**fact)) {
      result->build_level = std::max(result->build_level.value_or(0), *level);
    }
  }
  use->outcome = bound ? *std::move(bound) : Refused(item, *telling);
  if (!use->inputs.empty()) use->outcome.input = use->inputs.front();
}

void CiChecker::Prove(const CiFolder& folder, size_t index, Request* request, CiResult* result) {
  for (const SharedFact& shared : shared_facts_) {
    (void)trust_.Bind(*shared.fact, shared.input, facts_, request);
  }
  const CiArtifact& artifact = folder.artifacts[index];
  for (const size_t i : artifact.evidence) {
    const CiEvidence& item = folder.evidence[i];
    CiUse& use = result->evidence.emplace_back();
    use.evidence = &item;
    switch (item.role) {
      case EvidenceRole::kUnreadable:
        use.outcome = Refused(item, Refuse(Check::kMalformed, item.why));
        break;
      case EvidenceRole::kBom:
        use.described = item.IsAbout(artifact);
        if (!use.described) use.outcome = Refused(item, NotAbout(item, artifact));
        break;
      case EvidenceRole::kSignedBom:
        use.described = item.IsAbout(artifact);
        if (!use.described) {
          use.outcome = Refused(item, NotAbout(item, artifact));
        } else if (!InputsOf(KindOf(item.role)).empty()) {
          ProveStatement(artifact, request, &use, result);
        }  // else nobody's bills are verified: it is as if it were not signed
        break;
      case EvidenceRole::kOther:
        break;
      case EvidenceRole::kModelSignature:
      case EvidenceRole::kSlsa:
        ProveStatement(artifact, request, &use, result);
    }
    if (item.inside && use.inputs.empty()) {
      result->reasons.push_back(
          {.rule = "ztp.ci.unverified_content",
           .message = Cat(item.Name(), " lies in the artefact, is left out of its digest and ",
                          "proves nothing: nobody has signed that it belongs there")});
    }
  }
}

void CiChecker::HoldFactsToBytes(const Request& request, CiResult* result) const {
  const Schema& schema = policy_.program().schema;
  if (schema[request.resource.type].carried != Carried::kNo) return;
  const auto entity = facts_.Find(request.resource.type, request.resource.id);
  if (!entity || !facts_.IsStored(*entity)) {
    result->reasons.push_back(
        {.rule = "ztp.ci.not_in_facts",
         .message = Cat("the facts do not have ", FormatUid(schema, request.resource))});
    return;
  }
  static const std::string kPath[] = {"resource", "digest"};
  if (evidence::IsAbout(kPath, {result->artifact->digest}, facts_, request)) return;
  result->reasons.push_back(
      {.rule = "ztp.ci.other_bytes",
       .message = Cat("the facts say another digest of ", FormatUid(schema, request.resource),
                      " than the artefact has, ", result->artifact->digest)});
}

void CiChecker::AddMissing(const Explanation& explanation, const Request& request,
                           CiResult* result) const {
  const Schema& schema = policy_.program().schema;
  for (uint32_t i = 0; i < schema.inputs.size(); ++i) {
    const Input& input = schema.inputs[i];
    if (input.rank != Rank::kProven || request.inputs[i].state == Fact::State::kPresent) continue;
    const auto asks = [&](const Explanation::Clause& clause) {
      // `bound(x)` reads nothing of x; a definition's clause does not name what it reads.
      return Names(policy_.program().Text(policy_.program().clauses[clause.index].text),
                   input.name) ||
             std::any_of(clause.reads.begin(), clause.reads.end(), [&](const auto& read) {
               return Names(read.path.substr(0, read.path.find('.')), input.name);
             });
    };
    bool asked = false;
    for (const Explanation::Rule& rule : explanation.rules) {
      const std::vector<uint32_t>& deciding = result->decision->rules;
      const bool decides =
          std::find(deciding.begin(), deciding.end(), rule.index) != deciding.end();
      if (!deciding.empty() && !decides) continue;
      for (const Explanation::Clause& clause : rule.clauses) {
        const bool holds = clause.outcome == Explanation::Outcome::kTrue;
        asked = asked || ((decides || !holds) && asks(clause));
      }
    }
    if (!asked) continue;
    std::string sources;
    const auto config = trust_.trust()->config();
    for (const auto& source : config->sources) {
      if (!source->MayProve(input.name)) continue;
      Append(sources, sources.empty() ? "" : " or ", source->kind->name, " for the source ",
             Quoted(source->name));
    }
    result->missing.push_back(Cat("`", input.name, "` is not proven by anything that lies here; ",
                                  sources.empty()
                                      ? "no source of the trust configuration may prove it"
                                      : Cat("it takes evidence of the kind ", sources)));
  }
}

void CiChecker::Explain(const Request& request, CiResult* result) {
  const DecisionProgram& program = policy_.program();
  const Explanation explanation = ztp::Explain(policy_, facts_, request, scratch_);
  const Decision& decision = *result->decision;
  for (const uint32_t rule : decision.rules) {  // forbids that applied, or duties that cannot
    result->reasons.push_back(ReasonOf(program, rule, explanation));
  }
  if (decision.limit) {
    result->reasons.push_back({.rule = "ztp.ci.limit", .message = "the step budget was spent"});
  }
  bool permits = false;
  for (const Explanation::Rule& rule : explanation.rules) {
    if (program.rules[rule.index].kind != RuleRecord::Kind::kPermit) continue;
    permits = true;
    if (!decision.rules.empty() || rule.applied || result->reasons.size() >= kMaxReasons) continue;
    for (const Explanation::Clause& clause : rule.clauses) {
      const bool is_false = clause.outcome == Explanation::Outcome::kFalse;
      if (!is_false && clause.outcome != Explanation::Outcome::kUnknown) continue;
      const ClauseRecord& record = program.clauses[clause.index];
      result->reasons.push_back(
          {.rule = program.RuleName(rule.index),
           .message = Cat(
               "permit ", program.RuleName(rule.index),
               is_false ? " fails at `" : " cannot be decided at `", program.Text(record.text), "`",
               clause.unknown.empty() ? "" : Cat(", which needs ", Join(clause.unknown, ", "))),
           .pos = record.pos});
      break;
    }
  }
  if (result->reasons.empty()) {
    result->reasons.push_back(
        {.rule = "ztp.ci.no_permit",
         .message = Cat(permits ? "no permit applies to this: " : "no permit covers this: ",
                        result->asked)});
  }
  AddMissing(explanation, request, result);
}

bool CiChecker::CheckArtifact(const CiFolder& folder, size_t index, CiResult* result,
                              std::vector<JsonError>* errors) {
  const CiArtifact& artifact = folder.artifacts[index];
  result->artifact = &artifact;
  if (!artifact.planned) {
    result->reasons.push_back({.rule = "ztp.ci.not_planned",
                               .message = "the plan has no pattern that covers it: nothing was "
                                          "asked about it"});
    return true;
  }
  const Schema& schema = policy_.program().schema;
  const PlannedArtifacts& planned = plan_.artifacts[*artifact.planned];
  const std::string text = RequestOf(artifact, planned, folder);
  ReadRequestResult read = ReadRequest(text, schema, {.now = now_});
  if (!read.request) {
    errors->insert(errors->end(), read.errors.begin(), read.errors.end());
    return false;
  }
  Request& request = *read.request;
  if (!schema[request.resource.type].FindAttribute("digest")) {
    errors->push_back({.code = JsonErrorCode::kMissingMember,
                       .path = "$.resource.type",
                       .message = Cat(planned.type, " has no attribute `digest: Digest`: nothing ",
                                      "would tie the decision to these bytes")});
    return false;
  }
  result->asked =
      Cat(planned.action, " ", planned.type, " by ", FormatUid(schema, request.principal));
  HoldFactsToBytes(request, result);
  const auto before = static_cast<std::ptrdiff_t>(result->reasons.size());
  Prove(folder, index, &request, result);
  const auto after = static_cast<std::ptrdiff_t>(result->reasons.size());
  result->decision = Decide(policy_, facts_, request, scratch_);
  result->allow = result->decision->allow && result->reasons.empty();
  if (!result->decision->allow) {
    Explain(request, result);
    // What the policy says comes before what no policy has to say.
    std::vector<CiReason>& reasons = result->reasons;
    std::rotate(reasons.begin() + before, reasons.begin() + after, reasons.end());
  }
  return true;
}

}  // namespace ztp::cli
