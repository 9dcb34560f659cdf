// Is a log what it says it is? Everything is worked out again from the entries and held against the
// files, the signed checkpoint, and checkpoints that were kept elsewhere.
//
// Boundary: files in, what is wrong with them out. Nothing is mended. What is proven: the entries
// are those that the log's key has signed, in their order, and of those that a kept checkpoint
// covers none was changed, removed or put in. What cannot be proven by files alone: that entries
// behind the newest kept checkpoint are all there.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/audit/checkpoint.h"
#include "engine/audit/files.h"
#include "engine/base/merkle.h"

namespace ztp::audit {

struct VerifyOptions {
  // What the same key has signed before.
  std::vector<Checkpoint> kept;
  // A process writes the log at this moment: the journal may end in the middle of a batch, and
  // files that the checkpoint does not need come and go, so they are not looked at.
  bool is_running = false;
  // Called with each entry that the checkpoint covers, in order, before it is known whether
  // everything is right; may be empty.
  std::function<void(uint64_t index, std::string_view entry)> on_entry;
};

struct Verification {
  static constexpr size_t kMaxProblems = 100;

  Checkpoint checkpoint;              // of the log, as far as it could be read
  uint64_t pending = 0;               // entries in the journal that it does not cover yet
  std::vector<std::string> problems;  // none: the log is as it was signed; the first kMaxProblems
  bool ok() const { return problems.empty(); }
};

// Reads all of the log, a bundle at a time. What is wrong with the files is a problem; an error is
// one of the environment (PermissionDenied, Unavailable).
absl::StatusOr<Verification> VerifyLog(LogFiles& files, const evidence::NoteKey& key,
                                       const VerifyOptions& options);

// An entry that the checkpoint covers, and that it does: the hashes from its leaf to the root.
struct ProvenEntry {
  std::string text;
  std::vector<std::string> path;
};
// InvalidArgument: the log has no such entry; DataLoss: what is there is not under the root.
absl::StatusOr<ProvenEntry> ReadProvenEntry(LogFiles& files, const Checkpoint& checkpoint,
                                            uint64_t index);

// That, with the checkpoint as the log signed it: c2sp.org/tlog-proof.
std::string WriteProof(uint64_t index, std::span<const std::string> path, std::string_view note);

}  // namespace ztp::audit
