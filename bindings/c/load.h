// Policies and facts from what a caller named, for single objects and for engines alike.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "bindings/c/ztp.h"
#include "engine/runtime/load_facts.h"
#include "engine/runtime/signed_files.h"
#include "engine/runtime/world.h"

namespace ztp::c {

// The errors of ztp_policy_open.
ztp_error* MakePolicy(absl::StatusOr<DecisionProgram> program,
                      std::shared_ptr<const NamedPolicy>* policy);

// How files are read.
struct FileSource {
  SignedFiles* signers = nullptr;  // only what they have signed: else ZTP_REFUSED
  bool copies = false;             // instead of mapping
  bool Maps() const { return signers == nullptr && !copies; }
};

// The errors of ztp_policy_open.
ztp_error* LoadPolicyFile(const std::string& path, const FileSource& source,
                          std::shared_ptr<const NamedPolicy>* policy);

// ztp_facts_options as they are inside.
struct FactsWanted {
  uint32_t flags = 0;
  std::shared_ptr<evidence::Trust> trust;  // null: nobody's evidence is taken
  int64_t now = INT64_MIN;                 // by the clock
  FileSource source = {};
};
// ZTP_BAD_TRUST: the trust does not fit the policy.
ztp_error* FactsOptionsOf(const Policy& policy, const FactsWanted& wanted,
                          LoadFactsOptions* options);

// Adds the files, and finishes. The errors of ztp_facts_load_with.
ztp_error* LoadFactsFiles(const Policy& policy, std::span<const std::string> paths,
                          const FactsWanted& wanted, std::shared_ptr<const Snapshot>* facts);
ztp_error* FinishFacts(FactsLoader& loader, std::shared_ptr<const Snapshot>* facts);

}  // namespace ztp::c
