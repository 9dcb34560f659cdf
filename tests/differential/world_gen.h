// Random facts and requests for a schema.
//
// Boundary: reads the Schema only. Ids and values come from small pools, so that equal ones meet;
// some entities that are referred to are not stored, some facts are missing, and times lie close
// around the clock.
#pragma once

#include <vector>

#include "engine/base/world.h"
#include "tests/differential/random.h"

namespace ztp::differential {

// How many ids a type has, if not said otherwise.
inline constexpr uint32_t kUsualIds = 4;

std::vector<EntityRecord> GenerateEntities(Random& random, const Schema& schema,
                                           uint32_t ids = kUsualIds);

// A record of an entity, as GenerateEntities makes them: another state of it.
EntityRecord GenerateRecord(Random& random, const Schema& schema, const EntityUid& uid,
                            uint32_t ids = kUsualIds);

// A request that fits the schema: one of its actions with a principal, a resource and parameters
// that it takes.
Request GenerateRequest(Random& random, const Schema& schema, uint32_t ids = kUsualIds);

}  // namespace ztp::differential
