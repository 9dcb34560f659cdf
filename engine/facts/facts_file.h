// The layout of a facts file (FORMAT.md): its structs, where its parts lie, and its checksum.
//
// Boundary: arithmetic on sizes; neither reads nor writes a file. Who reads one has to find out
// that the numbers are within their bounds first: PlanFactsFile does.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/facts/set_hash.h"

namespace ztp {

static_assert(std::endian::native == std::endian::little,
              "a facts file is read in place, and its numbers are little endian");

inline constexpr char kFactsMagic[8] = {'Z', 'T', 'P', 'F', '\r', '\n', '\x1a', '\n'};
inline constexpr uint32_t kFactsFormat = 1;
inline constexpr uint32_t kFactsFormatWithEvidence = 2;  // the same, and the evidence behind it
inline constexpr uint64_t kFactsAlignment = 64;          // of every part

// The pools, in the order of the file.
enum FactsPool : uint8_t { kPoolTexts, kPoolLists, kPoolItems, kPoolWords };
inline constexpr size_t kFactsPools = 4;
inline constexpr uint64_t kFactsItemBytes[kFactsPools] = {1, 4, 16, 8};

struct FactsFileHeader {
  enum Flag : uint32_t { kQuantifiersAnswered = 1 };

  char magic[8] = {};
  uint32_t format = 0;
  uint32_t header_bytes = 0;
  uint64_t file_bytes = 0;
  uint64_t checksum = 0;     // of everything from `flags` on
  uint8_t program[32] = {};  // FactsProgramDigest
  uint32_t flags = 0;
  uint32_t page_count = 0;
  uint32_t stored_count = 0;
  uint32_t absent_count = 0;
  uint32_t no_membership = 0;
  uint32_t no_lineage = 0;
  uint32_t segments[kFactsPools] = {};  // of each pool
  uint64_t evidence_bytes = 0;          // 0 in format 1, and nowhere else
  uint32_t reserved[4] = {};
};
static_assert(sizeof(FactsFileHeader) == 128 && offsetof(FactsFileHeader, flags) == 64);
inline constexpr size_t kFactsSealedFrom = offsetof(FactsFileHeader, flags);

// A value of a collection as the file has it; the memory form has pointers in place of `bits`.
//   numbers, labels of 64 bits    bits: the number
//   wider labels                  extra: 1; bits: the place in the pool of words
//   texts                         size: bytes; bits: the place in the pool of texts, and kNoted
//   Ip, Cidr                      size: 16; bits: the place in the pool of texts; extra: the prefix
//   entities                      size: the type; bits: the number
//   collections                   size: items; bits: the place of the first, below the item's own
struct FactsFileItem {
  uint8_t kind = 0;
  uint8_t reserved = 0;
  uint16_t extra = 0;
  uint32_t size = 0;
  uint64_t bits = 0;
};
static_assert(sizeof(FactsFileItem) == 16);

// Where the parts lie, in bytes from the file's beginning.
struct FactsFilePlan {
  uint64_t set_hash = 0;       // SetHash::kLanes numbers of 16 bits
  uint64_t page_types = 0;     // of 32 bits
  uint64_t segment_sizes = 0;  // of 32 bits, in items: of all pools, one after the other
  uint64_t rows = 0;
  std::array<std::vector<uint64_t>, kFactsPools> pools;  // each segment
  uint64_t evidence = 0;
  uint64_t end = 0;
};

inline uint64_t AlignedFacts(uint64_t bytes) {
  return (bytes + kFactsAlignment - 1) & ~(kFactsAlignment - 1);
}

// The parts whose place follows from the header alone: all but rows and pools.
inline FactsFilePlan PlanFactsTables(const FactsFileHeader& header) {
  FactsFilePlan plan;
  uint64_t segments = 0;
  for (uint32_t count : header.segments) segments += count;
  plan.set_hash = sizeof(FactsFileHeader);
  plan.page_types = plan.set_hash + AlignedFacts(SetHash::kLanes * sizeof(uint16_t));
  plan.segment_sizes = plan.page_types + AlignedFacts(uint64_t{header.page_count} * 4);
  plan.rows = plan.segment_sizes + AlignedFacts(segments * 4);
  plan.end = plan.rows;
  return plan;
}
// The rest, of so many bytes of rows and evidence and segments of those sizes.
inline void PlanFactsPools(uint64_t row_bytes, uint64_t evidence_bytes,
                           const std::array<std::vector<uint32_t>, kFactsPools>& sizes,
                           FactsFilePlan* plan) {
  uint64_t at = plan->rows + AlignedFacts(row_bytes);
  for (size_t pool = 0; pool < kFactsPools; ++pool) {
    plan->pools[pool].clear();
    for (uint32_t size : sizes[pool]) {
      plan->pools[pool].push_back(at);
      at += AlignedFacts(uint64_t{size} * kFactsItemBytes[pool]);
    }
  }
  plan->evidence = at;
  plan->end = at + AlignedFacts(evidence_bytes);
}

// Finds damage (a bad disk, a transfer that went wrong), not ill will. Every step is a bijection of
// what is added, so that one changed word is always noticed; eight lanes keep up with the memory.
class FactsChecksum {
 public:
  // Pieces of any size, each but the last a multiple of 64 bytes.
  void Add(const void* data, size_t size) {
    const char* at = static_cast<const char*>(data);
    size_ += size;
    for (; size >= 64; size -= 64, at += 64) Stripe(at);
    if (size == 0) return;
    char last[64] = {};
    std::memcpy(last, at, size);
    Stripe(last);
  }
  uint64_t Result() const {
    uint64_t hash = size_;
    for (uint64_t lane : lanes_) {
      hash = (hash ^ lane) * kB;
      hash ^= hash >> 32;
    }
    return hash;
  }

 private:
  static constexpr uint64_t kA = 0x9e3779b97f4a7c15u, kB = 0xd6e8feb86659fd93u;

  void Stripe(const char* at) {
    for (size_t i = 0; i < 8; ++i) {
      uint64_t word;
      std::memcpy(&word, at + 8 * i, sizeof(word));
      lanes_[i] = std::rotl((lanes_[i] ^ word) * kA, 29);
    }
  }

  uint64_t lanes_[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  uint64_t size_ = 0;
};

inline uint64_t FactsChecksumOf(std::string_view file) {
  FactsChecksum sum;
  sum.Add(file.data() + kFactsSealedFrom, file.size() - kFactsSealedFrom);
  return sum.Result();
}

// For tests and fuzzing: gives bytes that were changed the size and checksum that they need to be
// looked at more closely. Does nothing to less than a header.
inline void SealFactsFile(std::string* file) {
  if (file->size() < sizeof(FactsFileHeader)) return;
  const uint64_t size = file->size(), sum = FactsChecksumOf(*file);
  std::memcpy(file->data() + offsetof(FactsFileHeader, file_bytes), &size, sizeof(size));
  std::memcpy(file->data() + offsetof(FactsFileHeader, checksum), &sum, sizeof(sum));
}

}  // namespace ztp
