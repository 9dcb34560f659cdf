// See batch_evidence.h.
#include "bindings/c/batch_evidence.h"

#include <algorithm>
#include <utility>

#include "bindings/c/columns.h"
#include "bindings/c/error.h"
#include "bindings/c/request.h"
#include "engine/base/status.h"
#include "engine/evidence/about.h"
#include "engine/facts/json_fill.h"

namespace ztp::c {
namespace {

using Target = evidence::PolicyTrust::Target;

// For each row: is a fact about what the row has at the input's `proven for`?
class Rows {
 public:
  Rows(const ztp_batch& batch, const Input& input, Time now)
      : batch_(batch), path_(input.proven_for), request_(batch.shared) {
    request_.now = now;
    if (path_.size() < 2 || path_[0] != "action") return;
    param_ = batch.world->schema()[batch.action].FindParam(path_[1]);
  }

  bool AreAbout(const evidence::ProvenFact& fact, size_t row) {
    if (path_.empty()) return true;
    // Rows that come one after the other often have the same.
    if (!batch_.batch->FillRow(row, param_, &request_) && last_ == &fact) return is_about_;
    last_ = &fact;
    is_about_ = evidence::IsAbout(path_, fact.subjects, *batch_.world->facts, request_);
    return is_about_;
  }

 private:
  const ztp_batch& batch_;
  const std::vector<std::string>& path_;
  Request request_;
  std::optional<uint32_t> param_;
  const evidence::ProvenFact* last_ = nullptr;
  bool is_about_ = false;
};

ztp_error* ApplyOne(ztp_batch* batch, const BatchEvidence& slot, Time now) {
  const World& world = *batch->world;
  const Target target = Target::Of(slot.input);
  // The first is for rows without any.
  std::vector<Fact> facts(slot.facts.size() + 1);
  for (size_t i = 0; i < slot.facts.size(); ++i) {
    const evidence::SharedFact& fact = slot.facts[i];
    if (fact == nullptr || world.trust->trust()->Check(*fact, now) ||
        world.trust->MayProve(*fact, target)) {
      continue;
    }
    world.trust->Write(*fact, target, &facts[i + 1]);
  }
  const Input& input = world.schema()[slot.input];
  Rows rows(*batch, input, now);
  std::vector<uint32_t> codes(batch->batch->rows(), 0);
  for (size_t row = 0; row < codes.size(); ++row) {
    const uint32_t code = slot.codes.empty() ? 0 : slot.codes[row];
    if (facts[code + 1].state != Fact::State::kPresent) continue;
    if (rows.AreAbout(*slot.facts[code], row)) codes[row] = code + 1;
  }
  const absl::Status status = batch->batch->SetInput(slot.input, facts, codes);
  return status.ok() ? nullptr : FromStatus(status, ZTP_BAD_REQUEST);
}

}  // namespace

void ShareEvidence(const ztp_request& shared, ztp_batch* batch) {
  for (const BoundEvidence::Slot& slot : shared.evidence.slots) {
    const auto input = batch->world->schema().FindInput(slot.input);
    if (!input) continue;
    MakeAbsent(&batch->shared.inputs[input->index], Fact::State::kMissing);
    if (batch->world->trust == nullptr) continue;
    batch->evidence.push_back({*input, {slot.fact}, {}});
  }
}

void DropEvidence(InputId input, ztp_batch* batch) {
  std::erase_if(batch->evidence, [&](const BatchEvidence& slot) { return slot.input == input; });
}

ztp_error* ApplyEvidence(ztp_batch* batch, Time now) {
  const World& world = *batch->world;
  if (!world.facts->proofs().empty() && world.trust != nullptr &&
      world.trust->trust()->generation().load(std::memory_order_acquire) !=
          batch->trust_generation) {
    return NewError(ZTP_STALE,
                    "evidence may have been voided since the batch was made, and its facts have "
                    "attributes that evidence proves: make it anew");
  }
  for (const BatchEvidence& slot : batch->evidence) {
    if (ztp_error* error = ApplyOne(batch, slot, now)) return error;
  }
  return nullptr;
}

}  // namespace ztp::c

using ztp::c::GuardedColumn;
using ztp::c::Misuse;
using ztp::c::NewError;
using ztp::c::NullOutput;

extern "C" ztp_error* ztp_batch_evidence(ztp_batch* batch, ztp_attr input,
                                         const ztp_proof* const* proofs, size_t proof_count,
                                         const uint32_t* codes, size_t count) {
  ZTP_CHECK_ALIVE(batch);
  if (proofs == nullptr && proof_count != 0) return NullOutput(__func__, "proofs");
  for (size_t i = 0; i < proof_count; ++i) {
    const ztp_proof* proof = proofs[i];
    if (proof != nullptr) ZTP_CHECK_ALIVE(proof);
  }
  if (codes == nullptr && count != proof_count) {
    return Misuse(__func__, "without `codes` there must be a proof, or NULL, for each row");
  }
  if (ztp_error* error = ztp::c::CheckRows(*batch, count, __func__)) return error;
  return GuardedColumn(batch, __func__, [&]() -> ztp_error* {
    ztp::c::NamedColumn column;
    if (ztp_error* error = ztp::c::FindProvenInput(*batch, input, "ztp_batch_evidence", &column)) {
      return error;
    }
    if (batch->world->trust == nullptr) {
      return Misuse("ztp_batch_evidence", "the engine takes no evidence: see ztp_engine_use_trust");
    }
    ztp::c::BatchEvidence slot{*batch->world->schema().FindInput(column.name), {}, {}};
    for (size_t i = 0; i < proof_count; ++i) {
      slot.facts.push_back(proofs[i] != nullptr ? proofs[i]->fact : nullptr);
      if (proofs[i] == nullptr) continue;
      const auto refusal = batch->world->trust->MayProve(*proofs[i]->fact, slot.input);
      if (refusal) return ztp::c::FromRefusal(*refusal);
    }
    for (size_t row = 0; row < count; ++row) {
      slot.codes.push_back(codes != nullptr ? codes[row] : static_cast<uint32_t>(row));
      if (slot.codes.back() < proof_count) continue;
      return NewError(ZTP_BAD_REQUEST, "a code is beyond the proofs");
    }
    ztp::c::DropEvidence(slot.input, batch);
    batch->evidence.push_back(std::move(slot));
    return nullptr;
  });
}
