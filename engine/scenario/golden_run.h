// What a golden file's policy, requests and HTTP requests really come to.
//
// Boundary: from a file with all its sections (WithFilesBeside) to the texts of the expected ones.
// What was expected is not looked at, but for the section `program`, which is made where it stands.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/scenario/golden_compare.h"
#include "engine/scenario/golden_file.h"

namespace ztp::scenario {

struct GoldenActual {
  std::string diagnostics;
  std::string tests;
  std::string decisions;
  std::string outcomes;
  std::string program;  // only if the file has such a section
};

// The sections that say what is expected, in the order in which a file gets them.
struct ExpectedSection {
  std::string_view kind;
  std::string GoldenActual::*text;
  // How a unit that holds begins, for Turns; empty: nothing there is a decision.
  std::string_view good = {};
  Units units = Units::kLines;
};
inline constexpr ExpectedSection kExpectedSections[] = {
    {"diagnostics", &GoldenActual::diagnostics},
    {"tests", &GoldenActual::tests, "pass"},
    {"decisions", &GoldenActual::decisions, "allow"},
    {"outcomes", &GoldenActual::outcomes, "allow", Units::kTitles},
    {"program", &GoldenActual::program}};

// `path`: of the golden file, whose folder the files that it names are relative to.
// InvalidArgument: its options, trust or HTTP requests are at fault (facts and requests that must
// be refused are part of what a golden file may show: their errors are the decisions).
absl::StatusOr<GoldenActual> RunGolden(const GoldenFile& file, const std::string& path);

}  // namespace ztp::scenario
