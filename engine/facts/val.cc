// The way in and out; see val.h.
#include "engine/facts/val.h"

#include <string>
#include <utility>
#include <vector>

namespace ztp {

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
