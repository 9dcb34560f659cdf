// Whom or what `proven for PATH` is about: the value at PATH in a request.
//
// Boundary: reads the request and the stored facts, and compares texts. A value that is not there,
// or is no text, is nobody's: no evidence is about it.
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

}  // namespace ztp::evidence
