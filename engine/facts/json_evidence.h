// `evidence`: pieces of evidence in JSON, as requests and entities bring them.
//
// Boundary: reads; nothing of it is verified, and what it is for is the caller's to look up.
#pragma once

#include <string_view>
#include <vector>

#include "engine/base/evidence_item.h"
#include "engine/facts/json_value.h"

namespace ztp {

struct EvidenceForm {
  std::string_view target;           // the member that says what it is for: "input", "attr"
  std::string_view what;             // the same in messages: "input", "attribute"
  bool takes_critical = false;       // "critical": what it stands in rests on it
  bool ignore_others = false;        // members besides those that are known; else they are mistakes
  std::string_view unverified_help;  // what to do where nobody verifies evidence
};

// An array of {target: …, "kind": …, "source": …, "value": …}: kind or source, or both. No target
// comes twice. False: errors were reported. `accepted`: somebody verifies it; else any is an error.
bool ReadEvidence(JsonReader& reader, const JsonNode& array, const JsonPath& path,
                  const EvidenceForm& form, bool accepted, std::vector<EvidenceItem>* items);

}  // namespace ztp
