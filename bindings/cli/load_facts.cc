// Facts that the user named: JSON entity by entity into a snapshot, or a facts file mapped.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "bindings/cli/common.h"
#include "bindings/cli/progress.h"
#include "engine/base/limits.h"
#include "engine/base/mapped_file.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/facts/dangling.h"
#include "engine/facts/ingest.h"
#include "engine/facts/json_facts.h"
#include "engine/facts/snapshot_file.h"

namespace ztp::cli {
namespace {

bool IsRegular(const std::string& path) {
  std::error_code error;
  return path != "-" && std::filesystem::is_regular_file(path, error);
}

bool IsFactsFile(const std::string& path) {
  if (!IsRegular(path)) return false;
  char first[8] = {};
  std::ifstream file(path, std::ios::binary);
  file.read(first, sizeof(first));
  return LooksLikeFactsFile({first, static_cast<size_t>(file.gcount())});
}

// A file's text: mapped, so that it takes no memory of its own, or of a pipe what was read.
struct Text {
  MappedFile mapped;
  std::string read;
  std::string_view text() const { return mapped.storage != nullptr ? mapped.bytes : read; }
};

absl::StatusOr<Text> OpenText(const std::string& path) {
  Text text;
  if (IsRegular(path)) {
    ZTP_ASSIGN_OR_RETURN(text.mapped, MapFile(path, kMaxFactsTextBytes, "a file of facts as JSON",
                                              MapFor::kOnePass));
  } else {
    ZTP_ASSIGN_OR_RETURN(text.read, driver::ReadFile(path, kMaxJsonFileBytes));
  }
  return text;
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

LoadedFacts OpenFactsFile(const Policy& policy, const FactsArguments& arguments) {
  if (arguments.files.size() != 1) {
    return {Fail(InvalidArgument("a facts file is all the facts there are: give it alone")),
            nullptr};
  }
  absl::StatusOr<std::shared_ptr<const Snapshot>> snapshot =
      SnapshotFile::Open(policy.shared_program(), arguments.files[0]);
  if (!snapshot.ok()) return {Fail(snapshot.status()), nullptr};
  return {kDone, *std::move(snapshot)};
}

LoadedFacts ReadJson(const Policy& policy, const FactsArguments& arguments) {
  Progress progress;
  SnapshotBuilder builder(policy.shared_program());
  BuilderSink sink(&builder);
  FactsOptions options;
  options.assume_proven = arguments.assume_proven;
  options.limits.max_file_bytes = kMaxFactsTextBytes;
  std::string_view name;
  size_t bytes = 0;
  options.progress = [&](size_t done, size_t entities) {
    progress.Show(name, done, bytes, entities);
  };
  FactsReader reader(policy.schema(), options, &sink);
  for (const std::string& file : arguments.files) {
    const absl::StatusOr<Text> text = OpenText(file);
    if (!text.ok()) return {Fail(text.status()), nullptr};
    name = file;
    bytes = text->text().size();
    reader.Add(file, text->text());
  }
  if (!reader.sink_status().ok()) return {Fail(reader.sink_status()), nullptr};
  if (!reader.ok()) {
    for (const JsonError& error : reader.errors()) PrintError(Cat(FormatJsonError(error), "\n"));
    PrintError(Cat("ztp: ", reader.errors().size(), " error",
                   reader.errors().size() == 1 ? "" : "s", " in the facts; nothing was loaded\n"));
    return {kFailed, nullptr};
  }
  progress.Show("following edges …");
  absl::StatusOr<std::shared_ptr<const Snapshot>> snapshot = BuildSnapshot(policy, builder);
  if (!snapshot.ok()) return {Fail(snapshot.status()), nullptr};
  return {kDone, *std::move(snapshot)};
}

}  // namespace

LoadedFacts LoadFactsFiles(const Policy& policy, const FactsArguments& arguments) {
  const bool mapped = std::any_of(arguments.files.begin(), arguments.files.end(), IsFactsFile);
  LoadedFacts facts = mapped ? OpenFactsFile(policy, arguments) : ReadJson(policy, arguments);
  if (facts.exit_code == kDone) ReportDangling(*facts.snapshot, arguments.list_dangling);
  return facts;
}

LoadedWorld LoadWorld(const std::string& policy, const FactsArguments& facts) {
  LoadedPolicy loaded = LoadPolicy(policy);
  if (loaded.exit_code != kDone) return {loaded.exit_code, nullptr, nullptr};
  absl::StatusOr<std::shared_ptr<const Policy>> ready = Policy::Make(*std::move(loaded.program));
  if (!ready.ok()) return {Fail(ready.status()), nullptr, nullptr};
  LoadedFacts snapshot = LoadFactsFiles(**ready, facts);
  return {snapshot.exit_code, *std::move(ready), std::move(snapshot.snapshot)};
}

}  // namespace ztp::cli
