// The names that a schema gives a meaning in JSON, each kind in a table.
//
// Boundary: a derived form of a Schema, which must outlive it; immutable, so that any number of
// readers on any number of threads may share it.
#pragma once

#include <vector>

#include "engine/base/schema.h"
#include "engine/facts/json_name.h"

namespace ztp {

struct JsonSchemaNames {
  // Takes time in proportion to the schema's size.
  explicit JsonSchemaNames(const Schema& schema);

  JsonNames entities;
  JsonNames actions;
  JsonNames inputs;
  JsonNames obligations;
  std::vector<JsonNames> fields;      // by type; of records
  std::vector<JsonNames> params;      // by action
  std::vector<JsonNames> attributes;  // by entity type
  std::vector<JsonNames> enums;       // by enum: its values
  std::vector<JsonNames> parts;       // by lattice; of products
};

}  // namespace ztp
