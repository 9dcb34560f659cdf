// Values from ztp_value, by the type that the schema wants, written over values that are there.
//
// Boundary: values.h's counterpart for values that nothing is wrong with, without a text between:
// what it takes is what the readers of JSON take of the same value, and gives the same. On anything
// else, and on some rare forms, it returns false and says nothing (values.h does); then what was
// being filled holds anything. Allocates only what is larger than before.
#pragma once

#include <string_view>

#include "bindings/c/ztp.h"
#include "engine/base/schema.h"

namespace ztp::c {

bool FillValue(const Schema& schema, TypeId type, const ztp_value& from, Value* to);
// As of a ZTP_STRING.
bool FillText(const Schema& schema, TypeId type, std::string_view from, Value* to);

}  // namespace ztp::c
