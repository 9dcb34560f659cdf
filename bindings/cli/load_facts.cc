// Facts that the user named: JSON entity by entity into a snapshot, or a facts file mapped.
#include <filesystem>
#include <utility>

#include "bindings/cli/common.h"
#include "bindings/cli/keys.h"
#include "bindings/cli/progress.h"
#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/facts/dangling.h"
#include "engine/facts/snapshot_file.h"
#include "engine/runtime/load_facts.h"

namespace ztp::cli {
namespace {

// kDone, or the reason was printed.
int AddSigned(const std::string& path, SignedFiles& signers, Time now, FactsLoader& loader) {
  auto file = signers.Open(path, kMaxFactsFileBytes, "a file of facts", now);
  if (!file.ok()) return Fail(file.status());
  if (!file->ok()) return Refused(path, file->refusal());
  const absl::Status status = loader.AddFile(path, **std::move(file));
  return status.ok() ? kDone : Fail(status);
}

absl::Status Add(const std::string& path, FactsLoader& loader) {
  std::error_code error;
  if (path != "-" && std::filesystem::is_regular_file(path, error)) return loader.AddFile(path);
  // A pipe, or what is not there.
  ZTP_ASSIGN_OR_RETURN(const std::string text, driver::ReadFile(path, kMaxJsonFileBytes));
  return loader.AddJson(path, text);
}

void ReportDangling(const Snapshot& snapshot, bool list) {
  const std::vector<DanglingReference> dangling = FindDanglingReferences(snapshot);
  if (dangling.empty()) return;
  PrintError(Cat("ztp: ", dangling.size(), " reference", dangling.size() == 1 ? "" : "s",
                 " to entities that are not there", list ? ":\n" : " (--dangling lists them)\n"));
  if (!list) return;
  for (const DanglingReference& d : dangling) {
    PrintError(Cat("  ", FormatUid(snapshot.schema(), d.from), ".", d.where, " -> ",
                   FormatUid(snapshot.schema(), d.to), "\n"));
  }
}

}  // namespace

LoadedFacts LoadFactsFiles(const Policy& policy, const FactsArguments& arguments,
                           SignedFiles* signers, Time now) {
  Progress progress;
  LoadFactsOptions options;
  options.assume_proven = arguments.assume_proven;
  options.progress = [&](std::string_view name, size_t done, size_t bytes, size_t entities) {
    if (name.empty()) {
      progress.Show("following edges …");
    } else {
      progress.Show(name, done, bytes, entities);
    }
  };
  FactsLoader loader(policy, std::move(options));
  for (const std::string& file : arguments.files) {
    if (signers != nullptr) {
      const int code = AddSigned(file, *signers, now, loader);
      if (code != kDone) return {code, nullptr};
      continue;
    }
    const absl::Status status = Add(file, loader);
    if (!status.ok()) return {Fail(status), nullptr};
  }
  for (const JsonError& error : loader.errors()) PrintError(Cat(FormatJsonError(error), "\n"));
  absl::StatusOr<std::shared_ptr<const Snapshot>> snapshot = loader.Finish();
  if (!snapshot.ok()) return {Fail(snapshot.status()), nullptr};
  ReportDangling(**snapshot, arguments.list_dangling);
  return {kDone, *std::move(snapshot)};
}

void SignedByArguments::AddOptions(CLI::App& command) {
  command.add_option("--signed-by", keys,
                     "take only a bundle and facts that these have signed, FILE.sig beside each: "
                     "files of public keys (PEM)");
  command.add_option("--threshold", threshold, "so many of the keys must have signed")
      ->capture_default_str();
  command.add_option("--state", state,
                     "a file that keeps the newest versions that were taken: older ones are "
                     "refused, and a clock that is set back");
}

LoadedWorld LoadWorld(const std::string& policy, const FactsArguments& facts,
                      const SignedByArguments& signed_by, Time now) {
  std::shared_ptr<SignedFiles> signers;
  if (!signed_by.keys.empty()) {
    auto keys = LoadPublicKeys(signed_by.keys);
    if (!keys.ok()) return {Fail(keys.status()), nullptr, nullptr};
    auto made = SignedFiles::Make({.keys = *std::move(keys),
                                   .threshold = signed_by.threshold,
                                   .state_path = signed_by.state});
    if (!made.ok()) return {Fail(made.status()), nullptr, nullptr};
    signers = *std::move(made);
  }
  LoadedPolicy loaded = LoadPolicy(policy, signers.get(), now);
  if (loaded.exit_code != kDone) return {loaded.exit_code, nullptr, nullptr};
  absl::StatusOr<std::shared_ptr<const Policy>> ready = Policy::Make(*std::move(loaded.program));
  if (!ready.ok()) return {Fail(ready.status()), nullptr, nullptr};
  LoadedFacts snapshot = LoadFactsFiles(**ready, facts, signers.get(), now);
  return {snapshot.exit_code, *std::move(ready), std::move(snapshot.snapshot)};
}

}  // namespace ztp::cli
