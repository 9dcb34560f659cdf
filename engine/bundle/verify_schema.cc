// The schema, and which types fit which.
#include <algorithm>
#include <set>
#include <string_view>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/bundle/verify.h"

namespace ztp {
namespace {

class SchemaChecker {
 public:
  explicit SchemaChecker(const Schema& schema) : schema_(schema) {}

  absl::Status Check() {
    for (const size_t size :
         {schema_.enums.size(), schema_.lattices.size(), schema_.entities.size(),
          schema_.inputs.size(), schema_.actions.size(), schema_.obligations.size(),
          schema_.routes.size()}) {
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
    // What the rest of a route says is read by engine/route, which refuses what it cannot go by.
    for (const Route& route : schema_.routes) {
      if (route.action >= schema_.actions.size() ||
          route.principal.type >= schema_.entities.size() ||
          route.resource.type >= schema_.entities.size()) {
        return InvalidArgument("route ", route.name, " refers to what is not there");
      }
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
    std::vector<uint32_t> parts(schema_.lattices.size(), kNotCounted);
    for (uint32_t i = 0; i < schema_.lattices.size(); ++i) {
      if (CountParts(i, 0, &parts) > kMaxLatticeParts) {
        return InvalidArgument("lattice ", schema_.lattices[i].name,
                               " is made of itself, or of too many parts");
      }
    }
    return absl::OkStatus();
  }

  // The lattices that one is made of, written out; kMaxLatticeParts + 1 for more than as many.
  // (*parts)[i] where it is known; kCounting in a lattice that is being looked at.
  uint32_t CountParts(uint32_t lattice, uint32_t depth, std::vector<uint32_t>* parts) {
    uint32_t& known = (*parts)[lattice];
    if (known == kCounting || depth > kMaxTypeDepth) return kMaxLatticeParts + 1;
    if (known != kNotCounted) return known;
    known = kCounting;
    uint32_t count = 1;
    for (const LatticeType::Part& part : schema_.lattices[lattice].parts) {
      count =
          std::min(count + CountParts(part.lattice.index, depth + 1, parts), kMaxLatticeParts + 1);
    }
    return known = count;
  }
  static constexpr uint32_t kNotCounted = UINT32_MAX, kCounting = UINT32_MAX - 1;

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

}  // namespace

absl::Status CheckSchema(const Schema& schema) { return SchemaChecker(schema).Check(); }

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
