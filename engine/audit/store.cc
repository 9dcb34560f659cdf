// See store.h.
#include "engine/audit/store.h"

#include <algorithm>
#include <map>
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

std::string OtherJournal(const std::string& name) {
  return kJournalFiles[name == kJournalFiles[0] ? 1 : 0];
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

// One that was found.
struct LogStore::Journal {
  std::string name;
  std::string bytes;
  TileTree base;  // that it begins with
  std::vector<JournalReader::Batch> batches;
  uint64_t end = 0;        // entries of the log that it reaches to
  uint64_t tail_size = 0;  // bytes behind its last whole batch

  std::string_view tail() const {
    return std::string_view(bytes).substr(bytes.size() - static_cast<size_t>(tail_size));
  }
  absl::Status Read(const evidence::NoteKey& key) {
    JournalReader reader(bytes, key);
    ZTP_ASSIGN_OR_RETURN(base, reader.ReadHeader());
    for (;;) {
      ZTP_ASSIGN_OR_RETURN(std::optional<JournalReader::Batch> batch, reader.Next());
      if (!batch) break;
      batches.push_back(*std::move(batch));
    }
    end = reader.frontier().size();
    tail_size = reader.tail().size();
    return absl::OkStatus();
  }
};

absl::Status LogStore::Load() {
  ZTP_ASSIGN_OR_RETURN(const std::optional<std::string> note,
                       ReadIfThere(files_, kCheckpointFile, evidence::kMaxNoteBytes));
  std::vector<Journal> journals;
  for (const char* name : kJournalFiles) {
    ZTP_ASSIGN_OR_RETURN(std::optional<std::string> bytes,
                         ReadIfThere(files_, name, kMaxJournalBytes));
    if (bytes)
      journals.push_back({.name = name, .bytes = *std::move(bytes), .base = {}, .batches = {}});
  }
  if (note) {
    const auto checkpoint = ReadCheckpoint(*note, signer_.key);
    if (!checkpoint.ok()) return DataLoss(kCheckpointFile, ": ", checkpoint.refusal().message);
    publisher_.set_published(*checkpoint);
  }
  if (!journals.empty()) {
    ZTP_RETURN_IF_ERROR(Replay(std::move(journals), note.has_value()));
  } else if (note) {
    ZTP_RETURN_IF_ERROR(LoadFromTiles());
    ZTP_RETURN_IF_ERROR(BeginJournal(kJournalFiles[0]));
  } else {
    ZTP_ASSIGN_OR_RETURN(const std::vector<std::string> others, files_.List(""));
    for (const std::string& name : others) {
      if (!name.ends_with(kTemporarySuffix)) {
        return InvalidArgument("a new log needs an empty folder, and there is ", name);
      }
    }
    ZTP_RETURN_IF_ERROR(BeginJournal(kJournalFiles[0]));
  }
  // What was replayed may be from the page cache of the process before; and whoever looks at a new
  // log finds a checkpoint.
  return Publish().status();
}

absl::Status LogStore::LoadFromTiles() {
  const Checkpoint& at = publisher_.published();
  const uint64_t size = at.size;
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
  if (!tree || tree->frontier().Root() != at.root) {
    return DataLoss("the tiles are not those of the checkpoint");
  }
  tree_ = *std::move(tree);
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

// What the journals hold, which overlap. Nothing is changed on disk before all of it was looked at.
absl::Status LogStore::Replay(std::vector<Journal> journals, bool has_checkpoint) {
  for (Journal& journal : journals) ZTP_RETURN_IF_ERROR(journal.Read(signer_.key));
  // That which was begun first; of two that begin with the same, what the later one holds behind
  // the earlier one's end.
  std::sort(journals.begin(), journals.end(), [](const Journal& a, const Journal& b) {
    return std::pair(a.base.size(), a.end) < std::pair(b.base.size(), b.end);
  });
  const Checkpoint& published = publisher_.published();
  tree_ = journals.front().base;
  if (tree_.size() > published.size || (!has_checkpoint && tree_.size() > 0)) {
    return DataLoss("the checkpoint is older than the journal");
  }
  // What the tree is to be at some of its sizes, and who says so.
  std::multimap<uint64_t, std::pair<MerkleHash, std::string_view>> expected;
  const auto expect = [&](const Checkpoint& at, std::string_view who) {
    expected.emplace(at.size, std::pair(at.root, who));
  };
  if (has_checkpoint) expect(published, kCheckpointFile);
  for (size_t i = 1; i < journals.size(); ++i) {
    expect({.size = journals[i].base.size(), .root = journals[i].base.frontier().Root()},
           journals[i].name);
    for (const auto& batch : journals[i].batches) expect(batch.after, journals[i].name);
  }
  std::string_view contradicted;
  const auto look = [&] {
    for (auto [it, end] = expected.equal_range(tree_.size()); it != end; ++it) {
      if (it->second.first != tree_.frontier().Root()) contradicted = it->second.second;
    }
  };
  look();
  for (const Journal& journal : journals) {
    if (journal.base.size() > tree_.size()) {
      return DataLoss("the journal ends at ", tree_.size(), ", and the one after it begins at ",
                      journal.base.size(), ": entries have gone");
    }
    for (const auto& batch : journal.batches) {
      const uint64_t first = batch.after.size - batch.entries.size();
      for (size_t i = 0; i < batch.entries.size(); ++i) {
        if (first + i < tree_.size()) continue;
        tree_.Append(batch.entries[i], batch.leaves[i]);
        look();
      }
    }
  }
  if (published.size > tree_.size()) {
    return DataLoss("the checkpoint covers ", published.size, " entries, and the journal ends at ",
                    tree_.size());
  }
  if (!contradicted.empty()) {
    return DataLoss("the journal holds other entries than ", contradicted, " says");
  }
  recovery_.crashed = true;
  recovery_.replayed = tree_.size() - published.size;
  return GoOnWith(journals);
}

// The one that reaches to the end is appended to.
absl::Status LogStore::GoOnWith(std::span<const Journal> journals) {
  const Journal* newest = &journals.back();
  if (journals.front().end >= newest->end) newest = &journals.front();
  if (newest->tail_size > 0) {
    recovery_.torn_bytes = newest->tail_size;
    recovery_.torn_digest = Sha256Digest(newest->tail());
  }
  ZTP_RETURN_IF_ERROR(RemoveTemporaryFiles());
  ZTP_RETURN_IF_ERROR(RepairPartialTiles());
  for (const Journal& journal : journals) {
    ZTP_ASSIGN_OR_RETURN(const std::shared_ptr<JournalFile> file,
                         JournalFile::Open(files_, journal.name, journal.bytes.size(), 0));
    if (&journal == newest) {
      journal_ = file;
      if (journal.tail_size > 0) {
        ZTP_RETURN_IF_ERROR(file->Truncate(journal.bytes.size() - journal.tail_size));
      }
    } else if (newest == &journals.front()) {
      // It was begun, and not gone on with: the other one has all that it has.
      ZTP_RETURN_IF_ERROR(file->Remove(files_));
    } else {
      old_journal_ = file;
    }
  }
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
      ZTP_RETURN_IF_ERROR(
          publisher_.PutTile({.name = *name, .bytes = std::string(bytes.substr(0, size))}));
    }
    return absl::OkStatus();
  };
  for (const Tile& tile : tree_.Partial()) ZTP_RETURN_IF_ERROR(repair(tile.name, tile.bytes));
  return absl::OkStatus();
}

// A journal that begins with the last full bundle, for what is in the tree. All of that is to be
// synced, so that no crash leaves a gap between the old one and this.
absl::Status LogStore::BeginJournal(const std::string& name) {
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
  // Where one of these fails, the journal that there is goes on, and has whatever this one has.
  ZTP_RETURN_IF_ERROR(files_.Put(name, journal, /*synced=*/true));
  ZTP_ASSIGN_OR_RETURN(std::shared_ptr<JournalFile> begun,
                       JournalFile::Open(files_, name, journal.size(), tree_.size()));
  old_journal_ = std::exchange(journal_, std::move(begun));
  return absl::OkStatus();
}

absl::Status LogStore::Append(std::span<const std::string> entries) {
  if (broken_) return Internal("the log must be opened again");
  if (entries.empty()) return absl::OkStatus();
  if (journal_->bytes() + 2 * kMaxBatchBytes > kMaxJournalBytes) {
    return ResourceExhausted("the journal has ", journal_->bytes(),
                             " bytes: its entries could not be published for long");
  }
  std::vector<MerkleHash> leaves;
  leaves.reserve(entries.size());
  MerkleFrontier frontier = tree_.frontier();
  for (const std::string& entry : entries) {
    leaves.push_back(HashLeaf(entry));
    frontier.Append(leaves.back());
  }
  const std::string batch =
      WriteJournalBatch(Views(entries), {.size = frontier.size(), .root = frontier.Root()},
                        journal_->synced(), signer_);
  if (batch.empty()) return Internal("the log's key cannot sign");
  if (const absl::Status status = journal_->Append(batch); !status.ok()) {
    broken_ = absl::IsInternal(status);
    return status;
  }
  for (size_t i = 0; i < entries.size(); ++i) tree_.Append(entries[i], leaves[i]);
  return absl::OkStatus();
}

absl::Status LogStore::Sync() {
  if (broken_) return Internal("the log must be opened again");
  return journal_->SyncTo(tree_.size());
}

absl::StatusOr<Publication> LogStore::Snapshot() {
  if (broken_) return Internal("the log must be opened again");
  if (old_journal_ != nullptr && old_journal_->is_gone()) old_journal_ = nullptr;
  if (old_journal_ == nullptr && journal_->bytes() > options_.journal_bytes) {
    ZTP_RETURN_IF_ERROR(Sync());
    ZTP_RETURN_IF_ERROR(BeginJournal(OtherJournal(journal_->name())));
  }
  return Publication{.at = {.size = tree_.size(), .root = tree_.frontier().Root()},
                     .full = std::exchange(tree_.full(), {}),
                     .partial = tree_.Partial(),
                     .journal = journal_,
                     .old_journal = old_journal_};
}

absl::StatusOr<std::string> LogStore::Publish() {
  ZTP_RETURN_IF_ERROR(Sync());
  ZTP_ASSIGN_OR_RETURN(Publication snapshot, Snapshot());
  return Put(std::move(snapshot));
}

absl::StatusOr<std::string> LogStore::Close() {
  ZTP_ASSIGN_OR_RETURN(std::string note, Publish());
  ZTP_RETURN_IF_ERROR(publisher_.SyncTiles());
  // One that could not be begun may be there all the same, and has less: alone it would be a log
  // that has lost entries.
  const std::string other = OtherJournal(journal_->name());
  broken_ = true;
  ZTP_RETURN_IF_ERROR(files_.Remove(other));
  ZTP_RETURN_IF_ERROR(files_.Sync({other}));
  ZTP_RETURN_IF_ERROR(files_.Remove(journal_->name()));
  return note;
}

}  // namespace ztp::audit
