// The entries since the tiles were last known to be on disk, in the order in which they came: what
// a reply waits for, and what is left after a crash.
//
// Boundary: bytes of a journal, written and read. store.h says when. README.md describes the form.
// Each batch carries a seal, signed by the log, over all that the log holds with it, so that what
// stands in a journal cannot be changed by others than the log; a seal is no checkpoint, since a
// batch may be lost in a power cut.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/audit/checkpoint.h"
#include "engine/audit/tile.h"

namespace ztp::audit {

inline constexpr size_t kMaxBatchBytes = 4 << 20;  // of entries, with their lengths
inline constexpr uint64_t kMaxJournalBytes = 256 << 20;

// The beginning: a tree that ends with a full bundle, by the hashes of its tiles that are not full.
// Empty: OpenSSL fails.
std::string WriteJournalHeader(const TileTree& base, const LogSigner& signer);

// Entries of at most kMaxBatchBytes that make a tree of `after.size` entries with that root.
// `synced`: so many entries are known to be on disk as this is written. Empty: OpenSSL fails.
std::string WriteJournalBatch(std::span<const std::string_view> entries, const Checkpoint& after,
                              uint64_t synced, const LogSigner& signer);

// The batches of a journal, one after the other. A torn end is told from a change as far as that
// can be told: see Next.
class JournalReader {
 public:
  // Both must outlive it.
  JournalReader(std::string_view bytes, const evidence::NoteKey& key);

  // The tree that the journal begins with. DataLoss: it is torn, or not by this log.
  absl::StatusOr<TileTree> ReadHeader();

  struct Batch {
    std::vector<std::string_view> entries;
    std::vector<MerkleHash> leaves;
    Checkpoint after;
  };
  // The next batch; nothing: there is no whole one. DataLoss: one that is whole says what the log
  // has not signed, or is not the next, or one was changed that was on disk when a later one was
  // written.
  absl::StatusOr<std::optional<Batch>> Next();

  // Behind the last whole batch: what a crash tore, or an empty text.
  std::string_view tail() const { return bytes_.substr(at_); }
  const MerkleFrontier& frontier() const { return frontier_; }

 private:
  // A later batch says that more than this was on disk.
  bool IsAcknowledgedBehind() const;

  const std::string_view bytes_;
  const evidence::NoteKey& key_;
  size_t at_ = 0;
  MerkleFrontier frontier_;
};

}  // namespace ztp::audit
