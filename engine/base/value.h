// A typed value as plain data: what a literal, an attribute, an input or an obligation's argument
// holds.
//
// Boundary: this is the form in which values enter and leave (constants, JSON, fixtures, printing)
// and in which the reference interpreter computes. The engine's evaluator has a compact form of its
// own. A Value does not know its full type: names of enum values, fields and entity types come from
// the Schema.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/decimal.h"
#include "engine/core/ip.h"
#include "engine/core/label.h"
#include "engine/core/time.h"
#include "engine/core/type_kind.h"

namespace ztp {

// Indices into the Schema's vectors.
struct EntityTypeId {
  uint32_t index = UINT32_MAX;
  auto operator<=>(const EntityTypeId&) const = default;
};

// An entity's identity: its type and its id.
struct EntityUid {
  EntityTypeId type;
  std::string id;
  auto operator<=>(const EntityUid&) const = default;
};

class Value {
 public:
  Value() = default;  // kNone

  static Value Bool(bool b);
  static Value Int(int64_t i);
  static Value OfDecimal(Decimal d);
  static Value String(std::string text);
  static Value OfTime(Time t);
  static Value OfDuration(Duration d);
  // `key` is the canonical, order-preserving form of core/version.h.
  static Value Version(std::string key);
  static Value HexVersion(std::string key);
  static Value OfIp(const Ip& ip);
  static Value OfCidr(const Cidr& cidr);
  // Canonical texts, as base/scalar_text.h makes them.
  static Value Digest(std::string text);
  static Value SpiffeId(std::string text);
  static Value Glob(std::string pattern);
  // An enum's value by its position in the declaration.
  static Value Enum(uint32_t ordinal);
  static Value OfLabel(const Label& label);
  static Value Entity(EntityTypeId type, std::string id);
  static Value Entity(EntityUid uid) { return Entity(uid.type, std::move(uid.id)); }
  // Sorts and removes duplicates.
  static Value Set(std::vector<Value> elements);
  static Value List(std::vector<Value> elements);
  // Sorts by key; keys are distinct (the caller has checked).
  static Value Map(std::vector<std::pair<Value, Value>> entries);
  // One item for each field of the record's type, in the type's order; a kNone Value is a missing
  // optional field.
  static Value Record(std::vector<Value> fields);

  TypeKind kind() const { return kind_; }
  bool is_none() const { return kind_ == TypeKind::kNone; }

  bool boolean() const { return number_ != 0; }
  int64_t integer() const { return number_; }
  Decimal decimal() const { return Decimal{number_}; }
  Time time() const { return Time{number_}; }
  Duration duration() const { return Duration{number_}; }
  uint32_t ordinal() const { return static_cast<uint32_t>(number_); }
  // String, Version and HexVersion key, Digest, SpiffeId, Glob: their text; Entity: its id.
  const std::string& text() const { return text_; }
  Ip ip() const;
  Cidr cidr() const;
  const Label& label() const { return label_; }
  EntityTypeId entity_type() const { return EntityTypeId{static_cast<uint32_t>(number_)}; }
  EntityUid uid() const { return EntityUid{entity_type(), text_}; }
  // Set and List: the elements. Record: the fields. Map: key, value, key, value, …
  const std::vector<Value>& items() const { return items_; }

  // A total order: by kind, then by content. Within a type it is the type's own equality, and its
  // own order where it has one (numbers, times, versions; strings by bytes).
  std::strong_ordering operator<=>(const Value& other) const;
  bool operator==(const Value& other) const { return (*this <=> other) == 0; }

  template <typename H>
  friend H AbslHashValue(H h, const Value& v) {
    h = H::combine(std::move(h), v.kind_, v.number_, v.text_, v.items_);
    for (uint64_t word : v.label_.words) h = H::combine(std::move(h), word);
    return h;
  }

 private:
  explicit Value(TypeKind kind, int64_t number = 0) : kind_(kind), number_(number) {}
  static Value Text(TypeKind kind, std::string text);

  TypeKind kind_ = TypeKind::kNone;
  int64_t number_ = 0;
  std::string text_;
  Label label_ = {};
  std::vector<Value> items_;
};

}  // namespace ztp
