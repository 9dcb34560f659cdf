// Runs a program's `test` blocks, each expectation in every way there is to decide.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/source.h"
#include "engine/scenario/coverage.h"
#include "engine/scenario/report.h"
#include "engine/sema/program.h"

namespace ztp::scenario {

// Adds a result a test to `report`; `coverage` may be null. Only tests whose "package: name"
// contains `filter`.
void RunTests(const sema::Program& program, const SourceManager& sources, std::string_view filter,
              TestReport* report, Coverage* coverage);

}  // namespace ztp::scenario
