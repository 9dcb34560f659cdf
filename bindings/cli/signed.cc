// ztp signed: is a file what its authors signed, and not older than what was taken before?
#include <filesystem>

#include "bindings/cli/keys.h"
#include "bindings/cli/sign_model.h"
#include "engine/base/mapped_file.h"
#include "engine/base/scalar_text.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/evidence/signed_file_states.h"
#include "engine/facts/snapshot_file.h"
#include "engine/runtime/signed_files.h"

namespace ztp::cli {
namespace {

struct Options {
  std::string file;
  std::string signature;
  std::vector<std::string> keys;
  size_t threshold = 1;
  std::string name;
  std::string state;
  std::string now;
};

int Run(const Options& options) {
  const std::string signature =
      options.signature.empty() ? options.file + ".sig" : options.signature;
  const auto keys = LoadPublicKeys(options.keys);
  if (!keys.ok()) return Fail(keys.status());
  const auto now = ClockFrom(options.now);
  if (!now.ok()) return Fail(now.status());
  evidence::SignedFileStates states;
  if (!options.state.empty()) {
    auto kept = LoadSignedFileStates(options.state);
    if (!kept.ok()) return Fail(kept.status());
    states = *std::move(kept);
  }
  const auto text = driver::ReadFile(signature, evidence::kMaxSignedFileBytes);
  if (!text.ok()) return Fail(text.status());
  const auto bytes = MapFile(options.file, kMaxFactsFileBytes, "a signed file", MapFor::kOnePass);
  if (!bytes.ok()) return Fail(bytes.status());
  const evidence::SignedFilePolicy policy{
      .keys = *keys,
      .threshold = options.threshold,
      .name = options.name.empty() ? std::filesystem::path(options.file).filename().string()
                                   : options.name};
  const auto known = states.find(policy.name);
  const auto before = known == states.end()
                          ? std::nullopt
                          : std::optional<evidence::SignedFileState>(known->second);
  const auto file =
      evidence::VerifySignedFile(*text, Sha256Digest(bytes->bytes), policy, before, *now);
  if (!file.ok()) return Refused(options.file, file.refusal());
  if (!options.state.empty() && before != file->state) {
    states.insert_or_assign(policy.name, file->state);
    if (const absl::Status status =
            WriteFile(options.state, WriteSignedFileStates(states), Durability::kDisk);
        !status.ok()) {
      return Fail(status);
    }
  }
  std::string out =
      Cat("signed   ", file->file.digest, "\nname     ", file->file.name, "\nversion  ",
          file->file.version, "\nexpires  ", FormatTime(file->file.expires_at), "\n");
  for (const std::string& signer : file->signers) Append(out, "key      ", signer, "\n");
  Print(out);
  return kDone;
}

}  // namespace

void AddSigned(CLI::App& app, Action* action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "signed", "Is a bundle, a facts file or a model what somebody trusted has signed?");
  command->add_option("FILE", options->file, "the file");
  command->add_option("-s,--signature", options->signature, "its signatures (FILE.sig)");
  command->add_option("--keys", options->keys, "trusted: files of public keys (PEM)");
  command->add_option("--threshold", options->threshold, "so many of the keys must have signed")
      ->capture_default_str();
  command->add_option("--name", options->name,
                      "what it must be a version of (default: the file's name)");
  command->add_option("--state", options->state,
                      "a file that keeps the newest version that was taken: an older one is "
                      "refused, and a clock that is set back");
  command->add_option("--now", options->now, "verify at this time, not at the clock's");
  AddSignedModel(*command, action);
  command->require_subcommand(0, 1);
  command->callback([=] {
    if (!command->get_subcommands().empty()) return;
    if (options->file.empty()) throw CLI::RequiredError("FILE");
    if (options->keys.empty()) throw CLI::RequiredError("--keys");
    *action = [=] { return Run(*options); };
  });
}

}  // namespace ztp::cli
