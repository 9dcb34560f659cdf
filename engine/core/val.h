// The value as the engine computes with it: 16 bytes, a tag and a number or a pointer.
//
// Boundary: freestanding. A Val means something only beside the facts and the request that it
// belongs to, which own what it points to and number the entities. How values come in and go out is
// facts/val.h's.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "engine/core/ip.h"
#include "engine/core/label.h"
#include "engine/core/type_kind.h"

namespace ztp {

struct Val {
  enum Flag : uint8_t {
    kNoted = 1,      // a text in a snapshot with notes before it (core/facts_view.h)
    kNotKnown = 2,   // of kNone in an attribute or input: should be there and is not known
    kWideLabel = 4,  // of a label: `label` points to it
    kNumbered = 8,   // of a text: `prefix` is 1 + its number among the texts that the program's
                     // constants name (bundle/constant_names.h), 0 if it is none of them
  };

  TypeKind kind = TypeKind::kNone;
  uint8_t flags = 0;
  uint16_t prefix = 0;  // Cidr: its bits; a text: see kNumbered
  uint32_t size =
      0;  // texts: bytes; collections: items; Entity: its type; kNotKnown: a list of facts
  union {
    int64_t number =
        0;  // Bool, Int, Decimal, Time, Duration, Enum; Entity: its index; label of 64 bits
    const char* bytes;  // texts; 16 bytes of Ip and Cidr
    const Val* list;    // Set, List, Record; Map: key, value, key, value …
    const Label* wide;
  };

  static Val Number(TypeKind kind, int64_t number) {
    Val v;
    v.kind = kind;
    v.number = number;
    return v;
  }
  static Val Bool(bool b) { return Number(TypeKind::kBool, b ? 1 : 0); }
  static Val Text(TypeKind kind, std::string_view text, uint8_t flags = 0) {
    Val v;
    v.kind = kind;
    v.flags = flags;
    v.size = static_cast<uint32_t>(text.size());
    v.bytes = text.data();
    return v;
  }
  static Val Entity(uint32_t type, uint32_t index) {
    Val v = Number(TypeKind::kEntity, index);
    v.size = type;
    return v;
  }
  static Val Items(TypeKind kind, std::span<const Val> items) {
    Val v;
    v.kind = kind;
    v.size = static_cast<uint32_t>(items.size());
    v.list = items.data();
    return v;
  }
  // A label that needs more than 64 bits is kept in `arena`; a kNone Val where that has no room.
  template <typename ArenaType>
  static Val OfLabel(const Label& label, ArenaType& arena) {
    Val v = Number(TypeKind::kLattice, static_cast<int64_t>(label.words[0]));
    if ((label.words[1] | label.words[2] | label.words[3]) == 0) return v;
    Label* copy = arena.template NewArray<Label>(1);
    if (copy == nullptr) return Val();
    *copy = label;
    v.flags = kWideLabel;
    v.wide = copy;
    return v;
  }

  bool is_none() const { return kind == TypeKind::kNone; }
  bool boolean() const { return number != 0; }
  uint32_t entity() const { return static_cast<uint32_t>(number); }
  std::string_view text() const { return {bytes, size}; }
  std::span<const Val> items() const { return {list, size}; }
  Label label() const {
    if (flags & kWideLabel) return *wide;
    Label label;
    label.words[0] = static_cast<uint64_t>(number);
    return label;
  }
  Ip ip() const {
    Ip ip;
    std::memcpy(ip.bytes, bytes, sizeof(ip.bytes));
    return ip;
  }
  Cidr cidr() const { return Cidr{ip(), static_cast<uint8_t>(prefix)}; }
};
static_assert(sizeof(Val) == 16);

// A total order within a type. It is Value's order except that entities go by index: sets are
// sorted by it.
int Compare(const Val& a, const Val& b);
inline bool Equal(const Val& a, const Val& b) { return Compare(a, b) == 0; }

// Sorts `items` in place and removes duplicates; returns how many are left.
uint32_t SortUnique(Val* items, uint32_t count);
// In a Set by bisection, in a List from the front.
bool ContainsItem(const Val& collection, const Val& item);
// The value of `key` in a Map, or nullptr.
const Val* FindInMap(const Val& map, const Val& key);

}  // namespace ztp
