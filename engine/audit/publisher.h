// What a log shows: its tiles, and the checkpoint over them.
//
// Boundary: the log as it was at a moment in, files out, in an order in which a crash at any point
// costs nothing and no checkpoint that anybody has seen is contradicted. What a crash takes of the
// tiles is in a journal: store.h has those. One thread at a time, which need not be the one that
// appends: nothing of the log's is touched here but what was handed over.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/audit/checkpoint.h"
#include "engine/audit/files.h"
#include "engine/audit/journal_file.h"
#include "engine/audit/tile.h"

namespace ztp::audit {

inline constexpr char kCheckpointFile[] = "checkpoint";

// The log as it was at a moment.
struct Publication {
  Checkpoint at;
  std::vector<Tile> full;     // that became so since the publication before
  std::vector<Tile> partial;  // all
  // Has all entries up to `at` that no older one has.
  std::shared_ptr<JournalFile> journal;
  // Or null: not needed any more once the tiles are on disk.
  std::shared_ptr<JournalFile> old_journal;
};

class Publisher {
 public:
  // Both must outlive it.
  Publisher(LogFiles& files, const LogSigner& signer) : files_(files), signer_(signer) {}

  // Each later than the one before. Returns the checkpoint, signed. An error: the next one makes up
  // for it; Internal: none will, the log must be opened again.
  absl::StatusOr<std::string> Publish(Publication publication);
  // All that was published outlives a power cut without a journal. Errors as Publish's.
  absl::Status SyncTiles();
  // Puts a tile in place again, of which a crash may have left anything.
  absl::Status PutTile(const Tile& tile);

  const Checkpoint& published() const { return published_; }
  // What was published before, by another process.
  void set_published(const Checkpoint& published) { published_ = published; }

 private:
  absl::Status PutTiles(const Publication& publication);

  LogFiles& files_;
  const LogSigner& signer_;
  Checkpoint published_;
  std::vector<Tile> full_;             // that are to be put in place
  uint64_t put_size_ = 0;              // of the tree whose partial tiles were put last
  std::vector<std::string> unsynced_;  // tiles that were put in place
  std::vector<std::string> obsolete_;  // folders of partial tiles whose full one is there
  bool broken_ = false;
};

}  // namespace ztp::audit
