// What is known of one entity, from the JSON object of its attributes.
//
// Boundary: one entity, by its declaration: defaults, required and optional, inherited own parts,
// proven attributes, `in tenant` edges. Facts files (json_facts.h) and carried properties
// (eval/json_request.h) share it.
#pragma once

#include <optional>
#include <vector>

#include "engine/base/schema.h"
#include "engine/base/world.h"
#include "engine/facts/json_value.h"

namespace ztp {

// Fills `record->attributes` from `attributes` (an object; nullptr: none are given), and adds the
// edges that `in tenant: Tenant` attributes give to `record->parents`. `record->uid`, `parents` and
// `derives` are set. `at` is where a missing attribute is reported, `path` that of the attributes.
// False: errors were reported.
bool ReadAttributes(JsonReader& reader, const JsonNode* attributes, const JsonNode& at,
                    bool assume_proven, const JsonPath& path, EntityRecord* record);

// A request's subject or resource: `{"type": …, "id": …}`, and, of a type that requests carry, its
// `properties`. Nothing: errors were reported. `*carried` is set for a carried type whose
// properties could be read.
std::optional<EntityUid> ReadRequestEntity(JsonReader& reader, const JsonNode& entity,
                                           bool assume_proven, const JsonPath& path,
                                           std::optional<EntityRecord>* carried);

// What an attribute of `record` is that is not given; nothing: it has to be.
std::optional<Fact> FactWhenLeftOut(const Attribute& attribute, const EntityRecord& record);
// Adds the entities in an `in tenant: Tenant` attribute's value to `parents`, each once.
void AddParents(const Value& value, std::vector<EntityUid>* parents);

}  // namespace ztp
