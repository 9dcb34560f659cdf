// Merkle trees as transparency logs have them: RFC 6962, section 2.1 (RFC 9162's are the same),
// with SHA-256.
//
// Boundary: hashes in, hashes and yes or no out. Whose a root is, and where leaves are kept, is for
// others to know.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ztp {

inline constexpr size_t kMerkleHashBytes = 32;
using MerkleHash = std::array<char, kMerkleHashBytes>;

inline std::string_view BytesOf(const MerkleHash& hash) { return {hash.data(), hash.size()}; }
// Nothing unless it has 32 bytes.
std::optional<MerkleHash> MerkleHashOf(std::string_view bytes);

// SHA-256 over 0x00 and the entry.
MerkleHash HashLeaf(std::string_view entry);
// SHA-256 over 0x01 and both.
MerkleHash HashNode(const MerkleHash& left, const MerkleHash& right);
// The same as HashLeaf, as text of 32 bytes.
std::string MerkleLeafHash(std::string_view entry);

// The root over so many subtrees of the same size, of which all are complete: a power of two of
// them.
MerkleHash HashPerfect(std::span<const MerkleHash> subtrees);

// A tree that grows at its right end, as the roots of the complete subtrees that it is made of: at
// most 64 hashes, whatever it holds.
class MerkleFrontier {
 public:
  uint64_t size() const { return size_; }
  void Append(const MerkleHash& leaf) { AppendPerfect(leaf, 0); }
  // A complete subtree of 2^height leaves. The size must be a multiple of that.
  void AppendPerfect(const MerkleHash& root, int height);
  MerkleHash Root() const;

 private:
  uint64_t size_ = 0;
  std::vector<MerkleHash> roots_;  // a set bit of size_ each, the highest first
};

// Is the leaf with this hash number `index` (from 0) of the tree of `size` leaves with this root?
// Hashes have 32 bytes; `path` goes from the leaf up.
bool IsIncluded(std::string_view leaf_hash, uint64_t index, uint64_t size,
                std::span<const std::string> path, std::string_view root);

}  // namespace ztp
