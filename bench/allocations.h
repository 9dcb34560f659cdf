// Counts what a thread allocates.
//
// Boundary: a program that links allocations.cc has its operator new replaced by one that counts.
// Memory taken by malloc itself goes uncounted; the engine takes none so.
#pragma once

#include <cstdint>

namespace ztp::bench {

// How often the calling thread has allocated so far.
uint64_t AllocationsSoFar();

// Bytes that the process has on the heap, mapped blocks included.
uint64_t HeapBytes();

}  // namespace ztp::bench
