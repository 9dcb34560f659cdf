// Values from a document that nothing is wrong with, by the type that the schema wants, written
// over values that are there.
//
// Boundary: json_value.h's counterpart on a JsonCursor: what it takes is what that takes, and gives
// the same; on anything else, and on some rare forms, it returns false and says nothing
// (json_cursor.h). Then what was being filled holds anything.
#pragma once

#include <string>
#include <vector>

#include "engine/base/schema.h"
#include "engine/base/world.h"
#include "engine/facts/json_cursor.h"
#include "engine/facts/json_schema_names.h"

namespace ztp {

class JsonFiller {
 public:
  // All must outlive it.
  JsonFiller(const Schema& schema, const JsonSchemaNames& names, JsonCursor& cursor)
      : schema_(schema), names_(names), cursor_(cursor) {}

  // As JsonReader's functions of these names, of the value at the cursor.
  bool Read(TypeId type, Value* value) { return ReadItem(type, false, value); }
  bool ReadProven(TypeId type, Fact* fact);
  bool ReadTime(Time* time);

 private:
  bool ReadItem(TypeId type, bool in_collection, Value* value);
  bool ReadNumber(TypeKind kind, Value* value);
  bool ReadText(const Type& type, bool in_collection, Value* value);
  bool ReadItems(const Type& type, Value* value);
  bool ReadMap(const Type& type, Value* value);
  // With `fact`, members `issued_at` and `expires_at` that are no fields are its times.
  bool ReadRecord(TypeId type, Value* value, Fact* fact);
  bool ReadLabel(LatticeId id, Label* label);
  bool ReadElement(EnumId id, uint32_t* ordinal);
  bool ReadElementSet(const LatticeType& lattice, Label* label);
  bool ReadEntity(const Type& type, Value* value);
  bool ReadEntityText(const Type& type, std::string_view text, Value* value);
  bool ReadOptionalTime(std::optional<Time>* time);
  // Is the proven value at the cursor one inside {"value": …}? False: that is not so easy to say.
  bool FindWrapping(const Type& type, bool* wrapped);
  bool ReadWrapped(TypeId type, Fact* fact);

  const Schema& schema_;
  const JsonSchemaNames& names_;
  JsonCursor& cursor_;
};

// The fact becomes one that is there, its value to be written by the caller.
inline Value* MakePresent(Fact* fact) {
  fact->state = Fact::State::kPresent;
  fact->issued_at.reset();
  fact->expires_at.reset();
  return &fact->value;
}
// The fact becomes one that is not there, keeping memory.
inline void MakeAbsent(Fact* fact, Fact::State state) {
  fact->state = state;
  fact->value.Clear();
  fact->issued_at.reset();
  fact->expires_at.reset();
}

}  // namespace ztp
