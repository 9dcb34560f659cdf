// See load.h.
#include "bindings/c/load.h"

#include <utility>

#include "bindings/c/error.h"

namespace ztp::c {

ztp_error* MakePolicy(absl::StatusOr<DecisionProgram> program,
                      std::shared_ptr<const NamedPolicy>* policy) {
  if (!program.ok()) return FromStatus(program.status(), ZTP_BAD_POLICY);
  absl::StatusOr<std::shared_ptr<const NamedPolicy>> made = NamedPolicy::Make(*std::move(program));
  if (!made.ok()) return FromStatus(made.status(), ZTP_BAD_POLICY);
  *policy = *std::move(made);
  return nullptr;
}

ztp_error* FactsOptionsOf(const Policy& policy, const FactsWanted& wanted,
                          LoadFactsOptions* options) {
  options->assume_proven = (wanted.flags & ZTP_ASSUME_PROVEN) != 0;
  options->keep_evidence = (wanted.flags & ZTP_KEEP_EVIDENCE) != 0;
  options->now = Time{wanted.now == INT64_MIN ? ztp_now() : wanted.now};
  if (wanted.trust == nullptr) return nullptr;
  auto met = evidence::PolicyTrust::Make(wanted.trust, policy.schema());
  if (!met.ok()) return FromStatus(met.status(), ZTP_BAD_TRUST);
  options->trust = *std::move(met);
  return nullptr;
}

ztp_error* LoadFactsFiles(const Policy& policy, std::span<const std::string> paths,
                          const FactsWanted& wanted, std::shared_ptr<const Snapshot>* facts) {
  LoadFactsOptions options;
  if (ztp_error* error = FactsOptionsOf(policy, wanted, &options)) return error;
  FactsLoader loader(policy, std::move(options));
  for (const std::string& path : paths) {
    const absl::Status status = loader.AddFile(path);
    if (!status.ok()) return FromStatus(status, ZTP_BAD_FACTS);
  }
  return FinishFacts(loader, facts);
}

ztp_error* FinishFacts(FactsLoader& loader, std::shared_ptr<const Snapshot>* facts) {
  if (!loader.errors().empty()) return FromJson(ZTP_BAD_FACTS, loader.errors());
  absl::StatusOr<std::shared_ptr<const Snapshot>> made = loader.Finish();
  if (!made.ok()) return FromStatus(made.status(), ZTP_BAD_FACTS);
  *facts = *std::move(made);
  return nullptr;
}

}  // namespace ztp::c
