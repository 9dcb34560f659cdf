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

void Fill(const Refusal& refusal, EvidenceOutcome* outcome) {
  outcome->check = evidence::NameOf(refusal.check);
  outcome->message = refusal.message;
}

}  // namespace

// Finds out what fits, and what is wrong between the two.
class PolicyTrust::Meeting {
 public:
  explicit Meeting(PolicyTrust* made) : made_(*made), schema_(made->schema_) {}

  absl::Status Meet() {
    // Every kind with every target, so that sources may come and go later; only what does not fit
    // where a source needs it is a mistake.
    for (const EvidenceKind* kind : AllKinds()) {
      for (uint32_t i = 0; i < schema_.inputs.size(); ++i) {
        if (schema_.inputs[i].rank != Rank::kProven) continue;
        Fits(kind, Target::Of(InputId{i}), schema_.inputs[i].type);
      }
      for (uint32_t e = 0; e < schema_.entities.size(); ++e) {
        const EntityType& entity = schema_.entities[e];
        if (entity.carried != Carried::kNo) continue;
        for (uint32_t a = 0; a < entity.attributes.size(); ++a) {
          if (entity.attributes[a].rank != Rank::kProven ||
              !StaysWithin(entity.attributes[a].proven_for, schema_, EntityTypeId{e})) {
            continue;
          }
          Fits(kind, Target::Of(EntityTypeId{e}, a), entity.attributes[a].type);
        }
      }
    }
    for (const auto& source : made_.trust_->config()->sources) {
      for (const std::string& name : source->common.proves) {
        ZTP_RETURN_IF_ERROR(MeetName(*source, name));
      }
    }
    return absl::OkStatus();
  }

 private:
  void Fits(const EvidenceKind* kind, Target target, TypeId type) {
    auto form = FormFit::Make(kind->form(), schema_, type);
    if (form.ok()) {
      made_.fits_.push_back({kind, target, *std::move(form)});
    } else {
      unfit_.push_back({kind, target, form.status()});
    }
  }

  absl::Status MeetName(const Source& source, const std::string& name) const {
    const auto input = schema_.FindInput(name);
    const size_t dot = name.rfind('.');
    if (!input && dot != std::string::npos) {
      return MeetAttribute(source, name, std::string_view(name).substr(0, dot),
                           std::string_view(name).substr(dot + 1));
    }
    auto wrong = [&](std::string_view why) { return DoesNotFit(source, "input", name, why); };
    if (!input) {
      std::vector<std::string_view> names;
      for (const Input& known : schema_.inputs) names.push_back(known.name);
      const std::string near = DidYouMean(name, names);
      return wrong(Cat("the policy has no such input", near.empty() ? "" : "; ", near));
    }
    if (schema_[*input].rank != Rank::kProven) return wrong("it is not declared `proven`");
    const std::string why = WhyUnfit(source, Target::Of(*input));
    return why.empty() ? absl::OkStatus() : wrong(why);
  }

  absl::Status MeetAttribute(const Source& source, std::string_view name,
                             std::string_view entity_name, std::string_view attribute_name) const {
    auto wrong = [&](std::string_view why) { return DoesNotFit(source, "attribute", name, why); };
    const auto entity = schema_.FindEntityType(entity_name);
    if (!entity) {
      std::vector<std::string_view> names;
      for (const EntityType& known : schema_.entities) names.push_back(known.json_name);
      const std::string near = DidYouMean(entity_name, names);
      return wrong(Cat("the policy has no such entity type", near.empty() ? "" : "; ", near));
    }
    const EntityType& type = schema_[*entity];
    const auto attribute = type.FindAttribute(attribute_name);
    if (!attribute) {
      std::vector<std::string_view> names;
      for (const Attribute& known : type.attributes) names.push_back(known.name);
      const std::string near = DidYouMean(attribute_name, names);
      return wrong(Cat(type.json_name, " has no such attribute", near.empty() ? "" : "; ", near));
    }
    const Attribute& declared = type.attributes[*attribute];
    if (declared.rank != Rank::kProven) return wrong("it is not declared `proven`");
    if (type.carried != Carried::kNo) {
      return wrong("such entities come with a request, and evidence is taken for stored ones");
    }
    if (!StaysWithin(declared.proven_for, schema_, *entity)) {
      return wrong(Cat("it is `proven for ", Join(declared.proven_for, "."),
                       "`, and a proof is kept only about a value of the entity's own that is "
                       "neither proven nor inherited itself"));
    }
    const std::string why = WhyUnfit(source, Target::Of(*entity, *attribute));
    return why.empty() ? absl::OkStatus() : wrong(why);
  }

  std::string WhyUnfit(const Source& source, Target target) const {
    for (const Unfit& unfit : unfit_) {
      if (unfit.kind == source.kind && unfit.target == target) {
        return std::string(Message(unfit.why));
      }
    }
    return "";
  }

  static absl::Status DoesNotFit(const Source& source, std::string_view what, std::string_view name,
                                 std::string_view why) {
    return InvalidArgument("source ", Quoted(source.name), " (", source.kind->name,
                           ") cannot prove ", what, " ", Quoted(name), ": ", why);
  }

  struct Unfit {
    const EvidenceKind* kind;
    Target target;
    absl::Status why;
  };

  PolicyTrust& made_;
  const Schema& schema_;
  std::vector<Unfit> unfit_;
};

absl::StatusOr<std::shared_ptr<const PolicyTrust>> PolicyTrust::Make(std::shared_ptr<Trust> trust,
                                                                     const Schema& schema) {
  std::shared_ptr<PolicyTrust> made(new PolicyTrust(std::move(trust), schema));
  ZTP_RETURN_IF_ERROR(Meeting(made.get()).Meet());
  return made;
}

const FormFit* PolicyTrust::FitOf(const EvidenceKind* kind, Target target) const {
  for (const Fit& fit : fits_) {
    if (fit.kind == kind && fit.target == target) return &fit.form;
  }
  return nullptr;
}

std::string PolicyTrust::NameOf(Target target) const {
  if (target.is_input()) return schema_.inputs[target.index].name;
  const EntityType& type = schema_.entities[target.entity];
  return Cat(type.json_name, ".", type.attributes[target.index].name);
}

std::optional<Refusal> PolicyTrust::MayProve(const ProvenFact& fact, Target target) const {
  const std::shared_ptr<const TrustConfig> config = trust_->config();
  const auto* source = config->Find(fact.source);
  if (source != nullptr && FitOf(fact.kind, target) != nullptr) {
    // A request's inputs are bound without allocating.
    const bool may = target.is_input() ? (*source)->MayProve(schema_.inputs[target.index].name)
                                       : (*source)->MayProve(NameOf(target));
    if (may) return std::nullopt;
  }
  return Refuse(Check::kSource, "source ", Shown(fact.source), " may not prove ",
                Quoted(NameOf(target)));
}

void PolicyTrust::Write(const ProvenFact& fact, Target target, Fact* to) const {
  FitOf(fact.kind, target)->Write(fact.value, MakePresent(to));
  to->issued_at = fact.issued_at;
  to->expires_at = EndOf(fact);
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
  const Target target = Target::Of(id);
  if (!refusal && FitOf(fact.kind, target) == nullptr) refusal = MayProve(fact, target);
  if (refusal) {
    MakeAbsent(&bound, Fact::State::kMissing);
    return refusal;
  }
  Write(fact, target, &bound);
  return std::nullopt;
}

Verified<SharedFact> PolicyTrust::Verify(const EvidenceItem& item, Target target, Time now,
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
                                  ? trust_->VerifyFor(NameOf(target), kind->name, evidence, now)
                                  : trust_->Verify(item.source, evidence, now);
  if (!fact.ok()) *digest = DigestOf(*kind, evidence);
  return fact;
}

const VerifiedItem* FindVerified(std::span<const VerifiedItem> verified, const EvidenceItem& item) {
  for (const VerifiedItem& known : verified) {
    if (known.item.input == item.input && known.item.source == item.source &&
        known.item.value == item.value) {
      return &known;
    }
  }
  return nullptr;
}

std::vector<EvidenceOutcome> PolicyTrust::Prove(std::span<const EvidenceItem> items,
                                                const Snapshot& facts, Request* request,
                                                std::span<const VerifiedItem> verified) const {
  std::vector<EvidenceOutcome> outcomes;
  for (const EvidenceItem& item : items) {
    EvidenceOutcome& outcome = outcomes.emplace_back();
    std::optional<Refusal> refusal;
    if (const auto input = schema_.FindInput(item.input); !input) {
      refusal = Refuse(Check::kSource, "the policy has no input ", Shown(item.input));
    } else if (schema_[*input].rank != Rank::kProven) {
      refusal = Refuse(Check::kSource, "input ", Shown(item.input), " is not proven");
    } else {
      const VerifiedItem* known = FindVerified(verified, item);
      Verified<SharedFact> fact =
          known != nullptr ? Verified<SharedFact>(known->fact)
                           : Verify(item, Target::Of(*input), request->now, &outcome.digest);
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
    if (item.critical) {
      const std::optional<Time> end = refusal ? request->now : outcome.expires_at;
      if (end && (!request->valid_until || *end < *request->valid_until))
        request->valid_until = end;
    }
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
