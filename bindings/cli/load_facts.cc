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
#include "engine/runtime/load_trust.h"

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

// Whom the trust configuration believes about the policy's proven inputs and attributes.
int MeetTrust(const FactsArguments& arguments, const Policy& policy, Time now,
              std::shared_ptr<const evidence::PolicyTrust>* trust) {
  LoadedTrust loaded = LoadTrust(arguments.trust);
  if (loaded.exit_code != kDone) return loaded.exit_code;
  const absl::Status expected = ExpectNonces(*loaded.trust, arguments.nonces, now);
  if (!expected.ok()) return Fail(expected);
  auto met = evidence::PolicyTrust::Make(std::move(loaded.trust), policy.schema());
  if (!met.ok()) {
    PrintError(Cat("ztp: ", arguments.trust, ": ", Message(met.status()), "\n"));
    return kFailed;
  }
  *trust = *std::move(met);
  return kDone;
}

}  // namespace

LoadedFacts LoadFactsFiles(const Policy& policy, const FactsArguments& arguments,
                           std::shared_ptr<const evidence::PolicyTrust> trust, Time now,
                           SignedFiles* signers) {
  Progress progress;
  LoadFactsOptions options;
  options.trust = std::move(trust);
  options.now = now;
  options.assume_proven = arguments.assume_proven;
  options.keep_evidence = arguments.keep_evidence;
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
                      const SignedByArguments& signed_by) {
  LoadedWorld world;
  auto failed = [&](int exit_code) {
    world.exit_code = exit_code;
    return world;
  };
  const absl::StatusOr<Time> now = ClockFrom(facts.now);
  if (!now.ok()) return failed(Fail(now.status()));
  std::shared_ptr<SignedFiles> signers;
  if (!signed_by.keys.empty()) {
    auto keys = LoadPublicKeys(signed_by.keys);
    if (!keys.ok()) return failed(Fail(keys.status()));
    auto made = SignedFiles::Make({.keys = *std::move(keys),
                                   .threshold = signed_by.threshold,
                                   .state_path = signed_by.state});
    if (!made.ok()) return failed(Fail(made.status()));
    signers = *std::move(made);
  }
  LoadedPolicy loaded = LoadPolicy(policy, signers.get(), *now);
  if (loaded.exit_code != kDone) return failed(loaded.exit_code);
  absl::StatusOr<std::shared_ptr<const Policy>> ready = Policy::Make(*std::move(loaded.program));
  if (!ready.ok()) return failed(Fail(ready.status()));
  world.policy = *std::move(ready);
  world.now = *now;
  if (!facts.trust.empty()) {
    const int code = MeetTrust(facts, *world.policy, *now, &world.trust);
    if (code != kDone) return failed(code);
  }
  LoadedFacts loaded_facts = LoadFactsFiles(*world.policy, facts, world.trust, *now, signers.get());
  world.snapshot = std::move(loaded_facts.snapshot);
  world.exit_code = loaded_facts.exit_code;
  return world;
}

}  // namespace ztp::cli
