// The rules that the index leads to, by rank: a few lists, each of which ascends, as the index has
// them. Most decisions need the first one or two of them in order, and never a sorted list of all.
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
  enum Part : uint8_t { kForbids = 0, kPermits = 1, kDuties = 2 };

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
  // Finds out where in each list permits and duties begin, whose ranks begin with these.
  void Divide(const uint32_t* ranks, uint32_t first_permit, uint32_t first_duty) {
    uint32_t at = 0;
    for (size_t r = 0; r < count_; ++r) {
      const uint32_t end = ends_[r];
      uint32_t duties = end;
      bounds_[r][kForbids] = at;
      while (at != end && ranks[at] < first_permit) ++at;
      bounds_[r][kPermits] = at;
      while (duties != at && ranks[duties - 1] >= first_duty) --duties;
      bounds_[r][kDuties] = duties;
      bounds_[r][kDuties + 1] = at = end;
    }
  }
  // The same of one list whose parts are known.
  void SetBounds(uint32_t permits, uint32_t duties, uint32_t end) {
    SetOne(end);
    bounds_[0][kForbids] = 0;
    bounds_[0][kPermits] = permits;
    bounds_[0][kDuties] = duties;
    bounds_[0][kDuties + 1] = end;
  }

  // Calls visit(rank) with each rank of a part, in any order; with one that is in several lists
  // several times.
  template <typename Visit>
  void ForEach(const uint32_t* ranks, Part part, const Visit& visit) const {
    for (size_t r = 0; r < count_; ++r) {
      for (uint32_t i = bounds_[r][part]; i != bounds_[r][part + 1]; ++i) visit(ranks[i]);
    }
  }

  // The ranks of a part in order, each once.
  class InOrder {
   public:
    InOrder(const Runs& runs, const uint32_t* ranks, Part part) : ranks_(ranks) {
      for (size_t r = 0; r < runs.count_; ++r) {
        at_[count_] = runs.bounds_[r][part];
        end_[count_] = runs.bounds_[r][part + 1];
        count_ += at_[count_] != end_[count_];
      }
    }
    // kNoRank: there is no further one.
    uint32_t Next() {
      while (count_ != 0) {
        uint32_t least = ranks_[at_[0]];
        size_t from = 0;
        for (size_t r = 1; r < count_; ++r) {
          const uint32_t rank = ranks_[at_[r]];
          from = rank < least ? r : from;
          least = rank < least ? rank : least;
        }
        if (++at_[from] == end_[from]) {
          --count_;
          at_[from] = at_[count_];
          end_[from] = end_[count_];
        }
        if (least == last_) continue;
        last_ = least;
        return least;
      }
      return kNoRank;
    }

   private:
    const uint32_t* ranks_;
    size_t count_ = 0;  // of the lists that have some left
    uint32_t last_ = kNoRank;
    uint32_t at_[kMost];
    uint32_t end_[kMost];
  };

 private:
  size_t count_ = 0;
  uint32_t last_end_ = 0;
  uint32_t ends_[kMost];
  uint32_t bounds_[kMost][4];
};

// Sorts them and keeps each once; answers how many are left.
size_t SortUniqueRanks(uint32_t* ranks, size_t count);

}  // namespace ztp
