// Any bytes are facts that load into a snapshot, or have errors.
#include <string_view>

#include "engine/eval/policy.h"
#include "engine/facts/json_facts.h"
#include "fuzz/policy_for_json.h"

namespace {

// Believes nobody, so that what comes as evidence is read too.
class Refusing final : public ztp::AttributeProver {
 public:
  ztp::EvidenceOutcome Prove(const ztp::EvidenceItem& item, uint32_t, ztp::EntityRecord*) override {
    ztp::EvidenceOutcome outcome;
    outcome.check = "signature";
    outcome.message = item.kind;
    return outcome;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto policy = *ztp::Policy::Make(ztp::fuzz::EveryType());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (bool assume_proven : {false, true}) {
    Refusing prover;
    ztp::FactsReader reader(policy->schema(), {.assume_proven = assume_proven, .prover = &prover});
    reader.Add("fuzz.json", text);
    for (const ztp::JsonError& error : reader.errors()) ztp::FormatJsonError(error);
    if (!reader.ok()) continue;
    (void)ztp::MakeSnapshot(*policy, reader.entities());
  }
  return 0;
}
