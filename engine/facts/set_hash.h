// A digest of a set that does not depend on any order and follows a change of one member at the
// cost of that member: LtHash (Bellare and Micciancio's AdHash with a vector modulus; Lewi et al.,
// "Securing Update Propagation with Homomorphic Hashing", 2019).
//
// Each member's SHA-256 is stretched to 1024 numbers of 16 bits (ChaCha20 under it as a key), and
// the state is their sum, component by component. Two sets with one sum would give a combination of
// the members' vectors with coefficients of -1, 0 and 1 that is 0: a short vector of a random
// lattice of dimension 1024 modulo 2^16, which is held to take 2^200 work. That needs a member to
// be in the set at most once, which holds for entities. A sum of the SHA-256 values themselves (or
// their xor) would not do: with enough entities of one's own choice linear algebra, or Wagner's
// generalised birthday, finds another set of the same sum.
//
// Boundary: bytes in, a digest out; what a member is is the caller's. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct evp_cipher_ctx_st;
struct evp_md_ctx_st;

namespace ztp {

class SetHash {
 public:
  static constexpr size_t kLanes = 1024;

  bool operator==(const SetHash& other) const { return lanes_ == other.lanes_; }
  // "sha256:" and the SHA-256 of state and count in hex.
  std::string Digest(uint64_t count) const;

  std::array<uint16_t, kLanes>& lanes() { return lanes_; }
  const std::array<uint16_t, kLanes>& lanes() const { return lanes_; }

 private:
  std::array<uint16_t, kLanes> lanes_ = {};
};

// Adds members to a set hash and takes them out. Holds the cipher's and the digest's state: looking
// algorithms up anew for each member costs as much as running them.
class SetHasher {
 public:
  SetHasher();
  ~SetHasher();
  SetHasher(const SetHasher&) = delete;
  SetHasher& operator=(const SetHasher&) = delete;

  void Add(std::string_view member, SetHash* hash) { Mix(member, 1, hash); }
  // It must have been added.
  void Remove(std::string_view member, SetHash* hash) { Mix(member, UINT32_MAX, hash); }

 private:
  void Mix(std::string_view member, uint32_t factor, SetHash* hash);

  evp_cipher_ctx_st* cipher_;
  evp_md_ctx_st* digest_;
};

}  // namespace ztp
