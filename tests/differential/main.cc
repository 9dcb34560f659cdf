// ztp_differential_run: as many random cases as asked for.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "engine/base/status.h"
#include "tests/differential/check_case.h"

int main(int argc, char** argv) {
  using namespace ztp::differential;
  CLI::App app{"Decides random requests on random policies in every way there is, and compares.",
               "ztp_differential_run"};
  uint64_t first = 1, cases = 1000;
  CaseOptions options;
  bool print = false, keep_going = false;
  app.add_option("--seed", first, "the first case's seed")->capture_default_str();
  app.add_option("--cases", cases, "how many policies")->capture_default_str();
  app.add_option("--worlds", options.worlds, "worlds of each policy")->capture_default_str();
  app.add_option("--requests", options.requests, "requests of each world")->capture_default_str();
  app.add_option("--rules", options.policy.rules, "rules of each policy")->capture_default_str();
  app.add_flag("--print", print, "print the first policy and stop");
  app.add_flag("--keep-going", keep_going, "report every case that disagrees, not just the first");
  CLI11_PARSE(app, argc, argv);
  if (print) {
    Random random(first);
    std::fputs(GeneratePolicy(random, options.policy).c_str(), stdout);
    return 0;
  }
  Statistics statistics;
  int failures = 0;
  for (uint64_t i = 0; i < cases; ++i) {
    const absl::Status status = CheckCase(first + i, options, &statistics);
    if (!status.ok()) {
      ++failures;
      std::fprintf(stderr, "%s\n", std::string(ztp::Message(status)).c_str());
      if (!keep_going) break;
    }
    if ((i + 1) % 1000 == 0)
      std::fprintf(stderr, "%llu of %llu cases\r", static_cast<unsigned long long>(i + 1),
                   static_cast<unsigned long long>(cases));
  }
  std::fputs(Describe(statistics).c_str(), stdout);
  return failures == 0 ? 0 : 1;
}
