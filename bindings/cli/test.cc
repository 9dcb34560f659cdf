// ztp test: run `test` blocks and golden files.
#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "bindings/cli/common.h"
#include "engine/base/status.h"
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

// What is tested at one place of the command line: a policy, golden files, or both.
struct Subject {
  std::string name;
  std::vector<std::string> policy;
  std::vector<std::string> goldens;
};

// In the order of the paths. A folder is a policy of its own; files that are named by themselves,
// and are in none of the folders, are one policy together. No golden file comes twice.
absl::StatusOr<std::vector<Subject>> SubjectsOf(const std::vector<std::string>& paths) {
  const auto plain = [](const std::string& path) {
    const std::filesystem::path normal = std::filesystem::path(path).lexically_normal();
    return normal.has_filename() ? normal.string() : normal.parent_path().string();
  };
  std::vector<Subject> subjects;
  std::set<std::string> in_folders, seen;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!seen.insert(plain(path)).second) continue;
    Subject subject{.name = plain(path), .policy = {}, .goldens = {}};
    ZTP_ASSIGN_OR_RETURN(const std::vector<std::string> files,
                         driver::FindFiles({path}, {".ztp", ".golden"}));
    const bool folder = path != "-" && std::filesystem::is_directory(path, error);
    for (const std::string& file : files) {
      (file.ends_with(".golden") ? subject.goldens : subject.policy).push_back(file);
      if (folder) in_folders.insert(plain(file));
    }
    subjects.push_back(std::move(subject));
  }
  Subject* named = nullptr;  // what the files that are named by themselves come together in
  std::set<std::string> goldens;
  for (Subject& subject : subjects) {
    std::erase_if(subject.goldens,
                  [&](const std::string& file) { return !goldens.insert(plain(file)).second; });
    const bool is_file = subject.policy.size() == 1 && plain(subject.policy[0]) == subject.name;
    if (!is_file) continue;
    if (in_folders.contains(subject.name)) {
      subject.policy.clear();
    } else if (named == nullptr) {
      named = &subject;
    } else {
      named->policy.push_back(std::move(subject.policy[0]));
      subject.policy.clear();
    }
  }
  std::erase_if(subjects, [](const Subject& s) { return s.policy.empty() && s.goldens.empty(); });
  return subjects;
}

// A folder of folders may have been meant as so many policies.
bool LooksLikeSeveral(const Subject& subject) {
  std::set<std::filesystem::path> folders;
  for (const std::string& file : subject.policy) {
    folders.insert(std::filesystem::path(file).parent_path());
  }
  return folders.size() > 1 && !folders.contains(subject.name);
}

// The `test` blocks of a policy. `several`: there are other policies, too, and results say of which
// they are. kDone, or there is no going on.
int RunPolicy(const Options& options, const Subject& subject, bool several,
              scenario::TestReport* report) {
  driver::Compiler compiler;
  if (const int code = Compile(compiler, subject.policy); code == kFailed) {
    std::string message = "the policy has errors";
    if (LooksLikeSeveral(subject)) {
      Append(message,
             "; a folder is one policy with all folders in it: to test each by itself, name ",
             "each, as ", subject.name, "/*/ does");
    }
    report->results.push_back({.suite = subject.name,
                               .name = "compiles",
                               .place = subject.name,
                               .failures = {{subject.name, std::move(message)}}});
    return kDone;
  } else if (code != kDone) {
    return code;
  }
  const size_t before = report->results.size();
  scenario::Coverage coverage;
  scenario::RunTests(*compiler.program(), compiler.sources(), options.filter, report,
                     options.coverage ? &coverage : nullptr);
  if (several) {
    for (size_t i = before; i < report->results.size(); ++i) {
      scenario::TestResult& result = report->results[i];
      result.suite = Cat(subject.name, ": ", result.suite);
    }
  }
  if (options.coverage && options.format == "pretty") {
    if (several) Print(Cat(subject.name, ":\n"));
    Print(scenario::RenderCoverage(*compiler.program(), compiler.sources(), coverage));
  }
  return kDone;
}

int Run(const Options& options) {
  const absl::StatusOr<std::vector<Subject>> subjects = SubjectsOf(options.paths);
  if (!subjects.ok()) return Fail(subjects.status());
  const bool several = std::count_if(subjects->begin(), subjects->end(),
                                     [](const Subject& s) { return !s.policy.empty(); }) > 1;
  const scenario::GoldenOptions golden{.update = options.update,
                                       .accept_decisions = options.accept_decisions};
  scenario::TestReport report;
  for (const Subject& subject : *subjects) {
    const size_t before = report.results.size();
    if (!subject.policy.empty()) {
      if (const int code = RunPolicy(options, subject, several, &report); code != kDone)
        return code;
    }
    for (const std::string& file : subject.goldens) {
      if (!options.filter.empty() && file.find(options.filter) == std::string::npos) continue;
      report.results.push_back(scenario::RunGoldenFile(file, golden));
    }
    if (report.results.size() == before && options.filter.empty()) {
      PrintError(Cat("ztp: ", subject.name, ": there are no tests here\n"));
    }
  }
  if (options.format == "json") {
    Print(RenderTestsJson(report));
  } else if (options.format == "junit") {
    Print(RenderJUnit(report));
  } else {
    Print(RenderPretty(report, {.color = ColorOutput(), .verbose = options.verbose}));
  }
  if (report.results.empty() && !options.filter.empty()) {
    PrintError(Cat("ztp: no test matches '", options.filter, "'\n"));
  }
  return report.results.empty() || report.failed() > 0 ? kFailed : kDone;
}

}  // namespace

void AddTest(CLI::App& app, Action* action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("test", "Run the test blocks of policies, and golden files");
  command
      ->add_option(
          "PATH", options->paths,
          "folders, each a policy (.ztp) with its golden files (.golden) however deep; .ztp "
          "files, which are one policy together; .golden files")
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
  command->footer(
      "Each folder is tested by itself, in the order given, and the summary is of all: packages of "
      "the same name may be\n"
      "in several. A golden file has its policy in it, or names its files, wherever it stands. A "
      "policy with errors is a\n"
      "test that fails; the others go on.\n"
      "Exit codes: 0 all passed, 1 one failed or there is none.");
  command->callback([=] { *action = [=] { return Run(*options); }; });
}

}  // namespace ztp::cli
