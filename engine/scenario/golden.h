// A golden file (golden_file.h) as a test: what it expects beside what really comes (golden_run.h).
//
// Boundary: reads files, and writes them where it is asked to.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "engine/scenario/golden_file.h"
#include "engine/scenario/report.h"

namespace ztp::scenario {

// The file with what its empty sections name, `== policy gate.ztp ==` or `== facts facts.json ==`
// and nothing below, read from `folder`: an example's golden file holds requests and not the policy
// again. A section `trust` is left to golden_settings.h. NotFound and others as driver::ReadFile.
absl::StatusOr<GoldenFile> WithFilesBeside(GoldenFile file, const std::string& folder);

struct GoldenOptions {
  // Rewrite what is expected. A decision that would turn from allow to deny or back is refused
  // unless accepted.
  bool update = false;
  bool accept_decisions = false;
};

// Runs it and compares. Whatever is wrong is a failure of the result.
TestResult RunGoldenFile(const std::string& path, const GoldenOptions& options);

}  // namespace ztp::scenario
