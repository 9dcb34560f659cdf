// See verify.h.
#include "engine/audit/verify.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "engine/audit/journal.h"
#include "engine/audit/store.h"
#include "engine/audit/tile.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/evidence/base64.h"

namespace ztp::audit {
namespace {

// Is it the files that are wrong, and not the environment?
bool IsProblem(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsNotFound(status) || absl::IsInvalidArgument(status) ||
         absl::IsResourceExhausted(status);
}

bool IsJournal(std::string_view name) {
  return std::find(kJournalFiles.begin(), kJournalFiles.end(), name) != kJournalFiles.end();
}

class Verifier {
 public:
  Verifier(LogFiles& files, const evidence::NoteKey& key, const VerifyOptions& options)
      : files_(files), key_(key), options_(options) {}

  absl::StatusOr<Verification> Run() {
    // Journals first: whatever they hold by now, a later checkpoint does not contradict.
    for (const char* name : kJournalFiles) ZTP_RETURN_IF_ERROR(ReadJournal(name));
    LookAtJournals();
    const absl::StatusOr<std::string> note = files_.Read(kCheckpointFile, evidence::kMaxNoteBytes);
    if (!note.ok()) {
      ZTP_RETURN_IF_ERROR(Note(note.status()));
      return result_;
    }
    const auto checkpoint = ReadCheckpoint(*note, key_);
    if (!checkpoint.ok()) {
      Problem(kCheckpointFile, checkpoint.refusal().message);
      return result_;
    }
    result_.checkpoint = *checkpoint;
    for (const Checkpoint& kept : options_.kept) Expect(kept, "the kept checkpoint");
    Expect(*checkpoint, kCheckpointFile);
    ZTP_RETURN_IF_ERROR(Walk());
    if (!options_.is_running) ZTP_RETURN_IF_ERROR(LookAtFiles());
    if (journal_end_ > size()) result_.pending = journal_end_ - size();
    return result_;
  }

 private:
  uint64_t size() const { return result_.checkpoint.size; }

  void Problem(std::string_view where, std::string_view what) {
    if (result_.problems.size() < Verification::kMaxProblems) {
      result_.problems.push_back(Cat(where, ": ", what));
    }
  }
  // A problem, unless it is the environment's.
  absl::Status Note(const absl::Status& status) {
    if (!IsProblem(status)) return status;
    if (result_.problems.size() < Verification::kMaxProblems) {
      result_.problems.emplace_back(Message(status));
    }
    return absl::OkStatus();
  }

  // The tree of that size has that root: `who` says so.
  void Expect(const Checkpoint& at, std::string_view who) {
    expected_.emplace(at.size, std::make_pair(at.root, std::string(who)));
  }
  void HoldAgainstExpected(const MerkleFrontier& frontier) {
    for (auto [it, end] = expected_.equal_range(frontier.size()); it != end; ++it) {
      if (it->second.first == frontier.Root()) continue;
      Problem(it->second.second, Cat("has another root for the first ", it->first,
                                     " entries than they have: they are not the same"));
    }
  }

  absl::Status ReadJournal(const std::string& name) {
    const absl::StatusOr<std::string> bytes = files_.Read(name, kMaxJournalBytes);
    if (absl::IsNotFound(bytes.status())) return absl::OkStatus();  // the log was closed
    if (!bytes.ok()) return Note(bytes.status());
    JournalReader reader(*bytes, key_);
    const absl::StatusOr<TileTree> base = reader.ReadHeader();
    if (!base.ok()) return Note(base.status());
    Expect({.size = base->size(), .root = base->frontier().Root()}, name);
    for (;;) {
      const auto batch = reader.Next();
      if (!batch.ok()) return Note(batch.status());
      if (!batch->has_value()) break;
      Expect((*batch)->after, name);
    }
    journals_.emplace_back(base->size(), reader.frontier().size());
    if (!reader.tail().empty() && !options_.is_running) {
      Problem(name, Cat(reader.tail().size(),
                        " bytes behind the last whole batch: a crash tore them, or they were "
                        "changed"));
    }
    return absl::OkStatus();
  }

  // While a log is written, the one may have come as the other went.
  void LookAtJournals() {
    std::sort(journals_.begin(), journals_.end());
    for (const auto& [begin, end] : journals_) {
      if (begin > journal_end_ && journal_end_ > 0 && !options_.is_running) {
        Problem(kJournalFiles[0], Cat("entries ", journal_end_, " to ", begin, " are in none"));
      }
      journal_end_ = std::max(journal_end_, end);
    }
  }

  // All entries in order, the tree over them, and each tile of it.
  absl::Status Walk() {
    TileTree tree;
    HoldAgainstExpected(tree.frontier());
    for (uint64_t index = 0; index * kTileWidth < size(); ++index) {
      const uint64_t first = index * kTileWidth;
      const auto width = static_cast<uint32_t>(std::min<uint64_t>(kTileWidth, size() - first));
      const TileName hashes_name{.level = 0, .index = index, .width = width};
      const TileName entries_name{.level = TileName::kEntries, .index = index, .width = width};
      const absl::StatusOr<std::string> hashes = ReadTile(files_, hashes_name);
      if (!hashes.ok()) ZTP_RETURN_IF_ERROR(Note(hashes.status()));
      const absl::StatusOr<std::string> bundle = ReadTile(files_, entries_name);
      if (!bundle.ok()) ZTP_RETURN_IF_ERROR(Note(bundle.status()));
      if (!hashes.ok() && !bundle.ok()) {
        Problem(entries_name.Path(), "what stands behind cannot be looked at without it");
        return absl::OkStatus();
      }
      std::vector<MerkleHash> leaves(width);
      if (hashes.ok()) leaves = *ReadHashes(*hashes);
      std::vector<std::string_view> entries(width);
      if (bundle.ok()) {
        entries = *ReadBundle(*bundle, width, true);
        for (uint32_t i = 0; i < width; ++i) {
          const MerkleHash leaf = HashLeaf(entries[i]);
          if (hashes.ok() && leaf != leaves[i]) {
            Problem(entries_name.Path(),
                    Cat("entry ", first + i, " is not the one that was hashed"));
          }
          if (!hashes.ok()) leaves[i] = leaf;
        }
      }
      for (uint32_t i = 0; i < width; ++i) {
        // Where the bundle is not to be read, what else is wrong is found by the hashes.
        if (bundle.ok() && options_.on_entry) options_.on_entry(first + i, entries[i]);
        tree.Append(entries[i], leaves[i]);
        HoldAgainstExpected(tree.frontier());
      }
      for (const Tile& tile : tree.full()) ZTP_RETURN_IF_ERROR(CompareTile(tile));
      tree.full().clear();
    }
    for (const Tile& tile : tree.Partial()) ZTP_RETURN_IF_ERROR(CompareTile(tile));
    for (auto it = expected_.upper_bound(size()); it != expected_.end(); ++it) {
      if (IsJournal(it->second.second)) continue;
      Problem(it->second.second, Cat("covers ", it->first, " entries, and the log's covers ",
                                     size(), ": entries have gone"));
    }
    return absl::OkStatus();
  }

  // Level 0 and the bundles were read already.
  absl::Status CompareTile(const Tile& tile) {
    if (tile.name.level <= 0) return absl::OkStatus();
    const absl::StatusOr<std::string> bytes = ReadTile(files_, tile.name);
    if (!bytes.ok()) return Note(bytes.status());
    if (*bytes != tile.bytes) {
      Problem(tile.name.Path(), "has other hashes than the tiles below it");
    }
    return absl::OkStatus();
  }

  // Whatever else lies there must be of the log, too.
  absl::Status LookAtFiles() {
    ZTP_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(""));
    for (const std::string& path : names) {
      if (path == kCheckpointFile || IsJournal(path)) continue;
      const std::optional<TileName> name = TileName::OfPath(path);
      if (!name) {
        Problem(path, "is no file of the log");
        continue;
      }
      const int level = std::max(name->level, 0);
      const uint64_t hashes = size() >> (kTileHeight * level);
      if (name->index * kTileWidth + name->width > hashes) {
        // After a crash there may be tiles that the checkpoint does not cover yet.
        if (journals_.empty()) {
          Problem(path, "is beyond what the checkpoint covers");
        }
        continue;
      }
      if (name->width < kTileWidth) ZTP_RETURN_IF_ERROR(ComparePartial(*name, hashes));
    }
    return absl::OkStatus();
  }

  // A partial tile of an earlier checkpoint is the beginning of the one of today, which was looked
  // at.
  absl::Status ComparePartial(const TileName& name, uint64_t hashes) {
    TileName today = name;
    today.width =
        static_cast<uint32_t>(std::min<uint64_t>(kTileWidth, hashes - name.index * kTileWidth));
    if (today == name) return absl::OkStatus();
    const absl::StatusOr<std::string> bytes = ReadTile(files_, name);
    if (!bytes.ok()) return Note(bytes.status());
    const absl::StatusOr<std::string> now = ReadTile(files_, today);
    if (!now.ok()) return Note(now.status());
    if (!now->starts_with(*bytes)) Problem(name.Path(), "is not the beginning of the later one");
    return absl::OkStatus();
  }

  LogFiles& files_;
  const evidence::NoteKey& key_;
  const VerifyOptions& options_;
  Verification result_;
  std::multimap<uint64_t, std::pair<MerkleHash, std::string>> expected_;
  std::vector<std::pair<uint64_t, uint64_t>> journals_;  // where each begins and ends
  uint64_t journal_end_ = 0;
};

// Hashes of subtrees from the tiles of a tree, the tile that was read last kept.
class TileHashes {
 public:
  TileHashes(LogFiles& files, uint64_t size) : files_(files), size_(size) {}

  // RFC 6962, section 2.1: MTH of the leaves from `begin` to `end`, which lie as they do in the
  // tree.
  absl::StatusOr<MerkleHash> Root(uint64_t begin, uint64_t end) {
    const uint64_t count = end - begin;
    if ((count & (count - 1)) == 0) return Perfect(begin, count);
    const uint64_t left = Split(count);
    ZTP_ASSIGN_OR_RETURN(const MerkleHash a, Root(begin, begin + left));
    ZTP_ASSIGN_OR_RETURN(const MerkleHash b, Root(begin + left, end));
    return HashNode(a, b);
  }

  // Section 2.1.1: the hashes beside the way from the leaf to the root, the leaf's first.
  absl::StatusOr<std::vector<std::string>> Path(uint64_t leaf) {
    std::vector<std::string> path;
    uint64_t begin = 0;
    uint64_t end = size_;
    while (end - begin > 1) {
      const uint64_t middle = begin + Split(end - begin);
      const bool left = leaf < middle;
      ZTP_ASSIGN_OR_RETURN(const MerkleHash sibling,
                           left ? Root(middle, end) : Root(begin, middle));
      path.emplace_back(BytesOf(sibling));
      (left ? end : begin) = middle;
    }
    std::reverse(path.begin(), path.end());
    return path;
  }

 private:
  // The largest power of two below `count`.
  static uint64_t Split(uint64_t count) {
    uint64_t left = 1;
    while (2 * left < count) left *= 2;
    return left;
  }

  absl::StatusOr<MerkleHash> Perfect(uint64_t begin, uint64_t count) {
    int level = 0;
    for (; count >= kTileWidth; count /= kTileWidth) ++level;
    const uint64_t first = begin >> (kTileHeight * level);
    const uint64_t hashes = size_ >> (kTileHeight * level);
    const uint64_t index = first / kTileWidth;
    const TileName name{.level = level,
                        .index = index,
                        .width = static_cast<uint32_t>(
                            std::min<uint64_t>(kTileWidth, hashes - index * kTileWidth))};
    if (!(name == name_) || tile_.empty()) {
      ZTP_ASSIGN_OR_RETURN(const std::string bytes, ReadTile(files_, name));
      tile_ = *ReadHashes(bytes);
      name_ = name;
    }
    return HashPerfect(std::span(tile_).subspan(first % kTileWidth, count));
  }

  LogFiles& files_;
  const uint64_t size_;
  TileName name_;
  std::vector<MerkleHash> tile_;
};

}  // namespace

absl::StatusOr<Verification> VerifyLog(LogFiles& files, const evidence::NoteKey& key,
                                       const VerifyOptions& options) {
  return Verifier(files, key, options).Run();
}

absl::StatusOr<ProvenEntry> ReadProvenEntry(LogFiles& files, const Checkpoint& checkpoint,
                                            uint64_t index) {
  if (index >= checkpoint.size) {
    return InvalidArgument("the log has ", checkpoint.size, " entries, the first of them number 0");
  }
  const uint64_t bundle = index / kTileWidth;
  const TileName name{.level = TileName::kEntries,
                      .index = bundle,
                      .width = static_cast<uint32_t>(
                          std::min<uint64_t>(kTileWidth, checkpoint.size - bundle * kTileWidth))};
  ZTP_ASSIGN_OR_RETURN(const std::string bytes, ReadTile(files, name));
  ProvenEntry entry;
  entry.text = (*ReadBundle(bytes, name.width, true))[index % kTileWidth];
  ZTP_ASSIGN_OR_RETURN(entry.path, TileHashes(files, checkpoint.size).Path(index));
  if (!IsIncluded(BytesOf(HashLeaf(entry.text)), index, checkpoint.size, entry.path,
                  BytesOf(checkpoint.root))) {
    return absl::DataLossError(
        ToAbsl(Cat("entry ", index, " is not the one that the checkpoint covers")));
  }
  return entry;
}

std::string WriteProof(uint64_t index, std::span<const std::string> path, std::string_view note) {
  std::string proof = Cat("c2sp.org/tlog-proof@v1\nindex ", index, "\n");
  for (const std::string& hash : path) Append(proof, evidence::EncodeBase64(hash), "\n");
  Append(proof, "\n", note);
  return proof;
}

}  // namespace ztp::audit
