// ztp sign: signatures over bundles and facts files, detached, by one key or several.
#include <filesystem>

#include "bindings/cli/keys.h"
#include "bindings/cli/sign_file.h"
#include "bindings/cli/sign_model.h"
#include "engine/base/mapped_file.h"
#include "engine/base/scalar_text.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/evidence/signed_file.h"
#include "engine/facts/snapshot_file.h"

namespace ztp::cli {
namespace {

absl::StatusOr<evidence::SignedFile> Describe(const std::string& file, const std::string& digest,
                                              const FileSignature& options) {
  evidence::SignedFile signed_file{
      .name = options.name.empty() ? std::filesystem::path(file).filename().string() : options.name,
      .digest = digest,
      .version = options.version};
  ZTP_ASSIGN_OR_RETURN(signed_file.issued_at, ClockFrom(options.now));
  if (!options.expires.empty()) {
    ZTP_ASSIGN_OR_RETURN(signed_file.expires_at, ParseTime(options.expires));
  } else {
    ZTP_ASSIGN_OR_RETURN(const Duration valid_for, ParseDuration(options.valid_for));
    const Checked<Time> end = CheckedAdd(signed_file.issued_at, valid_for);
    if (!end) return InvalidArgument("--valid-for is too long");
    signed_file.expires_at = *end;
  }
  if (signed_file.version == 0) {
    const int64_t seconds = signed_file.issued_at.micros / kMicrosPerSecond;
    if (seconds <= 0) return InvalidArgument("a version must be given before 1970");
    signed_file.version = static_cast<uint64_t>(seconds);
  }
  return signed_file;
}

}  // namespace

int SignFile(const std::string& file, const FileSignature& options) {
  const auto bytes = MapFile(file, kMaxFactsFileBytes, "a file to sign", MapFor::kOnePass);
  if (!bytes.ok()) return Fail(bytes.status());
  const std::string digest = Sha256Digest(bytes->bytes);
  const std::string output = options.output.empty() ? file + ".sig" : options.output;
  evidence::DsseEnvelope envelope;
  if (options.add) {
    const auto text = driver::ReadFile(output, evidence::kMaxSignedFileBytes);
    if (!text.ok()) return Fail(text.status());
    auto read = evidence::ReadDsse(*text);
    if (!read.ok()) return Refused(output, read.refusal());
    const auto stated = evidence::ReadSignedFile(*read);
    if (!stated.ok()) return Refused(output, stated.refusal());
    if (stated->digest != digest) {
      return Refused(output, evidence::Refuse(evidence::Check::kContent,
                                              "it signs another file than this one"));
    }
    envelope = *std::move(read);
  } else {
    const auto described = Describe(file, digest, options);
    if (!described.ok()) return Fail(described.status());
    auto made = evidence::MakeSignedFile(*described);
    if (!made.ok()) return Refused(file, made.refusal());
    envelope = *std::move(made);
  }
  for (const std::string& name : options.keys) {
    const auto key = LoadPrivateKey(name);
    if (!key.ok()) return Fail(key.status());
    if (!SignDsse(**key, &envelope)) {
      PrintError(Cat("ztp: ", name, ": this key has signed already, or it cannot sign\n"));
      return kFailed;
    }
  }
  if (const absl::Status status = driver::WriteFile(output, WriteDsse(envelope)); !status.ok()) {
    return Fail(status);
  }
  const auto stated = evidence::ReadSignedFile(envelope);
  if (!stated.ok()) return Refused(output, stated.refusal());
  std::string out =
      Cat("wrote ", output, "\nname     ", stated->name, "\nfile     ", stated->digest,
          "\nversion  ", stated->version, "\nexpires  ", FormatTime(stated->expires_at), "\n");
  for (const evidence::DsseSignature& signature : envelope.signatures) {
    Append(out, "key      ", signature.key_id, "\n");
  }
  Print(out);
  return kDone;
}

void AddSignatureOptions(CLI::App& command, FileSignature* options) {
  command.add_option("--name", options->name,
                     "what the file is the newest version of (default: the file's name)");
  command.add_option("--file-version", options->version,
                     "its number, which never goes back (default: the time in seconds)");
  command.add_option("--valid-for", options->valid_for, "how long the signatures are good")
      ->capture_default_str();
  command.add_option("--expires", options->expires, "until when, instead: 2027-01-01T00:00:00Z");
}

void AddSign(CLI::App& app, Action* action) {
  auto options = std::make_shared<FileSignature>();
  auto file = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand(
      "sign", "Sign a bundle (.ztpb), a facts file (.ztpf) or a model; ztp signed verifies");
  command->add_option("FILE", *file, "the file to sign");
  command->add_option("-k,--key", options->keys, kKeyHelp);
  command->add_option("-o,--output", options->output, "the signature to write (FILE.sig)");
  command->add_flag("--add", options->add, "add a signature to those that are there");
  command->add_option("--now", options->now, "sign as at this time, not at the clock's");
  AddSignatureOptions(*command, options.get());
  AddSignModel(*command, action);
  command->require_subcommand(0, 1);
  command->callback([=] {
    if (!command->get_subcommands().empty()) return;
    if (file->empty()) throw CLI::RequiredError("FILE");
    if (options->keys.empty()) throw CLI::RequiredError("--key");
    *action = [=] { return SignFile(*file, *options); };
  });
}

}  // namespace ztp::cli
