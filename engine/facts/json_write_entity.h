// Stored entities to JSON, as facts files have them.
//
// Boundary: json_facts.h's counterpart: what it reads of this text is the record again. What the
// reader takes from evidence or with assume_proven alone is written all the same; what is not known
// has no JSON and is left out.
#pragma once

#include "engine/base/schema.h"
#include "engine/base/world.h"
#include "engine/facts/json_sink.h"

namespace ztp {

// On one line: {"uid": …, "attrs": …, "parents": …, "derives": …}.
void PutJsonEntity(const Schema& schema, const EntityRecord& record, JsonSink& sink);

}  // namespace ztp
