// See runs.h.
#include "engine/core/runs.h"

namespace ztp {
namespace {

// Few, or runs that ascend: an insertion does little, unless they are many.
void SortRanks(uint32_t* ranks, size_t count) {
  // Shell's gaps; with the last alone it is an insertion sort.
  constexpr size_t kGaps[] = {3937, 1182, 301, 83, 23, 7, 1};
  for (const size_t gap : kGaps) {
    if (gap > 1 && gap * 16 > count) continue;
    for (size_t i = gap; i < count; ++i) {
      const uint32_t rank = ranks[i];
      size_t at = i;
      for (; at >= gap && ranks[at - gap] > rank; at -= gap) ranks[at] = ranks[at - gap];
      ranks[at] = rank;
    }
  }
}

}  // namespace

size_t SortUniqueRanks(uint32_t* ranks, size_t count) {
  SortRanks(ranks, count);
  size_t kept = 0;
  for (size_t i = 0; i < count; ++i) {
    if (kept == 0 || ranks[kept - 1] != ranks[i]) ranks[kept++] = ranks[i];
  }
  return kept;
}

}  // namespace ztp
