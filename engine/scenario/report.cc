#include "engine/scenario/report.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/base/quote.h"
#include "engine/base/str.h"

namespace ztp::scenario {
namespace {

std::string Indent(std::string_view text, std::string_view by) {
  std::string out;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    Append(out, by, text.substr(0, end), "\n");
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

std::string Seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f", seconds);
  return text;
}

}  // namespace

size_t TestReport::failed() const {
  return static_cast<size_t>(std::count_if(results.begin(), results.end(),
                                           [](const TestResult& r) { return !r.passed(); }));
}

std::string RenderPretty(const TestReport& report, const PrettyOptions& options) {
  const char* green = options.color ? "\x1b[32m" : "";
  const char* red = options.color ? "\x1b[1;31m" : "";
  const char* plain = options.color ? "\x1b[0m" : "";
  std::string out;
  for (const TestResult& r : report.results) {
    if (r.passed() && !options.verbose && !r.updated) continue;
    Append(out, r.passed() ? green : red, r.passed() ? "pass" : "FAIL", plain, "  ", r.suite, ": ",
           r.name, r.updated ? "  (updated)" : "", "\n");
    for (const Failure& f : r.failures) {
      Append(out, "      ", f.place, "\n", Indent(f.message, "        "));
    }
  }
  Append(out, report.passed(), " passed, ", report.failed(), " failed\n");
  return out;
}

std::string RenderTestsJson(const TestReport& report) {
  nlohmann::ordered_json out;
  out["passed"] = report.passed();
  out["failed"] = report.failed();
  out["tests"] = nlohmann::ordered_json::array();
  for (const TestResult& r : report.results) {
    nlohmann::ordered_json t;
    t["suite"] = r.suite;
    t["name"] = r.name;
    t["place"] = r.place;
    t["passed"] = r.passed();
    t["failures"] = nlohmann::ordered_json::array();
    for (const Failure& f : r.failures)
      t["failures"].push_back({{"place", f.place}, {"message", f.message}});
    out["tests"].push_back(std::move(t));
  }
  return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string RenderJUnit(const TestReport& report) {
  std::map<std::string, std::vector<const TestResult*>> suites;
  for (const TestResult& r : report.results) suites[r.suite].push_back(&r);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  Append(out, "<testsuites tests=\"", report.results.size(), "\" failures=\"", report.failed(),
         "\">\n");
  for (const auto& [suite, tests] : suites) {
    const size_t failed = static_cast<size_t>(std::count_if(
        tests.begin(), tests.end(), [](const TestResult* r) { return !r->passed(); }));
    double seconds = 0;
    for (const TestResult* r : tests) seconds += r->seconds;
    Append(out, "  <testsuite name=\"", XmlText(suite), "\" tests=\"", tests.size(),
           "\" failures=\"", failed, "\" time=\"", Seconds(seconds), "\">\n");
    for (const TestResult* r : tests) {
      Append(out, "    <testcase classname=\"", XmlText(suite), "\" name=\"", XmlText(r->name),
             "\" time=\"", Seconds(r->seconds), "\"");
      if (r->passed()) {
        out += "/>\n";
        continue;
      }
      out += ">\n";
      for (const Failure& f : r->failures) {
        Append(out, "      <failure message=\"", XmlText(f.place), "\">", XmlText(f.message),
               "</failure>\n");
      }
      out += "    </testcase>\n";
    }
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace ztp::scenario
