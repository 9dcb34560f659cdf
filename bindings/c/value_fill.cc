// The common forms only: who is in doubt returns false.
#include "bindings/c/value_fill.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "bindings/c/values.h"
#include "engine/base/limits.h"
#include "engine/base/scalar_text.h"
#include "engine/core/glob.h"
#include "engine/core/version.h"

namespace ztp::c {
namespace {

// The years 1970 to 9999, all of which have a text.
constexpr int64_t kLastTime = INT64_C(253402300799999999);

class Filler {
 public:
  explicit Filler(const Schema& schema) : schema_(schema) {}

  bool Fill(TypeId type, const ztp_value& from, int depth, bool in_collection, Value* to) {
    const Type& t = schema_.types[type];
    if (depth > kMaxValueDepth) return false;
    switch (from.kind) {
      case ZTP_BOOL:
        return t.kind == TypeKind::kBool && Number(t.kind, from.as.number != 0 ? 1 : 0, to);
      case ZTP_INT:
        return FillInt(t.kind, from.as.number, to);
      case ZTP_DECIMAL:
        return t.kind == TypeKind::kDecimal && Number(t.kind, from.as.number, to);
      case ZTP_FLOAT:
        return t.kind == TypeKind::kDecimal && FillFloat(from.as.real, to);
      case ZTP_TIME:
        return t.kind == TypeKind::kTime && from.as.number >= 0 && from.as.number <= kLastTime &&
               Number(t.kind, from.as.number, to);
      case ZTP_DURATION:
        return t.kind == TypeKind::kDuration && from.as.number >= 0 &&
               Number(t.kind, from.as.number, to);
      case ZTP_STRING: {
        std::string_view text;
        return Text(from, &text) && FillText(t, text, in_collection, to);
      }
      case ZTP_ENTITY:
        return t.kind == TypeKind::kEntity && FillEntity(t, from, to);
      case ZTP_LIST:
        if (!Count(from)) return false;
        if (t.kind == TypeKind::kSet || t.kind == TypeKind::kList) {
          return FillItems(t, from, depth, to);
        }
        break;
      case ZTP_MAP:
        if (!Count(from)) return false;
        if (t.kind == TypeKind::kRecord) return FillRecord(t, from, depth, to);
        if (t.kind == TypeKind::kMap) return FillMap(t, from, depth, to);
        break;
      default:
        return false;
    }
    Label label;
    if (t.kind != TypeKind::kLattice || !FillLabel(LatticeId{t.decl}, from, &label)) return false;
    to->SetLabel(label);
    return true;
  }

  // A text that is known to be UTF-8.
  bool FillText(const Type& t, std::string_view text, bool in_collection, Value* to) const {
    const auto number = [&](auto parsed, auto of) {
      return parsed.ok() && Number(t.kind, of(*parsed), to);
    };
    const auto micros = [](auto time) { return time.micros; };
    // Those that are kept as they are.
    const auto as_text = [&](bool ok) {
      if (ok) to->SetText(t.kind, text);
      return ok;
    };
    switch (t.kind) {
      case TypeKind::kString:
        return as_text(true);
      case TypeKind::kDecimal:
        return number(ParseDecimal(text), [](Decimal d) { return d.units; });
      case TypeKind::kTime:
        return number(ParseTime(text), micros);
      case TypeKind::kDuration:
        return number(ParseDuration(text), micros);
      case TypeKind::kVersion:
        return FillKey(t.kind, &EncodeVersion, text, to);
      case TypeKind::kHexVersion:
        return FillKey(t.kind, &EncodeHexVersion, text, to);
      case TypeKind::kDigest:
        return FillDigest(text, to);
      case TypeKind::kSpiffeId:
        return as_text(CheckSpiffeId(text).ok());
      case TypeKind::kGlob:
        return as_text(CheckGlob(text) == GlobError::kNone);
      case TypeKind::kIp: {
        const absl::StatusOr<Ip> parsed = ParseIp(text);
        if (parsed.ok()) to->SetIp(*parsed);
        return parsed.ok();
      }
      case TypeKind::kCidr: {
        const absl::StatusOr<Cidr> parsed = in_collection ? ParseCidrOrIp(text) : ParseCidr(text);
        if (parsed.ok()) to->SetCidr(*parsed);
        return parsed.ok();
      }
      case TypeKind::kEnum: {
        const std::optional<uint32_t> ordinal = Element(EnumId{t.decl}, text);
        return ordinal && Number(t.kind, *ordinal, to);
      }
      case TypeKind::kLattice: {
        const LatticeType& lattice = schema_[LatticeId{t.decl}];
        if (lattice.kind != LatticeType::Kind::kChain) return false;
        const std::optional<uint32_t> position = Element(lattice.elements, text);
        if (position) to->SetLabel(schema_.ChainLabel(LatticeId{t.decl}, *position));
        return position.has_value();
      }
      case TypeKind::kEntity:
        return FillEntityText(t, text, to);
      default:
        return false;
    }
  }

 private:
  static bool Number(TypeKind kind, int64_t number, Value* to) {
    to->SetNumber(kind, number);
    return true;
  }

  static bool FillInt(TypeKind kind, int64_t number, Value* to) {
    if (kind == TypeKind::kInt) return Number(kind, number, to);
    return kind == TypeKind::kDecimal &&
           !__builtin_mul_overflow(number, Decimal::kUnitsPerOne, &number) &&
           Number(kind, number, to);
  }

  // By its shortest text: 0.1 is meant as 0.1.
  static bool FillFloat(double real, Value* to) {
    if (!std::isfinite(real)) return false;
    char digits[32];
    const auto [end, failed] = std::to_chars(digits, digits + sizeof(digits), real);
    const absl::StatusOr<Decimal> decimal =
        ParseJsonDecimal({digits, static_cast<size_t>(end - digits)});
    return decimal.ok() && Number(TypeKind::kDecimal, decimal->units, to);
  }

  static bool FillKey(TypeKind kind, VersionResult (*encode)(std::string_view, VersionKey*),
                      std::string_view text, Value* to) {
    VersionKey key;
    if (encode(text, &key).error != VersionError::kNone) return false;
    to->SetText(kind, {reinterpret_cast<const char*>(key.bytes), key.size});
    return true;
  }

  // Those in lower case, which are the text itself.
  static bool FillDigest(std::string_view text, Value* to) {
    const size_t colon = text.find(':');
    const size_t digits = text.starts_with("sha256:")   ? 64
                          : text.starts_with("sha384:") ? 96
                          : text.starts_with("sha512:") ? 128
                                                        : 0;
    if (digits == 0 || text.size() != colon + 1 + digits) return false;
    const bool ok =
        std::all_of(text.begin() + static_cast<ptrdiff_t>(colon) + 1, text.end(),
                    [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    if (ok) to->SetText(TypeKind::kDigest, text);
    return ok;
  }

  // The text of a ZTP_STRING. Its bytes are counted as if each had to be escaped, so that what is
  // taken here is within the limit on a JSON text too.
  bool Text(const ztp_value& value, std::string_view* text) {
    if (value.kind != ZTP_STRING || (value.as.text == nullptr && value.size != 0)) return false;
    *text = {value.as.text, value.size};
    bytes_ += kPerItem + 6 * text->size();
    return bytes_ <= kMaxJsonDocumentBytes && IsValidUtf8(*text);
  }

  bool Count(const ztp_value& value) {
    if (value.as.items == nullptr && value.size != 0) return false;
    items_ += value.size;
    bytes_ += kPerItem * value.size;
    return items_ <= kMaxValueItems && bytes_ <= kMaxJsonDocumentBytes;
  }

  bool FillItems(const Type& t, const ztp_value& from, int depth, Value* to) {
    std::vector<Value>& items = to->SetItems(t.kind);
    items.resize(from.size);
    for (uint32_t i = 0; i < from.size; ++i) {
      if (!Fill(t.element, from.as.items[i], depth + 1, true, &items[i])) return false;
    }
    if (t.kind == TypeKind::kSet) to->SortSet();
    return true;
  }

  // Keys are texts of any scalar type: those that are no more than text are taken.
  bool FillMap(const Type& t, const ztp_value& from, int depth, Value* to) {
    if (schema_.types.kind(t.key) != TypeKind::kString) return false;
    std::vector<std::pair<Value, Value>> entries;
    entries.reserve(from.size);
    for (uint32_t i = 0; i < from.size; ++i) {
      const ztp_value& item = from.as.items[2 * i + 1];
      if (item.kind == ZTP_MISSING) continue;
      std::string_view name;
      if (!Text(from.as.items[2 * i], &name)) return false;
      auto& [key, element] = entries.emplace_back();
      key.SetText(TypeKind::kString, name);
      if (!Fill(t.element, item, depth + 1, false, &element)) return false;
    }
    Value map = Value::Map(std::move(entries));
    for (size_t i = 2; i < map.items().size(); i += 2) {
      if (map.items()[i] == map.items()[i - 2]) return false;
    }
    *to = std::move(map);
    return true;
  }

  bool FillRecord(const Type& t, const ztp_value& from, int depth, Value* to) {
    const std::vector<Field>& fields = t.fields;
    if (fields.size() > 64) return false;
    std::vector<Value>& items = to->SetItems(TypeKind::kRecord);
    items.resize(fields.size());
    uint64_t seen = 0;
    for (uint32_t i = 0; i < from.size; ++i) {
      const ztp_value& item = from.as.items[2 * i + 1];
      if (item.kind == ZTP_MISSING) continue;
      const ztp_value& key = from.as.items[2 * i];
      if (key.kind != ZTP_STRING || (key.as.text == nullptr && key.size != 0)) return false;
      // Few: a look along them is quicker than a table.
      const std::string_view name(key.as.text, key.size);
      size_t at = 0;
      while (at < fields.size() && fields[at].name != name) ++at;
      if (at == fields.size() || (seen >> at & 1) != 0) return false;
      seen |= uint64_t{1} << at;
      bytes_ += 6 * name.size();
      if (!Fill(fields[at].type, item, depth + 1, false, &items[at])) return false;
    }
    for (size_t i = 0; i < fields.size(); ++i) {
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

  std::optional<uint32_t> Element(EnumId id, std::string_view text) const {
    const std::vector<std::string>& values = schema_[id].values;
    const auto at = std::find(values.begin(), values.end(), text);
    if (at == values.end()) return std::nullopt;
    return static_cast<uint32_t>(at - values.begin());
  }

  bool FillLabel(LatticeId id, const ztp_value& from, Label* label) {
    const LatticeType& lattice = schema_[id];
    switch (lattice.kind) {
      case LatticeType::Kind::kChain: {
        std::string_view text;
        if (!Text(from, &text)) return false;
        const std::optional<uint32_t> position = Element(lattice.elements, text);
        if (position) *label = schema_.ChainLabel(id, *position);
        return position.has_value();
      }
      case LatticeType::Kind::kPowerSet:
      case LatticeType::Kind::kDual: {
        if (from.kind != ZTP_LIST || !Count(from)) return false;
        std::vector<uint32_t> ordinals;
        for (uint32_t i = 0; i < from.size; ++i) {
          std::string_view text;
          if (!Text(from.as.items[i], &text)) return false;
          const std::optional<uint32_t> ordinal = Element(lattice.elements, text);
          if (!ordinal) return false;
          ordinals.push_back(*ordinal);
        }
        *label = schema_.SetLabel(id, ordinals);
        return true;
      }
      case LatticeType::Kind::kProduct:
        return false;  // as JSON: those are few
    }
    return false;
  }

  bool FillEntity(const Type& t, const ztp_value& from, Value* to) {
    std::string_view type, id;
    if (from.as.items == nullptr || !Text(from.as.items[0], &type) ||
        !Text(from.as.items[1], &id)) {
      return false;
    }
    return FillUid(t, type, id, to);
  }

  bool FillUid(const Type& t, std::string_view type, std::string_view id, Value* to) const {
    const std::optional<EntityTypeId> found = schema_.FindEntityType(type);
    if (!found || std::find(t.entities.begin(), t.entities.end(), *found) == t.entities.end()) {
      return false;
    }
    to->SetEntity(*found, id);
    return true;
  }

  // `Team::"vision"`, without escapes within the quotes.
  bool FillEntityText(const Type& t, std::string_view text, Value* to) const {
    const size_t quote = text.find("::\"");
    if (quote == std::string_view::npos || text.size() < quote + 4 || text.back() != '"') {
      return false;
    }
    const std::string_view id = text.substr(quote + 3, text.size() - quote - 4);
    if (id.find_first_of("\"\\") != std::string_view::npos) return false;
    return FillUid(t, text.substr(0, quote), id, to);
  }

  // More than a number, a time or brackets with their commas have of JSON.
  static constexpr size_t kPerItem = 64;

  const Schema& schema_;
  size_t items_ = 0;
  size_t bytes_ = 0;
};

}  // namespace

bool FillValue(const Schema& schema, TypeId type, const ztp_value& from, Value* to) {
  return Filler(schema).Fill(type, from, 0, false, to);
}

bool FillText(const Schema& schema, TypeId type, std::string_view from, Value* to) {
  const Type& t = schema.types[type];
  return Filler(schema).FillText(t, from, false, to);
}

}  // namespace ztp::c
