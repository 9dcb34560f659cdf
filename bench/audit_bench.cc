// ztp_audit_bench: what logging a decision costs the thread that decides, and what the log can
// take.
//
//   ztp_audit_bench [--folder DIR] [--rounds 200] [--burst 500]
//
// Handing over is timed in bursts that the queue holds, with the log's thread at work beside it;
// the limit beside it is a copy of as many bytes into memory as large as the queue, which any
// record must cost that outlives its maker. Waiting for the disk is timed beside a write and
// fdatasync of as many bytes by themselves, in the same folder.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "bench/timing.h"
#include "engine/audit/log.h"
#include "engine/base/descriptor.h"
#include "engine/base/str.h"
#include "engine/evidence/private_key.h"

namespace {

using namespace ztp;         // NOLINT
using namespace ztp::audit;  // NOLINT
using namespace ztp::bench;  // NOLINT
namespace fs = std::filesystem;

struct Options {
  std::string folder;
  size_t rounds = 200;
  size_t burst = 500;
};

double At(std::vector<double>& values, double share) {
  std::sort(values.begin(), values.end());
  return values.empty()
             ? 0
             : values[std::min(values.size() - 1,
                               static_cast<size_t>(share * static_cast<double>(values.size())))];
}

void Say(const char* what, std::vector<double> values, const char* unit) {
  std::printf("%-44s p50 %9.1f  p99 %9.1f %s\n", what, At(values, 0.5), At(values, 0.99), unit);
}

DecisionRecord Record() {
  static const std::string request =
      R"({"subject":{"type":"Workload","id":"trainer-7"},"action":{"name":"train","properties":{"purpose":"research"}},)"
      R"("resource":{"type":"Dataset","id":"faces"},"context":{"source_ip":"10.1.2.3","region":"eu-central-1"}})";
  static const std::string answer = Cat(
      R"({"decision":true,"context":{"rules":["acme.training.train_on_own_data"],"reason":"the team owns the data and the GPU is attested",)"
      R"("obligations":[{"id":"audit","args":{"level":"full"}}],"valid_until":"2026-11-23T12:08:59Z","unknown":[],"policy":"sha256:)",
      std::string(64, 'a'), R"(","facts":"sha256:)", std::string(64, 'b'), "\"}}");
  DecisionRecord record;
  record.id = "0123456789abcdef0123456789abcdef-1234567";
  record.asked_by = "spiffe://acme/gateway";
  record.request = request;
  record.answer = answer;
  record.time = Time{1'795'866'539'000'000};
  record.latency_nanos = 1234;
  return record;
}

std::unique_ptr<AuditLog> Open(const fs::path& folder, bool durable) {
  fs::remove_all(folder);
  auto files = OpenFolder(folder.string(), Access::kWrite);
  auto signer = MakeLogSigner("bench.example",
                              std::make_shared<evidence::PrivateKey>(
                                  *evidence::PrivateKey::Generate(evidence::KeyType::kEd25519)));
  if (!files.ok() || !signer.ok()) return nullptr;
  auto log = AuditLog::Open(*std::move(files), *std::move(signer),
                            {.when_full = WhenFull::kDrop, .durable = durable});
  return log.ok() ? *std::move(log) : nullptr;
}

// Nanoseconds of each of `burst` calls, and the mean of the burst without clocks, `rounds` times.
template <typename Call, typename Rest>
void Bursts(const Options& options, std::vector<double>* single, std::vector<double>* stream,
            const Call& call, const Rest& rest) {
  const TickScale& scale = Ticks();
  for (size_t round = 0; round < options.rounds; ++round) {
    for (size_t i = 0; i < options.burst; ++i) {
      const uint64_t before = TicksBefore();
      call();
      const uint64_t ticks = TicksAfter() - before;
      single->push_back(static_cast<double>(ticks - std::min(ticks, scale.empty_ticks)) *
                        scale.nanos_per_tick);
    }
    rest();
    const auto begin = Clock::now();
    for (size_t i = 0; i < options.burst; ++i) call();
    stream->push_back(SecondsSince(begin) * 1e9 / static_cast<double>(options.burst));
    rest();
  }
}

int Run(const Options& options) {
  const fs::path top =
      options.folder.empty() ? fs::temp_directory_path() : fs::path(options.folder);
  const fs::path folder = top / Cat("ztp_audit_bench_", getpid());
  const DecisionRecord record = Record();
  const size_t bytes =
      record.id.size() + record.asked_by.size() + record.request.size() + record.answer.size();
  std::printf("a record of %zu bytes\n", bytes);

  auto log = Open(folder, false);
  if (log == nullptr) return 1;
  uint64_t ticket = 0;
  std::vector<double> single, stream;
  Bursts(
      options, &single, &stream, [&] { ticket = log->Append(record); },
      [&] { (void)log->Wait(ticket); });
  Say("handing over: each call", single, "ns");
  Say("handing over: in a stream", stream, "ns");
  if (log->status().dropped > 0) return 1;

  // The limit: the same texts, copied to where they are not in the cache.
  std::vector<char> memory(16 << 20);
  size_t at = 0;
  single.clear();
  stream.clear();
  Bursts(
      options, &single, &stream,
      [&] {
        if (at + bytes + 64 > memory.size()) at = 0;
        for (const std::string_view text :
             {record.id, record.asked_by, record.request, record.answer}) {
          std::memcpy(&memory[at], text.data(), text.size());
          at += text.size();
        }
        Keep(memory[at]);
      },
      [] {});
  Say("limit: a copy of the bytes, each", single, "ns");
  Say("limit: a copy of the bytes, in a stream", stream, "ns");

  // What the log's thread takes.
  const size_t many = 20'000;
  const auto begin = Clock::now();
  for (size_t i = 0; i < many; ++i) {
    while ((ticket = log->Append(record)) == 0) std::this_thread::yield();
  }
  if (!log->Wait(ticket).ok()) return 1;
  std::printf("%-44s %9.0f entries a second\n", "written, by one thread",
              static_cast<double>(many) / SecondsSince(begin));
  if (!log->Close().ok()) return 1;

  log = Open(folder, true);
  if (log == nullptr) return 1;
  std::vector<double> waits, syncs;
  for (size_t i = 0; i < options.rounds; ++i) {
    const auto from = Clock::now();
    if (!log->Wait(log->Append(record)).ok()) return 1;
    waits.push_back(SecondsSince(from) * 1e6);
  }
  const Descriptor file(open((folder / "raw").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600));
  const std::string raw(bytes + 200, 'x');
  for (size_t i = 0; i < options.rounds; ++i) {
    const auto from = Clock::now();
    if (write(file.get(), raw.data(), raw.size()) < 0 || fdatasync(file.get()) != 0) return 1;
    syncs.push_back(SecondsSince(from) * 1e6);
  }
  Say("durable: handed over and on disk", waits, "us");
  Say("limit: a write and fdatasync by itself", syncs, "us");
  log = nullptr;
  fs::remove_all(folder);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("What logging a decision costs.");
  app.add_option("--folder", options.folder, "where the log is made");
  app.add_option("--rounds", options.rounds, "how often");
  app.add_option("--burst", options.burst, "records at a time");
  CLI11_PARSE(app, argc, argv);
  return Run(options);
}
