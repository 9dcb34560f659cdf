// ztp_parts_bench: where a decision's time goes, part by part, under google-benchmark.
//
//   ztp_parts_bench [--benchmark_…] FOLDER...      workloads, as bench/workloads/generate.py writes
//   them
//
// Percentiles, threads and other engines are ztp_bench's and run.py's.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>
#include <vector>

#include "bench/engine.h"
#include "bench/workload_files.h"
#include "engine/base/status.h"
#include "engine/driver/files.h"

namespace ztp::bench {
namespace {

// Everything about one workload, loaded.
struct Loaded {
  WorkloadFiles files;
  std::string bundle;
  std::unique_ptr<const Subject> subject;
};

absl::StatusOr<Loaded> Load(const std::string& folder) {
  Loaded loaded;
  ZTP_ASSIGN_OR_RETURN(loaded.files, ReadWorkload(folder));
  ZTP_ASSIGN_OR_RETURN(loaded.bundle, CompileToBundle(loaded.files.policy_path));
  ZTP_RETURN_IF_ERROR(driver::WriteFile(loaded.files.bundle_path, loaded.bundle));
  ZTP_ASSIGN_OR_RETURN(std::shared_ptr<const Policy> policy, OpenPolicy(loaded.files.bundle_path));
  ZTP_ASSIGN_OR_RETURN(std::shared_ptr<const Snapshot> facts,
                       LoadFacts(*policy, loaded.files.facts));
  ZTP_ASSIGN_OR_RETURN(loaded.subject, Subject::Make(std::move(policy), std::move(facts),
                                                     loaded.bundle, loaded.files.requests));
  return loaded;
}

// One request after the other, an item each.
template <typename Step>
void ForRequests(benchmark::State& state, const Loaded& loaded, const Step& step) {
  Subject::Worker worker;
  size_t i = 0;
  for (auto _ : state) {
    step(i, worker);
    if (++i == loaded.subject->size()) i = 0;
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

void Register(const Loaded& loaded) {
  const auto add = [&](const char* part, auto run) {
    benchmark::RegisterBenchmark((loaded.files.name + "/" + part).c_str(), run);
  };
  const auto add_for_requests = [&](const char* part, auto step) {
    add(part, [&loaded, step](benchmark::State& state) { ForRequests(state, loaded, step); });
  };
  add_for_requests("json_in", [&](size_t i, Subject::Worker& worker) {
    benchmark::DoNotOptimize(loaded.subject->ReadText(loaded.files.requests[i], worker));
  });
  add_for_requests("bind", [&](size_t i, Subject::Worker& worker) {
    benchmark::DoNotOptimize(loaded.subject->Bind(i, worker));
  });
  add_for_requests("evaluate", [&](size_t i, Subject::Worker& worker) {
    benchmark::DoNotOptimize(loaded.subject->Evaluate(i, worker));
  });
  add_for_requests("evaluate_and_json_out", [&](size_t i, Subject::Worker& worker) {
    benchmark::DoNotOptimize(loaded.subject->WriteText(i, worker));
  });
  add("compile", [&loaded](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(CompileToBundle(loaded.files.policy_path));
  });
  add("open_bundle", [&loaded](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(OpenPolicy(loaded.files.bundle_path));
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * loaded.bundle.size()));
  });
  add("load_facts", [&loaded](benchmark::State& state) {
    for (auto _ : state)
      benchmark::DoNotOptimize(LoadFacts(loaded.subject->policy(), loaded.files.facts));
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * loaded.files.facts.size()));
  });
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc < 2 || argv[1][0] == '-') {
    std::fprintf(stderr, "usage: %s [--benchmark_…] FOLDER...\n", argv[0]);
    return 3;
  }
  std::vector<std::unique_ptr<Loaded>> workloads;
  for (int i = 1; i < argc; ++i) {
    absl::StatusOr<Loaded> loaded = Load(argv[i]);
    if (!loaded.ok()) {
      std::fprintf(stderr, "%s: %s\n", argv[i], std::string(Message(loaded.status())).c_str());
      return 1;
    }
    workloads.push_back(std::make_unique<Loaded>(*std::move(loaded)));
    Register(*workloads.back());
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace ztp::bench

int main(int argc, char** argv) { return ztp::bench::Main(argc, argv); }
