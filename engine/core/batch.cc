// Rows differ from the shared request, and mostly from the row before, in a few values only. What
// the request says to the index's probes is read again for those alone; what was read of a
// principal or resource that stayed the same stays too, as far as no operator of the program worked
// it out.
#include "engine/core/batch.h"

#include <cstring>
#include <iterator>

#include "engine/core/decide.h"

namespace ztp {
namespace {

class Batch {
 public:
  Batch(const RequestView& shared, const BatchRows& rows, const BatchMemory& memory)
      : rows_(rows), memory_(memory), request_(shared), index_(shared.policy->index) {
    for (uint32_t p = index_.request_probes; p < index_.probes.size(); ++p) {
      const uint8_t depends = DependsOn(index_.probes[p]);
      if (depends != kOnPrincipal && depends != kOnResource) continue;
      if (kept_count_ == kMostKept) break;
      kept_[kept_count_++] = {p, depends};
    }
    for (uint32_t p = 0; p < index_.request_probes; ++p) {
      const uint8_t depends = DependsOn(index_.probes[p]);
      if (depends == kOnPrincipal) Add(p, &on_principal_);
      if (depends == kOnResource) Add(p, &on_resource_);
      if (depends == kOnValues && IsOfColumn(index_.probes[p])) Add(p, &on_columns_);
    }
    if (!memory.params.empty()) {
      std::memcpy(static_cast<void*>(memory.params.data()), shared.params,
                  memory.params.size_bytes());
    }
    if (!memory.inputs.empty()) {
      std::memcpy(static_cast<void*>(memory.inputs.data()), shared.inputs,
                  memory.inputs.size_bytes());
    }
    request_.params = memory.params.data();
    request_.inputs = memory.inputs.data();
  }

  const RequestView& request() const { return request_; }

  // Of a decision that is about to begin: what was read of whom did not change.
  void KeepReadings(uint8_t changed, Workspace& workspace) const {
    for (size_t i = 0; i < kept_count_; ++i) {
      if ((kept_[i].depends & changed) == 0) workspace.KeepReading(kept_[i].probe);
    }
  }

  // Makes the request that of a row; answers what of it changed.
  uint8_t Take(size_t row, bool first) {
    uint8_t changed = first ? kOnPrincipal | kOnResource | kOnValues : 0;
    if (rows_.principals != nullptr) {
      changed |= Replace(rows_.principals[row], &request_.principal) ? kOnPrincipal : 0;
    }
    if (rows_.resources != nullptr) {
      changed |= Replace(rows_.resources[row], &request_.resource) ? kOnResource : 0;
    }
    for (const BatchColumn& column : rows_.columns) {
      (column.is_input ? memory_.inputs : memory_.params)[column.index] = column.values[row];
      changed |= kOnValues;
    }
    if (changed & kOnPrincipal) request_.principal_row = RowOf(request_.principal);
    if (changed & kOnResource) request_.resource_row = RowOf(request_.resource);
    if (first) {
      ReadProbes(memory_.readings.data(), &request_);
    } else if (changed != 0) {
      if (too_many_) {
        ReadChangedProbes(changed, memory_.readings.data(), &request_);
        return changed;
      }
      if (changed & kOnPrincipal) Read(on_principal_);
      if (changed & kOnResource) Read(on_resource_);
      if (changed & kOnValues) Read(on_columns_);
      ReadChangedMarks(changed, &request_);
    }
    return changed;
  }

 private:
  // Probes of what may change from row to row.
  struct Changing {
    uint32_t probes[64];
    size_t count = 0;
  };
  void Add(uint32_t probe, Changing* to) {
    if (to->count == std::size(to->probes)) {
      too_many_ = true;  // all of them are gone through each time
    } else {
      to->probes[to->count++] = probe;
    }
  }
  void Read(const Changing& changing) {
    ReadTheseProbes({changing.probes, changing.count}, memory_.readings.data(), &request_);
  }
  bool IsOfColumn(const Probe& probe) const {
    const bool is_param = probe.source == Probe::Source::kParam;
    const uint32_t index =
        is_param ? request_.policy->ParamColumn(probe.index, request_.action) : probe.index;
    for (const BatchColumn& column : rows_.columns) {
      if (column.is_input != is_param && column.index == index) return true;
    }
    return false;
  }

  static bool Replace(const Val& with, Val* what) {
    if (with.number == what->number && with.size == what->size) return false;
    *what = with;
    return true;
  }
  const uint64_t* RowOf(const Val& holder) const {
    return request_.IsStored(holder.entity()) ? request_.facts->Row(holder.entity()) : nullptr;
  }
  static constexpr size_t kMostKept = 64;
  struct Kept {
    uint32_t probe;
    uint8_t depends;
  };

  const BatchRows& rows_;
  const BatchMemory& memory_;
  RequestView request_;
  const IndexView& index_;
  Kept kept_[kMostKept];
  size_t kept_count_ = 0;
  Changing on_principal_, on_resource_, on_columns_;
  bool too_many_ = false;
};

}  // namespace

size_t DecideBatch(const RequestView& shared, const BatchRows& rows, size_t first,
                   const BatchAnswers& answers, const BatchMemory& memory, Workspace& workspace) {
  if (!workspace.Prepare(*shared.policy)) return 0;
  Batch batch(shared, rows, memory);
  const bool may_oblige = answers.obligations != nullptr || shared.can != nullptr;
  for (size_t row = first; row < rows.count; ++row) {
    const uint8_t changed = batch.Take(row, row == first);
    Decider decider(batch.request(), workspace);
    if (row != first) batch.KeepReadings(changed, workspace);
    const Verdict verdict = decider.Decide();
    if (verdict.out_of_memory) return row - first;
    const bool allow = verdict.allow && (may_oblige || verdict.obligations.empty());
    if (answers.allow != nullptr) answers.allow[row] = allow ? 1 : 0;
    if (answers.rule != nullptr) {
      answers.rule[row] =
          verdict.rules.empty() || allow != verdict.allow ? kNone32 : verdict.rules[0];
    }
    if (answers.obligations != nullptr) {
      answers.obligations[row] = static_cast<uint32_t>(verdict.obligations.size());
    }
    if (answers.valid_until != nullptr) answers.valid_until[row] = verdict.valid_until;
    if (answers.on_unknown != nullptr) answers.on_unknown[row] = verdict.rests_on_unknown ? 1 : 0;
  }
  return rows.count - first;
}

}  // namespace ztp
