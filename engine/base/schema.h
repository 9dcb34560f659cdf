// What may be said: types, enums, lattices, entity types, inputs, actions, obligations, as plain
// data.
//
// Boundary: the compiler fills a Schema from declarations; the bundle stores it; everything that
// reads or prints values (JSON, fixtures, the evaluators) goes by it. It holds no expression.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/route.h"
#include "engine/base/value.h"
#include "engine/core/program.h"

namespace ztp {

// A structural type, interned in a TypeTable: two types are the same iff their ids are.
struct TypeId {
  uint32_t index = 0;  // 0 is kNone
  auto operator<=>(const TypeId&) const = default;
};
struct EnumId {
  uint32_t index = UINT32_MAX;
  auto operator<=>(const EnumId&) const = default;
};
struct LatticeId {
  uint32_t index = UINT32_MAX;
  auto operator<=>(const LatticeId&) const = default;
};
struct ActionId {
  uint32_t index = UINT32_MAX;
  auto operator<=>(const ActionId&) const = default;
};
struct InputId {
  uint32_t index = UINT32_MAX;
  auto operator<=>(const InputId&) const = default;
};
struct ObligationId {
  uint32_t index = UINT32_MAX;
  auto operator<=>(const ObligationId&) const = default;
};

// How far a value may be believed; the lowest rank of all that an expression depends on is its own.
enum class Rank : uint8_t { kClaimed = 0, kVouched = 1, kProven = 2 };

struct Field {
  std::string name;
  TypeId type;
  bool optional = false;
  std::optional<Value> default_value;  // then it is never missing
  bool operator==(const Field&) const = default;
};

struct Type {
  TypeKind kind = TypeKind::kNone;
  uint32_t decl = UINT32_MAX;          // kEnum: EnumId; kLattice: LatticeId
  TypeId element;                      // kSet, kList: the element; kMap: the value
  TypeId key;                          // kMap
  std::vector<EntityTypeId> entities;  // kEntity: the types it may be, sorted
  std::vector<Field> fields;           // kRecord, sorted by name
  bool operator==(const Type&) const = default;
};

class TypeTable {
 public:
  TypeTable();

  const Type& operator[](TypeId id) const { return types_[id.index]; }
  TypeKind kind(TypeId id) const { return types_[id.index].kind; }
  size_t size() const { return types_.size(); }

  // Each returns the one id of the type. Entities and record fields are sorted here; field names
  // are distinct.
  TypeId Intern(Type type);
  TypeId Scalar(TypeKind kind) { return Intern(Type{.kind = kind}); }
  TypeId Enum(EnumId id) { return Intern(Type{.kind = TypeKind::kEnum, .decl = id.index}); }
  TypeId Lattice(LatticeId id) {
    return Intern(Type{.kind = TypeKind::kLattice, .decl = id.index});
  }
  TypeId Entity(EntityTypeId id) {
    return Intern(Type{.kind = TypeKind::kEntity, .entities = {id}});
  }
  TypeId Entities(std::vector<EntityTypeId> ids) {
    return Intern(Type{.kind = TypeKind::kEntity, .entities = std::move(ids)});
  }
  TypeId Set(TypeId element) { return Intern(Type{.kind = TypeKind::kSet, .element = element}); }
  TypeId List(TypeId element) { return Intern(Type{.kind = TypeKind::kList, .element = element}); }
  TypeId Map(TypeId key, TypeId value) {
    return Intern(Type{.kind = TypeKind::kMap, .element = value, .key = key});
  }
  TypeId Record(std::vector<Field> fields) {
    return Intern(Type{.kind = TypeKind::kRecord, .fields = std::move(fields)});
  }

 private:
  std::vector<Type> types_;
  absl::flat_hash_map<uint64_t, std::vector<uint32_t>> by_hash_;
};

struct EnumType {
  std::string package;
  std::string name;
  std::vector<std::string> values;
};

// A lattice is laid out as a bit mask (core/label.h) in which `flows to` is "no bit of a that is
// not in b":
//   chain of n:   n-1 bits, the first k set for the k-th element (a thermometer);
//   power set:    one bit an element, set if it is in;
//   dual:         one bit an element, set if it is NOT allowed (so that joining shrinks what is
//   allowed); product:      its parts one after the other.
struct LatticeType {
  enum class Kind : uint8_t { kChain = 0, kPowerSet = 1, kDual = 2, kProduct = 3 };
  struct Part {
    std::string name;
    LatticeId lattice;
    uint16_t offset = 0;  // of its first bit
  };
  std::string package;
  std::string name;
  Kind kind = Kind::kChain;
  // Chain, power set, dual: the enum whose values are the elements (for a chain, lowest first). A
  // lattice that lists its own elements has an enum of its own, of the lattice's name.
  EnumId elements;
  std::vector<Part> parts;  // product
  uint16_t bits = 0;        // at most 256
};

struct Attribute {
  std::string name;
  TypeId type;
  Rank rank = Rank::kVouched;
  bool optional = false;
  Inherit inherit = Inherit::kNo;
  bool is_parent = false;  // `in tenant: Tenant`: its value is an edge of the hierarchy too
  std::optional<Value> default_value;
  std::vector<std::string> proven_for;  // `proven for a.b`: the path within the entity; else empty
};

enum class Carried : uint8_t { kNo = 0, kClaimed = 1, kVouched = 2 };

struct EntityType {
  std::string package;
  std::string name;
  std::string json_name;              // unqualified for the root package and its imports
  std::vector<EntityTypeId> parents;  // what it may be a member of
  std::vector<EntityTypeId> derives;
  Carried carried = Carried::kNo;
  std::vector<Attribute> attributes;
  // Declares no attributes and no edges: every reference to it is present.
  bool always_present() const {
    return attributes.empty() && parents.empty() && derives.empty() && carried == Carried::kNo;
  }
  // The attribute's index, or nothing.
  std::optional<uint32_t> FindAttribute(std::string_view attribute) const;
};

struct Param {
  std::string name;
  TypeId type;
  Rank rank = Rank::kClaimed;
  bool optional = false;
  std::optional<Value> default_value;
};

struct Input {
  std::string package;
  std::string name;
  TypeId type;
  Rank rank = Rank::kVouched;
  bool optional = false;
  std::vector<std::string> proven_for;  // e.g. {"principal", "spiffe"}; else empty
};

struct Action {
  std::string package;
  std::string name;
  std::string json_name;  // the external name, or the name
  std::vector<EntityTypeId> principals;
  std::vector<EntityTypeId> resources;
  std::vector<Param> params;
  std::optional<uint32_t> FindParam(std::string_view param) const;
};

struct ObligationType {
  std::string package;
  std::string name;
  std::string json_name;
  std::vector<Param> params;
};

struct Schema {
  std::string root_package;
  TypeTable types;
  std::vector<EnumType> enums;
  std::vector<LatticeType> lattices;
  std::vector<EntityType> entities;
  std::vector<Input> inputs;
  std::vector<Action> actions;
  std::vector<ObligationType> obligations;
  std::vector<Route> routes;  // of one path, in the order in which they are tried

  const EnumType& operator[](EnumId id) const { return enums[id.index]; }
  const LatticeType& operator[](LatticeId id) const { return lattices[id.index]; }
  const EntityType& operator[](EntityTypeId id) const { return entities[id.index]; }
  const Input& operator[](InputId id) const { return inputs[id.index]; }
  const Action& operator[](ActionId id) const { return actions[id.index]; }
  const ObligationType& operator[](ObligationId id) const { return obligations[id.index]; }

  // By the names that JSON and people use; nothing if there is none.
  std::optional<EntityTypeId> FindEntityType(std::string_view json_name) const;
  std::optional<ActionId> FindAction(std::string_view json_name) const;
  std::optional<InputId> FindInput(std::string_view name) const;
  std::optional<ObligationId> FindObligation(std::string_view json_name) const;

  // Labels by layout. Chain: the k-th element. Set: of a power set or dual, from elements'
  // ordinals.
  Label ChainLabel(LatticeId id, uint32_t k) const;
  Label SetLabel(LatticeId id, const std::vector<uint32_t>& ordinals) const;
  // The inverse: a chain's position; the ordinals that are in (dual: allowed).
  uint32_t ChainPosition(LatticeId id, const Label& label) const;
  std::vector<uint32_t> SetMembers(LatticeId id, const Label& label) const;
  // A product's part out of it, and a product from its parts (in declaration order).
  Label PartOf(LatticeId product, uint32_t part, const Label& label) const;
  Label ProductLabel(LatticeId product, const std::vector<Label>& parts) const;
  Label Top(LatticeId id) const;     // what nothing exceeds: most restricted
  Label Bottom(LatticeId id) const;  // what flows everywhere

  // As a policy author writes it: `Set<Team>`, `{ a: Int, b?: String }`, `User | Group`.
  std::string TypeName(TypeId type) const;
};

// `E::"id"` with the id escaped as in the language.
std::string FormatUid(const Schema& schema, const EntityUid& uid);
// A value as an author would write it: `{ User::"ann" }`, `10m`, `"text"`, `restricted`.
std::string FormatValue(const Schema& schema, TypeId type, const Value& value);
// A route on several lines, of a schema that has passed CheckSchema.
std::string FormatRoute(const Schema& schema, const Route& route);

}  // namespace ztp
