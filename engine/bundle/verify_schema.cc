// Schema, values and pools.
#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/bundle/verify.h"
#include "engine/core/glob.h"
#include "engine/core/version.h"

namespace ztp {
namespace {

class SchemaChecker {
 public:
  explicit SchemaChecker(const Schema& schema) : schema_(schema) {}

  absl::Status Check() {
    for (const size_t size :
         {schema_.enums.size(), schema_.lattices.size(), schema_.entities.size(),
          schema_.inputs.size(), schema_.actions.size(), schema_.obligations.size()}) {
      if (size > kMaxDeclarations) return InvalidArgument("too many declarations of one kind");
    }
    ZTP_RETURN_IF_ERROR(CheckLattices());
    ZTP_RETURN_IF_ERROR(CheckTypes());
    for (const EntityType& entity : schema_.entities) ZTP_RETURN_IF_ERROR(CheckEntity(entity));
    for (const Input& input : schema_.inputs) {
      ZTP_RETURN_IF_ERROR(CheckUse(input.type, input.name));
      ZTP_RETURN_IF_ERROR(CheckRank(input.rank, input.name));
    }
    for (const Action& action : schema_.actions) {
      ZTP_RETURN_IF_ERROR(CheckEntityIds(action.principals, action.name));
      ZTP_RETURN_IF_ERROR(CheckEntityIds(action.resources, action.name));
      ZTP_RETURN_IF_ERROR(CheckParams(action.params, action.name));
    }
    for (const ObligationType& obligation : schema_.obligations) {
      ZTP_RETURN_IF_ERROR(CheckParams(obligation.params, obligation.name));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status CheckLattices() {
    for (const LatticeType& lattice : schema_.lattices) {
      if (lattice.bits > kMaxLatticeBits) {
        return InvalidArgument("lattice ", lattice.name, " has too many bits");
      }
      auto wrong = [&] {
        return InvalidArgument("lattice ", lattice.name, " is not laid out as it should be");
      };
      switch (lattice.kind) {
        case LatticeType::Kind::kChain:
        case LatticeType::Kind::kPowerSet:
        case LatticeType::Kind::kDual: {
          if (lattice.elements.index >= schema_.enums.size()) return wrong();
          const size_t n = schema_[lattice.elements].values.size();
          const size_t bits = lattice.kind == LatticeType::Kind::kChain ? n - 1 : n;
          if (n == 0 || bits != lattice.bits || !lattice.parts.empty()) return wrong();
          break;
        }
        case LatticeType::Kind::kProduct: {
          // Offsets and bits add up, so that no product can be a part of itself (it would have to
          // have more bits than it has), unless nothing has any bits.
          uint32_t offset = 0;
          for (const LatticeType::Part& part : lattice.parts) {
            if (part.lattice.index >= schema_.lattices.size() || part.offset != offset) {
              return wrong();
            }
            offset += schema_[part.lattice].bits;
          }
          if (offset != lattice.bits) return wrong();
          break;
        }
        default:
          return wrong();
      }
    }
    // Products of products without end, of no bits.
    std::vector<uint8_t> state(schema_.lattices.size(), 0);
    for (uint32_t i = 0; i < schema_.lattices.size(); ++i) {
      if (!IsFinite(i, 0, &state)) {
        return InvalidArgument("lattice ", schema_.lattices[i].name, " is made of itself");
      }
    }
    return absl::OkStatus();
  }

  // state: 0 not seen, 1 being looked at, 2 finite.
  bool IsFinite(uint32_t lattice, uint32_t depth, std::vector<uint8_t>* state) {
    if ((*state)[lattice] == 2) return true;
    if ((*state)[lattice] == 1 || depth > kMaxTypeDepth) return false;
    (*state)[lattice] = 1;
    for (const LatticeType::Part& part : schema_.lattices[lattice].parts) {
      if (!IsFinite(part.lattice.index, depth + 1, state)) return false;
    }
    (*state)[lattice] = 2;
    return true;
  }

  absl::Status CheckTypes() {
    const TypeTable& types = schema_.types;
    std::vector<uint32_t> depth(types.size(), 1);
    std::vector<uint32_t> parts(types.size(), 1);
    for (uint32_t i = 0; i < types.size(); ++i) {
      const Type& t = types[TypeId{i}];
      auto wrong = [&] { return InvalidArgument("type ", i, " is not well formed"); };
      // A type stands behind what it is made of.
      auto made_of = [&](TypeId part) {
        if (part.index >= i || types.kind(part) == TypeKind::kNone) return false;
        depth[i] = std::max(depth[i], depth[part.index] + 1);
        parts[i] = std::min(parts[i] + parts[part.index], kMaxTypeParts + 1);
        return depth[i] <= kMaxTypeDepth && parts[i] <= kMaxTypeParts;
      };
      switch (t.kind) {
        case TypeKind::kEnum:
          if (t.decl >= schema_.enums.size()) return wrong();
          break;
        case TypeKind::kLattice:
          if (t.decl >= schema_.lattices.size()) return wrong();
          break;
        case TypeKind::kEntity:
          ZTP_RETURN_IF_ERROR(CheckEntityIds(t.entities, "a type"));
          break;
        case TypeKind::kMap:
          if (!made_of(t.key)) return wrong();
          [[fallthrough]];
        case TypeKind::kSet:
        case TypeKind::kList:
          // Of a literal `{}` that nobody gave a type the elements have none.
          if (t.element.index != 0 && !made_of(t.element)) return wrong();
          break;
        case TypeKind::kRecord:
          for (size_t f = 0; f < t.fields.size(); ++f) {
            const Field& field = t.fields[f];
            if (!made_of(field.type)) return wrong();
            if (f > 0 && t.fields[f - 1].name >= field.name) return wrong();
            if (field.default_value) {
              ZTP_RETURN_IF_ERROR(CheckValue(schema_, field.type, *field.default_value));
            }
          }
          break;
        default:
          if (static_cast<uint32_t>(t.kind) != i) return wrong();  // scalars are at their number
          break;
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckEntityIds(const std::vector<EntityTypeId>& ids, std::string_view where) {
    for (size_t i = 0; i < ids.size(); ++i) {
      if (ids[i].index >= schema_.entities.size()) {
        return InvalidArgument(where, " refers to an entity type that is not there");
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckUse(TypeId type, std::string_view where) {
    if (type.index == 0 || type.index >= schema_.types.size()) {
      return InvalidArgument(where, " has no type");
    }
    return absl::OkStatus();
  }

  absl::Status CheckRank(Rank rank, std::string_view where) {
    if (rank > Rank::kProven) return InvalidArgument(where, " has no rank");
    return absl::OkStatus();
  }

  absl::Status CheckEntity(const EntityType& entity) {
    if (entity.carried > Carried::kVouched) {
      return InvalidArgument("entity ", entity.name, " is carried in an unknown way");
    }
    ZTP_RETURN_IF_ERROR(CheckEntityIds(entity.parents, entity.name));
    ZTP_RETURN_IF_ERROR(CheckEntityIds(entity.derives, entity.name));
    std::set<std::string_view> names;
    for (const Attribute& attribute : entity.attributes) {
      ZTP_RETURN_IF_ERROR(CheckUse(attribute.type, attribute.name));
      ZTP_RETURN_IF_ERROR(CheckRank(attribute.rank, attribute.name));
      if (!names.insert(attribute.name).second) {
        return InvalidArgument("attribute ", attribute.name, " is declared twice");
      }
      const TypeKind kind = schema_.types.kind(attribute.type);
      bool fits = true;
      switch (attribute.inherit) {
        case Inherit::kNo:
          break;
        case Inherit::kJoin:
          fits = kind == TypeKind::kLattice;
          break;
        case Inherit::kUnion:
          fits = kind == TypeKind::kSet;
          break;
        case Inherit::kAny:
        case Inherit::kAll:
          fits = kind == TypeKind::kBool;
          break;
        default:
          fits = false;
      }
      if (!fits) return InvalidArgument("attribute ", attribute.name, " cannot be inherited so");
      if (attribute.default_value) {
        ZTP_RETURN_IF_ERROR(CheckValue(schema_, attribute.type, *attribute.default_value));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckParams(const std::vector<Param>& params, std::string_view where) {
    for (const Param& param : params) {
      ZTP_RETURN_IF_ERROR(CheckUse(param.type, where));
      ZTP_RETURN_IF_ERROR(CheckRank(param.rank, where));
      if (param.default_value) {
        ZTP_RETURN_IF_ERROR(CheckValue(schema_, param.type, *param.default_value));
      }
    }
    return absl::OkStatus();
  }

  const Schema& schema_;
};

// The layout that core/version.h lays down.
bool IsVersionKey(std::string_view key, bool hex) {
  size_t at = 0;
  auto number = [&](size_t size) {
    if (size > 8 || key.size() - at < size) return false;
    if (size > 0 && key[at] == 0) return false;
    at += size;
    return true;
  };
  size_t parts = 0;
  while (at < key.size() && static_cast<uint8_t>(key[at]) >= 2) {
    const size_t size = static_cast<uint8_t>(key[at++]) - 2u;
    if (++parts > kMaxVersionParts || !number(size)) return false;
  }
  if (at == key.size()) return false;
  if (key[at] == 1) return at + 1 == key.size();
  if (hex) return false;
  ++at;  // 0x00: a pre-release
  size_t identifiers = 0;
  while (at < key.size() && key[at] != 0) {
    ++identifiers;
    const uint8_t tag = static_cast<uint8_t>(key[at++]);
    if (tag == 1) {
      if (at == key.size()) return false;
      const size_t size = static_cast<uint8_t>(key[at++]);
      if (!number(size)) return false;
    } else if (tag == 2) {
      const size_t end = key.find('\0', at);
      if (end == std::string_view::npos || end == at) return false;
      at = end + 1;
    } else {
      return false;
    }
  }
  return identifiers > 0 && at + 1 == key.size();
}

bool IsLabelOf(const Schema& schema, LatticeId id, const Label& label) {
  const LatticeType& lattice = schema[id];
  if (!FlowsTo(label, LowBits(lattice.bits))) return false;
  switch (lattice.kind) {
    case LatticeType::Kind::kChain:
      return label == LowBits(schema.ChainPosition(id, label));
    case LatticeType::Kind::kPowerSet:
    case LatticeType::Kind::kDual:
      return true;
    case LatticeType::Kind::kProduct:
      for (uint32_t i = 0; i < lattice.parts.size(); ++i) {
        if (!IsLabelOf(schema, lattice.parts[i].lattice, schema.PartOf(id, i, label))) return false;
      }
      return true;
  }
  return false;
}

bool IsSorted(const std::vector<Value>& items, size_t step) {
  for (size_t i = step; i < items.size(); i += step) {
    if (!(items[i - step] < items[i])) return false;
  }
  return true;
}

}  // namespace

absl::Status CheckSchema(const Schema& schema) { return SchemaChecker(schema).Check(); }

absl::Status CheckValue(const Schema& schema, TypeId type, const Value& value) {
  const Type& t = schema.types[type];
  if (value.kind() != t.kind) return InvalidArgument("a value is not of its type");
  auto check = [](bool good) {
    return good ? absl::OkStatus() : InvalidArgument("a value is not canonical");
  };
  switch (t.kind) {
    case TypeKind::kNone:
      return InvalidArgument("a value has no type");
    case TypeKind::kBool:
      return check(value.integer() == 0 || value.integer() == 1);
    case TypeKind::kInt:
    case TypeKind::kDecimal:
    case TypeKind::kTime:
    case TypeKind::kDuration:
    case TypeKind::kString:
      return absl::OkStatus();
    case TypeKind::kVersion:
      return check(IsVersionKey(value.text(), false));
    case TypeKind::kHexVersion:
      return check(IsVersionKey(value.text(), true));
    case TypeKind::kIp:
      return check(value.text().size() == 16);
    case TypeKind::kCidr:
      return check(value.cidr().prefix <= 128 && HasNoHostBits(value.cidr()));
    case TypeKind::kDigest: {
      auto parsed = ParseDigest(value.text());
      return check(parsed.ok() && *parsed == value.text());
    }
    case TypeKind::kSpiffeId: {
      auto parsed = ParseSpiffeId(value.text());
      return check(parsed.ok() && *parsed == value.text());
    }
    case TypeKind::kGlob:
      return check(CheckGlob(value.text()) == GlobError::kNone);
    case TypeKind::kEnum:
      return check(static_cast<uint64_t>(value.integer()) < schema[EnumId{t.decl}].values.size());
    case TypeKind::kLattice:
      return check(IsLabelOf(schema, LatticeId{t.decl}, value.label()));
    case TypeKind::kEntity:
      return check(std::find(t.entities.begin(), t.entities.end(), value.entity_type()) !=
                   t.entities.end());
    case TypeKind::kSet:
    case TypeKind::kList:
      for (const Value& item : value.items()) {
        ZTP_RETURN_IF_ERROR(CheckValue(schema, t.element, item));
      }
      return check(t.kind == TypeKind::kList || IsSorted(value.items(), 1));
    case TypeKind::kMap:
      if (value.items().size() % 2 != 0) return check(false);
      for (size_t i = 0; i < value.items().size(); ++i) {
        ZTP_RETURN_IF_ERROR(CheckValue(schema, i % 2 == 0 ? t.key : t.element, value.items()[i]));
      }
      return check(IsSorted(value.items(), 2));
    case TypeKind::kRecord:
      if (value.items().size() != t.fields.size()) return check(false);
      for (size_t i = 0; i < t.fields.size(); ++i) {
        const Field& field = t.fields[i];
        if (value.items()[i].is_none() && field.optional && !field.default_value) continue;
        ZTP_RETURN_IF_ERROR(CheckValue(schema, field.type, value.items()[i]));
      }
      return absl::OkStatus();
  }
  return InvalidArgument("a value is of no kind");
}

absl::Status CheckPool(const CellPool& pool, const std::vector<const Cell*>& roots) {
  std::vector<bool> used(pool.cells.size(), false);
  auto check = [&](const Cell& cell, uint64_t end) {
    if (cell.reserved != 0) return InvalidArgument("a cell's reserved byte is set");
    auto in_text = [&](uint64_t size) {
      return cell.size == size && cell.bits <= pool.text.size() &&
             size <= pool.text.size() - cell.bits;
    };
    bool good = false;
    switch (static_cast<TypeKind>(cell.kind)) {
      case TypeKind::kNone:
        good = cell.bits == 0 && cell.size == 0 && cell.extra == 0;
        break;
      case TypeKind::kBool:
      case TypeKind::kInt:
      case TypeKind::kDecimal:
      case TypeKind::kTime:
      case TypeKind::kDuration:
      case TypeKind::kEnum:
        good = cell.size == 0 && cell.extra == 0;
        break;
      case TypeKind::kString:
      case TypeKind::kVersion:
      case TypeKind::kHexVersion:
      case TypeKind::kDigest:
      case TypeKind::kSpiffeId:
      case TypeKind::kGlob:
        good = in_text(cell.size) && cell.extra == 0;
        break;
      case TypeKind::kIp:
        good = in_text(16) && cell.extra == 0;
        break;
      case TypeKind::kCidr:
        good = in_text(16) && cell.extra <= 128;
        break;
      case TypeKind::kEntity:
        good = in_text(cell.size);
        break;
      case TypeKind::kLattice:
        good = cell.size == 0 &&
               (cell.extra == 0 || (cell.extra == 1 && cell.bits < pool.wide_labels.size()));
        break;
      case TypeKind::kSet:
      case TypeKind::kList:
      case TypeKind::kMap:
      case TypeKind::kRecord:
        // Items come before what holds them, and belong to it alone.
        good = cell.extra == 0 && cell.bits <= end && cell.size <= end - cell.bits;
        for (uint64_t i = 0; good && i < cell.size; ++i) {
          good = !used[cell.bits + i];
          used[cell.bits + i] = true;
        }
        break;
    }
    return good ? absl::OkStatus() : InvalidArgument("a cell is not well formed");
  };
  for (uint64_t i = 0; i < pool.cells.size(); ++i) ZTP_RETURN_IF_ERROR(check(pool.cells[i], i));
  for (const Cell* root : roots) ZTP_RETURN_IF_ERROR(check(*root, pool.cells.size()));
  // No deeper than types are: what is made of the cells is walked with the stack.
  std::vector<uint8_t> depth(pool.cells.size(), 1);
  for (size_t i = 0; i < pool.cells.size(); ++i) {
    const Cell& cell = pool.cells[i];
    if (cell.kind < static_cast<uint8_t>(TypeKind::kSet)) continue;
    for (uint64_t j = 0; j < cell.size; ++j) {
      depth[i] = std::max<uint8_t>(depth[i], static_cast<uint8_t>(depth[cell.bits + j] + 1));
    }
    if (depth[i] > kMaxTypeDepth) return InvalidArgument("a value is nested too deeply");
  }
  auto in_order = [&](const Cell& cell) {
    const bool set = cell.kind == static_cast<uint8_t>(TypeKind::kSet);
    const bool map = cell.kind == static_cast<uint8_t>(TypeKind::kMap);
    const uint64_t step = map ? 2 : 1;
    if (map && cell.size % 2 != 0) return false;
    for (uint64_t i = step; (set || map) && i < cell.size; i += step) {
      if (!(pool.ToValue(pool.cells[cell.bits + i - step]) <
            pool.ToValue(pool.cells[cell.bits + i]))) {
        return false;
      }
    }
    return true;
  };
  for (const Cell& cell : pool.cells) {
    if (!in_order(cell)) return InvalidArgument("a set or map is not in order");
  }
  for (const Cell* root : roots) {
    if (!in_order(*root)) return InvalidArgument("a set or map is not in order");
  }
  return absl::OkStatus();
}

bool TypeMatcher::Fits(TypeId actual, TypeId expected) {
  if (actual == expected) return true;
  const Type& a = schema_.types[actual];
  const Type& e = schema_.types[expected];
  if (a.kind != e.kind) return false;
  const uint64_t key = uint64_t{actual.index} << 32 | expected.index;
  if (auto it = known_.find(key); it != known_.end()) return it->second;
  // The elements of an empty literal have no type.
  auto element_fits = [&] {
    return a.element.index == 0 || (e.element.index != 0 && Fits(a.element, e.element));
  };
  bool fits = false;
  switch (a.kind) {
    case TypeKind::kEnum:
    case TypeKind::kLattice:
      fits = a.decl == e.decl;
      break;
    case TypeKind::kEntity:
      fits = true;
      break;
    case TypeKind::kSet:
    case TypeKind::kList:
      fits = element_fits();
      break;
    case TypeKind::kMap:
      fits = Fits(a.key, e.key) && element_fits();
      break;
    case TypeKind::kRecord:
      fits = a.fields.size() == e.fields.size();
      for (size_t i = 0; fits && i < a.fields.size(); ++i) {
        fits = a.fields[i].name == e.fields[i].name && Fits(a.fields[i].type, e.fields[i].type);
      }
      break;
    default:
      fits = true;
      break;
  }
  known_[key] = fits;
  return fits;
}

}  // namespace ztp
