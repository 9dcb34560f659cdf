// Runs golden files (golden_file.h): compiles the policy, decides the requests in every way there
// is, compares.
#pragma once

#include <string>

#include "engine/scenario/golden_file.h"
#include "engine/scenario/report.h"

namespace ztp::scenario {

// The file with what its empty sections name, `== policy gate.ztp ==` or `== facts facts.json ==`
// and nothing below, read from `folder`: an example's golden file holds requests and not the policy
// again. NotFound and others as driver::ReadFile.
absl::StatusOr<GoldenFile> WithFilesBeside(GoldenFile file, const std::string& folder);

struct GoldenOptions {
  // Rewrite what is expected. A decision that would turn from allow to deny or back is refused
  // unless accepted.
  bool update = false;
  bool accept_decisions = false;
};

// What the file's policy and requests really give: the expected sections.
struct GoldenActual {
  std::string diagnostics;
  std::string tests;
  std::string decisions;
  std::string outcomes;
  std::string program;  // only if the file has such a section
};
// InvalidArgument: the options, facts or requests of the file are at fault (facts that must fail to
// load are part of what a golden file may show: their errors are the decisions).
absl::StatusOr<GoldenActual> RunGolden(const GoldenFile& file);

TestResult RunGoldenFile(const std::string& path, const GoldenOptions& options);

}  // namespace ztp::scenario
