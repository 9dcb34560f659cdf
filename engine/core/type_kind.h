// The kinds of types and of values.
//
// Boundary: freestanding; names and numbers only.
#pragma once

#include <cstdint>

namespace ztp {

// Numbers are pinned: they reach the bundle.
enum class TypeKind : uint8_t {
  kNone = 0,  // no value: a missing optional field; as a type: an error was already reported
  kBool = 1,
  kInt = 2,
  kDecimal = 3,
  kString = 4,
  kTime = 5,
  kDuration = 6,
  kVersion = 7,
  kHexVersion = 8,
  kIp = 9,
  kCidr = 10,
  kDigest = 11,
  kSpiffeId = 12,
  kGlob = 13,
  kEnum = 14,
  kLattice = 15,
  kEntity = 16,
  kSet = 17,
  kList = 18,
  kMap = 19,
  kRecord = 20,
};

}  // namespace ztp
