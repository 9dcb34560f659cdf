#include "engine/base/merkle.h"

#include <gtest/gtest.h>

#include <vector>

#include "engine/base/sha256.h"
#include "engine/base/str.h"

namespace ztp {
namespace {

// RFC 9162, section 2.1.1 and 2.1.3.1, to the letter.
std::string Root(std::span<const std::string> leaves) {
  if (leaves.size() == 1) return leaves[0];
  size_t k = 1;
  while (2 * k < leaves.size()) k *= 2;
  return Sha256Bytes(Cat('\1', Root(leaves.first(k)), Root(leaves.subspan(k))));
}
std::vector<std::string> Path(size_t index, std::span<const std::string> leaves) {
  if (leaves.size() == 1) return {};
  size_t k = 1;
  while (2 * k < leaves.size()) k *= 2;
  std::vector<std::string> path;
  if (index < k) {
    path = Path(index, leaves.first(k));
    path.push_back(Root(leaves.subspan(k)));
  } else {
    path = Path(index - k, leaves.subspan(k));
    path.push_back(Root(leaves.first(k)));
  }
  return path;
}

TEST(Merkle, ALeafIsUnderItsRootAtItsPlaceOnly) {
  std::vector<std::string> leaves;
  for (size_t size = 1; size <= 20; ++size) {
    leaves.push_back(MerkleLeafHash(Cat("entry ", size)));
    const std::string root = Root(leaves);
    for (size_t i = 0; i < size; ++i) {
      const std::vector<std::string> path = Path(i, leaves);
      EXPECT_TRUE(IsIncluded(leaves[i], i, size, path, root)) << i << " of " << size;
      for (size_t other = 0; other <= size; ++other) {
        if (other == i) continue;
        EXPECT_FALSE(IsIncluded(leaves[i], other, size, path, root)) << other << " for " << i;
      }
      EXPECT_FALSE(IsIncluded(MerkleLeafHash("x"), i, size, path, root));
      EXPECT_FALSE(IsIncluded(leaves[i], i, size, path, MerkleLeafHash("x")));
      std::vector<std::string> longer = path;
      longer.push_back(root);
      EXPECT_FALSE(IsIncluded(leaves[i], i, size, longer, root));
      for (size_t cut = 0; cut < path.size(); ++cut) {
        EXPECT_FALSE(IsIncluded(leaves[i], i, size, std::span(path).first(cut), root));
        std::vector<std::string> wrong = path;
        wrong[cut][cut] = static_cast<char>(wrong[cut][cut] ^ 1);
        EXPECT_FALSE(IsIncluded(leaves[i], i, size, wrong, root));
        wrong[cut] += "x";
        EXPECT_FALSE(IsIncluded(leaves[i], i, size, wrong, root));
      }
    }
  }
  EXPECT_FALSE(IsIncluded(leaves[0], 0, 0, {}, leaves[0]));
}

TEST(Merkle, ATreeThatGrowsHasTheRootOfItsLeaves) {
  std::vector<std::string> leaves;
  std::vector<MerkleHash> hashes;
  MerkleFrontier grown;
  EXPECT_EQ(BytesOf(grown.Root()), Sha256Bytes(""));
  for (size_t size = 1; size <= 70; ++size) {
    hashes.push_back(HashLeaf(Cat("entry ", size)));
    leaves.emplace_back(BytesOf(hashes.back()));
    grown.Append(hashes.back());
    EXPECT_EQ(grown.size(), size);
    EXPECT_EQ(BytesOf(grown.Root()), Root(leaves)) << size;
    // The same from complete subtrees of eight, as far as there are any.
    MerkleFrontier of_subtrees;
    const size_t whole = size / 8 * 8;
    for (size_t i = 0; i < whole; i += 8) {
      of_subtrees.AppendPerfect(HashPerfect(std::span(hashes).subspan(i, 8)), 3);
    }
    for (size_t i = whole; i < size; ++i) of_subtrees.Append(hashes[i]);
    EXPECT_EQ(of_subtrees.Root(), grown.Root()) << size;
  }
}

TEST(Merkle, ALeafIsNoInnerNode) {
  const std::string a = MerkleLeafHash("a");
  const std::string b = MerkleLeafHash("b");
  EXPECT_NE(MerkleLeafHash(Cat(a, b)), Root(std::vector<std::string>{a, b}));
  // RFC 6962's own value for an empty entry.
  EXPECT_EQ(Sha256Bytes(std::string_view("\0", 1)), MerkleLeafHash(""));
}

}  // namespace
}  // namespace ztp
