// What is expected beside what came: where they differ, and whether that turns a decision.
//
// Boundary: text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ztp::scenario {

// The lines that differ, as `- expected` and `+ got`.
std::string Difference(std::string_view expected, std::string_view actual);

// How a section shows one thing after the other.
enum class Units : uint8_t {
  kLines,   // a line that is not indented; what is indented below belongs to it
  kTitles,  // a line `### title`, with all up to the next
};

// Does a unit that holds become one that does not, or back? It holds if a line of it begins with
// `good`: of decisions that is an allow, of tests one that passes. What does not come any more
// holds no longer; what is new turns nothing.
bool Turns(std::string_view expected, std::string_view actual, std::string_view good, Units units);

}  // namespace ztp::scenario
