// The type table, look-ups by name, and how labels are laid out in bits.
//
// Boundary: nothing is printed here; schema_text.cc does that.
#include "engine/base/schema.h"

#include <algorithm>

#include "absl/hash/hash.h"

namespace ztp {
namespace {

// Scalars have no declaration behind them, so the table holds each from the start, at its kind's
// number.
constexpr uint32_t kLastScalar = static_cast<uint32_t>(TypeKind::kGlob);

uint64_t HashOf(const Type& type) {
  size_t hash = absl::HashOf(static_cast<uint8_t>(type.kind), type.decl, type.element.index,
                             type.key.index, type.entities.size(), type.fields.size());
  for (EntityTypeId id : type.entities) hash = absl::HashOf(hash, id.index);
  for (const Field& field : type.fields) {
    hash = absl::HashOf(hash, field.name, field.type.index, field.optional,
                        field.default_value.has_value());
    if (field.default_value) hash = absl::HashOf(hash, *field.default_value);
  }
  return hash;
}

template <typename Id, typename Vector, typename Name>
std::optional<Id> FindByName(const Vector& declarations, std::string_view wanted, Name name) {
  for (uint32_t i = 0; i < declarations.size(); ++i) {
    if (name(declarations[i]) == wanted) return Id{i};
  }
  return std::nullopt;
}

template <typename Vector>
std::optional<uint32_t> IndexOfName(const Vector& members, std::string_view wanted) {
  for (uint32_t i = 0; i < members.size(); ++i) {
    if (members[i].name == wanted) return i;
  }
  return std::nullopt;
}

}  // namespace

TypeTable::TypeTable() {
  for (uint32_t kind = 0; kind <= kLastScalar; ++kind) {
    types_.push_back(Type{.kind = static_cast<TypeKind>(kind)});
    by_hash_[HashOf(types_.back())].push_back(kind);
  }
}

TypeId TypeTable::Intern(Type type) {
  std::sort(type.entities.begin(), type.entities.end());
  type.entities.erase(std::unique(type.entities.begin(), type.entities.end()), type.entities.end());
  std::sort(type.fields.begin(), type.fields.end(),
            [](const Field& a, const Field& b) { return a.name < b.name; });
  std::vector<uint32_t>& candidates = by_hash_[HashOf(type)];
  for (uint32_t candidate : candidates) {
    if (types_[candidate] == type) return TypeId{candidate};
  }
  const uint32_t index = static_cast<uint32_t>(types_.size());
  candidates.push_back(index);
  types_.push_back(std::move(type));
  return TypeId{index};
}

std::optional<uint32_t> EntityType::FindAttribute(std::string_view attribute) const {
  return IndexOfName(attributes, attribute);
}

std::optional<uint32_t> Action::FindParam(std::string_view param) const {
  return IndexOfName(params, param);
}

std::optional<EntityTypeId> Schema::FindEntityType(std::string_view json_name) const {
  return FindByName<EntityTypeId>(
      entities, json_name, [](const EntityType& e) -> std::string_view { return e.json_name; });
}

std::optional<ActionId> Schema::FindAction(std::string_view json_name) const {
  return FindByName<ActionId>(actions, json_name,
                              [](const Action& a) -> std::string_view { return a.json_name; });
}

std::optional<InputId> Schema::FindInput(std::string_view name) const {
  return FindByName<InputId>(inputs, name,
                             [](const Input& i) -> std::string_view { return i.name; });
}

std::optional<ObligationId> Schema::FindObligation(std::string_view json_name) const {
  return FindByName<ObligationId>(
      obligations, json_name,
      [](const ObligationType& o) -> std::string_view { return o.json_name; });
}

Label Schema::ChainLabel(LatticeId, uint32_t k) const { return LowBits(k); }

Label Schema::SetLabel(LatticeId id, const std::vector<uint32_t>& ordinals) const {
  Label members;
  for (uint32_t ordinal : ordinals) members.Set(ordinal);
  const LatticeType& lattice = (*this)[id];
  if (lattice.kind != LatticeType::Kind::kDual) return members;
  Label forbidden = LowBits(lattice.bits);
  for (unsigned i = 0; i < Label::kWords; ++i) forbidden.words[i] &= ~members.words[i];
  return forbidden;
}

uint32_t Schema::ChainPosition(LatticeId id, const Label& label) const {
  uint32_t position = 0;
  while (position < (*this)[id].bits && label.Has(position)) ++position;
  return position;
}

std::vector<uint32_t> Schema::SetMembers(LatticeId id, const Label& label) const {
  const LatticeType& lattice = (*this)[id];
  const bool dual = lattice.kind == LatticeType::Kind::kDual;
  std::vector<uint32_t> members;
  for (uint32_t ordinal = 0; ordinal < lattice.bits; ++ordinal) {
    if (label.Has(ordinal) != dual) members.push_back(ordinal);
  }
  return members;
}

Label Schema::PartOf(LatticeId product, uint32_t part, const Label& label) const {
  const LatticeType::Part& p = (*this)[product].parts[part];
  return Meet(ShiftDown(label, p.offset), LowBits((*this)[p.lattice].bits));
}

Label Schema::ProductLabel(LatticeId product, const std::vector<Label>& parts) const {
  const LatticeType& lattice = (*this)[product];
  Label result;
  for (size_t i = 0; i < parts.size() && i < lattice.parts.size(); ++i) {
    result = Join(result, ShiftUp(parts[i], lattice.parts[i].offset));
  }
  return result;
}

Label Schema::Top(LatticeId id) const { return LowBits((*this)[id].bits); }

Label Schema::Bottom(LatticeId) const { return Label{}; }

}  // namespace ztp
