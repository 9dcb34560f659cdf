// Where a trust configuration meets a policy: which evidence may fill which of its proven inputs.
//
// Boundary: between proven facts and requests as plain data. Everything that can be wrong between
// configuration and policy is found out when they meet; binding a fact then asks only what belongs
// to the moment (does it count, is it about this request) and allocates nothing that the request
// did not have room for.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/evidence_item.h"
#include "engine/base/schema.h"
#include "engine/base/world.h"
#include "engine/evidence/normal_form.h"
#include "engine/evidence/trust.h"
#include "engine/facts/snapshot.h"

namespace ztp::evidence {

// Immutable; any thread at any time.
class PolicyTrust {
 public:
  // InvalidArgument: a source shall prove what is no input of the policy, or no proven one, or one
  // whose type is not what such evidence says (FormFit). `schema` must outlive it.
  static absl::StatusOr<std::shared_ptr<const PolicyTrust>> Make(std::shared_ptr<Trust> trust,
                                                                 const Schema& schema);

  const std::shared_ptr<Trust>& trust() const { return trust_; }

  // Puts the fact into the request's input. Else the input is unbound, and: kSource: the fact's
  // source may not prove it; kSubject: the input is `proven for` something in the request that the
  // fact is not about; or Trust::Check. `facts`: of the policy. kAlready: both but the last were
  // asked since the trust's generation moved last; then nothing is waited for.
  enum class Checked : uint8_t { kNo, kAlready };
  std::optional<Refusal> Bind(const ProvenFact& fact, InputId input, const Snapshot& facts,
                              Request* request, Checked checked = Checked::kNo) const;
  // Nothing, or kSource: the fact's source may not prove it.
  std::optional<Refusal> MayProve(const ProvenFact& fact, InputId input) const;

  // Verifies what came with a request, at its own time, and binds what is proven; the other inputs
  // of items stay unbound. An outcome for each item, in their order.
  std::vector<EvidenceOutcome> Prove(std::span<const EvidenceItem> items, const Snapshot& facts,
                                     Request* request) const;

 private:
  struct Fit {
    const EvidenceKind* kind;
    InputId input;
    FormFit form;
  };
  PolicyTrust(std::shared_ptr<Trust> trust, const Schema& schema)
      : trust_(std::move(trust)), schema_(schema) {}

  const FormFit* FitOf(const EvidenceKind* kind, InputId input) const;
  // `digest` gets that of the evidence's bytes, if it is refused.
  Verified<SharedFact> Verify(const EvidenceItem& item, Time now, std::string* digest) const;

  const std::shared_ptr<Trust> trust_;
  const Schema& schema_;
  std::vector<Fit> fits_;
};

// What is shown of a fact.
EvidenceOutcome OutcomeOf(const ProvenFact& fact);

}  // namespace ztp::evidence
