// The common forms only: who is in doubt returns false.
#include "engine/facts/json_fill.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/base/scalar_text.h"

namespace ztp {
namespace {

constexpr JsonName kValue = JsonName::Of("value");
constexpr JsonName kIssuedAt = JsonName::Of("issued_at");
constexpr JsonName kExpiresAt = JsonName::Of("expires_at");

JsonName NameOf(std::string_view text) { return JsonName::OfPadded(text.data(), text.size()); }

bool IsAmong(EntityTypeId id, const std::vector<EntityTypeId>& types) {
  return std::find(types.begin(), types.end(), id) != types.end();
}

// Of a number by JSON's grammar that has neither point nor exponent.
bool ToInt(std::string_view digits, int64_t* number) {
  if (digits.size() <= 18 && digits[0] != '-') {
    int64_t sum = 0;
    for (const char c : digits) sum = sum * 10 + (c - '0');
    *number = sum;
    return true;
  }
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, *number);
  return error == std::errc() && stop == end;
}

// Digits, and at most nine behind a point, that together are below 10^18; false: it may be a
// Decimal all the same.
bool ToShortDecimal(std::string_view text, Decimal* decimal) {
  size_t i = 0;
  const bool negative = text.starts_with('-');
  if (negative) ++i;
  if (text.size() - i > 19) return false;
  int64_t units = 0;
  int places = -1;  // behind the point, once there was one
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && places < 0) {
      places = 0;
      continue;
    }
    if (c < '0' || c > '9') return false;
    units = units * 10 + (c - '0');
    if (places >= 0) ++places;
  }
  if (places < 0) places = 0;
  if (places > Decimal::kPlaces) return false;
  for (; places < Decimal::kPlaces; ++places) {
    if (__builtin_mul_overflow(units, int64_t{10}, &units)) return false;
  }
  *decimal = Decimal{negative ? -units : units};
  return true;
}

}  // namespace

bool JsonFiller::ReadItem(TypeId type, bool in_collection, Value* value) {
  const Type& t = schema_.types[type];
  switch (t.kind) {
    case TypeKind::kBool: {
      bool boolean;
      if (!cursor_.Bool(&boolean)) return false;
      value->SetNumber(TypeKind::kBool, boolean ? 1 : 0);
      return true;
    }
    case TypeKind::kDecimal:
      if (cursor_.Peek() == '"') return ReadText(t, in_collection, value);
      return ReadNumber(t.kind, value);
    case TypeKind::kInt:
      return ReadNumber(t.kind, value);
    case TypeKind::kSet:
    case TypeKind::kList:
      return ReadItems(t, value);
    case TypeKind::kMap:
      return ReadMap(t, value);
    case TypeKind::kRecord:
      return ReadRecord(type, value, nullptr);
    case TypeKind::kLattice: {
      Label label;
      if (!ReadLabel(LatticeId{t.decl}, &label)) return false;
      value->SetLabel(label);
      return true;
    }
    case TypeKind::kEnum: {
      uint32_t ordinal;
      if (!ReadElement(EnumId{t.decl}, &ordinal)) return false;
      value->SetNumber(TypeKind::kEnum, ordinal);
      return true;
    }
    case TypeKind::kEntity:
      return ReadEntity(t, value);
    default:
      return ReadText(t, in_collection, value);
  }
}

bool JsonFiller::ReadNumber(TypeKind kind, Value* value) {
  std::string_view digits;
  bool whole;
  if (!cursor_.Number(&digits, &whole)) return false;
  if (kind == TypeKind::kInt) {
    int64_t number = 0;
    if (!whole || !ToInt(digits, &number)) return false;
    value->SetNumber(TypeKind::kInt, number);
    return true;
  }
  Decimal decimal;
  if (!ToShortDecimal(digits, &decimal)) {
    const absl::StatusOr<Decimal> parsed = ParseJsonDecimal(digits);
    if (!parsed.ok()) return false;
    decimal = *parsed;
  }
  value->SetNumber(TypeKind::kDecimal, decimal.units);
  return true;
}

bool JsonFiller::ReadText(const Type& type, bool in_collection, Value* value) {
  std::string_view text;
  if (!cursor_.Text(&text)) return false;
  const auto number = [&](int64_t n) {
    value->SetNumber(type.kind, n);
    return true;
  };
  const auto as_text = [&](const absl::StatusOr<std::string>& parsed) {
    if (parsed.ok()) value->SetText(type.kind, *parsed);
    return parsed.ok();
  };
  switch (type.kind) {
    case TypeKind::kString:
      value->SetText(TypeKind::kString, text);
      return true;
    case TypeKind::kDecimal: {
      const auto parsed = ParseDecimal(text);
      return parsed.ok() && number(parsed->units);
    }
    case TypeKind::kTime: {
      const auto parsed = ParseTime(text);
      return parsed.ok() && number(parsed->micros);
    }
    case TypeKind::kDuration: {
      const auto parsed = ParseDuration(text);
      return parsed.ok() && number(parsed->micros);
    }
    case TypeKind::kVersion:
      return as_text(ParseVersion(text));
    case TypeKind::kHexVersion:
      return as_text(ParseHexVersion(text));
    case TypeKind::kDigest:
      return as_text(ParseDigest(text));
    case TypeKind::kSpiffeId:
      return as_text(ParseSpiffeId(text));
    case TypeKind::kGlob:
      return as_text(ParseGlob(text));
    case TypeKind::kIp: {
      const auto parsed = ParseIp(text);
      if (parsed.ok()) value->SetIp(*parsed);
      return parsed.ok();
    }
    case TypeKind::kCidr: {
      const auto parsed = in_collection ? ParseCidrOrIp(text) : ParseCidr(text);
      if (parsed.ok()) value->SetCidr(*parsed);
      return parsed.ok();
    }
    default:
      return false;
  }
}

bool JsonFiller::ReadItems(const Type& type, Value* value) {
  std::vector<Value>& items = value->SetItems(type.kind);
  size_t count = 0;
  const bool ok = cursor_.Elements([&] {
    if (count == items.size()) items.emplace_back();
    return ReadItem(type.element, true, &items[count++]);
  });
  if (!ok) return false;
  items.resize(count);
  if (type.kind == TypeKind::kSet) value->SortSet();
  return true;
}

// Keys are texts of any scalar type: those that are no more than text, the rest is the tree's.
bool JsonFiller::ReadMap(const Type& type, Value* value) {
  if (schema_.types.kind(type.key) != TypeKind::kString) return false;
  std::vector<std::pair<Value, Value>> entries;
  const bool ok = cursor_.Members([&](const JsonName& name) {
    auto& [key, element] = entries.emplace_back();
    key.SetText(TypeKind::kString, name.text());
    return Read(type.element, &element);
  });
  if (!ok) return false;
  Value map = Value::Map(std::move(entries));
  for (size_t i = 2; i < map.items().size(); i += 2) {
    if (map.items()[i] == map.items()[i - 2]) return false;
  }
  *value = std::move(map);
  return true;
}

bool JsonFiller::ReadRecord(TypeId type, Value* value, Fact* fact) {
  const std::vector<Field>& fields = schema_.types[type].fields;
  const JsonNames& names = names_.fields[type.index];
  if (fields.size() > 64) return false;
  std::vector<Value>& items = value->SetItems(TypeKind::kRecord);
  items.resize(fields.size());
  uint64_t seen = 0;
  const bool ok = cursor_.Members([&](const JsonName& name) {
    const uint32_t index = names.Find(name);
    if (index != JsonNames::kNone) {
      return SetOnce(&seen, index) && Read(fields[index].type, &items[index]);
    }
    if (fact == nullptr) return false;
    if (name == kIssuedAt) return ReadOptionalTime(&fact->issued_at);
    return name == kExpiresAt && ReadOptionalTime(&fact->expires_at);
  });
  if (!ok) return false;
  for (uint32_t i = 0; i < fields.size(); ++i) {
    if ((seen >> i & 1) != 0) continue;
    if (fields[i].default_value) {
      items[i] = *fields[i].default_value;
    } else if (fields[i].optional) {
      items[i].Clear();
    } else {
      return false;
    }
  }
  return true;
}

bool JsonFiller::ReadElement(EnumId id, uint32_t* ordinal) {
  std::string_view text;
  if (!cursor_.Text(&text)) return false;
  *ordinal = names_.enums[id.index].Find(NameOf(text));
  return *ordinal != JsonNames::kNone;
}

bool JsonFiller::ReadElementSet(const LatticeType& lattice, Label* label) {
  Label members;
  const bool ok = cursor_.Elements([&] {
    uint32_t ordinal;
    if (!ReadElement(lattice.elements, &ordinal)) return false;
    members.Set(ordinal);
    return true;
  });
  if (!ok) return false;
  if (lattice.kind == LatticeType::Kind::kDual) {
    const Label all = LowBits(lattice.bits);
    for (unsigned i = 0; i < Label::kWords; ++i)
      members.words[i] = all.words[i] & ~members.words[i];
  }
  *label = members;
  return true;
}

bool JsonFiller::ReadLabel(LatticeId id, Label* label) {
  const LatticeType& lattice = schema_[id];
  switch (lattice.kind) {
    case LatticeType::Kind::kChain: {
      uint32_t position;
      if (!ReadElement(lattice.elements, &position)) return false;
      *label = schema_.ChainLabel(id, position);
      return true;
    }
    case LatticeType::Kind::kPowerSet:
    case LatticeType::Kind::kDual:
      return ReadElementSet(lattice, label);
    case LatticeType::Kind::kProduct: {
      const JsonNames& names = names_.parts[id.index];
      uint64_t seen = 0;
      *label = Label{};
      const bool ok = cursor_.Members([&](const JsonName& name) {
        const uint32_t index = names.Find(name);
        if (index == JsonNames::kNone || !SetOnce(&seen, index)) return false;
        const LatticeType::Part& part = lattice.parts[index];
        Label own;
        if (!ReadLabel(part.lattice, &own)) return false;
        *label = Join(*label, ShiftUp(own, part.offset));
        return true;
      });
      return ok && static_cast<size_t>(std::popcount(seen)) == lattice.parts.size();
    }
  }
  return false;
}

bool JsonFiller::ReadEntity(const Type& type, Value* value) {
  std::string_view text;
  if (cursor_.Peek() == '"') {
    return cursor_.Text(&text) && ReadEntityText(type, text, value);
  }
  EntityTypeId found;
  bool has_id = false;
  const bool ok = cursor_.Members([&](const JsonName& name) {
    if (name.size == 4 && name.head == JsonName::Word("type")) {
      std::string_view type_name;
      if (found.index != JsonNames::kNone || !cursor_.Text(&type_name)) return false;
      found.index = names_.entities.Find(NameOf(type_name));
      return found.index != JsonNames::kNone;
    }
    if (name.size != 2 || name.head != JsonName::Word("id") || has_id) return false;
    has_id = true;
    return cursor_.Text(&text);
  });
  if (!ok || !has_id || found.index == JsonNames::kNone) return false;
  if (!IsAmong(found, type.entities)) return false;
  value->SetEntity(found, text);
  return true;
}

// `Team::"vision"`; escapes within the quotes are json_value.h's.
bool JsonFiller::ReadEntityText(const Type& type, std::string_view text, Value* value) {
  const size_t quote = text.find("::\"");
  if (quote == std::string_view::npos || text.size() < quote + 4 || text.back() != '"')
    return false;
  const std::string_view id = text.substr(quote + 3, text.size() - quote - 4);
  if (id.find_first_of("\"\\") != std::string_view::npos) return false;
  const EntityTypeId found{names_.entities.Find(JsonName::OfPadded(text.data(), quote))};
  if (!IsAmong(found, type.entities)) return false;
  value->SetEntity(found, id);
  return true;
}

bool JsonFiller::ReadTime(Time* time) {
  std::string_view text;
  if (!cursor_.Text(&text)) return false;
  const absl::StatusOr<Time> parsed = ParseTime(text);
  if (parsed.ok()) *time = *parsed;
  return parsed.ok();
}

bool JsonFiller::ReadOptionalTime(std::optional<Time>* time) {
  if (time->has_value()) return false;
  return ReadTime(&time->emplace());
}

bool JsonFiller::FindWrapping(const Type& type, bool* wrapped) {
  *wrapped = false;
  if (cursor_.Peek() != '{') return true;
  switch (type.kind) {
    case TypeKind::kMap:
    case TypeKind::kLattice:
    case TypeKind::kEntity:
      return false;
    default:
      *wrapped = true;
      return true;
  }
}

bool JsonFiller::ReadWrapped(TypeId type, Fact* fact) {
  bool has_value = false;
  const bool ok = cursor_.Members([&](const JsonName& name) {
    if (name == kValue) return !std::exchange(has_value, true) && Read(type, &fact->value);
    if (name == kIssuedAt) return ReadOptionalTime(&fact->issued_at);
    return name == kExpiresAt && ReadOptionalTime(&fact->expires_at);
  });
  return ok && has_value;
}

bool JsonFiller::ReadProven(TypeId type, Fact* fact) {
  const Type& t = schema_.types[type];
  Value* value = MakePresent(fact);
  if (t.kind == TypeKind::kRecord) return ReadRecord(type, value, fact);
  bool wrapped;
  if (!FindWrapping(t, &wrapped)) return false;
  return wrapped ? ReadWrapped(type, fact) : Read(type, value);
}

}  // namespace ztp
