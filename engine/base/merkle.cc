// See merkle.h.
#include "engine/base/merkle.h"

#include <algorithm>
#include <initializer_list>

#include "engine/base/sha256_hasher.h"

namespace ztp {
namespace {

MerkleHash Hash(std::initializer_list<std::string_view> pieces) {
  MerkleHash hash;
  Sha256Hasher::OfThisThread().Hash(pieces, hash.data());
  return hash;
}

constexpr std::string_view kLeaf("\0", 1);
constexpr std::string_view kNode("\1", 1);

}  // namespace

std::optional<MerkleHash> MerkleHashOf(std::string_view bytes) {
  MerkleHash hash;
  if (bytes.size() != hash.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

MerkleHash HashLeaf(std::string_view entry) { return Hash({kLeaf, entry}); }

MerkleHash HashNode(const MerkleHash& left, const MerkleHash& right) {
  return Hash({kNode, BytesOf(left), BytesOf(right)});
}

std::string MerkleLeafHash(std::string_view entry) { return std::string(BytesOf(HashLeaf(entry))); }

MerkleHash HashPerfect(std::span<const MerkleHash> subtrees) {
  std::vector<MerkleHash> level(subtrees.begin(), subtrees.end());
  while (level.size() > 1) {
    for (size_t i = 0; i < level.size() / 2; ++i) {
      level[i] = HashNode(level[2 * i], level[2 * i + 1]);
    }
    level.resize(level.size() / 2);
  }
  return level.front();
}

void MerkleFrontier::AppendPerfect(const MerkleHash& root, int height) {
  MerkleHash hash = root;
  // Two complete subtrees of one size are a complete one of twice the size.
  for (uint64_t rest = size_ >> height; (rest & 1) != 0; rest >>= 1) {
    hash = HashNode(roots_.back(), hash);
    roots_.pop_back();
  }
  roots_.push_back(hash);
  size_ += uint64_t{1} << height;
}

MerkleHash MerkleFrontier::Root() const {
  if (roots_.empty()) return Hash({});
  MerkleHash hash = roots_.back();
  for (size_t i = roots_.size() - 1; i > 0; --i) hash = HashNode(roots_[i - 1], hash);
  return hash;
}

bool IsIncluded(std::string_view leaf_hash, uint64_t index, uint64_t size,
                std::span<const std::string> path, std::string_view root) {
  const std::optional<MerkleHash> leaf = MerkleHashOf(leaf_hash);
  if (index >= size || !leaf || root.size() != kMerkleHashBytes) return false;
  uint64_t node = index;
  uint64_t last = size - 1;
  MerkleHash hash = *leaf;
  for (const std::string& bytes : path) {
    const std::optional<MerkleHash> sibling = MerkleHashOf(bytes);
    if (last == 0 || !sibling) return false;
    if ((node & 1) != 0 || node == last) {
      hash = HashNode(*sibling, hash);
      // The last node of its level has no sibling until it is a right child.
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = HashNode(hash, *sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && BytesOf(hash) == root;
}

}  // namespace ztp
