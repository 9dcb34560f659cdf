// Stored attributes that evidence proves: verified when a fact is taken in, kept with what is
// needed to say later whether it still counts.
//
// Boundary: one entity's record at a time. Which facts are in force, and what becomes of them when
// keys change, is runtime/'s (stored_proofs.h there). The value itself lies in the facts.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "engine/base/world.h"
#include "engine/evidence/policy_trust.h"
#include "engine/evidence/proven_fact.h"
#include "engine/facts/attribute_prover.h"

namespace ztp::evidence {

// What verified evidence proved about an attribute. Immutable.
class StoredProof final : public FactProof {
 public:
  StoredProof(const ProvenFact& fact, std::optional<EvidenceItem> item)
      : fact_(fact), item_(std::move(item)) {
    fact_.value = Value();
  }
  // Without its value, which is the attribute's.
  const ProvenFact& fact() const { return fact_; }
  // As it was given, where that is kept.
  const std::optional<EvidenceItem>& item() const { return item_; }

 private:
  ProvenFact fact_;
  std::optional<EvidenceItem> item_;
};

// Verifies evidence for stored attributes, all of it at one time.
class FactsProver final : public AttributeProver {
 public:
  // `trust` is of the policy whose facts are read. `keep`: proofs keep the evidence, to be written
  // again.
  FactsProver(std::shared_ptr<const PolicyTrust> trust, Time now, bool keep = false)
      : trust_(std::move(trust)), now_(now), keep_(keep) {}

  EvidenceOutcome Prove(const EvidenceItem& item, uint32_t attribute,
                        EntityRecord* record) override;

 private:
  const std::shared_ptr<const PolicyTrust> trust_;
  const Time now_;
  const bool keep_;
};

// Does a proof still count for the attribute of this record, apart from its time? kKeyUnknown: its
// source's keys or settings are others by now; kRevoked; kSource: its source may not prove this;
// kSubject: the value that it is `proven for` is another. Null trust: nobody's counts.
std::optional<Refusal> CheckStored(const PolicyTrust* trust, const AttributeProof& proof,
                                   const EntityRecord& record);
// The same but for what it is about, which is as it was when the record was stored.
std::optional<Refusal> CheckStored(const PolicyTrust* trust, const AttributeProof& proof,
                                   EntityTypeId type);

// The record without an attribute that is no longer proven.
void DropProof(const Schema& schema, uint32_t attribute, EntityRecord* record);

}  // namespace ztp::evidence
