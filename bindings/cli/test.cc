// ztp test: run `test` blocks and golden files.
#include "bindings/cli/common.h"
#include "engine/base/str.h"
#include "engine/diag/render.h"
#include "engine/driver/files.h"
#include "engine/scenario/coverage.h"
#include "engine/scenario/golden.h"
#include "engine/scenario/report.h"
#include "engine/scenario/run_tests.h"

namespace ztp::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::string format = "pretty";
  std::string filter;
  bool coverage = false;
  bool update = false;
  bool accept_decisions = false;
  bool verbose = false;
};

int Run(const Options& options) {
  const absl::StatusOr<std::vector<std::string>> files =
      driver::FindFiles(options.paths, {".ztp", ".golden"});
  if (!files.ok()) return Fail(files.status());
  std::vector<std::string> policies, goldens;
  for (const std::string& file : *files)
    (file.ends_with(".golden") ? goldens : policies).push_back(file);

  scenario::TestReport report;
  scenario::Coverage coverage;
  if (!policies.empty()) {
    driver::Compiler compiler;
    if (const int code = Compile(compiler, policies); code != kDone) return code;
    scenario::RunTests(*compiler.program(), compiler.sources(), options.filter, &report,
                       options.coverage ? &coverage : nullptr);
    if (options.coverage && options.format == "pretty") {
      Print(scenario::RenderCoverage(*compiler.program(), compiler.sources(), coverage));
    }
  }
  for (const std::string& file : goldens) {
    scenario::GoldenOptions golden;
    golden.update = options.update;
    golden.accept_decisions = options.accept_decisions;
    if (!options.filter.empty() && file.find(options.filter) == std::string::npos) continue;
    report.results.push_back(scenario::RunGoldenFile(file, golden));
  }
  if (options.format == "json") {
    Print(RenderTestsJson(report));
  } else if (options.format == "junit") {
    Print(RenderJUnit(report));
  } else {
    Print(RenderPretty(report, {.color = ColorOutput(), .verbose = options.verbose}));
  }
  if (report.results.empty()) {
    PrintError(options.filter.empty() ? "ztp: there are no tests here\n"
                                      : Cat("ztp: no test matches '", options.filter, "'\n"));
    return kFailed;
  }
  return report.failed() == 0 ? kDone : kFailed;
}

}  // namespace

void AddTest(CLI::App& app, Action* action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("test", "Run the test blocks of policies, and golden files");
  command->add_option("PATH", options->paths, "files, and folders with .ztp and .golden files")
      ->required();
  command->add_option("--format", options->format, "what to print the results as")
      ->check(CLI::IsMember({"pretty", "json", "junit"}))
      ->capture_default_str();
  command->add_option("--filter", options->filter,
                      "run only tests whose name (package: name) or file contains this text");
  command->add_flag("--coverage", options->coverage,
                    "show which rules and clauses the tests decided");
  command->add_flag("--update", options->update,
                    "rewrite what golden files expect to what came; a changed decision is refused");
  command->add_flag("--accept-decisions", options->accept_decisions,
                    "with --update: also where an allow becomes a deny or back");
  command->add_flag("-v,--verbose", options->verbose, "name the tests that passed, too");
  command->callback([=] { *action = [=] { return Run(*options); }; });
}

}  // namespace ztp::cli
