// A log on disk: entries appended to a journal, and published as tiles under a signed checkpoint.
//
// Boundary: what is on disk in which order, so that a crash at any point loses nothing that was
// synced and no checkpoint that anybody has seen is contradicted. Entries are bytes here. No thread
// is made here (log.h has them), and two may use it: one that appends, one that publishes.
//
//   Append    to the journal, not synced: outlives the process, not the machine
//   Sync      now it outlives the machine
//   Snapshot  the log as it is, to be published; begins another journal when this one has grown
//   Put       tiles and the checkpoint over a snapshot, while others append; the old journal goes
//   Publish   both
//   Close     publishes; tiles are synced, and the journal goes
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/audit/checkpoint.h"
#include "engine/audit/files.h"
#include "engine/audit/journal_file.h"
#include "engine/audit/publisher.h"
#include "engine/audit/tile.h"

namespace ztp::audit {

// One is appended to. As it grows the other is begun, and both are there until the tiles of what
// the first one holds are synced.
inline constexpr std::array<const char*, 2> kJournalFiles = {"journal", "journal-2"};

struct StoreOptions {
  // When a journal has grown to so many bytes, another one is begun.
  uint64_t journal_bytes = 16 << 20;
};

// What was found when the log was opened.
struct Recovery {
  bool crashed = false;     // the log had not been closed
  uint64_t replayed = 0;    // entries that the checkpoint did not cover yet
  uint64_t torn_bytes = 0;  // behind the last whole batch, cut off: none of them was synced
  std::string torn_digest;  // "sha256:…" of them
};

class LogStore {
 public:
  // Begins a log in a folder without one, or goes on with the one that is there. `files` must
  // outlive it. The errors of LogFiles; DataLoss: what is there is not what this log has signed, or
  // less than that (nothing is changed then); InvalidArgument: the folder holds other files.
  static absl::StatusOr<std::unique_ptr<LogStore>> Open(LogFiles& files, LogSigner signer,
                                                        const StoreOptions& options);
  LogStore(const LogStore&) = delete;
  LogStore& operator=(const LogStore&) = delete;

  // All of the entries, each of at most kMaxEntryBytes and together at most kMaxBatchBytes with two
  // bytes more for each. An error: none of them is in the log, and it may be tried again; Internal:
  // the log cannot go on until it is opened again.
  absl::Status Append(std::span<const std::string> entries);

  // Internal: what is on disk is not known any more. The log must be opened again.
  absl::Status Sync();

  // What Put takes. An error (but Internal): it may be tried again.
  absl::StatusOr<Publication> Snapshot();

  // The thread that publishes: snapshots in their order. Returns the checkpoint, which covers all
  // entries of the snapshot. An error: the entries are safe in the journal, and the next snapshot
  // makes up for it; Internal: the log cannot go on until it is opened again.
  absl::StatusOr<std::string> Put(Publication snapshot) {
    return publisher_.Publish(std::move(snapshot));
  }
  uint64_t published() const { return publisher_.published().size; }

  // From here on one thread. Syncs as well.
  absl::StatusOr<std::string> Publish();

  // Returns the last checkpoint; nothing may be called any more. An error: as if the process had
  // been killed.
  absl::StatusOr<std::string> Close();

  uint64_t size() const { return tree_.size(); }
  const Recovery& recovery() const { return recovery_; }
  const LogSigner& signer() const { return signer_; }
  // Full tiles that are not written yet.
  size_t pending_tiles() { return tree_.full().size(); }

 private:
  LogStore(LogFiles& files, LogSigner signer, const StoreOptions& options)
      : files_(files), signer_(std::move(signer)), options_(options), publisher_(files_, signer_) {}

  struct Journal;

  absl::Status Load();
  absl::Status LoadFromTiles();
  absl::Status Replay(std::vector<Journal> journals, bool has_checkpoint);
  absl::Status GoOnWith(std::span<const Journal> journals);
  absl::Status BeginJournal(const std::string& name);
  absl::Status RefuseTilesBeyond();
  absl::Status RemoveTemporaryFiles();
  absl::Status RepairPartialTiles();

  LogFiles& files_;
  const LogSigner signer_;
  const StoreOptions options_;
  Recovery recovery_;
  TileTree tree_;
  std::shared_ptr<JournalFile> journal_;
  std::shared_ptr<JournalFile> old_journal_;  // or null; may be gone
  bool broken_ = false;
  Publisher publisher_;
};

// The bytes of a tile, partial ones also from the full one where that has taken their place.
// DataLoss: it has another size.
absl::StatusOr<std::string> ReadTile(LogFiles& files, const TileName& name);

}  // namespace ztp::audit
