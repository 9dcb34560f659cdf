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

LoadFactsOptions FactsOptionsOf(uint32_t flags) {
  LoadFactsOptions options;
  options.assume_proven = (flags & ZTP_ASSUME_PROVEN) != 0;
  return options;
}

ztp_error* LoadFactsFiles(const Policy& policy, std::span<const std::string> paths, uint32_t flags,
                          std::shared_ptr<const Snapshot>* facts) {
  FactsLoader loader(policy, FactsOptionsOf(flags));
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
