// The order of values, and look-ups in collections; see val.h.
#include "engine/core/val.h"

#include <algorithm>

namespace ztp {
namespace {

template <typename T>
int Order(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

// Those kinds in whose order Value and Val agree, so that a map's entries can be bisected.
bool HasOneOrder(TypeKind kind) {
  switch (kind) {
    case TypeKind::kEntity:
    case TypeKind::kSet:
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kRecord:
      return false;
    default:
      return true;
  }
}

}  // namespace

int Compare(const Val& a, const Val& b) {
  if (a.kind != b.kind) return Order(a.kind, b.kind);
  switch (a.kind) {
    case TypeKind::kNone:
      return 0;
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kDecimal:
    case TypeKind::kTime:
    case TypeKind::kDuration:
    case TypeKind::kEnum:
    case TypeKind::kEntity:
      return Order(a.number, b.number);
    case TypeKind::kString:
    case TypeKind::kVersion:
    case TypeKind::kHexVersion:
    case TypeKind::kDigest:
    case TypeKind::kSpiffeId:
    case TypeKind::kGlob:
    case TypeKind::kIp:
    case TypeKind::kCidr: {
      // A text's prefix is its number, which says no more than its bytes.
      const bool cidr = a.kind == TypeKind::kCidr;
      if (a.bytes == b.bytes && a.size == b.size) return cidr ? Order(a.prefix, b.prefix) : 0;
      const uint32_t common = std::min(a.size, b.size);
      if (common != 0) {
        if (int c = std::memcmp(a.bytes, b.bytes, common); c != 0) return c < 0 ? -1 : 1;
      }
      if (a.size != b.size) return Order(a.size, b.size);
      return cidr ? Order(a.prefix, b.prefix) : 0;
    }
    case TypeKind::kLattice: {
      const Label x = a.label(), y = b.label();
      for (int i = Label::kWords - 1; i >= 0; --i) {
        if (x.words[i] != y.words[i]) return Order(x.words[i], y.words[i]);
      }
      return 0;
    }
    case TypeKind::kSet:
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kRecord: {
      // Types nest at most as deep as their declarations, which are bounded: so is this recursion.
      const uint32_t common = std::min(a.size, b.size);
      for (uint32_t i = 0; i < common; ++i) {
        if (int c = Compare(a.list[i], b.list[i]); c != 0) return c;
      }
      return Order(a.size, b.size);
    }
  }
  return 0;
}

uint32_t SortUnique(Val* items, uint32_t count) {
  std::sort(items, items + count, [](const Val& a, const Val& b) { return Compare(a, b) < 0; });
  return static_cast<uint32_t>(std::unique(items, items + count, Equal) - items);
}

bool ContainsItem(const Val& collection, const Val& item) {
  const auto items = collection.items();
  if (collection.kind == TypeKind::kSet) {
    return std::binary_search(items.begin(), items.end(), item,
                              [](const Val& a, const Val& b) { return Compare(a, b) < 0; });
  }
  return std::any_of(items.begin(), items.end(), [&](const Val& v) { return Equal(v, item); });
}

const Val* FindInMap(const Val& map, const Val& key) {
  const uint32_t entries = map.size / 2;
  if (HasOneOrder(key.kind)) {
    uint32_t low = 0, high = entries;
    while (low < high) {
      const uint32_t middle = low + (high - low) / 2;
      const int c = Compare(map.list[2 * middle], key);
      if (c == 0) return &map.list[2 * middle + 1];
      if (c < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return nullptr;
  }
  for (uint32_t i = 0; i < entries; ++i) {
    if (Equal(map.list[2 * i], key)) return &map.list[2 * i + 1];
  }
  return nullptr;
}

}  // namespace ztp
