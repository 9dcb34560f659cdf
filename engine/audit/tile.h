// A log as files that anybody can fetch: c2sp.org/tlog-tiles. Tiles of 256 hashes, and bundles of
// 256 entries.
//
// Boundary: names and bytes of tiles, and the right end of a tree that grows. Where files are kept:
// files.h; when they are written: store.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/merkle.h"

namespace ztp::audit {

inline constexpr int kTileHeight = 8;
inline constexpr uint32_t kTileWidth = 1 << kTileHeight;
inline constexpr size_t kMaxEntryBytes = 65'535;  // a length in a bundle has 16 bits
inline constexpr size_t kMaxBundleBytes = kTileWidth * (kMaxEntryBytes + 2);
inline constexpr size_t kTileBytes = kTileWidth * kMerkleHashBytes;
// Levels that a tree of fewer than 2^62 entries has.
inline constexpr int kMaxTileLevels = 8;
inline constexpr uint64_t kMaxTreeSize = uint64_t{1} << 62;

struct TileName {
  static constexpr int kEntries = -1;

  int level = 0;       // or kEntries
  uint64_t index = 0;  // within the level
  uint32_t width = kTileWidth;

  // "tile/0/x001/234.p/5", "tile/entries/000"
  std::string Path() const;
  // Where the partial ones of that tile are: "tile/0/x001/234.p"
  std::string PartialFolder() const;
  // Nothing: no such tile has that path.
  static std::optional<TileName> OfPath(std::string_view path);
  bool operator==(const TileName&) const = default;
};

// The tiles at the right end of a tree of that size that are not full: those of hashes, and the
// bundle of entries.
std::vector<TileName> PartialTiles(uint64_t size);

// Adds the entry, of at most kMaxEntryBytes, to a bundle.
void AppendEntry(std::string_view entry, std::string* bundle);
// The first `count` entries of a bundle, which has no more if `exactly`. Nothing: it is no such
// bundle. The views point into it.
std::optional<std::vector<std::string_view>> ReadBundle(std::string_view bundle, size_t count,
                                                        bool exactly);

// The hashes of a tile's bytes; nothing: not a multiple of 32.
std::optional<std::vector<MerkleHash>> ReadHashes(std::string_view bytes);
std::string WriteHashes(std::span<const MerkleHash> hashes);

struct Tile {
  TileName name;
  std::string bytes;
};

// The right end of a tree, from which its next tiles and its root come.
class TileTree {
 public:
  // Empty.
  TileTree() = default;
  // Hashes of the tiles that are not full, from level 0 on, and the entries of the last bundle, of
  // which there are as many as level 0 has hashes. Nothing: a tree of that size has others.
  static std::optional<TileTree> At(uint64_t size, std::vector<std::vector<MerkleHash>> levels,
                                    std::string bundle);

  void Append(std::string_view entry, const MerkleHash& leaf);

  uint64_t size() const { return frontier_.size(); }
  const MerkleFrontier& frontier() const { return frontier_; }
  // Of level 0 and up: what is in the tile that is not full.
  const std::vector<std::vector<MerkleHash>>& levels() const { return levels_; }
  // The entries of the bundle that is not full.
  const std::string& bundle() const { return bundle_; }

  // Those that became full since they were taken off, in the order in which they did.
  std::vector<Tile>& full() { return full_; }
  // Those that are not full.
  std::vector<Tile> Partial() const;

 private:
  MerkleFrontier frontier_;
  std::vector<std::vector<MerkleHash>> levels_;
  std::string bundle_;
  std::vector<Tile> full_;
};

}  // namespace ztp::audit
