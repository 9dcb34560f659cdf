// ztp_bench: one JSON line a workload with what ztp decides and what that costs.
//
//   ztp_bench [--check-only] [--seconds S] FOLDER...
//
// A decision other than the expected one is an error, and so is a rule other than the expected one
// where expected.txt names rules; so is one that allocates. --check-only measures nothing.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/allocations.h"
#include "bench/batches.h"
#include "bench/engine.h"
#include "bench/in_child.h"
#include "bench/timing.h"
#include "bench/workload_files.h"
#include "engine/base/status.h"
#include "engine/driver/files.h"

namespace ztp::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxWrongShown = 5;

struct Options {
  bool check_only = false;
  double seconds = 2;  // of measuring, a figure
  std::vector<std::string> folders;
};

double Rounded(double value) {
  return static_cast<double>(static_cast<int64_t>(value * 10 + 0.5)) / 10;
}

Json ToJson(const Distribution& d) {
  return {{"p50_ns", Rounded(d.p50)},
          {"p90_ns", Rounded(d.p90)},
          {"p99_ns", Rounded(d.p99)},
          {"stream_ns", Rounded(d.stream)},
          {"samples", d.samples}};
}

Json ToJson(const Scaling& s) {
  return {{"one_per_s", Rounded(s.one)}, {"two_per_s", Rounded(s.two)}, {"ratio", s.ratio()}};
}

// Does the answer agree with the expected one? An expected decision without rules asks for the
// decision only.
bool Agrees(std::string_view answer, std::string_view expected) {
  if (answer == expected) return true;
  return expected.find(' ') == std::string_view::npos &&
         answer.substr(0, answer.find(' ')) == expected;
}

// How many answers are wrong; says which on standard error.
size_t CountWrong(const WorkloadFiles& files, const Subject& subject) {
  Subject::Worker worker;
  size_t wrong = 0;
  for (size_t i = 0; i < subject.size(); ++i) {
    const std::string answer = subject.Answer(i, worker);
    const std::string_view text = subject.TextToText(files.requests[i], worker);
    const bool says_allow = text.find("\"decision\":true") != std::string_view::npos;
    const bool by_text_too = !text.empty() && says_allow == answer.starts_with("allow");
    if (Agrees(answer, files.expected[i]) && by_text_too) continue;
    if (++wrong <= kMaxWrongShown)
      std::fprintf(stderr, "%s: request %zu: expected %s, got %s%s\n", files.name.c_str(), i + 1,
                   files.expected[i].c_str(), answer.c_str(),
                   by_text_too ? "" : ", and something else as text");
  }
  return wrong;
}

// The same requests as batches; how many answers are wrong.
absl::StatusOr<size_t> CountWrongInBatches(const Subject& subject) {
  Subject::Worker worker;
  Batches batches(subject);
  ZTP_RETURN_IF_ERROR(batches.Fill());
  batches.Decide(worker.scratch);
  size_t wrong = 0;
  for (size_t i = 0; i < subject.size(); ++i) {
    if (batches.allow(i) != subject.Evaluate(i, worker)) ++wrong;
  }
  return wrong;
}

// A row's part of a pass over all batches, the median over passes: columns filled beforehand, and
// from names and plain values each time. Where every request has a clock of its own there is
// nothing to put together.
void MeasureBatches(const Subject& subject, double seconds, Json* out) {
  Subject::Worker worker;
  Batches batches(subject);
  if (!batches.Fill().ok() || batches.batch_count() * 2 > subject.size()) return;
  const double rows = static_cast<double>(subject.size());
  const Distribution filled = Measure(1, seconds, [&](size_t) { batches.Decide(worker.scratch); });
  const Distribution anew = Measure(1, seconds, [&](size_t) {
    if (batches.Fill().ok()) batches.Decide(worker.scratch);
  });
  (*out)["batch"] = {{"row_ns", Rounded(filled.p50 / rows)},
                     {"fill_row_ns", Rounded(anew.p50 / rows)},
                     {"batches", batches.batch_count()}};
}

// A call, after a pass that leaves memory to be used again.
template <typename Call>
double AllocationsPerCall(size_t n, const Call& call) {
  for (size_t i = 0; i < n; ++i) call(i);
  const uint64_t before = AllocationsSoFar();
  for (size_t i = 0; i < n; ++i) call(i);
  return static_cast<double>(AllocationsSoFar() - before) / static_cast<double>(n);
}

ScalingBesideControl EvaluateScaling(const Subject& subject, double seconds) {
  return MeasureScaling(seconds, [&subject]() -> Work {
    return [&subject, worker = std::make_shared<Subject::Worker>()]() -> uint64_t {
      for (size_t i = 0; i < subject.size(); ++i) Keep(subject.Evaluate(i, *worker));
      return subject.size();
    };
  });
}

void MeasureDecisions(const WorkloadFiles& files, const Subject& subject, double seconds,
                      Json* out) {
  const size_t n = subject.size();
  Subject::Worker worker;
  (*out)["evaluate"] =
      ToJson(Measure(n, seconds, [&](size_t i) { Keep(subject.Evaluate(i, worker)); }));
  (*out)["bind_evaluate"] =
      ToJson(Measure(n, seconds, [&](size_t i) { Keep(subject.BindAndEvaluate(i, worker)); }));
  (*out)["json"] = ToJson(Measure(
      n, seconds, [&](size_t i) { Keep(subject.TextToText(files.requests[i], worker).size()); }));
  (*out)["json_allocations"] =
      AllocationsPerCall(n, [&](size_t i) { subject.TextToText(files.requests[i], worker); });
  MeasureBatches(subject, seconds, out);
  const ScalingBesideControl scaling = EvaluateScaling(subject, 2 * seconds);
  (*out)["threads"] = ToJson(scaling.work);
  (*out)["alu_threads"] = ToJson(scaling.control);
}

absl::Status RunWorkload(const std::string& folder, const Options& options) {
  ZTP_ASSIGN_OR_RETURN(const WorkloadFiles files, ReadWorkload(folder));
  ZTP_ASSIGN_OR_RETURN(const ChildRun compiled,
                       RunInChild([&] { return CompileToBundle(files.policy_path); }));
  ZTP_RETURN_IF_ERROR(driver::WriteFile(files.bundle_path, compiled.output));
  uint64_t heap = HeapBytes();
  Clock::time_point begin = Clock::now();
  ZTP_ASSIGN_OR_RETURN(std::shared_ptr<const Policy> policy, OpenPolicy(files.bundle_path));
  const double load_seconds = SecondsSince(begin);
  // The bundle is mapped and used where it lies; the rest is on the heap.
  const uint64_t policy_bytes = HeapBytes() - heap + compiled.output.size();
  heap = HeapBytes();
  begin = Clock::now();
  ZTP_ASSIGN_OR_RETURN(std::shared_ptr<const Snapshot> facts, LoadFacts(*policy, files.facts));
  const double facts_seconds = SecondsSince(begin);
  const uint64_t facts_bytes = HeapBytes() - heap;
  ZTP_ASSIGN_OR_RETURN(
      const std::unique_ptr<const Subject> subject,
      Subject::Make(std::move(policy), std::move(facts), compiled.output, files.requests));

  ZTP_ASSIGN_OR_RETURN(const size_t wrong_in_batches, CountWrongInBatches(*subject));
  const size_t wrong = CountWrong(files, *subject) + wrong_in_batches;
  Json out = {
      {"engine", "ztp"}, {"workload", files.name}, {"checked", subject->size()}, {"wrong", wrong}};
  Subject::Worker worker;
  const double allocations =
      AllocationsPerCall(subject->size(), [&](size_t i) { subject->Evaluate(i, worker); });
  out["allocations"] = allocations;
  if (!options.check_only && wrong == 0) {
    MeasureDecisions(files, *subject, options.seconds, &out);
    out["compile_ms"] = Rounded(compiled.seconds * 1e3);
    out["compile_peak_bytes"] = compiled.peak_bytes;
    out["bundle_bytes"] = compiled.output.size();
    out["load_ms"] = load_seconds * 1e3;
    out["policy_bytes"] = policy_bytes;
    out["facts_ms"] = Rounded(facts_seconds * 1e3);
    out["facts_bytes"] = facts_bytes;
  }
  std::printf("%s\n", out.dump().c_str());
  std::fflush(stdout);
  if (wrong > 0) return InvalidArgument(wrong, " of ", subject->size(), " decisions are wrong");
  if (allocations != 0) return InvalidArgument("a decision allocates ", allocations, " times");
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Decides generated workloads, checks every decision, and measures what it costs");
  app.add_flag("--check-only", options.check_only, "measure nothing");
  app.add_option("--seconds", options.seconds, "how long to measure for each figure")
      ->check(CLI::Range(0.01, 60.0))
      ->capture_default_str();
  app.add_option("folders", options.folders,
                 "workloads, as bench/workloads/generate.py writes them")
      ->required();
  CLI11_PARSE(app, argc, argv);
  int exit_code = 0;
  for (const std::string& folder : options.folders) {
    const absl::Status status = RunWorkload(folder, options);
    if (status.ok()) continue;
    std::fprintf(stderr, "ztp_bench: %s: %s\n", folder.c_str(),
                 std::string(Message(status)).c_str());
    exit_code = 1;
  }
  return exit_code;
}

}  // namespace
}  // namespace ztp::bench

int main(int argc, char** argv) { return ztp::bench::Main(argc, argv); }
