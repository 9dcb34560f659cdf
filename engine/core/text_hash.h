// A hash of texts for tables in files: the same on every machine and in every release.
//
// Boundary: freestanding. Not for tables that others can add keys to: it has no secret.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/core/checked.h"

namespace ztp {

inline uint64_t TextHash(const char* text, size_t size, uint64_t seed) {
  constexpr uint64_t kA = 0x9e3779b97f4a7c15u, kB = 0xd6e8feb86659fd93u;
  auto fold = [](uint64_t a, uint64_t b) {
    const Uint128 product = Uint128{a} * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  uint64_t hash = fold(seed ^ kA, size ^ kB);
  for (; size >= 8; text += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, text, sizeof(word));  // little endian, as the files are
    hash = fold(hash ^ word, kA);
  }
  uint64_t rest = 0;
  for (size_t i = 0; i < size; ++i) rest |= uint64_t{static_cast<uint8_t>(text[i])} << (8 * i);
  return fold(hash ^ rest, kB);
}

}  // namespace ztp
