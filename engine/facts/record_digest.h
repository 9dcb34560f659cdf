// An entity as bytes in which different records are different: what a snapshot's version is a
// digest of.
//
// Boundary: the content, by names: not how entities are numbered, how a schema orders its types, or
// which optional attributes it has that nobody gave. The form may be changed: it is hashed, never
// stored.
#pragma once

#include <string>

#include "engine/base/schema.h"
#include "engine/base/world.h"

namespace ztp {

// Replaces `out`. The record fits its type; edges may be in any order and there twice.
void WriteCanonical(const Schema& schema, const EntityRecord& record, std::string* out);

}  // namespace ztp
