// The record that evidence of one kind comes down to, in types of its own, and how such a record
// becomes one of a policy's.
//
// Boundary: types and values, nothing about evidence. A kind states its form once (kind.h); whether
// a policy's type is that form is found out when the two meet (FormFit::Make), so that filling a
// request's input later can neither fail nor ask for a name.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/schema.h"
#include "engine/base/value.h"

namespace ztp::evidence {

// Immutable once it is built; threads may share it.
class NormalForm {
 public:
  struct Field {
    std::string_view name;
    TypeId type;
    bool optional = false;  // such evidence need not say it
  };

  // Building, innermost first: Scalar(kString), then the records that have it; `type()` is the last
  // record.
  TypeId Scalar(TypeKind kind) { return schema_.types.Scalar(kind); }
  TypeId Set(TypeId element) { return schema_.types.Set(element); }
  TypeId List(TypeId element) { return schema_.types.List(element); }
  // The values that such evidence can have; a policy's enum may have others besides.
  TypeId Enum(std::string_view name, std::initializer_list<std::string_view> values);
  TypeId Record(std::initializer_list<Field> fields);

  const Schema& schema() const { return schema_; }
  TypeId type() const { return type_; }

  // A record of this form from what was said; fields that are not named are missing. A name that
  // the form does not have, or a value of another kind, is a mistake of the program and aborts.
  using NamedValue = std::pair<std::string_view, Value>;
  Value Make(std::initializer_list<NamedValue> values) const { return Make(type_, values); }
  Value Make(TypeId record, std::initializer_list<NamedValue> values) const;
  // The value of an enum, and of a field's enum, by name; aborts where there is none.
  Value EnumValue(TypeId type, std::string_view name) const;
  // The type of a field of a record.
  TypeId FieldType(TypeId record, std::string_view name) const;

 private:
  Schema schema_;
  TypeId type_;
};

// How values of one normal form are written as values of one type of one policy. Immutable.
class FormFit {
 public:
  // InvalidArgument, with the field's path, where they do not fit: the policy's type needs a field
  // that such evidence does not have or need not say (and has no default for it), a field is of
  // another type, or an enum lacks a value that such evidence can have. Fields of the form that the
  // policy's type leaves out are left out. `schema` must outlive the fit.
  static absl::StatusOr<FormFit> Make(const NormalForm& form, const Schema& schema, TypeId type);

  // Writes `from`, of the form, over *to. Allocates only what is larger than what *to held before.
  void Write(const Value& from, Value* to) const { Write(0, from, to); }

 private:
  struct FieldStep {
    uint32_t node = 0;
    uint32_t from = UINT32_MAX;        // in the form's record; none: always the default or missing
    const Value* otherwise = nullptr;  // the policy's default; null: missing
  };
  struct Node {
    TypeKind kind = TypeKind::kNone;
    uint32_t element = 0;            // of a set or list
    std::vector<uint32_t> ordinals;  // of an enum: by the form's ordinal
    std::vector<FieldStep> fields;   // of a record, in the policy's order
  };
  class Maker;

  void Write(uint32_t node, const Value& from, Value* to) const;

  std::vector<Node> nodes_;
};

}  // namespace ztp::evidence
