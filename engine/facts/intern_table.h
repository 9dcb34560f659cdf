// Finds what is in a pool already by its content.
//
// Boundary: hashes and references; what a reference stands for, and when two are the same, is the
// caller's. Used while a snapshot is made, then thrown away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace ztp {

// Open addressing, at most 4/5 full. Hashes are kept, so that growing reads nothing that references
// stand for, which would be a cache miss each; and apart, so that searching reads little else.
template <typename Ref>
class InternTable {
 public:
  // The reference with that hash for which same(reference) holds, or nullptr.
  template <typename Same>
  const Ref* Find(uint64_t hash, const Same& same) const {
    if (refs_.empty()) return nullptr;
    const uint64_t mark = Mark(hash);
    for (size_t at = Home(mark); hashes_[at] != 0; at = at + 1 == refs_.size() ? 0 : at + 1) {
      if (hashes_[at] == mark && same(refs_[at])) return &refs_[at];
    }
    return nullptr;
  }

  // What Find did not find.
  void Insert(uint64_t hash, Ref ref) {
    if ((count_ + 1) * 5 > refs_.size() * 4) {
      std::vector<Ref> refs;
      std::vector<uint64_t> hashes;
      refs.swap(refs_);
      hashes.swap(hashes_);
      refs_.resize(refs.empty() ? 64 : 2 * refs.size());
      hashes_.resize(refs_.size(), 0);
      for (size_t i = 0; i < refs.size(); ++i) {
        if (hashes[i] != 0) Put(hashes[i], refs[i]);
      }
    }
    Put(Mark(hash), ref);
    ++count_;
  }

  size_t memory_bytes() const { return refs_.capacity() * (sizeof(Ref) + sizeof(uint64_t)); }

 private:
  static uint64_t Mark(uint64_t hash) { return hash == 0 ? 1 : hash; }
  size_t Home(uint64_t mark) const {
    return static_cast<size_t>((mark >> 32) * refs_.size() >> 32);
  }
  void Put(uint64_t mark, Ref ref) {
    size_t at = Home(mark);
    while (hashes_[at] != 0) at = at + 1 == refs_.size() ? 0 : at + 1;
    refs_[at] = ref;
    hashes_[at] = mark;
  }

  std::vector<Ref> refs_;
  std::vector<uint64_t> hashes_;  // 0: free
  size_t count_ = 0;
};

}  // namespace ztp
