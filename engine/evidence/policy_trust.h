// Where a trust configuration meets a policy: which evidence may fill which of its proven inputs,
// and which attributes of stored entities.
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

// Evidence, and what it was found to prove.
struct VerifiedItem {
  EvidenceItem item;  // with its source
  SharedFact fact;
};
// What the item was found to prove; null: it is not among them.
const VerifiedItem* FindVerified(std::span<const VerifiedItem> verified, const EvidenceItem& item);

// Immutable; any thread at any time.
class PolicyTrust {
 public:
  // A proven input, or a proven attribute of an entity type, which sources call "Model.signature".
  struct Target {
    uint32_t entity = kNoEntity;
    uint32_t index = 0;  // of the input, or of the type's attribute
    static constexpr uint32_t kNoEntity = UINT32_MAX;

    static Target Of(InputId input) { return {kNoEntity, input.index}; }
    static Target Of(EntityTypeId type, uint32_t attribute) { return {type.index, attribute}; }
    bool is_input() const { return entity == kNoEntity; }
    bool operator==(const Target&) const = default;
  };

  // InvalidArgument: a source shall prove what is no input or attribute of the policy, or no proven
  // one, or one whose type is not what such evidence says (FormFit); or an attribute of entities
  // that requests carry, or one that is `proven for` what is not its own record's (StaysWithin).
  // `schema` must outlive it.
  static absl::StatusOr<std::shared_ptr<const PolicyTrust>> Make(std::shared_ptr<Trust> trust,
                                                                 const Schema& schema);

  const std::shared_ptr<Trust>& trust() const { return trust_; }
  const Schema& schema() const { return schema_; }

  // Puts the fact into the request's input. Else the input is unbound, and: kSource: the fact's
  // source may not prove it; kSubject: the input is `proven for` something in the request that the
  // fact is not about; or Trust::Check. `facts`: of the policy. kAlready: both but the last were
  // asked since the trust's generation moved last; then nothing is waited for.
  enum class Checked : uint8_t { kNo, kAlready };
  std::optional<Refusal> Bind(const ProvenFact& fact, InputId input, const Snapshot& facts,
                              Request* request, Checked checked = Checked::kNo) const;
  // Nothing, or kSource: the fact's source may not prove it.
  std::optional<Refusal> MayProve(const ProvenFact& fact, InputId input) const {
    return MayProve(fact, Target::Of(input));
  }
  std::optional<Refusal> MayProve(const ProvenFact& fact, Target target) const;
  // Puts what a fact that MayProve the target says into it, with the time in which that counts.
  void Write(const ProvenFact& fact, Target target, Fact* to) const;

  // What an item proves as evidence for the target: by its source, or whichever of its kind may
  // prove that. `*digest` gets that of the evidence's bytes, if it is refused.
  Verified<SharedFact> Verify(const EvidenceItem& item, Target target, Time now,
                              std::string* digest) const;

  // Verifies what came with a request, at its own time, and binds what is proven; the other inputs
  // of items stay unbound. An outcome for each item, in their order. Items among `verified` are
  // not verified again, which evidence that is good once would not survive: those were verified for
  // this request, and what they prove is held against trust and time as they are now.
  std::vector<EvidenceOutcome> Prove(std::span<const EvidenceItem> items, const Snapshot& facts,
                                     Request* request,
                                     std::span<const VerifiedItem> verified = {}) const;

 private:
  struct Fit {
    const EvidenceKind* kind;
    Target target;
    FormFit form;
  };
  PolicyTrust(std::shared_ptr<Trust> trust, const Schema& schema)
      : trust_(std::move(trust)), schema_(schema) {}

  class Meeting;

  const FormFit* FitOf(const EvidenceKind* kind, Target target) const;
  // As sources name it.
  std::string NameOf(Target target) const;

  const std::shared_ptr<Trust> trust_;
  const Schema& schema_;
  std::vector<Fit> fits_;  // of every kind with every target that it fits
};

// What is shown of a fact.
EvidenceOutcome OutcomeOf(const ProvenFact& fact);

}  // namespace ztp::evidence
