// See load.h.
#include "bindings/c/load.h"

#include <utility>

#include "bindings/c/error.h"
#include "engine/bundle/read.h"
#include "engine/facts/snapshot_file.h"

namespace ztp::c {

ztp_error* MakePolicy(absl::StatusOr<DecisionProgram> program,
                      std::shared_ptr<const NamedPolicy>* policy) {
  if (!program.ok()) return FromStatus(program.status(), ZTP_BAD_POLICY);
  absl::StatusOr<std::shared_ptr<const NamedPolicy>> made = NamedPolicy::Make(*std::move(program));
  if (!made.ok()) return FromStatus(made.status(), ZTP_BAD_POLICY);
  *policy = *std::move(made);
  return nullptr;
}

namespace {

// A file's bytes, copied; by signers only if they have signed it.
ztp_error* Copy(SignedFiles* signers, const std::string& path, uint64_t max_bytes,
                std::string_view what, ztp_code invalid, MappedFile* file) {
  if (signers == nullptr) {
    absl::StatusOr<MappedFile> copied = CopyFile(path, max_bytes, what);
    if (!copied.ok()) return FromStatus(copied.status(), invalid);
    *file = *std::move(copied);
    return nullptr;
  }
  absl::StatusOr<evidence::Verified<MappedFile>> opened =
      signers->Open(path, max_bytes, what, Time{ztp_now()});
  if (!opened.ok()) return FromStatus(opened.status(), invalid);
  if (!opened->ok()) return FromRefusal(opened->refusal());
  *file = **std::move(opened);
  return nullptr;
}

}  // namespace

ztp_error* LoadPolicyFile(const std::string& path, const FileSource& source,
                          std::shared_ptr<const NamedPolicy>* policy) {
  if (source.Maps()) return MakePolicy(OpenBundle(path), policy);
  MappedFile file;
  if (ztp_error* error =
          Copy(source.signers, path, kMaxBundleBytes, "a bundle", ZTP_BAD_POLICY, &file)) {
    return error;
  }
  return MakePolicy(OpenBundle(path, std::move(file)), policy);
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
    absl::Status status;
    if (wanted.source.Maps()) {
      status = loader.AddFile(path);
    } else {
      MappedFile file;
      if (ztp_error* error = Copy(wanted.source.signers, path, kMaxFactsFileBytes,
                                  "a file of facts", ZTP_BAD_FACTS, &file)) {
        return error;
      }
      status = loader.AddFile(path, std::move(file));
    }
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
