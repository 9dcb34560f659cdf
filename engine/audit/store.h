// A log on disk: entries appended to a journal, and published as tiles under a signed checkpoint.
//
// Boundary: what is on disk in which order, so that a crash at any point loses nothing that was
// synced and no checkpoint that anybody has seen is contradicted. Entries are bytes here. One
// thread at a time: log.h has the thread.
//
//   Append   to the journal, not synced: outlives the process, not the machine
//   Sync     now it outlives the machine
//   Publish  tiles and the checkpoint over all that is synced
//   Close    publishes; tiles are synced, and the journal goes
#pragma once

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
#include "engine/audit/tile.h"

namespace ztp::audit {

inline constexpr char kCheckpointFile[] = "checkpoint";
inline constexpr char kJournalFile[] = "journal";

struct StoreOptions {
  // A journal that has grown to so many bytes is begun anew once its entries are in tiles.
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

  // Syncs, and returns the checkpoint, which covers all entries. An error (but Internal): it may be
  // tried again, and the entries are safe in the journal.
  absl::StatusOr<std::string> Publish();

  // Then nothing may be called any more. An error: as if the process had been killed.
  absl::Status Close();

  uint64_t size() const { return tree_.size(); }
  uint64_t synced() const { return synced_; }
  uint64_t published() const { return published_.size; }
  const Recovery& recovery() const { return recovery_; }
  const LogSigner& signer() const { return signer_; }
  // Full tiles that are not written yet.
  size_t pending_tiles() { return tree_.full().size(); }

 private:
  LogStore(LogFiles& files, LogSigner signer, const StoreOptions& options)
      : files_(files), signer_(std::move(signer)), options_(options) {}

  absl::Status Load();
  absl::Status LoadFromTiles();
  absl::Status Replay(std::string_view journal, bool has_checkpoint);
  absl::Status BeginJournal();
  absl::Status PutTiles();
  absl::Status PutTile(const Tile& tile);
  absl::Status RefuseTilesBeyond();
  absl::Status RemoveTemporaryFiles();
  absl::Status RepairPartialTiles();

  LogFiles& files_;
  const LogSigner signer_;
  const StoreOptions options_;
  Recovery recovery_;
  TileTree tree_;
  Checkpoint published_;
  std::unique_ptr<AppendFile> journal_;
  uint64_t journal_size_ = 0;
  uint64_t synced_ = 0;                // entries
  uint64_t put_size_ = 0;              // of the tree whose partial tiles this process has put
  std::vector<std::string> unsynced_;  // tiles that were put in place since the journal began
  std::vector<std::string> obsolete_;  // folders of partial tiles whose full one is there
  bool broken_ = false;
};

// The bytes of a tile, partial ones also from the full one where that has taken their place.
// DataLoss: it has another size.
absl::StatusOr<std::string> ReadTile(LogFiles& files, const TileName& name);

}  // namespace ztp::audit
