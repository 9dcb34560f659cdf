// Counts what the test program allocates.
//
// Boundary: tests only; a program that links allocations_testing.cc has its operator new replaced.
#pragma once

#include <cstdint>

namespace ztp {

// How often anything was allocated so far, by any thread.
uint64_t AllocationsSoFar();

}  // namespace ztp
