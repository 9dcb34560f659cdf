// The order of values, look-ups in collections, and the way in and out; see val.h.
#include "engine/facts/val.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

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

Val Val::OfLabel(const Label& label, Arena& arena) {
  Val v = Number(TypeKind::kLattice, static_cast<int64_t>(label.words[0]));
  if ((label.words[1] | label.words[2] | label.words[3]) != 0) {
    Label* copy = arena.NewArray<Label>(1);
    *copy = label;
    v.flags = kWideLabel;
    v.wide = copy;
  }
  return v;
}

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

Val ValEncoder::Encode(const Value& value) {
  switch (value.kind()) {
    case TypeKind::kNone:
      return Val();
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kDecimal:
    case TypeKind::kTime:
    case TypeKind::kDuration:
    case TypeKind::kEnum:
      return Val::Number(value.kind(), value.integer());
    case TypeKind::kString:
    case TypeKind::kVersion:
    case TypeKind::kHexVersion:
    case TypeKind::kDigest:
    case TypeKind::kSpiffeId:
    case TypeKind::kGlob:
    case TypeKind::kIp:
      return InternText(value.kind(), value.text());
    case TypeKind::kCidr: {
      Val v = InternText(value.kind(), value.text());
      v.prefix = value.cidr().prefix;
      return v;
    }
    case TypeKind::kEntity:
      return Val::Entity(value.entity_type().index,
                         InternEntity(value.entity_type(), value.text()));
    case TypeKind::kLattice:
      return Val::OfLabel(value.label(), *arena_);
    case TypeKind::kSet:
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kRecord: {
      const std::vector<Value>& from = value.items();
      Val* items = arena_->NewArray<Val>(from.size());
      uint32_t count = static_cast<uint32_t>(from.size());
      for (uint32_t i = 0; i < count; ++i) items[i] = Encode(from[i]);
      if (value.kind() == TypeKind::kSet) count = SortUnique(items, count);
      return Val::Items(value.kind(), {items, count});
    }
  }
  return Val();
}

Value Decode(const Val& val, const UidSource& uids) {
  auto text = [&] { return std::string(val.text()); };
  switch (val.kind) {
    case TypeKind::kNone:
      return Value();
    case TypeKind::kBool:
      return Value::Bool(val.boolean());
    case TypeKind::kInt:
      return Value::Int(val.number);
    case TypeKind::kDecimal:
      return Value::OfDecimal(Decimal{val.number});
    case TypeKind::kTime:
      return Value::OfTime(Time{val.number});
    case TypeKind::kDuration:
      return Value::OfDuration(Duration{val.number});
    case TypeKind::kEnum:
      return Value::Enum(static_cast<uint32_t>(val.number));
    case TypeKind::kString:
      return Value::String(text());
    case TypeKind::kVersion:
      return Value::Version(text());
    case TypeKind::kHexVersion:
      return Value::HexVersion(text());
    case TypeKind::kDigest:
      return Value::Digest(text());
    case TypeKind::kSpiffeId:
      return Value::SpiffeId(text());
    case TypeKind::kGlob:
      return Value::Glob(text());
    case TypeKind::kIp:
      return Value::OfIp(val.ip());
    case TypeKind::kCidr:
      return Value::OfCidr(val.cidr());
    case TypeKind::kEntity:
      return Value::Entity(uids.Uid(val.entity()));
    case TypeKind::kLattice:
      return Value::OfLabel(val.label());
    case TypeKind::kSet:
    case TypeKind::kList:
    case TypeKind::kRecord: {
      std::vector<Value> items;
      items.reserve(val.size);
      for (const Val& item : val.items()) items.push_back(Decode(item, uids));
      if (val.kind == TypeKind::kSet) return Value::Set(std::move(items));
      if (val.kind == TypeKind::kList) return Value::List(std::move(items));
      return Value::Record(std::move(items));
    }
    case TypeKind::kMap: {
      std::vector<std::pair<Value, Value>> entries;
      entries.reserve(val.size / 2);
      for (uint32_t i = 0; i + 1 < val.size; i += 2) {
        entries.emplace_back(Decode(val.list[i], uids), Decode(val.list[i + 1], uids));
      }
      return Value::Map(std::move(entries));
    }
  }
  return Value();
}

}  // namespace ztp
