// ztp_instructions: decides a workload for callgrind to count what that takes. instructions.py runs
// it and reads the counts.
//
//   valgrind --tool=callgrind --instr-atstart=no --combine-dumps=yes ztp_instructions FOLDER
//
// Counting is on around the three loops only and ends with a named dump each: a count has no share
// of compiling and loading, nor of memory that is kept after the first decision. Decisions other
// than the expected ones are an error, since those of a broken engine may be cheap. On standard
// output: what the counts are to be divided by, and by what compiler they are, as JSON.
#include <valgrind/callgrind.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/engine.h"
#include "bench/timing.h"
#include "bench/workload_files.h"
#include "engine/base/status.h"
#include "engine/driver/files.h"

namespace ztp::bench {
namespace {

// The costs of a pass are the same each time. Several make the loop's ends too small to see.
constexpr size_t kPasses = 4;

constexpr std::string_view kAllowed = R"({"decision":true,)";

#if defined(__VERSION__)
constexpr const char* kCompiler = __VERSION__;
#else
constexpr const char* kCompiler = "unknown";
#endif

absl::StatusOr<std::unique_ptr<const Subject>> Load(const WorkloadFiles& files) {
  ZTP_ASSIGN_OR_RETURN(const std::string bundle, CompileToBundle(files.policy_path));
  ZTP_RETURN_IF_ERROR(driver::WriteFile(files.bundle_path, bundle));
  ZTP_ASSIGN_OR_RETURN(std::shared_ptr<const Policy> policy, OpenPolicy(files.bundle_path));
  ZTP_ASSIGN_OR_RETURN(std::shared_ptr<const Snapshot> facts, LoadFacts(*policy, files.facts));
  return Subject::Make(std::move(policy), std::move(facts), bundle, files.requests);
}

// Decides all, each way, as the counted loops will.
absl::Status WarmUp(const WorkloadFiles& files, const Subject& subject, Subject::Worker& worker) {
  for (size_t i = 0; i < subject.size(); ++i) {
    const bool expected = files.expected[i].starts_with("allow");
    const bool text_allows = subject.TextToText(files.requests[i], worker).find(kAllowed) == 0;
    if (subject.Evaluate(i, worker) != expected || subject.BindAndEvaluate(i, worker) != expected ||
        text_allows != expected)
      return InvalidArgument("request ", i + 1, ": expected ", files.expected[i]);
  }
  return absl::OkStatus();
}

template <typename Call>
void Count(size_t calls, const Call& call) {
  CALLGRIND_START_INSTRUMENTATION;
  for (size_t pass = 0; pass < kPasses; ++pass)
    for (size_t i = 0; i < calls; ++i) call(i);
  CALLGRIND_STOP_INSTRUMENTATION;
}

absl::Status Run(const std::string& folder) {
  ZTP_ASSIGN_OR_RETURN(const WorkloadFiles files, ReadWorkload(folder));
  ZTP_ASSIGN_OR_RETURN(const std::unique_ptr<const Subject> subject, Load(files));
  Subject::Worker worker;
  ZTP_RETURN_IF_ERROR(WarmUp(files, *subject, worker));

  CALLGRIND_ZERO_STATS;
  Count(subject->size(), [&](size_t i) { Keep(subject->Evaluate(i, worker)); });
  CALLGRIND_DUMP_STATS_AT("decide");
  Count(subject->size(), [&](size_t i) { Keep(subject->BindAndEvaluate(i, worker)); });
  CALLGRIND_DUMP_STATS_AT("bind_decide");
  Count(subject->size(),
        [&](size_t i) { Keep(subject->TextToText(files.requests[i], worker).size()); });
  CALLGRIND_DUMP_STATS_AT("json");

  const nlohmann::ordered_json out = {
      {"workload", files.name}, {"decisions", kPasses * subject->size()}, {"compiler", kCompiler}};
  std::printf("%s\n", out.dump().c_str());
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: ztp_instructions FOLDER, under callgrind\n");
    return 2;
  }
  if (!RUNNING_ON_VALGRIND) {
    std::fprintf(stderr, "ztp_instructions: not under valgrind, nothing would be counted\n");
    return 2;
  }
  const absl::Status status = Run(argv[1]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "ztp_instructions: %s: %s\n", argv[1], std::string(Message(status)).c_str());
  return 1;
}

}  // namespace
}  // namespace ztp::bench

int main(int argc, char** argv) { return ztp::bench::Main(argc, argv); }
