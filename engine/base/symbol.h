// Names as small numbers: equal text, equal symbol.
//
// Boundary: an Interner belongs to one compilation; symbols of different interners have nothing to
// do with each other. Symbols are numbered in the order of first sight, so they are no alphabetical
// order.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace ztp {

struct Symbol {
  static constexpr uint32_t kInvalidIndex = UINT32_MAX;

  uint32_t index = kInvalidIndex;

  bool valid() const { return index != kInvalidIndex; }
  explicit operator bool() const { return valid(); }
  auto operator<=>(const Symbol&) const = default;

  template <typename H>
  friend H AbslHashValue(H h, Symbol s) {
    return H::combine(std::move(h), s.index);
  }
};

inline constexpr Symbol kInvalidSymbol{};

class Interner {
 public:
  Interner() = default;
  Interner(const Interner&) = delete;
  Interner& operator=(const Interner&) = delete;
  Interner(Interner&&) = default;
  Interner& operator=(Interner&&) = default;

  // The symbol of `text`, made on first sight. The text is copied.
  Symbol Intern(std::string_view text);

  // The symbol of `text` if it was interned before, else kInvalidSymbol.
  Symbol Find(std::string_view text) const;

  // Valid as long as the interner lives. The invalid symbol's text is empty.
  std::string_view Text(Symbol symbol) const;

  size_t size() const { return texts_.size(); }

 private:
  // A deque never moves its elements, so the map's keys can point into it.
  std::deque<std::string> texts_;
  absl::flat_hash_map<absl::string_view, uint32_t> index_;
};

}  // namespace ztp
