// See journal.h.
#include "engine/audit/journal.h"

#include <algorithm>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/evidence/base64.h"

namespace ztp::audit {
namespace {

// A frame: magic, the payload's size, the begin of a SHA-256 of both, and the payload. The check
// tells what is whole; that nobody has changed it is the seal's to say.
constexpr std::string_view kMagic = "zaj1";
constexpr size_t kCheckBytes = 8;
constexpr size_t kFrameBytes = 4 + 4 + kCheckBytes;
constexpr size_t kSealBytes = 64;
constexpr size_t kBatchFixedBytes = 8 + 8 + 4 + kMerkleHashBytes + kSealBytes;
constexpr size_t kMaxPayloadBytes = kMaxBatchBytes + kBatchFixedBytes;
static_assert(kMaxTileLevels * kTileBytes < kMaxBatchBytes);

void PutNumber(uint64_t value, int bytes, std::string* out) {
  for (int i = bytes - 1; i >= 0; --i) out->push_back(static_cast<char>(value >> (8 * i)));
}

// Takes bytes off the front of a text; once they are too few, for good, everything is empty.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}
  std::string_view Take(size_t size) {
    if (bytes_.size() < size) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  uint64_t Number(size_t size) {
    uint64_t value = 0;
    for (const char c : Take(size)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view rest() const { return bytes_; }
  bool ok() const { return ok_; }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

std::string Check(std::string_view size_and_payload) {
  return Sha256Bytes(size_and_payload).substr(0, kCheckBytes);
}

std::string Frame(std::string_view payload) {
  std::string frame(kMagic);
  std::string size;
  PutNumber(payload.size(), 4, &size);
  Append(frame, size, Check(Cat(size, payload)), payload);
  return frame;
}

// The payload of the whole frame that begins there.
std::optional<std::string_view> PayloadAt(std::string_view bytes, size_t at) {
  Cursor cursor(bytes.substr(at));
  if (cursor.Take(kMagic.size()) != kMagic) return std::nullopt;
  const uint64_t size = cursor.Number(4);
  const std::string_view check = cursor.Take(kCheckBytes);
  if (size > kMaxPayloadBytes) return std::nullopt;
  const std::string_view payload = cursor.Take(size);
  if (!cursor.ok()) return std::nullopt;
  if (Check(Cat(bytes.substr(at + kMagic.size(), 4), payload)) != check) return std::nullopt;
  return payload;
}

// What a seal is over. It begins as no checkpoint of this log can: with another origin.
std::string SealText(std::string_view what, const std::string& origin, uint64_t first,
                     uint64_t synced, const Checkpoint& after) {
  return Cat("ztp audit journal: ", what, "\n", origin, "\n", first, "\n", synced, "\n", after.size,
             "\n", evidence::EncodeBase64(BytesOf(after.root)), "\n");
}

constexpr std::string_view kHeader = "header";
constexpr std::string_view kBatch = "batch";

absl::Status Changed(std::string_view what) {
  return absl::DataLossError(ToAbsl(Cat("the journal was changed: ", what)));
}

struct BatchParts {
  uint64_t first = 0;
  uint64_t synced = 0;
  uint64_t count = 0;
  Checkpoint after;
  std::string_view seal;
  std::string_view entries;
};
std::optional<BatchParts> ReadParts(std::string_view payload) {
  Cursor cursor(payload);
  BatchParts parts;
  parts.first = cursor.Number(8);
  parts.synced = cursor.Number(8);
  parts.count = cursor.Number(4);
  const std::optional<MerkleHash> root = MerkleHashOf(cursor.Take(kMerkleHashBytes));
  parts.seal = cursor.Take(kSealBytes);
  if (!cursor.ok() || !root || parts.first >= kMaxTreeSize) return std::nullopt;
  parts.after = {.size = parts.first + parts.count, .root = *root};
  parts.entries = cursor.rest();
  return parts;
}
bool IsSealed(const BatchParts& parts, const evidence::NoteKey& key) {
  return IsSignedBy(key.key, SealText(kBatch, key.name, parts.first, parts.synced, parts.after),
                    parts.seal);
}

}  // namespace

std::string WriteJournalHeader(const TileTree& base, const LogSigner& signer) {
  const Checkpoint at{.size = base.size(), .root = base.frontier().Root()};
  const std::string seal =
      signer.signs->Sign(SealText(kHeader, signer.key.name, at.size, at.size, at));
  if (seal.size() != kSealBytes) return {};
  std::string payload;
  PutNumber(at.size, 8, &payload);
  payload += seal;
  for (size_t level = 1; level < base.levels().size(); ++level) {
    payload += WriteHashes(base.levels()[level]);
  }
  return Frame(payload);
}

std::string WriteJournalBatch(std::span<const std::string_view> entries, const Checkpoint& after,
                              uint64_t synced, const LogSigner& signer) {
  const uint64_t first = after.size - entries.size();
  const std::string seal =
      signer.signs->Sign(SealText(kBatch, signer.key.name, first, synced, after));
  if (seal.size() != kSealBytes) return {};
  std::string payload;
  PutNumber(first, 8, &payload);
  PutNumber(synced, 8, &payload);
  PutNumber(entries.size(), 4, &payload);
  Append(payload, BytesOf(after.root), seal);
  for (const std::string_view entry : entries) AppendEntry(entry, &payload);
  return Frame(payload);
}

JournalReader::JournalReader(std::string_view bytes, const evidence::NoteKey& key)
    : bytes_(bytes), key_(key) {}

absl::StatusOr<TileTree> JournalReader::ReadHeader() {
  const std::optional<std::string_view> payload = PayloadAt(bytes_, 0);
  if (!payload) return Changed("it has no whole beginning");
  Cursor cursor(*payload);
  const uint64_t size = cursor.Number(8);
  const std::string_view seal = cursor.Take(kSealBytes);
  if (!cursor.ok() || size >= kMaxTreeSize || size % kTileWidth != 0) {
    return Changed("its beginning is of another form");
  }
  std::vector<std::vector<MerkleHash>> levels;
  for (uint64_t hashes = size; hashes > 0; hashes >>= kTileHeight) {
    const size_t width = hashes % kTileWidth;
    const auto read = ReadHashes(cursor.Take(width * kMerkleHashBytes));
    if (!cursor.ok() || !read) return Changed("its beginning is of another form");
    levels.push_back(*read);
  }
  std::optional<TileTree> tree = TileTree::At(size, std::move(levels), {});
  if (!tree || !cursor.rest().empty()) return Changed("its beginning is of another form");
  const Checkpoint at{.size = size, .root = tree->frontier().Root()};
  if (!IsSignedBy(key_.key, SealText(kHeader, key_.name, size, size, at), seal)) {
    return Changed("its beginning is not signed by the log");
  }
  at_ = kFrameBytes + payload->size();
  frontier_ = tree->frontier();
  return *std::move(tree);
}

absl::StatusOr<std::optional<JournalReader::Batch>> JournalReader::Next() {
  if (at_ == bytes_.size()) return std::nullopt;
  const std::optional<std::string_view> payload = PayloadAt(bytes_, at_);
  if (!payload) {
    if (IsAcknowledgedBehind()) {
      return Changed(Cat("behind entry ", frontier_.size(),
                         ", where nothing was torn: what comes later was written when this was on "
                         "disk"));
    }
    return std::nullopt;
  }
  const std::optional<BatchParts> parts = ReadParts(*payload);
  if (!parts || !IsSealed(*parts, key_)) return Changed("a batch is not signed by the log");
  if (parts->first != frontier_.size()) return Changed("a batch is not at its place");
  auto entries = ReadBundle(parts->entries, parts->count, true);
  if (!entries) return Changed("a batch is of another form");
  Batch batch{.entries = *std::move(entries), .leaves = {}, .after = parts->after};
  MerkleFrontier frontier = frontier_;
  batch.leaves.reserve(batch.entries.size());
  for (const std::string_view entry : batch.entries) {
    batch.leaves.push_back(HashLeaf(entry));
    frontier.Append(batch.leaves.back());
  }
  if (frontier.Root() != parts->after.root) return Changed("a batch is not what was signed");
  frontier_ = std::move(frontier);
  at_ += kFrameBytes + payload->size();
  return batch;
}

bool JournalReader::IsAcknowledgedBehind() const {
  // Whoever fills a file with beginnings of frames gets no more hashed than this.
  uint64_t budget = 2 * bytes_.size() + kMaxPayloadBytes;
  for (size_t at = bytes_.find(kMagic, at_ + 1); at != std::string_view::npos;
       at = bytes_.find(kMagic, at + 1)) {
    Cursor cursor(bytes_.substr(at + kMagic.size()));
    const uint64_t cost = std::min<uint64_t>(cursor.Number(4), kMaxPayloadBytes);
    if (cost > budget) return false;
    budget -= cost;
    const std::optional<std::string_view> payload = PayloadAt(bytes_, at);
    if (!payload) continue;
    const std::optional<BatchParts> parts = ReadParts(*payload);
    if (parts && parts->synced > frontier_.size() && IsSealed(*parts, key_)) return true;
  }
  return false;
}

}  // namespace ztp::audit
