// The machine's floors: what any engine's decision is made of, on this machine, in this run. One
// JSON line; nanoseconds, each the median of eleven rounds.
//
// call        a call into a shared library
// hash        a warm look-up of a 20-byte key among 1,000 in absl::flat_hash_map
// hash_cold   the same among 1,000,000, any of them
// and_1000    the AND of eight columns of 1,000 bits; and_10000: of 10,000
// rule        a rule of five comparisons in native code
// line        a cache line from memory: a chain of dependent reads over 256 MiB
// clock       reading the clock
#include <sys/mman.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "bench/timing.h"

extern "C" int ztp_bench_empty_call(int x);

namespace ztp::bench {
namespace {

using Json = nlohmann::ordered_json;

// Nanoseconds for each of `count` steps that round() makes.
template <typename Round>
double PerStep(size_t count, const Round& round) {
  std::vector<double> rounds;
  round();
  for (int r = 0; r < 11; ++r) {
    const Clock::time_point begin = Clock::now();
    round();
    rounds.push_back(SecondsSince(begin) * 1e9 / static_cast<double>(count));
  }
  std::sort(rounds.begin(), rounds.end());
  return rounds[rounds.size() / 2];
}

double Call() {
  constexpr int kSteps = 5'000'000;
  return PerStep(kSteps, [] {
    for (int i = 0; i < kSteps; ++i) Keep(ztp_bench_empty_call(i));
  });
}

// `entries` keys in the table, and as many look-ups as 1,024 of them or, if `any`, all of them.
double Hash(uint32_t entries, bool any) {
  std::vector<std::string> keys;
  absl::flat_hash_map<absl::string_view, uint32_t> table;
  keys.reserve(entries);
  for (uint32_t i = 0; i < entries; ++i) {
    char key[32];
    std::snprintf(key, sizeof(key), "Resource::%010u", i);
    keys.emplace_back(key);
    table[absl::string_view(keys.back())] = i;
  }
  std::mt19937 random(1);
  std::vector<absl::string_view> asked(any ? 1u << 20 : 1u << 10);
  for (absl::string_view& key : asked) key = keys[random() % entries];
  return PerStep(1u << 20, [&] {
    for (size_t i = 0; i < (1u << 20); ++i) Keep(table.find(asked[i & (asked.size() - 1)])->second);
  });
}

double AndColumns(size_t bits) {
  const size_t words = (bits + 63) / 64;
  std::mt19937_64 random(2);
  std::vector<std::vector<uint64_t>> columns(128, std::vector<uint64_t>(words));
  for (auto& column : columns) {
    for (uint64_t& word : column) word = random();
  }
  constexpr size_t kSteps = 200'000;
  return PerStep(kSteps, [&] {
    for (size_t i = 0; i < kSteps; ++i) {
      const uint64_t* c[8];
      for (size_t k = 0; k < 8; ++k) c[k] = columns[k * 16 + ((i * 7 + k) & 15)].data();
      uint64_t any = 0;
      for (size_t w = 0; w < words; ++w)
        any |= c[0][w] & c[1][w] & c[2][w] & c[3][w] & c[4][w] & c[5][w] & c[6][w] & c[7][w];
      Keep(any);
    }
  });
}

double Rule() {
  struct Facts {
    int clearance, risk, sensitivity, region;
    bool managed;
  };
  std::mt19937 random(3);
  std::vector<Facts> facts(1024);
  for (Facts& f : facts) {
    f = {static_cast<int>(random() % 6), static_cast<int>(random() % 100),
         static_cast<int>(random() % 6), static_cast<int>(random() % 8), (random() & 1) != 0};
  }
  constexpr size_t kSteps = 5'000'000;
  return PerStep(kSteps, [&] {
    for (size_t i = 0; i < kSteps; ++i) {
      const Facts& f = facts[i & 1023];
      Keep((f.clearance >= 3) & f.managed & (f.risk < 60) & (f.sensitivity <= 4) &
           ((0x5b >> f.region) & 1));
    }
  });
}

double Line() {
  constexpr size_t kBytes = size_t{256} << 20, kLine = 64, kLines = kBytes / kLine;
  struct Free {
    void operator()(char* p) const { std::free(p); }
  };
  std::unique_ptr<char, Free> memory(static_cast<char*>(std::aligned_alloc(1 << 21, kBytes)));
  if (memory == nullptr) return 0;
  madvise(memory.get(), kBytes, MADV_HUGEPAGE);
  std::vector<uint32_t> order(kLines);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(4));
  const auto at = [&](size_t i) {
    return reinterpret_cast<void**>(memory.get() + kLine * order[i % kLines]);
  };
  for (size_t i = 0; i < kLines; ++i) *at(i) = at(i + 1);
  void* line = *at(0);
  constexpr size_t kSteps = 300'000;
  return PerStep(kSteps, [&] {
    for (size_t i = 0; i < kSteps; ++i) line = *static_cast<void**>(line);
    Keep(line);
  });
}

double ReadClock() {
  constexpr size_t kSteps = 500'000;
  return PerStep(kSteps, [] {
    for (size_t i = 0; i < kSteps; ++i) Keep(Clock::now().time_since_epoch().count());
  });
}

int Main(int argc, char** argv) {
  double seconds = 2;
  CLI::App app("The machine's floors");
  app.add_option("--seconds", seconds, "how long to measure the threads")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const Scaling alu =
      MeasureScaling(2 * seconds, []() -> Work { return [] { return uint64_t{1}; }; }).control;
  const Json out = {
      {"engine", "floor"},
      {"call_ns", Call()},
      {"hash_ns", Hash(1'000, false)},
      {"hash_cold_ns", Hash(1'000'000, true)},
      {"and_1000_ns", AndColumns(1'000)},
      {"and_10000_ns", AndColumns(10'000)},
      {"rule_ns", Rule()},
      {"line_ns", Line()},
      {"clock_ns", ReadClock()},
      {"alu_threads", {{"one_per_s", alu.one}, {"two_per_s", alu.two}, {"ratio", alu.ratio()}}}};
  std::printf("%s\n", out.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace ztp::bench

int main(int argc, char** argv) { return ztp::bench::Main(argc, argv); }
