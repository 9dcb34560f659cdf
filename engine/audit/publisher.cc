// See publisher.h.
#include "engine/audit/publisher.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "engine/base/status.h"

namespace ztp::audit {

absl::Status Publisher::PutTile(const Tile& tile) {
  const std::string path = tile.name.Path();
  ZTP_RETURN_IF_ERROR(files_.Put(path, tile.bytes, /*synced=*/false));
  unsynced_.push_back(path);
  return absl::OkStatus();
}

absl::Status Publisher::PutTiles(const Publication& publication) {
  absl::Status status;
  size_t done = 0;
  for (; done < full_.size(); ++done) {
    status = PutTile(full_[done]);
    if (!status.ok()) break;
    obsolete_.push_back(full_[done].name.PartialFolder());
  }
  full_.erase(full_.begin(), full_.begin() + static_cast<ptrdiff_t>(done));
  ZTP_RETURN_IF_ERROR(status);
  // A tile of a name has the same bytes for ever: those that were there last time are there.
  const std::vector<TileName> before = PartialTiles(put_size_);
  for (const Tile& tile : publication.partial) {
    if (std::find(before.begin(), before.end(), tile.name) == before.end()) {
      ZTP_RETURN_IF_ERROR(PutTile(tile));
    }
  }
  put_size_ = publication.at.size;
  return absl::OkStatus();
}

absl::StatusOr<std::string> Publisher::Publish(Publication publication) {
  std::move(publication.full.begin(), publication.full.end(), std::back_inserter(full_));
  if (broken_) return Internal("the log must be opened again");
  // An older journal was synced before this one began.
  ZTP_RETURN_IF_ERROR(publication.journal->SyncTo(publication.at.size));
  ZTP_RETURN_IF_ERROR(PutTiles(publication));
  const std::string note = SignCheckpoint(publication.at, signer_);
  if (note.empty()) return Internal("the log's key cannot sign");
  ZTP_RETURN_IF_ERROR(files_.Put(kCheckpointFile, note, /*synced=*/true));
  published_ = publication.at;
  while (!obsolete_.empty()) {
    ZTP_RETURN_IF_ERROR(files_.RemoveFolder(obsolete_.back()));
    obsolete_.pop_back();
  }
  if (publication.old_journal != nullptr && !publication.old_journal->is_gone()) {
    ZTP_RETURN_IF_ERROR(SyncTiles());
    ZTP_RETURN_IF_ERROR(publication.old_journal->Remove(files_));
  }
  return note;
}

absl::Status Publisher::SyncTiles() {
  if (broken_) return Internal("the log must be opened again");
  if (const absl::Status status = files_.Sync(unsynced_); !status.ok()) {
    broken_ = absl::IsInternal(status);
    return status;
  }
  unsynced_.clear();
  return absl::OkStatus();
}

}  // namespace ztp::audit
