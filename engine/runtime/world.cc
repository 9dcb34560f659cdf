// See world.h.
#include "engine/runtime/world.h"

#include <atomic>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/bundle/write.h"
#include "engine/runtime/load_facts.h"
#include "engine/runtime/stored_proofs.h"

namespace ztp {

std::string PolicyDigest(const DecisionProgram& program) {
  return Sha256Digest(program.bundle.empty() ? WriteBundle(program) : program.bundle);
}

absl::StatusOr<std::shared_ptr<const NamedPolicy>> NamedPolicy::Make(DecisionProgram program) {
  std::string digest = PolicyDigest(program);
  ZTP_ASSIGN_OR_RETURN(std::shared_ptr<const Policy> policy, Policy::Make(std::move(program)));
  ZTP_ASSIGN_OR_RETURN(auto router, route::Router::Make(policy->schema()));
  return std::make_shared<const NamedPolicy>(
      NamedPolicy{std::move(policy), std::move(digest), std::move(router)});
}

namespace {

absl::StatusOr<std::shared_ptr<const World>> Assemble(
    std::shared_ptr<const NamedPolicy> policy, std::shared_ptr<const Snapshot> facts,
    std::shared_ptr<const evidence::PolicyTrust> trust) {
  static std::atomic<uint64_t> serials = 0;
  std::shared_ptr<const World> without_facts;
  if (!facts->proofs().empty()) {
    ZTP_ASSIGN_OR_RETURN(auto nothing, MakeSnapshot(*policy->policy, {}));
    without_facts = std::make_shared<const World>(
        World{policy, std::move(nothing), trust, serials.fetch_add(1) + 1, nullptr});
  }
  return std::make_shared<const World>(World{std::move(policy), std::move(facts), std::move(trust),
                                             serials.fetch_add(1) + 1, std::move(without_facts)});
}

}  // namespace

absl::StatusOr<std::shared_ptr<const World>> MakeWorld(std::shared_ptr<const NamedPolicy> policy,
                                                       std::shared_ptr<const Snapshot> facts,
                                                       std::shared_ptr<evidence::Trust> trust) {
  std::shared_ptr<const evidence::PolicyTrust> met;
  if (trust != nullptr) {
    ZTP_ASSIGN_OR_RETURN(met,
                         evidence::PolicyTrust::Make(std::move(trust), policy->policy->schema()));
  }
  if (facts == nullptr) {
    ZTP_ASSIGN_OR_RETURN(facts, MakeSnapshot(*policy->policy, {}));
  } else {
    ZTP_ASSIGN_OR_RETURN(facts, FactsFor(*policy->policy, facts));
    ZTP_ASSIGN_OR_RETURN(facts, WithoutVoided(*policy->policy, facts, met.get(), Recheck::kAll));
  }
  return Assemble(std::move(policy), std::move(facts), std::move(met));
}

absl::StatusOr<std::shared_ptr<const World>> WithFacts(const World& before,
                                                       std::shared_ptr<const Snapshot> facts) {
  return Assemble(before.named, std::move(facts), before.trust);
}

}  // namespace ztp
