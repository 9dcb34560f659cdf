// ztp bench: time decisions on the caller's own policy, facts and requests.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bindings/cli/common.h"
#include "engine/base/limits.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/eval/decide.h"
#include "engine/eval/json_request.h"

namespace ztp::cli {
namespace {

struct Options {
  std::string policy;
  FactsArguments facts;
  std::string requests = "-";
  std::string format = "text";
  double seconds = 2;
};

using Clock = std::chrono::steady_clock;

// What reading the clock twice costs: the least of many, to be taken off each measured call.
int64_t TimerNanos() {
  int64_t least = INT64_MAX;
  for (int i = 0; i < 10'000; ++i) {
    const auto begin = Clock::now();
    least = std::min<int64_t>(least, (Clock::now() - begin).count());
  }
  return least;
}

int Run(const Options& options) {
  const LoadedWorld world = LoadWorld(options.policy, options.facts);
  if (world.exit_code != kDone) return world.exit_code;
  const absl::StatusOr<std::string> text = driver::ReadFile(options.requests, kMaxJsonFileBytes);
  if (!text.ok()) return Fail(text.status());
  RequestOptions request_options;
  request_options.now = world.now;
  request_options.accept_now = request_options.assume_proven = options.facts.assume_proven;
  RequestReader reader(world.policy->program().schema, *text, request_options);
  std::vector<Request> requests;
  ReadRequestResult read;
  while (reader.Next(&read)) {
    if (!read.request) {
      for (const JsonError& error : read.errors) PrintError(Cat(FormatJsonError(error), "\n"));
      return kFailed;
    }
    requests.push_back(*std::move(read.request));
  }
  if (requests.empty()) return Fail(absl::InvalidArgumentError("there is no request"));

  Scratch scratch;
  size_t allowed = 0;
  for (const Request& request : requests)
    allowed += Decide(*world.policy, *world.snapshot, request, scratch).allow;
  const int64_t timer = TimerNanos();
  std::vector<int64_t> nanos;
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::duration<double>(options.seconds);
  while (Clock::now() < end && nanos.size() < 20'000'000) {
    for (const Request& request : requests) {
      const auto before = Clock::now();
      const bool allow = Decide(*world.policy, *world.snapshot, request, scratch).allow;
      nanos.push_back(std::max<int64_t>(0, (Clock::now() - before).count() - timer));
      // The answer is used, so that no compiler may leave the call out.
      if (allow && nanos.back() < 0) return kEnvironment;
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::sort(nanos.begin(), nanos.end());
  auto percentile = [&](double p) {
    return nanos[std::min(nanos.size() - 1,
                          static_cast<size_t>(p * static_cast<double>(nanos.size())))];
  };
  const double per_second = static_cast<double>(nanos.size()) / seconds;
  if (options.format == "json") {
    nlohmann::ordered_json out = {{"requests", requests.size()}, {"allowed", allowed},
                                  {"decisions", nanos.size()},   {"p50_ns", percentile(0.5)},
                                  {"p90_ns", percentile(0.9)},   {"p99_ns", percentile(0.99)},
                                  {"per_second", per_second},    {"timer_ns", timer}};
    Print(out.dump() + "\n");
  } else {
    char line[256];
    std::snprintf(line, sizeof(line),
                  "%zu requests (%zu allowed), %zu decisions on one thread\n"
                  "p50 %lld ns   p90 %lld ns   p99 %lld ns   %.0f decisions/s (binding included; "
                  "the timer's %lld ns taken off)\n",
                  requests.size(), allowed, nanos.size(), static_cast<long long>(percentile(0.5)),
                  static_cast<long long>(percentile(0.9)), static_cast<long long>(percentile(0.99)),
                  per_second, static_cast<long long>(timer));
    Print(line);
  }
  return kDone;
}

}  // namespace

void AddBench(CLI::App& app, Action* action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("bench", "Time decisions on your own policy, facts and requests");
  command
      ->add_option("-p,--policy", options->policy,
                   "a policy: a .ztp file, a folder of them, or a bundle (.ztpb)")
      ->required();
  command->add_option("-f,--facts", options->facts.files, kFactsHelp);
  command
      ->add_option("-r,--requests", options->requests,
                   "requests: an object, an array or JSON Lines; - is standard input")
      ->capture_default_str();
  command->add_option("--now", options->facts.now, "decide as if it were this time (RFC 3339)");
  command->add_option("--trust", options->facts.trust, kFactsTrustHelp);
  command->add_option("--nonce", options->facts.nonces, kNonceHelp);
  command->add_flag("--assume-proven", options->facts.assume_proven,
                    "take proven inputs and attributes as plain JSON");
  command->add_option("--seconds", options->seconds, "how long to measure")
      ->check(CLI::Range(0.01, 600.0))
      ->capture_default_str();
  command->add_option("--format", options->format, "text, or json for programs")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->callback([=] { *action = [=] { return Run(*options); }; });
}

}  // namespace ztp::cli
