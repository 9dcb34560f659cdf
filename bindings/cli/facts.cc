// ztp facts: facts as a file that is mapped instead of read.
#include "bindings/cli/common.h"
#include "engine/base/mapped_file.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/facts/snapshot_file.h"
#include "engine/runtime/load_facts.h"

namespace ztp::cli {
namespace {

struct BuildOptions {
  std::string policy;
  FactsArguments facts;
  std::string output;
};

struct InfoOptions {
  std::string policy;
  std::string file;
};

int Build(const BuildOptions& options) {
  FactsArguments arguments = options.facts;
  arguments.keep_evidence = true;
  const LoadedWorld world = LoadWorld(options.policy, arguments);
  if (world.exit_code != kDone) return world.exit_code;
  if (const absl::Status status = WriteFacts(*world.policy, world.snapshot, options.output);
      !status.ok()) {
    return Fail(status);
  }
  const absl::StatusOr<MappedFile> file =
      MapFile(options.output, kMaxFactsFileBytes, "a facts file", MapFor::kOnePass);
  if (!file.ok()) return Fail(file.status());
  Print(Cat("wrote ", options.output, ", ", file->bytes.size(), " bytes: ",
            world.snapshot->stored_count(), " entities, ", world.snapshot->version(), "\n"));
  if (const size_t proven = world.snapshot->proofs().count(); proven != 0) {
    Print(Cat("evidence for ", proven,
              " of their attributes goes with them, to be verified again\n"));
  }
  return kDone;
}

// Without a policy what the file says of itself; with one it is checked, and its types are known.
int Info(const InfoOptions& options) {
  const absl::StatusOr<MappedFile> file =
      MapFile(options.file, kMaxFactsFileBytes, "a facts file", MapFor::kOnePass);
  if (!file.ok()) return Fail(file.status());
  const absl::StatusOr<FactsFileInfo> info = SnapshotFile::Info(file->bytes);
  if (!info.ok()) return Fail(InvalidArgument(options.file, ": ", Message(info.status())));
  std::string out =
      Cat("facts       ", info->version, "\nmade for    ", info->program, "\nformat      ",
          info->format, ", ", info->file_bytes, " bytes\nentities    ", info->stored_count,
          ", and ", info->absent_count, " that are referred to and not there\ntexts       ",
          info->text_bytes, " bytes\nlists       ", info->list_bytes, " bytes\ncollections ",
          info->item_bytes, " bytes\nevidence    ", info->evidence_bytes, " bytes\n");
  if (!options.policy.empty()) {
    LoadedPolicy loaded = LoadPolicy(options.policy);
    if (loaded.exit_code != kDone) return loaded.exit_code;
    const auto snapshot = SnapshotFile::Open(
        std::make_shared<const DecisionProgram>(*std::move(loaded.program)), options.file);
    if (!snapshot.ok()) return Fail(snapshot.status());
    const Snapshot& s = **snapshot;
    std::vector<uint64_t> counts(s.schema().entities.size(), 0);
    for (uint32_t e = 0; e < s.entity_count(); ++e) {
      if (s.IsUsed(e) && s.IsStored(e)) ++counts[s.TypeOf(e).index];
    }
    for (size_t t = 0; t < counts.size(); ++t) {
      if (counts[t] != 0)
        Append(out, "  ", s.schema().entities[t].json_name, "  ", counts[t], "\n");
    }
  }
  Print(out);
  return kDone;
}

}  // namespace

void AddFacts(CLI::App& app, Action* action) {
  CLI::App* facts = app.add_subcommand(
      "facts", "Facts as a file of their own (.ztpf), which is mapped instead of read");
  facts->require_subcommand(1);

  auto build = std::make_shared<BuildOptions>();
  CLI::App* command = facts->add_subcommand(
      "build", "Facts as JSON to a facts file, for policies with the same types and names");
  command
      ->add_option("-p,--policy", build->policy,
                   "a policy: a .ztp file, a folder of them, or a bundle (.ztpb)")
      ->required();
  command->add_option("FACTS", build->facts.files, kFactsHelp)->required();
  command->add_option("-o,--output", build->output, "the file to write (FILE.ztpf)")->required();
  command->add_flag("--assume-proven", build->facts.assume_proven,
                    "take proven attributes as plain JSON, for tests and replay");
  command->add_option("--trust", build->facts.trust, kFactsTrustHelp);
  command->add_option("--nonce", build->facts.nonces, kNonceHelp);
  command->add_option("--now", build->facts.now,
                      "verify evidence as if it were this time (RFC 3339), for tests and replay");
  command->add_flag("--dangling", build->facts.list_dangling,
                    "list the references to entities that are not there");
  command->footer(
      "The file is for the policy that it was made with, and for any other with the same entity "
      "types,\nwhose rules name the same texts and entities.");
  command->callback([=] { *action = [=] { return Build(*build); }; });

  auto info = std::make_shared<InfoOptions>();
  command = facts->add_subcommand("info", "What is in a facts file");
  command->add_option("FILE", info->file, "a facts file (.ztpf)")->required();
  command->add_option("-p,--policy", info->policy,
                      "check the file against this policy, and count its entities by type");
  command->callback([=] { *action = [=] { return Info(*info); }; });
}

}  // namespace ztp::cli
