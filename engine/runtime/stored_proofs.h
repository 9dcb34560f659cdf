// Facts whose proofs were voided: what evidence said about stored entities counts only as long as
// its source's keys and settings are those that verified it, and nobody has revoked it.
//
// Boundary: makes facts from facts. Which are in force is engine.h's.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/eval/policy.h"
#include "engine/evidence/policy_trust.h"
#include "engine/facts/snapshot.h"

namespace ztp {

// Which proofs are looked at, and how closely.
enum class Recheck : uint8_t {
  kStanding,  // keys, settings, revocations
  kAll,       // also what they are about: for another policy or trust than they were verified for
};

// The facts without attributes whose proofs no longer count under `trust` (null: none does); the
// same facts where all do. What was assumed, and has no proof, stays. The policy's facts. Errors:
// of SnapshotBuilder.
absl::StatusOr<std::shared_ptr<const Snapshot>> WithoutVoided(
    const Policy& policy, const std::shared_ptr<const Snapshot>& facts,
    const evidence::PolicyTrust* trust, Recheck recheck);

// Do all proofs of a record count under `trust`? InvalidArgument: one does not, by name and check.
absl::Status CheckProofs(const evidence::PolicyTrust* trust, const Schema& schema,
                         const EntityRecord& record);

}  // namespace ztp
