// Values across the interface: ztp_value and JSON in, ztp_value out.
//
// Boundary: by the schema's types. What a value may be is decided by the readers of JSON alone: a
// ztp_value is written as JSON and read like any other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bindings/c/objects.h"
#include "bindings/c/ztp.h"
#include "engine/base/schema.h"
#include "engine/base/world.h"
#include "engine/facts/json_error.h"

namespace ztp::c {

// How deep lists and maps may be within each other, and how many items there may be in all.
inline constexpr int kMaxValueDepth = 32;
inline constexpr size_t kMaxValueItems = size_t{1} << 20;

// A text that becomes a value or an id: ZTP_BAD_REQUEST: it is not UTF-8; ZTP_LIMIT: it has more
// bytes than a request's whole text may have. `what` is what it is for.
ztp_error* CheckText(std::string_view text, std::string_view what);

// Appends the value as JSON. Misuse: a kind that is none, a null where there should be items, too
// deep or too many; nullptr: it is done.
ztp_error* AppendJson(std::string_view function, const ztp_value& value, std::string* json);

// The fact that a JSON text is for a parameter or input `name` of that type and rank. Empty errors:
// it could be read. `proven`: read with its times where it has some (JsonReader::ReadProven).
std::vector<JsonError> ReadFact(const Schema& schema, TypeId type, bool proven,
                                std::string_view name, std::string_view json, Fact* fact);

// A value for the caller, who may use it until `keep` is cleared.
ztp_value ToCaller(const Schema& schema, TypeId type, const Value& value, Decided* keep);

}  // namespace ztp::c
