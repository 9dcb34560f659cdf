// Every way to spoil a small document by one bit or by its end, for tests of what is signed.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/verified.h"

namespace ztp::evidence::testing {

// "signature", or "accepted".
template <typename T>
std::string NameOfCheck(const Verified<T>& verified) {
  return verified.ok() ? "accepted" : std::string(NameOf(verified.refusal().check));
}

// Calls `accepts(text)` for each text that differs from `good` in one bit; the bytes at which a
// text was accepted, in order and once each.
template <typename Accepts>
std::vector<size_t> AcceptedFlips(const std::string& good, const Accepts& accepts) {
  std::vector<size_t> at;
  std::string text = good;
  for (size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      text[i] = static_cast<char>(good[i] ^ (1 << bit));
      if (accepts(text) && (at.empty() || at.back() != i)) at.push_back(i);
    }
    text[i] = good[i];
  }
  return at;
}

// Those bytes but what lies in a piece of the text, which is there once.
inline std::vector<size_t> Outside(const std::vector<size_t>& at, const std::string& text,
                                   std::initializer_list<std::string_view> pieces) {
  std::vector<size_t> rest;
  for (const size_t i : at) {
    bool inside = false;
    for (const std::string_view piece : pieces) {
      const size_t begin = text.find(piece);
      EXPECT_NE(begin, text.npos) << piece;
      inside = inside || (i >= begin && i < begin + piece.size());
    }
    if (!inside) rest.push_back(i);
  }
  return rest;
}

// The lengths at which a cut-off text is accepted.
template <typename Accepts>
std::vector<size_t> AcceptedCuts(const std::string& good, const Accepts& accepts) {
  std::vector<size_t> at;
  for (size_t size = 0; size < good.size(); ++size) {
    if (accepts(good.substr(0, size))) at.push_back(size);
  }
  return at;
}

}  // namespace ztp::evidence::testing
