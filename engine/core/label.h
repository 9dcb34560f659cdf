// Label: an element of a distributive lattice as a bit mask, in which `a flows to b` is "no bit of
// a that is not in b", join is OR and meet is AND.
//
// Boundary: freestanding. Which bit means what is laid down in base/schema.h (LatticeType).
#pragma once

#include <cstdint>

namespace ztp {

struct Label {
  static constexpr unsigned kWords = 4;
  static constexpr unsigned kMaxBits = 64 * kWords;

  uint64_t words[kWords] = {};  // bit i is bit i % 64 of word i / 64

  constexpr bool operator==(const Label&) const = default;

  constexpr bool Has(unsigned bit) const { return (words[bit / 64] >> (bit % 64) & 1) != 0; }
  constexpr void Set(unsigned bit) { words[bit / 64] |= uint64_t{1} << (bit % 64); }
};

constexpr bool FlowsTo(const Label& a, const Label& b) {
  uint64_t excess = 0;
  for (unsigned i = 0; i < Label::kWords; ++i) excess |= a.words[i] & ~b.words[i];
  return excess == 0;
}

constexpr Label Join(const Label& a, const Label& b) {
  Label result;
  for (unsigned i = 0; i < Label::kWords; ++i) result.words[i] = a.words[i] | b.words[i];
  return result;
}

constexpr Label Meet(const Label& a, const Label& b) {
  Label result;
  for (unsigned i = 0; i < Label::kWords; ++i) result.words[i] = a.words[i] & b.words[i];
  return result;
}

// The label whose bits [0, bits) are set; bits is at most kMaxBits.
constexpr Label LowBits(unsigned bits) {
  Label result;
  for (unsigned i = 0; i < Label::kWords && bits > 64 * i; ++i) {
    const unsigned in_word = bits - 64 * i;
    result.words[i] = in_word >= 64 ? ~uint64_t{0} : (uint64_t{1} << in_word) - 1;
  }
  return result;
}

// All bits moved up or down by `bits`, which is at most kMaxBits; what leaves is lost.
constexpr Label ShiftUp(const Label& a, unsigned bits) {
  const unsigned whole = bits / 64, rest = bits % 64;
  Label result;
  for (unsigned i = whole; i < Label::kWords; ++i) {
    result.words[i] = a.words[i - whole] << rest;
    if (rest != 0 && i > whole) result.words[i] |= a.words[i - whole - 1] >> (64 - rest);
  }
  return result;
}

constexpr Label ShiftDown(const Label& a, unsigned bits) {
  const unsigned whole = bits / 64, rest = bits % 64;
  Label result;
  for (unsigned i = 0; i + whole < Label::kWords; ++i) {
    result.words[i] = a.words[i + whole] >> rest;
    if (rest != 0 && i + whole + 1 < Label::kWords) {
      result.words[i] |= a.words[i + whole + 1] << (64 - rest);
    }
  }
  return result;
}

}  // namespace ztp
