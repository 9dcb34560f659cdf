// See tile.h.
#include "engine/audit/tile.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/base/str.h"

namespace ztp::audit {
namespace {

constexpr std::string_view kEntriesName = "entries";

// Which of its level a tile is, in groups of three digits: x001/x234/067.
std::string IndexPath(uint64_t index) {
  const auto three = [](uint64_t value) {
    const std::string digits = Cat(value);
    return std::string(3 - digits.size(), '0') + digits;
  };
  std::string path = three(index % 1000);
  for (uint64_t rest = index / 1000; rest > 0; rest /= 1000) {
    path = Cat("x", three(rest % 1000), "/", path);
  }
  return path;
}

std::optional<uint64_t> Number(std::string_view digits) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::string LevelPath(int level) {
  return level == TileName::kEntries ? Cat("tile/", kEntriesName, "/") : Cat("tile/", level, "/");
}

}  // namespace

std::string TileName::PartialFolder() const {
  return Cat(LevelPath(level), IndexPath(index), ".p");
}

std::string TileName::Path() const {
  if (width == kTileWidth) return Cat(LevelPath(level), IndexPath(index));
  return Cat(PartialFolder(), "/", width);
}

std::optional<TileName> TileName::OfPath(std::string_view path) {
  // Read loosely, then held against what Path writes.
  TileName name;
  std::string_view rest = path;
  if (!rest.starts_with("tile/")) return std::nullopt;
  rest.remove_prefix(5);
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  if (rest.substr(0, slash) == kEntriesName) {
    name.level = kEntries;
  } else {
    const std::optional<uint64_t> level = Number(rest.substr(0, slash));
    if (!level || *level >= kMaxTileLevels) return std::nullopt;
    name.level = static_cast<int>(*level);
  }
  rest.remove_prefix(slash + 1);
  if (const size_t partial = rest.find(".p/"); partial != std::string_view::npos) {
    const std::optional<uint64_t> width = Number(rest.substr(partial + 3));
    if (!width || *width == 0 || *width >= kTileWidth) return std::nullopt;
    name.width = static_cast<uint32_t>(*width);
    rest = rest.substr(0, partial);
  }
  std::string digits;
  for (const char c : rest) {
    if (c >= '0' && c <= '9') digits += c;
  }
  const std::optional<uint64_t> index = Number(digits);
  if (!index || *index > kMaxTreeSize) return std::nullopt;
  name.index = *index;
  if (name.Path() != path) return std::nullopt;
  return name;
}

std::vector<TileName> PartialTiles(uint64_t size) {
  std::vector<TileName> names;
  const auto add = [&](int level, uint64_t hashes) {
    const auto width = static_cast<uint32_t>(hashes % kTileWidth);
    if (width != 0) names.push_back({.level = level, .index = hashes / kTileWidth, .width = width});
  };
  add(TileName::kEntries, size);
  int level = 0;
  for (uint64_t hashes = size; hashes > 0; hashes >>= kTileHeight) add(level++, hashes);
  return names;
}

void AppendEntry(std::string_view entry, std::string* bundle) {
  bundle->push_back(static_cast<char>(entry.size() >> 8));
  bundle->push_back(static_cast<char>(entry.size() & 0xff));
  bundle->append(entry);
}

std::optional<std::vector<std::string_view>> ReadBundle(std::string_view bundle, size_t count,
                                                        bool exactly) {
  std::vector<std::string_view> entries;
  entries.reserve(std::min<size_t>(count, kTileWidth));
  while (entries.size() < count) {
    if (bundle.size() < 2) return std::nullopt;
    const size_t size = static_cast<size_t>(static_cast<unsigned char>(bundle[0])) << 8 |
                        static_cast<unsigned char>(bundle[1]);
    bundle.remove_prefix(2);
    if (bundle.size() < size) return std::nullopt;
    entries.push_back(bundle.substr(0, size));
    bundle.remove_prefix(size);
  }
  if (exactly && !bundle.empty()) return std::nullopt;
  return entries;
}

std::optional<std::vector<MerkleHash>> ReadHashes(std::string_view bytes) {
  if (bytes.size() % kMerkleHashBytes != 0) return std::nullopt;
  std::vector<MerkleHash> hashes(bytes.size() / kMerkleHashBytes);
  for (size_t i = 0; i < hashes.size(); ++i) {
    std::copy_n(bytes.data() + i * kMerkleHashBytes, kMerkleHashBytes, hashes[i].data());
  }
  return hashes;
}

std::string WriteHashes(std::span<const MerkleHash> hashes) {
  std::string bytes;
  bytes.reserve(hashes.size() * kMerkleHashBytes);
  for (const MerkleHash& hash : hashes) bytes.append(BytesOf(hash));
  return bytes;
}

std::optional<TileTree> TileTree::At(uint64_t size, std::vector<std::vector<MerkleHash>> levels,
                                     std::string bundle) {
  if (size >= kMaxTreeSize || levels.size() > kMaxTileLevels) return std::nullopt;
  TileTree tree;
  // The highest level first: it has what is farthest to the left.
  for (size_t level = levels.size(); level-- > 0;) {
    const uint64_t width = (size >> (kTileHeight * level)) % kTileWidth;
    if (levels[level].size() != width) return std::nullopt;
    for (const MerkleHash& hash : levels[level]) {
      tree.frontier_.AppendPerfect(hash, kTileHeight * static_cast<int>(level));
    }
  }
  if (tree.size() != size) return std::nullopt;
  if (!ReadBundle(bundle, size % kTileWidth, true)) return std::nullopt;
  tree.levels_ = std::move(levels);
  tree.bundle_ = std::move(bundle);
  return tree;
}

void TileTree::Append(std::string_view entry, const MerkleHash& leaf) {
  frontier_.Append(leaf);
  AppendEntry(entry, &bundle_);
  MerkleHash hash = leaf;
  uint64_t index = (size() - 1) / kTileWidth;  // of the tile that takes it
  for (size_t level = 0;; ++level) {
    if (levels_.size() == level) levels_.emplace_back();
    std::vector<MerkleHash>& tile = levels_[level];
    tile.push_back(hash);
    if (tile.size() < kTileWidth) return;
    if (level == 0) {
      full_.push_back({.name = {.level = TileName::kEntries, .index = index},
                       .bytes = std::exchange(bundle_, {})});
    }
    full_.push_back(
        {.name = {.level = static_cast<int>(level), .index = index}, .bytes = WriteHashes(tile)});
    hash = HashPerfect(tile);
    tile.clear();
    index /= kTileWidth;
  }
}

std::vector<Tile> TileTree::Partial() const {
  std::vector<Tile> tiles;
  for (const TileName& name : PartialTiles(size())) {
    tiles.push_back({.name = name,
                     .bytes = name.level == TileName::kEntries
                                  ? bundle_
                                  : WriteHashes(levels_[static_cast<size_t>(name.level)])});
  }
  return tiles;
}

}  // namespace ztp::audit
