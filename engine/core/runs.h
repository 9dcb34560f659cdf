// The rules that the index leads to, by rank: a few lists, each of which ascends and has a rank
// once, as the index has them. Most decisions need the first one or two of them in order, and never
// a sorted list of all.
//
// Boundary: freestanding; where the lists begin and end. The ranks lie elsewhere (candidates.h).
#pragma once

#include <cstddef>
#include <cstdint>

namespace ztp {

inline constexpr uint32_t kNoRank = UINT32_MAX;

class Runs {
 public:
  static constexpr size_t kMost = 8;

  // What has been found since the last call ends at `end`, and ascends.
  void End(uint32_t end) {
    if (end == last_end_) return;
    if (count_ < kMost) ends_[count_] = end;
    ++count_;
    last_end_ = end;
  }
  // More lists than are kept apart: they are to be made one.
  bool too_many() const { return count_ > kMost; }
  void SetOne(uint32_t end) {
    count_ = 1;
    ends_[0] = last_end_ = end;
  }

  // Calls visit(rank) with each rank below `last`, in any order; with one that is in several lists
  // several times. Remembers where each list goes on.
  template <typename Visit>
  void Begin(const uint32_t* ranks, uint32_t last, const Visit& visit) {
    uint32_t at = 0;
    for (size_t r = 0; r < count_; ++r) {
      const uint32_t end = ends_[r];
      for (; at != end && ranks[at] < last; ++at) visit(ranks[at]);
      rest_[r] = at;
      at = end;
    }
  }
  // The same with those from `first` on; remembers nothing.
  template <typename Visit>
  void ForEach(const uint32_t* ranks, uint32_t first, uint32_t last, const Visit& visit) const {
    uint32_t at = 0;
    for (size_t r = 0; r < count_; ++r) {
      for (; at != ends_[r]; ++at) {
        if (ranks[at] >= first && ranks[at] < last) visit(ranks[at]);
      }
    }
  }

  // What Begin has left, from `first` on and below `last`, in order and each once.
  class InOrder {
   public:
    InOrder(const Runs& runs, const uint32_t* ranks, uint32_t first, uint32_t last)
        : ranks_(ranks), end_(last) {
      for (size_t r = 0; r < runs.count_; ++r) {
        uint32_t at = runs.rest_[r];
        while (at != runs.ends_[r] && ranks[at] < first) ++at;
        if (at == runs.ends_[r] || ranks[at] >= last) continue;
        at_[count_] = at;
        ends_[count_++] = runs.ends_[r];
      }
    }
    // kNoRank: there is no further one.
    uint32_t Next() {
      while (count_ != 0) {
        size_t from = 0;
        uint32_t least = ranks_[at_[0]];
        for (size_t r = 1; r < count_; ++r) {
          const uint32_t rank = ranks_[at_[r]];
          from = rank < least ? r : from;
          least = rank < least ? rank : least;
        }
        const uint32_t next = ++at_[from];
        if (next == ends_[from] || ranks_[next] >= end_) {
          --count_;
          at_[from] = at_[count_];
          ends_[from] = ends_[count_];
        }
        if (least == last_) continue;
        last_ = least;
        return least;
      }
      return kNoRank;
    }

   private:
    const uint32_t* ranks_;
    const uint32_t end_;
    size_t count_ = 0;  // of the lists that have some left
    uint32_t last_ = kNoRank;
    uint32_t at_[kMost];
    uint32_t ends_[kMost];
  };

 private:
  size_t count_ = 0;
  uint32_t last_end_ = 0;
  uint32_t ends_[kMost];
  uint32_t rest_[kMost];
};

// Sorts them and keeps each once; answers how many are left.
size_t SortUniqueRanks(uint32_t* ranks, size_t count);

}  // namespace ztp
