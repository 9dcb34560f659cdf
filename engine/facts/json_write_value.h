// Values to JSON, in the forms that json_value.h reads.
//
// Boundary: with eval/json_decision.cc the only place that builds JSON. The library's exceptions
// cannot come up: text is written with bytes that are not UTF-8 replaced.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/base/schema.h"
#include "engine/facts/json_sink.h"

namespace ztp {

// A Decimal is a string (a reader's float would not hold it), an Int a number; sets are arrays in
// the order of Value, maps and records objects, a missing optional field is left out.
nlohmann::ordered_json ValueToJson(const Schema& schema, TypeId type, const Value& value);

// On one line.
std::string DumpJson(const nlohmann::ordered_json& json);

// DumpJson(ValueToJson(…)) without a tree between.
void PutJsonValue(const Schema& schema, TypeId type, const Value& value, JsonSink& sink);

}  // namespace ztp
