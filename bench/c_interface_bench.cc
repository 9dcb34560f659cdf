// ztp_c_bench: what the C interface costs beside the engine that it calls, on the same requests,
// under google-benchmark.
//
//   ztp_c_bench FOLDER...      workloads, as bench/workloads/generate.py writes them
//
// Every part is repeated nine times, the parts in a random order, and the medians are what counts:
// decide_through_c less evaluate is what the interface adds.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bench/engine.h"
#include "bench/workload_files.h"
#include "bindings/c/ztp.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"

namespace ztp::bench {
namespace {

using Json = nlohmann::json;

ztp_text Text(std::string_view text) { return {text.data(), text.size()}; }

absl::Status Worked(ztp_error* error) {
  if (error == nullptr) return absl::OkStatus();
  const ztp_text message = ztp_error_message(error);
  absl::Status status = InvalidArgument(std::string_view(message.data, message.size));
  ztp_error_free(error);
  return status;
}

// A workload in both forms.
struct Loaded {
  WorkloadFiles files;
  std::unique_ptr<const Subject> subject;
  ztp_engine* engine = nullptr;
  ztp_session* session = nullptr;
  std::vector<ztp_request*> requests;
  std::vector<int64_t> clocks;          // each request's own
  std::vector<std::string> principals;  // ids
  std::string principal_type;
};

absl::Status SetEntity(const Json& entity, bool is_principal, ztp_request* request) {
  const std::string text = entity.dump();
  return Worked(is_principal ? ztp_set_principal_json(request, Text(text))
                             : ztp_set_resource_json(request, Text(text)));
}

absl::Status SetValues(const Json& values, Loaded* loaded, ztp_request* request) {
  for (const auto& [name, value] : values.items()) {
    if (name == "now") continue;
    ztp_attr attr;
    ZTP_RETURN_IF_ERROR(Worked(ztp_engine_attr(loaded->engine, Text(name), &attr)));
    const std::string text = value.dump();
    ZTP_RETURN_IF_ERROR(Worked(ztp_set_json(request, attr, Text(text))));
  }
  return absl::OkStatus();
}

absl::Status AddRequest(const std::string& text, Loaded* loaded) {
  const Json json = Json::parse(text);
  const std::string action = json["action"]["name"];
  ztp_request* request = nullptr;
  ZTP_RETURN_IF_ERROR(Worked(ztp_request_new(loaded->session, Text(action), &request)));
  loaded->requests.push_back(request);
  ZTP_RETURN_IF_ERROR(SetEntity(json["subject"], true, request));
  ZTP_RETURN_IF_ERROR(SetEntity(json["resource"], false, request));
  if (json["action"].contains("properties")) {
    ZTP_RETURN_IF_ERROR(SetValues(json["action"]["properties"], loaded, request));
  }
  if (json.contains("context")) {
    ZTP_RETURN_IF_ERROR(SetValues(json["context"], loaded, request));
  }
  loaded->principals.push_back(json["subject"]["id"]);
  loaded->principal_type = json["subject"]["type"];
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Loaded>> Load(const std::string& folder) {
  auto loaded = std::make_unique<Loaded>();
  ZTP_ASSIGN_OR_RETURN(loaded->files, ReadWorkload(folder));
  ZTP_ASSIGN_OR_RETURN(const std::string bundle, CompileToBundle(loaded->files.policy_path));
  ZTP_RETURN_IF_ERROR(driver::WriteFile(loaded->files.bundle_path, bundle));
  ZTP_ASSIGN_OR_RETURN(std::shared_ptr<const Policy> policy, OpenPolicy(loaded->files.bundle_path));
  ZTP_ASSIGN_OR_RETURN(std::shared_ptr<const Snapshot> facts,
                       LoadFacts(*policy, loaded->files.facts));
  ZTP_ASSIGN_OR_RETURN(loaded->subject, Subject::Make(std::move(policy), std::move(facts), bundle,
                                                      loaded->files.requests));

  ztp_policy* c_policy = nullptr;
  ztp_facts* c_facts = nullptr;
  ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
  options.flags = ZTP_ASSUME_PROVEN | ZTP_ACCEPT_NOW;
  ZTP_RETURN_IF_ERROR(Worked(ztp_policy_read(bundle.data(), bundle.size(), &c_policy)));
  ZTP_RETURN_IF_ERROR(Worked(
      ztp_facts_read_json(c_policy, Text(loaded->files.facts), ZTP_ASSUME_PROVEN, &c_facts)));
  ZTP_RETURN_IF_ERROR(Worked(ztp_engine_new(c_policy, c_facts, &options, &loaded->engine)));
  ztp_facts_free(c_facts);
  ztp_policy_free(c_policy);
  ZTP_RETURN_IF_ERROR(Worked(ztp_session_new(loaded->engine, &loaded->session)));
  for (const std::string& request : loaded->files.requests) {
    ZTP_RETURN_IF_ERROR(AddRequest(request, loaded.get()));
  }
  // The same answers, or there is nothing to compare.
  Subject::Worker worker;
  for (size_t i = 0; i < loaded->requests.size(); ++i) {
    loaded->clocks.push_back(loaded->subject->request(i).now.micros);
    ztp_decision decision = ZTP_DECISION_INIT;
    ZTP_RETURN_IF_ERROR(
        Worked(ztp_decide(loaded->requests[i], loaded->subject->request(i).now.micros, &decision)));
    if (decision.allow != loaded->subject->Evaluate(i, worker)) {
      return InvalidArgument("request ", i, " is decided otherwise through the C interface");
    }
  }
  return loaded;
}

// One request after the other; `among`: the first so many only, again and again, so that caches
// hold them.
template <typename Step>
void ForRequests(benchmark::State& state, const Loaded& loaded, const Step& step,
                 size_t among = SIZE_MAX) {
  const size_t count = std::min(among, loaded.requests.size());
  size_t i = 0;
  for (auto _ : state) {
    step(i);
    if (++i == count) i = 0;
  }
}

void Register(Loaded& loaded) {
  const auto add = [&](const char* part, auto run) {
    benchmark::RegisterBenchmark((loaded.files.name + "/" + part).c_str(), run);
  };
  for (const size_t among : {size_t{8}, SIZE_MAX}) {
    const std::string which = among == SIZE_MAX ? "" : "_of_8_requests";
    add(("evaluate" + which).c_str(), [&loaded, among](benchmark::State& state) {
      Subject::Worker worker;
      ForRequests(
          state, loaded,
          [&](size_t i) { benchmark::DoNotOptimize(loaded.subject->Evaluate(i, worker)); }, among);
    });
    add(("decide_through_c" + which).c_str(), [&loaded, among](benchmark::State& state) {
      ztp_decision decision = ZTP_DECISION_INIT;
      ForRequests(
          state, loaded,
          [&](size_t i) {
            if (ztp_error* e = ztp_decide(loaded.requests[i], loaded.clocks[i], &decision)) {
              ztp_error_free(e);
            }
            benchmark::DoNotOptimize(decision.allow);
          },
          among);
    });
  }
  add("bind_and_evaluate", [&loaded](benchmark::State& state) {
    Subject::Worker worker;
    ForRequests(state, loaded, [&](size_t i) {
      benchmark::DoNotOptimize(loaded.subject->BindAndEvaluate(i, worker));
    });
  });
  add("set_and_decide_through_c", [&loaded](benchmark::State& state) {
    ztp_decision decision = ZTP_DECISION_INIT;
    ForRequests(state, loaded, [&](size_t i) {
      const int64_t now = loaded.clocks[i];
      ztp_error* error = ztp_set_principal(loaded.requests[i], Text(loaded.principal_type),
                                           Text(loaded.principals[i]));
      if (error == nullptr) error = ztp_decide(loaded.requests[i], now, &decision);
      ztp_error_free(error);
      benchmark::DoNotOptimize(decision.allow);
    });
  });
  add("json_through_c", [&loaded](benchmark::State& state) {
    ForRequests(state, loaded, [&](size_t i) {
      ztp_text answer;
      ztp_error_free(ztp_decide_json(loaded.session, Text(loaded.files.requests[i]), 0, false,
                                     nullptr, &answer));
      benchmark::DoNotOptimize(answer.data);
    });
  });
}

// What does not depend on the workload: a lease on an allowed decision of it, and the floors.
void RegisterLeases(Loaded& loaded) {
  ztp_decision decision = ZTP_DECISION_INIT;
  for (ztp_request* request : loaded.requests) {
    ztp_error_free(ztp_decide(request, ztp_now(), &decision));
    if (decision.allow && decision.valid_until == ZTP_FOREVER) break;
  }
  ztp_lease lease = decision.lease;
  benchmark::RegisterBenchmark("lease_check", [lease](benchmark::State& state) mutable {
    const int64_t now = ztp_now();
    for (auto _ : state) benchmark::DoNotOptimize(ztp_lease_check(&lease, now));
    if (!ztp_lease_check(&lease, now)) state.SkipWithError("the lease does not hold");
  });
  benchmark::RegisterBenchmark("lease_check_now", [lease](benchmark::State& state) mutable {
    for (auto _ : state) benchmark::DoNotOptimize(ztp_lease_check_now(&lease));
    if (!ztp_lease_check_now(&lease)) state.SkipWithError("the lease does not hold");
  });
  benchmark::RegisterBenchmark("floor/call_into_a_shared_library", [](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(ztp_version());
  });
  benchmark::RegisterBenchmark("floor/read_the_clock", [](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(ztp_now());
  });
}

int Main(int argc, char** argv) {
  std::vector<char*> arguments = {argv[0]};
  std::string repeat = "--benchmark_repetitions=9",
              aggregates = "--benchmark_report_aggregates_only",
              interleave = "--benchmark_enable_random_interleaving",
              least = "--benchmark_min_time=0.1";
  for (std::string* argument : {&repeat, &aggregates, &interleave, &least}) {
    arguments.push_back(argument->data());
  }
  for (int i = 1; i < argc; ++i) arguments.push_back(argv[i]);
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (count < 2) {
    std::fprintf(stderr, "usage: ztp_c_bench [--benchmark_...] FOLDER...\n");
    return 3;
  }
  std::vector<std::unique_ptr<Loaded>> all;
  for (int i = 1; i < count; ++i) {
    absl::StatusOr<std::unique_ptr<Loaded>> loaded = Load(arguments[i]);
    if (!loaded.ok()) {
      std::fprintf(stderr, "ztp_c_bench: %s: %s\n", arguments[i],
                   std::string(Message(loaded.status())).c_str());
      return 1;
    }
    all.push_back(*std::move(loaded));
    Register(*all.back());
  }
  RegisterLeases(*all.front());
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace ztp::bench

int main(int argc, char** argv) { return ztp::bench::Main(argc, argv); }
