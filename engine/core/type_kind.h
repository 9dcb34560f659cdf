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

// Kinds of which a value is one 64-bit number that says all there is.
constexpr bool IsNumberKind(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kDecimal:
    case TypeKind::kTime:
    case TypeKind::kDuration:
    case TypeKind::kEnum:
      return true;
    default:
      return false;
  }
}

// Kinds of which a value is bytes that constants' names are numbers of (versions: their keys).
constexpr bool IsTextKind(TypeKind kind) {
  switch (kind) {
    case TypeKind::kString:
    case TypeKind::kVersion:
    case TypeKind::kHexVersion:
    case TypeKind::kDigest:
    case TypeKind::kSpiffeId:
    case TypeKind::kGlob:
      return true;
    default:
      return false;
  }
}

}  // namespace ztp
