// See store.h.
#include "engine/audit/store.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/audit/journal.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::audit {
namespace {

template <typename... Pieces>
absl::Status DataLoss(const Pieces&... pieces) {
  return absl::DataLossError(ToAbsl(Cat(pieces...)));
}

// Nothing: it is not there.
absl::StatusOr<std::optional<std::string>> ReadIfThere(LogFiles& files, const std::string& name,
                                                       uint64_t max_bytes) {
  absl::StatusOr<std::string> bytes = files.Read(name, max_bytes);
  if (absl::IsNotFound(bytes.status())) return std::nullopt;
  if (!bytes.ok()) return std::move(bytes).status();
  return *std::move(bytes);
}

std::vector<std::string_view> Views(std::span<const std::string> texts) {
  return {texts.begin(), texts.end()};
}

}  // namespace

absl::StatusOr<std::string> ReadTile(LogFiles& files, const TileName& name) {
  const bool entries = name.level == TileName::kEntries;
  const uint64_t most = entries ? kMaxBundleBytes : kTileBytes;
  absl::StatusOr<std::string> bytes = files.Read(name.Path(), most);
  bool exactly = true;
  if (absl::IsNotFound(bytes.status()) && name.width < kTileWidth) {
    TileName full = name;
    full.width = kTileWidth;
    bytes = files.Read(full.Path(), most);
    exactly = false;
  }
  if (absl::IsNotFound(bytes.status())) {
    return DataLoss(name.Path(), " is missing");
  }
  if (absl::IsResourceExhausted(bytes.status())) return DataLoss(Message(bytes.status()));
  if (!bytes.ok()) return bytes;
  if (entries) {
    const auto read = ReadBundle(*bytes, name.width, exactly);
    if (!read) return DataLoss(name.Path(), " is no bundle of ", name.width, " entries");
    if (!exactly) {
      const std::string_view last = read->back();
      bytes->resize(static_cast<size_t>(last.data() + last.size() - bytes->data()));
    }
    return bytes;
  }
  const size_t size = name.width * kMerkleHashBytes;
  if (exactly ? bytes->size() != size : bytes->size() < size) {
    return DataLoss(name.Path(), " has ", bytes->size(), " bytes, not ", size);
  }
  bytes->resize(size);
  return bytes;
}

absl::StatusOr<std::unique_ptr<LogStore>> LogStore::Open(LogFiles& files, LogSigner signer,
                                                         const StoreOptions& options) {
  std::unique_ptr<LogStore> store(new LogStore(files, std::move(signer), options));
  ZTP_RETURN_IF_ERROR(store->Load());
  return store;
}

absl::Status LogStore::Load() {
  ZTP_ASSIGN_OR_RETURN(const std::optional<std::string> note,
                       ReadIfThere(files_, kCheckpointFile, evidence::kMaxNoteBytes));
  ZTP_ASSIGN_OR_RETURN(const std::optional<std::string> journal,
                       ReadIfThere(files_, kJournalFile, kMaxJournalBytes));
  if (note) {
    const auto checkpoint = ReadCheckpoint(*note, signer_.key);
    if (!checkpoint.ok()) return DataLoss(kCheckpointFile, ": ", checkpoint.refusal().message);
    published_ = *checkpoint;
  }
  if (journal) {
    ZTP_RETURN_IF_ERROR(Replay(*journal, note.has_value()));
  } else if (note) {
    ZTP_RETURN_IF_ERROR(LoadFromTiles());
  } else {
    ZTP_ASSIGN_OR_RETURN(const std::vector<std::string> others, files_.List(""));
    for (const std::string& name : others) {
      if (!name.ends_with(kTemporarySuffix)) {
        return InvalidArgument("a new log needs an empty folder, and there is ", name);
      }
    }
  }
  if (recovery_.crashed) {
    ZTP_RETURN_IF_ERROR(RemoveTemporaryFiles());
    ZTP_RETURN_IF_ERROR(RepairPartialTiles());
  }
  if (!journal) {
    ZTP_RETURN_IF_ERROR(BeginJournal());
  } else {
    journal_size_ = journal->size();
    ZTP_ASSIGN_OR_RETURN(journal_, files_.OpenToAppend(kJournalFile));
    if (recovery_.torn_bytes > 0) {
      journal_size_ -= recovery_.torn_bytes;
      ZTP_RETURN_IF_ERROR(journal_->Truncate(journal_size_));
    }
  }
  // What was replayed may be from the page cache of the process before; and whoever looks at a new
  // log finds a checkpoint.
  return Publish().status();
}

absl::Status LogStore::LoadFromTiles() {
  const uint64_t size = published_.size;
  if (size >= kMaxTreeSize) return DataLoss("a log of ", size, " entries");
  std::string bundle;
  std::vector<std::vector<MerkleHash>> levels;
  for (uint64_t hashes = size; hashes > 0; hashes >>= kTileHeight) levels.emplace_back();
  for (const TileName& name : PartialTiles(size)) {
    ZTP_ASSIGN_OR_RETURN(std::string bytes, ReadTile(files_, name));
    if (name.level == TileName::kEntries) {
      bundle = std::move(bytes);
    } else {
      levels[static_cast<size_t>(name.level)] = *ReadHashes(bytes);
    }
  }
  const auto entries = ReadBundle(bundle, size % kTileWidth, true);
  for (size_t i = 0; entries && i < entries->size(); ++i) {
    if (HashLeaf((*entries)[i]) != levels[0][i]) {
      return DataLoss("entry ", size - entries->size() + i, " is not the one that was hashed");
    }
  }
  std::optional<TileTree> tree = TileTree::At(size, std::move(levels), std::move(bundle));
  if (!tree || tree->frontier().Root() != published_.root) {
    return DataLoss("the tiles are not those of the checkpoint");
  }
  tree_ = *std::move(tree);
  synced_ = size;
  return RefuseTilesBeyond();
}

// Without a journal the log was closed, and its checkpoint covers everything. An older checkpoint
// must not make a second log of the first.
absl::Status LogStore::RefuseTilesBeyond() {
  const TileName next{.level = TileName::kEntries, .index = tree_.size() / kTileWidth};
  ZTP_ASSIGN_OR_RETURN(const std::optional<std::string> full,
                       ReadIfThere(files_, next.Path(), kMaxBundleBytes));
  bool beyond = full.has_value();
  ZTP_ASSIGN_OR_RETURN(const std::vector<std::string> partial, files_.List(next.PartialFolder()));
  for (const std::string& path : partial) {
    const std::optional<TileName> name = TileName::OfPath(path);
    beyond = beyond || (name && name->width > tree_.size() % kTileWidth);
  }
  if (!beyond) return absl::OkStatus();
  return DataLoss("there are entries behind the ", tree_.size(),
                  " that the checkpoint covers, and no journal: an older checkpoint was put in "
                  "place of the log's");
}

absl::Status LogStore::Replay(std::string_view journal, bool has_checkpoint) {
  JournalReader reader(journal, signer_.key);
  ZTP_ASSIGN_OR_RETURN(tree_, reader.ReadHeader());
  if (tree_.size() > published_.size || (!has_checkpoint && tree_.size() > 0)) {
    return DataLoss("the checkpoint is older than the journal");
  }
  bool met = !has_checkpoint;
  const auto meet = [&] {
    if (tree_.size() != published_.size || met) return true;
    met = true;
    return tree_.frontier().Root() == published_.root;
  };
  bool agrees = meet();
  for (;;) {
    ZTP_ASSIGN_OR_RETURN(const std::optional<JournalReader::Batch> batch, reader.Next());
    if (!batch) break;
    for (size_t i = 0; i < batch->entries.size(); ++i) {
      tree_.Append(batch->entries[i], batch->leaves[i]);
      agrees = agrees && meet();
    }
  }
  if (!met) {
    return DataLoss("the checkpoint covers ", published_.size, " entries, and the journal ends at ",
                    tree_.size());
  }
  if (!agrees) return DataLoss("the journal holds other entries than the checkpoint covers");
  recovery_.crashed = true;
  recovery_.replayed = tree_.size() - published_.size;
  recovery_.torn_bytes = reader.tail().size();
  if (recovery_.torn_bytes > 0) recovery_.torn_digest = Sha256Digest(reader.tail());
  return absl::OkStatus();
}

absl::Status LogStore::RemoveTemporaryFiles() {
  ZTP_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(""));
  for (const std::string& name : names) {
    if (name.ends_with(kTemporarySuffix)) ZTP_RETURN_IF_ERROR(files_.Remove(name));
  }
  return absl::OkStatus();
}

// Tiles of checkpoints that were published since the journal began: a crash may have left anything
// of them, and somebody may ask for them as long as there is no full one.
absl::Status LogStore::RepairPartialTiles() {
  const auto repair = [&](TileName today, std::string_view bytes) -> absl::Status {
    ZTP_ASSIGN_OR_RETURN(const std::vector<std::string> there, files_.List(today.PartialFolder()));
    for (const std::string& path : there) {
      const std::optional<TileName> name = TileName::OfPath(path);
      if (!name || name->width >= today.width) {
        // It is put anew, or was of a process that did not live to publish it.
        ZTP_RETURN_IF_ERROR(files_.Remove(path));
        continue;
      }
      size_t size = name->width * kMerkleHashBytes;
      if (name->level == TileName::kEntries) {
        const auto entries = ReadBundle(bytes, name->width, false);
        if (!entries) return Internal("a bundle that is none");
        size = static_cast<size_t>(entries->back().data() + entries->back().size() - bytes.data());
      }
      ZTP_RETURN_IF_ERROR(PutTile({.name = *name, .bytes = std::string(bytes.substr(0, size))}));
    }
    return absl::OkStatus();
  };
  for (const Tile& tile : tree_.Partial()) ZTP_RETURN_IF_ERROR(repair(tile.name, tile.bytes));
  return absl::OkStatus();
}

// A journal that begins with the last full bundle, for what is in the tree. All of that is to be
// synced.
absl::Status LogStore::BeginJournal() {
  const uint64_t first = tree_.size() / kTileWidth * kTileWidth;
  std::vector<std::vector<MerkleHash>> levels = tree_.levels();
  std::vector<MerkleHash> leaves;
  if (!levels.empty()) leaves = std::exchange(levels[0], {});
  const std::optional<TileTree> base = TileTree::At(first, std::move(levels), {});
  const auto entries = ReadBundle(tree_.bundle(), tree_.size() - first, true);
  if (!base || !entries) return Internal("a tree that is none");
  std::string journal = WriteJournalHeader(*base, signer_);
  bool written = !journal.empty();
  MerkleFrontier frontier = base->frontier();
  for (size_t i = 0; written && i < entries->size();) {
    size_t bytes = 0;
    const size_t begin = i;
    while (i < entries->size() && bytes + (*entries)[i].size() + 2 <= kMaxBatchBytes) {
      bytes += (*entries)[i].size() + 2;
      frontier.Append(leaves[i++]);
    }
    const std::string batch =
        WriteJournalBatch(std::span(*entries).subspan(begin, i - begin),
                          {.size = frontier.size(), .root = frontier.Root()}, first, signer_);
    written = !batch.empty();
    journal += batch;
  }
  if (!written) return Internal("the log's key cannot sign");
  ZTP_RETURN_IF_ERROR(files_.Put(kJournalFile, journal, /*synced=*/true));
  // From here on the file that is open is not the journal any more.
  broken_ = true;
  ZTP_ASSIGN_OR_RETURN(journal_, files_.OpenToAppend(kJournalFile));
  broken_ = false;
  journal_size_ = journal.size();
  synced_ = tree_.size();
  unsynced_.clear();
  return absl::OkStatus();
}

absl::Status LogStore::Append(std::span<const std::string> entries) {
  if (broken_) return Internal("the log must be opened again");
  if (entries.empty()) return absl::OkStatus();
  if (journal_size_ + 2 * kMaxBatchBytes > kMaxJournalBytes) {
    return ResourceExhausted("the journal has ", journal_size_,
                             " bytes: its entries could not be published for long");
  }
  std::vector<MerkleHash> leaves;
  leaves.reserve(entries.size());
  MerkleFrontier frontier = tree_.frontier();
  for (const std::string& entry : entries) {
    leaves.push_back(HashLeaf(entry));
    frontier.Append(leaves.back());
  }
  const std::string batch = WriteJournalBatch(
      Views(entries), {.size = frontier.size(), .root = frontier.Root()}, synced_, signer_);
  if (batch.empty()) return Internal("the log's key cannot sign");
  if (const absl::Status status = journal_->Append(batch); !status.ok()) {
    // A part of it may be there: whatever comes next must not stand behind that.
    broken_ = !journal_->Truncate(journal_size_).ok();
    return broken_ ? Internal(Message(status), "; and it cannot be taken back") : status;
  }
  journal_size_ += batch.size();
  for (size_t i = 0; i < entries.size(); ++i) tree_.Append(entries[i], leaves[i]);
  return absl::OkStatus();
}

absl::Status LogStore::Sync() {
  if (broken_) return Internal("the log must be opened again");
  if (synced_ == tree_.size()) return absl::OkStatus();
  if (const absl::Status status = journal_->Sync(); !status.ok()) {
    // The system may have dropped what it could not write, and another try would say that all is
    // well.
    broken_ = true;
    return Internal(Message(status));
  }
  synced_ = tree_.size();
  return absl::OkStatus();
}

absl::Status LogStore::PutTile(const Tile& tile) {
  const std::string path = tile.name.Path();
  ZTP_RETURN_IF_ERROR(files_.Put(path, tile.bytes, /*synced=*/false));
  unsynced_.push_back(path);
  return absl::OkStatus();
}

absl::Status LogStore::PutTiles() {
  std::vector<Tile>& full = tree_.full();
  absl::Status status;
  size_t done = 0;
  for (; done < full.size() && status.ok(); ++done) {
    status = PutTile(full[done]);
    if (!status.ok()) break;
    obsolete_.push_back(full[done].name.PartialFolder());
  }
  full.erase(full.begin(), full.begin() + static_cast<ptrdiff_t>(done));
  ZTP_RETURN_IF_ERROR(status);
  // A tile of a name has the same bytes for ever: those that were there last time are there.
  const std::vector<TileName> before = PartialTiles(put_size_);
  for (const Tile& tile : tree_.Partial()) {
    if (std::find(before.begin(), before.end(), tile.name) == before.end()) {
      ZTP_RETURN_IF_ERROR(PutTile(tile));
    }
  }
  put_size_ = tree_.size();
  return absl::OkStatus();
}

absl::StatusOr<std::string> LogStore::Publish() {
  ZTP_RETURN_IF_ERROR(Sync());
  ZTP_RETURN_IF_ERROR(PutTiles());
  const Checkpoint now{.size = tree_.size(), .root = tree_.frontier().Root()};
  const std::string note = SignCheckpoint(now, signer_);
  if (note.empty()) return Internal("the log's key cannot sign");
  ZTP_RETURN_IF_ERROR(files_.Put(kCheckpointFile, note, /*synced=*/true));
  published_ = now;
  while (!obsolete_.empty()) {
    ZTP_RETURN_IF_ERROR(files_.RemoveFolder(obsolete_.back()));
    obsolete_.pop_back();
  }
  if (journal_size_ > options_.journal_bytes) {
    ZTP_RETURN_IF_ERROR(files_.Sync(unsynced_));
    ZTP_RETURN_IF_ERROR(BeginJournal());
  }
  return note;
}

absl::Status LogStore::Close() {
  ZTP_RETURN_IF_ERROR(Publish().status());
  ZTP_RETURN_IF_ERROR(files_.Sync(unsynced_));
  broken_ = true;
  journal_ = nullptr;
  return files_.Remove(kJournalFile);
}

}  // namespace ztp::audit
