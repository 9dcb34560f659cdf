// See stored_proof.h.
#include "engine/evidence/stored_proof.h"

#include <string>

#include "engine/base/str.h"
#include "engine/evidence/about.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

std::optional<Refusal> CheckAbout(const Schema& schema, uint32_t attribute, const ProvenFact& fact,
                                  const EntityRecord& record) {
  const Attribute& declared = schema[record.uid.type].attributes[attribute];
  if (declared.proven_for.empty() || IsAbout(declared.proven_for, fact.subjects, schema, record)) {
    return std::nullopt;
  }
  return Refuse(Check::kSubject, "it is about ",
                fact.subjects.empty() ? "nobody" : Quoted(JsonExcerpt(fact.subjects.front())),
                ", which is not the entity's `", Join(declared.proven_for, "."), "`");
}

// A decision has one time from which on evidence counts, and language and leases go by it.
std::optional<Refusal> CheckBegin(const ProvenFact& fact) {
  if (!fact.not_before || (fact.issued_at && *fact.not_before <= *fact.issued_at)) {
    return std::nullopt;
  }
  return Refuse(Check::kNotYetValid,
                "it says that it counts later than it was issued, which stored facts cannot keep");
}

}  // namespace

EvidenceOutcome FactsProver::Prove(const EvidenceItem& item, uint32_t attribute,
                                   EntityRecord* record) {
  EvidenceOutcome outcome;
  const Schema& schema = trust_->schema();
  const PolicyTrust::Target target = PolicyTrust::Target::Of(record->uid.type, attribute);
  Verified<SharedFact> fact = trust_->Verify(item, target, now_, &outcome.digest);
  std::optional<Refusal> refusal;
  if (fact.ok()) {
    outcome = OutcomeOf(**fact);
    refusal = trust_->MayProve(**fact, target);
    if (!refusal) refusal = CheckBegin(**fact);
    if (!refusal) refusal = CheckAbout(schema, attribute, **fact, *record);
  } else {
    refusal = std::move(fact).refusal();
  }
  outcome.input = item.input;
  if (outcome.source.empty()) outcome.source = item.source;
  if (outcome.kind.empty()) outcome.kind = item.kind;
  if (refusal) {
    outcome.check = NameOf(refusal->check);
    outcome.message = refusal->message;
    return outcome;
  }
  trust_->Write(**fact, target, &record->attributes[attribute]);
  record->proofs.push_back({attribute, std::make_shared<const StoredProof>(
                                           **fact, keep_ ? std::optional(item) : std::nullopt)});
  return outcome;
}

std::optional<Refusal> CheckStored(const PolicyTrust* trust, const AttributeProof& proof,
                                   EntityTypeId type) {
  if (trust == nullptr) return Refuse(Check::kSource, "nobody's evidence is taken");
  const auto* stored = dynamic_cast<const StoredProof*>(proof.proof.get());
  if (stored == nullptr) return Refuse(Check::kSource, "it is no proof");
  if (auto refusal = trust->trust()->CheckStanding(stored->fact())) return refusal;
  return trust->MayProve(stored->fact(), PolicyTrust::Target::Of(type, proof.attribute));
}

std::optional<Refusal> CheckStored(const PolicyTrust* trust, const AttributeProof& proof,
                                   const EntityRecord& record) {
  if (auto refusal = CheckStored(trust, proof, record.uid.type)) return refusal;
  return CheckAbout(trust->schema(), proof.attribute,
                    static_cast<const StoredProof&>(*proof.proof).fact(), record);
}

void DropProof(const Schema& schema, uint32_t attribute, EntityRecord* record) {
  std::erase_if(record->proofs,
                [&](const AttributeProof& proof) { return proof.attribute == attribute; });
  // As outside of its time: there was something, so a required one is not known, whatever there is
  // to inherit.
  const bool optional = schema[record->uid.type].attributes[attribute].optional;
  record->attributes[attribute] = optional ? Fact::Missing() : Fact::Unknown();
}

}  // namespace ztp::evidence
