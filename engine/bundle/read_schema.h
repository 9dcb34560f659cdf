// The schema out of a bundle's tables.
//
// Boundary: the tables have passed flatbuffers' own verification and nothing else. What comes back
// has well-formed values; whether it is a well-formed schema is CheckSchema's question.
#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "engine/base/schema.h"
#include "engine/bundle/bundle_generated.h"

namespace ztp {

// InvalidArgument: types out of order, a default value's cells are not well formed, or names would
// take more memory than the bundle has bytes.
absl::StatusOr<Schema> ReadSchema(const fb::Schema& schema, size_t bundle_bytes);

}  // namespace ztp
