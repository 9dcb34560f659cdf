// Rules and leases for the caller, as single decisions and batches both give them out.
#pragma once

#include <cstdint>
#include <string>

#include "bindings/c/objects.h"
#include "engine/bundle/decision_program.h"

namespace ztp::c {

// The rule's texts point into *texts, where they end with a NUL as a bundle's do not.
void FillRule(const DecisionProgram& program, uint32_t index, RuleTexts* texts, ztp_rule* rule);

// A lease that holds for nobody.
inline void VoidLease(ztp_lease* lease) { *lease = {nullptr, 0, nullptr, 0, 0, INT64_MIN}; }
// One on what was decided at `now` by what was in force at that generation and epoch.
inline void TakeLease(const ztp_session& session, uint64_t generation, uint64_t epoch, int64_t now,
                      int64_t valid_until, ztp_lease* lease) {
  lease->generation_now = reinterpret_cast<const uint64_t*>(session.reader.count());
  lease->generation = generation;
  lease->page = session.page;
  lease->epoch = epoch;
  lease->latest = now;
  lease->valid_until = valid_until;
}

}  // namespace ztp::c
