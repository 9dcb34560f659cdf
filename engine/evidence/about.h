// Whom or what `proven for PATH` is about: the value at PATH in a request, or in a stored entity.
//
// Boundary: reads the request, the stored facts or one entity's record, and compares texts. A value
// that is not there, or is no text, is nobody's: no evidence is about it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/world.h"
#include "engine/facts/snapshot.h"

namespace ztp::evidence {

// Is the value at `path` (Input::proven_for: "principal", "spiffe") one of `subjects`? An entity's
// value is its id; of strings, SPIFFE IDs and digests their text. Allocates nothing.
bool IsAbout(std::span<const std::string> path, const std::vector<std::string>& subjects,
             const Snapshot& facts, const Request& request);

// The same at a path within a stored entity (Attribute::proven_for: "digest"), of its own record:
// the path does not lead through another entity (StaysWithin).
bool IsAbout(std::span<const std::string> path, const std::vector<std::string>& subjects,
             const Schema& schema, const EntityRecord& record);

// Does what stands at a path within entities of a type depend on their own record alone, and on no
// evidence? Only then a proof about it stays right for as long as the record does.
bool StaysWithin(std::span<const std::string> path, const Schema& schema, EntityTypeId type);

}  // namespace ztp::evidence
