// See policy_trust.h.
#include "engine/evidence/policy_trust.h"

#include <utility>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/evidence/about.h"
#include "engine/evidence/base64.h"
#include "engine/evidence/pem.h"
#include "engine/facts/json_fill.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

std::string Shown(std::string_view text) { return Quoted(JsonExcerpt(text)); }

absl::Status DoesNotFit(const Source& source, std::string_view input, std::string_view why) {
  return InvalidArgument("source ", Quoted(source.name), " (", source.kind->name,
                         ") cannot prove input ", Quoted(input), ": ", why);
}

void Fill(const Refusal& refusal, EvidenceOutcome* outcome) {
  outcome->check = NameOf(refusal.check);
  outcome->message = refusal.message;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const PolicyTrust>> PolicyTrust::Make(std::shared_ptr<Trust> trust,
                                                                     const Schema& schema) {
  std::shared_ptr<PolicyTrust> made(new PolicyTrust(std::move(trust), schema));
  // Every kind with every input, so that sources may come and go later; only what does not fit
  // where a source needs it is a mistake.
  std::vector<std::pair<std::pair<const EvidenceKind*, uint32_t>, absl::Status>> unfit;
  for (const EvidenceKind* kind : AllKinds()) {
    for (uint32_t i = 0; i < schema.inputs.size(); ++i) {
      if (schema.inputs[i].rank != Rank::kProven) continue;
      auto form = FormFit::Make(kind->form(), schema, schema.inputs[i].type);
      if (form.ok()) {
        made->fits_.push_back({kind, InputId{i}, *std::move(form)});
      } else {
        unfit.push_back({{kind, i}, form.status()});
      }
    }
  }
  for (const auto& source : made->trust_->config()->sources) {
    for (const std::string& name : source->common.proves) {
      const auto input = schema.FindInput(name);
      if (!input) {
        std::vector<std::string_view> names;
        for (const Input& known : schema.inputs) names.push_back(known.name);
        const std::string near = DidYouMean(name, names);
        return DoesNotFit(*source, name,
                          Cat("the policy has no such input", near.empty() ? "" : "; ", near));
      }
      if (schema[*input].rank != Rank::kProven) {
        return DoesNotFit(*source, name, "it is not declared `proven`");
      }
      for (const auto& [pair, why] : unfit) {
        if (pair.first == source->kind && pair.second == input->index) {
          return DoesNotFit(*source, name, Message(why));
        }
      }
    }
  }
  return made;
}

const FormFit* PolicyTrust::FitOf(const EvidenceKind* kind, InputId input) const {
  for (const Fit& fit : fits_) {
    if (fit.kind == kind && fit.input == input) return &fit.form;
  }
  return nullptr;
}

std::optional<Refusal> PolicyTrust::MayProve(const ProvenFact& fact, InputId input) const {
  const std::shared_ptr<const TrustConfig> config = trust_->config();
  const auto* source = config->Find(fact.source);
  if (source != nullptr && (*source)->MayProve(schema_[input].name) &&
      FitOf(fact.kind, input) != nullptr) {
    return std::nullopt;
  }
  return Refuse(Check::kSource, "source ", Shown(fact.source), " may not prove ",
                Quoted(schema_[input].name));
}

std::optional<Refusal> PolicyTrust::Bind(const ProvenFact& fact, InputId id, const Snapshot& facts,
                                         Request* request, Checked checked) const {
  const Input& input = schema_[id];
  Fact& bound = request->inputs[id.index];
  std::optional<Refusal> refusal;
  if (checked == Checked::kNo) {
    refusal = trust_->Check(fact, request->now);
    if (!refusal) refusal = MayProve(fact, id);
  }
  if (!refusal && !input.proven_for.empty() &&
      !IsAbout(input.proven_for, fact.subjects, facts, *request)) {
    refusal = Refuse(Check::kSubject, "it is about ",
                     fact.subjects.empty() ? "nobody" : Shown(fact.subjects.front()),
                     ", which is not the request's `", Join(input.proven_for, "."), "`");
  }
  const FormFit* fit = refusal ? nullptr : FitOf(fact.kind, id);
  if (fit == nullptr && !refusal) refusal = MayProve(fact, id);
  if (fit == nullptr) {
    MakeAbsent(&bound, Fact::State::kMissing);
    return refusal;
  }
  fit->Write(fact.value, MakePresent(&bound));
  bound.issued_at = fact.issued_at;
  bound.expires_at = EndOf(fact);
  return std::nullopt;
}

Verified<SharedFact> PolicyTrust::Verify(const EvidenceItem& item, Time now,
                                         std::string* digest) const {
  const std::shared_ptr<const TrustConfig> config = trust_->config();
  const EvidenceKind* kind = FindKind(item.kind);
  if (!item.source.empty()) {
    const auto* source = config->Find(item.source);
    if (source == nullptr) return Refuse(Check::kSource, "there is no source ", Shown(item.source));
    if (!item.kind.empty() && kind != (*source)->kind) {
      return Refuse(Check::kSource, "source ", Shown(item.source), " takes ", (*source)->kind->name,
                    ", not ", Shown(item.kind));
    }
    kind = (*source)->kind;
  }
  if (kind == nullptr) return Refuse(Check::kSource, "no kind of evidence is ", Shown(item.kind));
  std::string bytes;
  std::string_view evidence = item.value;
  if (kind->binary && !LooksLikePem(item.value)) {
    std::optional<std::string> decoded = DecodeBase64(item.value);
    if (!decoded) return Refuse(Check::kMalformed, "it is neither base64 nor PEM");
    bytes = *std::move(decoded);
    evidence = bytes;
  }
  Verified<SharedFact> fact = item.source.empty()
                                  ? trust_->VerifyFor(item.input, kind->name, evidence, now)
                                  : trust_->Verify(item.source, evidence, now);
  if (!fact.ok()) *digest = DigestOf(*kind, evidence);
  return fact;
}

std::vector<EvidenceOutcome> PolicyTrust::Prove(std::span<const EvidenceItem> items,
                                                const Snapshot& facts, Request* request) const {
  std::vector<EvidenceOutcome> outcomes;
  for (const EvidenceItem& item : items) {
    EvidenceOutcome& outcome = outcomes.emplace_back();
    std::optional<Refusal> refusal;
    if (const auto input = schema_.FindInput(item.input); !input) {
      refusal = Refuse(Check::kSource, "the policy has no input ", Shown(item.input));
    } else if (schema_[*input].rank != Rank::kProven) {
      refusal = Refuse(Check::kSource, "input ", Shown(item.input), " is not proven");
    } else {
      Verified<SharedFact> fact = Verify(item, request->now, &outcome.digest);
      if (fact.ok()) {
        outcome = OutcomeOf(**fact);
        refusal = Bind(**fact, *input, facts, request);
      } else {
        MakeAbsent(&request->inputs[input->index], Fact::State::kMissing);
        refusal = std::move(fact).refusal();
      }
    }
    outcome.input = item.input;
    if (outcome.source.empty()) outcome.source = item.source;
    if (outcome.kind.empty()) outcome.kind = item.kind;
    if (refusal) Fill(*refusal, &outcome);
  }
  return outcomes;
}

EvidenceOutcome OutcomeOf(const ProvenFact& fact) {
  return {.input = {},
          .check = {},
          .message = {},
          .source = fact.source,
          .kind = std::string(fact.kind->name),
          .subject = fact.subjects.empty() ? "" : fact.subjects.front(),
          .anchor = fact.anchor,
          .digest = fact.digest,
          .issued_at = fact.issued_at,
          .expires_at = EndOf(fact)};
}

}  // namespace ztp::evidence
