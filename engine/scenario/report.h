// What a run of tests came to, and its three forms: for people, for programs, for CI servers
// (JUnit).
//
// Boundary: makes strings out of results; runs nothing.
#pragma once

#include <string>
#include <vector>

namespace ztp::scenario {

struct Failure {
  std::string place;    // "train.ztp:12:3"
  std::string message;  // one or more lines: what was expected, what came, why
};

struct TestResult {
  std::string suite;  // the package, or the golden file's folder
  std::string name;
  std::string place;
  std::vector<Failure> failures;
  double seconds = 0;
  bool updated = false;  // a golden file whose expected parts were rewritten

  bool passed() const { return failures.empty(); }
};

struct TestReport {
  std::vector<TestResult> results;

  size_t failed() const;
  size_t passed() const { return results.size() - failed(); }
};

struct PrettyOptions {
  bool color = false;
  bool verbose = false;  // name the tests that passed too
};

// Ends with the line "N passed, N failed".
std::string RenderPretty(const TestReport& report, const PrettyOptions& options = {});
std::string RenderTestsJson(const TestReport& report);
// One <testsuite> a suite. Characters that XML 1.0 has no place for are left out.
std::string RenderJUnit(const TestReport& report);

}  // namespace ztp::scenario
