// Who verifies evidence for stored attributes, as the reader of facts sees them.
//
// Boundary: an interface. Evidence is above this folder (evidence/stored_proof.h), so it is handed
// in.
#pragma once

#include <cstdint>

#include "engine/base/evidence_item.h"
#include "engine/base/world.h"

namespace ztp {

// One thread at a time.
class AttributeProver {
 public:
  virtual ~AttributeProver() = default;

  // Verifies `item`, whose `input` is the name of `attribute`, a proven one of the record's type.
  // What it proves becomes the record's attribute, with its proof; where it is refused (the outcome
  // is not bound) the record is as it was. What the evidence must be about is in the record
  // already.
  virtual EvidenceOutcome Prove(const EvidenceItem& item, uint32_t attribute,
                                EntityRecord* record) = 0;
};

}  // namespace ztp
