// That a leaf is in a Merkle tree with a given root: RFC 9162, section 2.1.3.2 (RFC 6962's trees
// are the same), with SHA-256.
//
// Boundary: hashes in, yes or no out. Whose the root is: rekor.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ztp::evidence {

// SHA-256 over 0x00 and the entry.
std::string MerkleLeafHash(std::string_view entry);

// Is the leaf with this hash number `index` (from 0) of the tree of `size` leaves with this root?
// Hashes have 32 bytes; `path` goes from the leaf up.
bool IsIncluded(std::string_view leaf_hash, uint64_t index, uint64_t size,
                std::span<const std::string> path, std::string_view root);

}  // namespace ztp::evidence
