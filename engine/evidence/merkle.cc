// See merkle.h.
#include "engine/evidence/merkle.h"

#include "engine/base/sha256.h"
#include "engine/base/str.h"

namespace ztp::evidence {
namespace {

constexpr size_t kHashBytes = 32;

std::string Parent(std::string_view left, std::string_view right) {
  return Sha256Bytes(Cat('\1', left, right));
}

}  // namespace

std::string MerkleLeafHash(std::string_view entry) { return Sha256Bytes(Cat('\0', entry)); }

bool IsIncluded(std::string_view leaf_hash, uint64_t index, uint64_t size,
                std::span<const std::string> path, std::string_view root) {
  if (index >= size || leaf_hash.size() != kHashBytes || root.size() != kHashBytes) return false;
  uint64_t node = index;
  uint64_t last = size - 1;
  std::string hash(leaf_hash);
  for (const std::string& sibling : path) {
    if (last == 0 || sibling.size() != kHashBytes) return false;
    if ((node & 1) != 0 || node == last) {
      hash = Parent(sibling, hash);
      // The last node of its level has no sibling until it is a right child.
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = Parent(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && hash == root;
}

}  // namespace ztp::evidence
