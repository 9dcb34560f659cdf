// Text of literals to values, and patterns checked.
//
// Boundary: values only; spans and diagnostics are the caller's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/value.h"

namespace ztp::sema {

struct LiteralResult {
  std::optional<Value> value;
  std::string error;  // why not: "a part of a version begins with a digit"
};

// A scalar of the kind (kInt to kGlob but kString) from its text.
LiteralResult ParseLiteral(TypeKind kind, std::string_view text);
// What such a literal looks like, for messages.
std::string_view LiteralForm(TypeKind kind);

// What is wrong with an RE2 pattern; empty if nothing.
std::string CheckRegex(std::string_view pattern);
// What is wrong with the text of a schedule; empty if nothing.
std::string CheckScheduleText(std::string_view text);

}  // namespace ztp::sema
