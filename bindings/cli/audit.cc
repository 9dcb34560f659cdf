// ztp audit: is a log what it was signed to be; its entries, for people and other tools; its key.

#include "bindings/cli/common.h"
#include "bindings/cli/keys.h"
#include "engine/audit/checkpoint.h"
#include "engine/audit/files.h"
#include "engine/audit/render.h"
#include "engine/audit/store.h"
#include "engine/audit/verify.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/evidence/base64.h"
#include "engine/facts/json_sink.h"

namespace ztp::cli {
namespace {

using audit::Checkpoint;
using evidence::NoteKey;

struct Options {
  std::string folder;
  std::string key;
  std::string origin;
  std::vector<std::string> kept;
  bool is_running = false;
  std::string format;
  uint64_t index = 0;
  uint64_t from = 0;
  uint64_t to = UINT64_MAX;
  std::string proof;
};

std::string RootText(const Checkpoint& checkpoint) {
  return evidence::EncodeBase64(BytesOf(checkpoint.root));
}

// The exit code; the environment's failures have one of their own.
int FailLog(const absl::Status& status) {
  if (!absl::IsDataLoss(status)) return Fail(status);
  PrintError(Cat("ztp: ", Message(status), "\n"));
  return kFailed;
}

int Report(const audit::Verification& verified, const std::string& format) {
  const Checkpoint& checkpoint = verified.checkpoint;
  if (format == "json") {
    std::string out;
    JsonSink sink(&out);
    sink.PutPlain(Cat("{\"ok\":", verified.ok() ? "true" : "false", ",\"size\":", checkpoint.size,
                      ",\"root\":"));
    sink.PutText(RootText(checkpoint));
    sink.PutPlain(Cat(",\"pending\":", verified.pending, ",\"problems\":["));
    for (size_t i = 0; i < verified.problems.size(); ++i) {
      if (i > 0) sink.Put(',');
      sink.PutText(verified.problems[i]);
    }
    sink.Put("]}\n");
    sink.Flush();
    Print(out);
  } else if (verified.ok()) {
    Print(Cat("verified ", checkpoint.size, " entries\nroot     ", RootText(checkpoint), "\n"));
    if (verified.pending > 0) {
      Print(Cat("pending  ", verified.pending, " in the journal, not under a checkpoint yet\n"));
    }
  }
  for (const std::string& problem : verified.problems) PrintError(Cat("ztp: ", problem, "\n"));
  if (verified.problems.size() == audit::Verification::kMaxProblems) {
    PrintError("ztp: there may be more\n");
  }
  return verified.ok() ? kDone : kFailed;
}

int Verify(const Options& options) {
  const auto key = LoadLogKey(options.key, options.origin);
  if (!key.ok()) return Fail(key.status());
  audit::VerifyOptions how{.kept = {}, .is_running = options.is_running, .on_entry = {}};
  for (const std::string& file : options.kept) {
    const auto note = driver::ReadFile(file, evidence::kMaxNoteBytes);
    if (!note.ok()) return Fail(note.status());
    const auto checkpoint = audit::ReadCheckpoint(*note, *key);
    if (!checkpoint.ok()) return Refused(file, checkpoint.refusal());
    how.kept.push_back(*checkpoint);
  }
  const auto files = audit::OpenFolder(options.folder, audit::Access::kRead);
  if (!files.ok()) return Fail(files.status());
  const auto verified = audit::VerifyLog(**files, *key, how);
  if (!verified.ok()) return Fail(verified.status());
  return Report(*verified, options.format);
}

int Show(const Options& options) {
  const auto key = LoadLogKey(options.key, options.origin);
  if (!key.ok()) return Fail(key.status());
  const auto files = audit::OpenFolder(options.folder, audit::Access::kRead);
  if (!files.ok()) return Fail(files.status());
  const auto note = (*files)->Read(audit::kCheckpointFile, evidence::kMaxNoteBytes);
  if (!note.ok()) return Fail(note.status());
  const auto checkpoint = audit::ReadCheckpoint(*note, *key);
  if (!checkpoint.ok()) return Refused(audit::kCheckpointFile, checkpoint.refusal());
  const auto entry = audit::ReadProvenEntry(**files, *checkpoint, options.index);
  if (!entry.ok()) return FailLog(entry.status());
  if (!options.proof.empty()) {
    const absl::Status written =
        driver::WriteFile(options.proof, audit::WriteProof(options.index, entry->path, *note));
    if (!written.ok()) return Fail(written);
  }
  Print(Cat(entry->text, "\n"));
  return kDone;
}

int Export(const Options& options) {
  const auto key = LoadLogKey(options.key, options.origin);
  if (!key.ok()) return Fail(key.status());
  const auto files = audit::OpenFolder(options.folder, audit::Access::kRead);
  if (!files.ok()) return Fail(files.status());
  const auto put = [&](uint64_t index, std::string_view entry) {
    if (index < options.from || index >= options.to) return;
    if (options.format == "jsonl") {
      Print(entry);
      Print("\n");
      return;
    }
    const audit::EntryPlace place{.origin = key->name, .index = index};
    const auto rendered =
        options.format == "opa" ? audit::RenderOpa(entry, place) : audit::RenderOcsf(entry, place);
    if (rendered) Print(Cat(*rendered, "\n"));
  };
  const auto verified = audit::VerifyLog(
      **files, *key, {.kept = {}, .is_running = options.is_running, .on_entry = put});
  if (!verified.ok()) return Fail(verified.status());
  for (const std::string& problem : verified->problems) PrintError(Cat("ztp: ", problem, "\n"));
  return verified->ok() ? kDone : kFailed;
}

int PrintKey(const Options& options) {
  const auto keys = LoadPublicKeys({options.key});
  if (!keys.ok()) return Fail(keys.status());
  if (keys->size() != 1) {
    PrintError(Cat("ztp: ", options.key, ": a log has one key\n"));
    return kFailed;
  }
  const auto key = evidence::MakeNoteKey(options.origin, keys->front());
  if (!key.ok()) return Refused(options.key, key.refusal());
  Print(Cat(VkeyOf(*key), "\n"));
  return kDone;
}

void AddLogOptions(CLI::App& command, Options* options) {
  command.add_option("LOG", options->folder, "the log's folder")->required();
  command.add_option("-k,--key", options->key, kLogKeyHelp)->required();
  command.add_option("--origin", options->origin, "the log's name, where the key is PEM");
}

}  // namespace

void AddAudit(CLI::App& app, Action* action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "audit", "Audit logs: verify one, show and export its entries, print its key");
  command->require_subcommand(1);
  const auto run = [=](int (*what)(const Options&)) {
    return [=] { *action = [=] { return what(*options); }; };
  };

  CLI::App* verify = command->add_subcommand(
      "verify", "Nothing was changed, removed or put in: worked out from the entries anew");
  AddLogOptions(*verify, options.get());
  verify->add_option("--against", options->kept,
                     "a checkpoint that was kept elsewhere; may be given again. Without one, a log "
                     "that was put back to an earlier state as a whole is not found out");
  verify->add_flag("--running", options->is_running, "the log is being written at this moment");
  verify->add_option("--format", options->format, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  verify->footer("Exit codes: 0 it is as it was signed, 1 it is not.");
  verify->callback(run(Verify));

  CLI::App* show = command->add_subcommand("show", "One entry, proven to be under the checkpoint");
  AddLogOptions(*show, options.get());
  show->add_option("INDEX", options->index, "its number, from 0")->required();
  show->add_option("--proof", options->proof,
                   "write the proof (c2sp.org/tlog-proof) to this file, to be verified without the "
                   "log");
  show->callback(run(Show));

  CLI::App* write = command->add_subcommand(
      "export", "The entries, a line each; verifies the log as it goes, and says so at the end");
  AddLogOptions(*write, options.get());
  write
      ->add_option("--format", options->format,
                   "jsonl: as they are logged; opa: with the fields of OPA's decision log; ocsf: "
                   "as OCSF 1.2 events")
      ->check(CLI::IsMember({"jsonl", "opa", "ocsf"}));
  write->add_option("--from", options->from, "the first entry's number");
  write->add_option("--to", options->to, "the number behind the last one's");
  write->add_flag("--running", options->is_running, "the log is being written at this moment");
  write->footer("Exit codes: 0 the log is as it was signed, 1 it is not: then trust no line.");
  write->callback([=] {
    if (options->format.empty()) options->format = "jsonl";
    *action = [=] { return Export(*options); };
  });

  CLI::App* key = command->add_subcommand(
      "key", "The log's key as public tools take it, from a PEM file of `ztp keygen`");
  key->add_option("KEY", options->key, "the public key (PEM, Ed25519)")->required();
  key->add_option("--origin", options->origin, "the log's name: acme.example/audit")->required();
  key->callback(run(PrintKey));
}

}  // namespace ztp::cli
