#include "engine/runtime/route_evidence.h"

#include <optional>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/facts/json_write_value.h"

namespace ztp {

absl::StatusOr<std::string> RouteEvidence::SourceOf(std::string_view input,
                                                    std::string_view evidence) {
  if (trust_ == nullptr) return std::string();
  const auto config = trust_->trust()->config();
  std::vector<const std::string*> sources;
  for (const auto& source : config->sources) {
    if (source->MayProve(input)) sources.push_back(&source->name);
  }
  if (sources.empty()) return std::string();
  if (sources.size() == 1) return *sources[0];
  // Of several the one that takes it; if none does, the decision says what is wrong with it.
  for (const std::string* source : sources) {
    if (Verify(input, *source, evidence).ok()) return *source;
  }
  return *sources[0];
}

evidence::Verified<evidence::SharedFact> RouteEvidence::Verify(std::string_view input,
                                                               std::string_view source,
                                                               std::string_view evidence) {
  EvidenceItem item{
      .input = std::string(input), .source = std::string(source), .value = std::string(evidence)};
  if (const evidence::VerifiedItem* known = evidence::FindVerified(verified_, item)) {
    return known->fact;
  }
  const auto id = schema_.FindInput(input);
  if (!id) return evidence::Refuse(evidence::Check::kSource, "the policy has no such input");
  std::string digest;
  auto fact = trust_->Verify(item, evidence::PolicyTrust::Target::Of(*id), now_, &digest);
  if (fact.ok()) verified_.push_back({std::move(item), *fact});
  return fact;
}

absl::StatusOr<std::string> RouteEvidence::Proven(std::string_view input, std::string_view source,
                                                  std::string_view evidence,
                                                  std::span<const std::string> path) {
  const auto id = schema_.FindInput(input);
  if (!id) return NotFound("there is no such input");
  const auto target = evidence::PolicyTrust::Target::Of(*id);
  auto fact = Verify(input, source, evidence);
  std::optional<evidence::Refusal> refusal;
  if (!fact.ok()) {
    refusal = std::move(fact).refusal();
  } else {
    refusal = trust_->MayProve(**fact, target);
  }
  if (refusal) {
    return absl::PermissionDeniedError(Cat("evidence for `", input, "` was refused (",
                                           evidence::NameOf(refusal->check),
                                           "): ", refusal->message));
  }
  Fact written;
  trust_->Write(**fact, target, &written);
  nlohmann::ordered_json json = ValueToJson(schema_, schema_[*id].type, written.value);
  for (const std::string& step : path) {
    const auto at = json.is_object() ? json.find(step) : json.end();
    if (!json.is_object() || at == json.end() || at->is_null()) {
      return NotFound("it does not say so");
    }
    json = nlohmann::ordered_json(*at);
  }
  return DumpJson(json);
}

}  // namespace ztp
