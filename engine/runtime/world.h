// A policy, the facts that it decides by, and whose evidence it takes, together: what is in force
// at one time.
//
// Boundary: immutable; what comes before and after it is engine.h's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/eval/policy.h"
#include "engine/evidence/policy_trust.h"
#include "engine/facts/snapshot.h"
#include "engine/route/router.h"

namespace ztp {

// A policy with the name that decisions call it by.
struct NamedPolicy {
  std::shared_ptr<const Policy> policy;
  std::string digest;  // "sha256:…" of its bundle
  std::unique_ptr<const route::Router> router;

  // Of a program that came from a bundle, or from the compiler (then of the bundle it would make).
  // The errors of Policy::Make and Router::Make.
  static absl::StatusOr<std::shared_ptr<const NamedPolicy>> Make(DecisionProgram program);
};

// "sha256:…" of the bundle that the program was read from, or of the one that it makes.
std::string PolicyDigest(const DecisionProgram& program);

struct World {
  std::shared_ptr<const NamedPolicy> named;
  std::shared_ptr<const Snapshot> facts;
  std::shared_ptr<const evidence::PolicyTrust> trust;  // null: no evidence is taken
  uint64_t serial = 0;                                 // no other world of this process has it
  // Of facts with proofs: the same without any facts, for when those cannot be had without what was
  // voided. Else null.
  std::shared_ptr<const World> without_facts;

  const Policy& policy() const { return *named->policy; }
  const Schema& schema() const { return named->policy->schema(); }
};

// InvalidArgument: the facts are of other entity types (FactsFor), or a source of the trust
// configuration does not fit the policy (PolicyTrust::Make). Facts and trust may be null: none.
// Stored attributes whose proofs do not count under that trust, or for that policy, are left out.
absl::StatusOr<std::shared_ptr<const World>> MakeWorld(
    std::shared_ptr<const NamedPolicy> policy, std::shared_ptr<const Snapshot> facts,
    std::shared_ptr<evidence::Trust> trust = nullptr);
// Other facts of the same policy, whose proofs were checked, in the place of those of `before`.
absl::StatusOr<std::shared_ptr<const World>> WithFacts(const World& before,
                                                       std::shared_ptr<const Snapshot> facts);

}  // namespace ztp
