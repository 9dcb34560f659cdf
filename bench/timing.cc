#include "bench/timing.h"

#include <atomic>
#include <thread>

namespace ztp::bench {
namespace {

template <typename T>
T Median(std::vector<T>& values) {
  if (values.empty()) return T{};
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

TickScale Calibrate() {
  TickScale scale;
  const Clock::time_point begin = Clock::now();
  const uint64_t first = TicksBefore();
  while (SecondsSince(begin) < 0.05) {
  }
  const uint64_t last = TicksAfter();
  scale.nanos_per_tick = SecondsSince(begin) * 1e9 / static_cast<double>(last - first);
  std::vector<uint64_t> empty(20'001);
  for (uint64_t& ticks : empty) {
    const uint64_t before = TicksBefore();
    ticks = TicksAfter() - before;
  }
  scale.empty_ticks = Median(empty);
  return scale;
}

double CallsPerSecond(int threads, double seconds, const WorkMaker& make_work) {
  std::atomic<uint64_t> calls{0};
  std::atomic<int> ready{0};
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&] {
      const Work work = make_work();
      work();
      ready.fetch_add(1);
      while (ready.load() < threads) {
      }
      const Clock::time_point begin = Clock::now();
      uint64_t mine = 0;
      do {
        mine += work();
      } while (SecondsSince(begin) < seconds);
      calls.fetch_add(static_cast<uint64_t>(static_cast<double>(mine) / SecondsSince(begin)));
    });
  }
  for (std::thread& thread : running) thread.join();
  return static_cast<double>(calls.load());
}

Work MakeArithmetic() {
  return [x = uint64_t{1}]() mutable -> uint64_t {
    for (int i = 0; i < 100'000; ++i) {
      x = x * 6364136223846793005u + 1442695040888963407u;
      x ^= x >> 17;
    }
    Keep(x);
    return 1;
  };
}

}  // namespace

const TickScale& Ticks() {
  static const TickScale scale = Calibrate();
  return scale;
}

Distribution Summarise(std::vector<uint32_t>& singles, std::vector<uint32_t>& batches,
                       std::vector<double>& passes) {
  const TickScale& scale = Ticks();
  const auto nanos = [&](const std::vector<uint32_t>& sorted, double share) {
    const size_t index = static_cast<size_t>(share * static_cast<double>(sorted.size()));
    const uint64_t ticks = sorted[std::min(sorted.size() - 1, index)];
    return static_cast<double>(ticks - std::min(ticks, scale.empty_ticks)) * scale.nanos_per_tick;
  };
  Distribution d;
  d.samples = singles.size();
  d.stream = Median(passes);
  std::sort(singles.begin(), singles.end());
  d.p50 = nanos(singles, 0.5);
  d.p90 = nanos(singles, 0.9);
  d.p99 = nanos(singles, 0.99);
  if (!batches.empty()) {
    std::sort(batches.begin(), batches.end());
    d.p50 = nanos(batches, 0.5) / kBatch;
  }
  return d;
}

ScalingBesideControl MeasureScaling(double seconds, const WorkMaker& make_work) {
  constexpr int kRounds = 5;
  const double part = seconds / (kRounds * 4);
  ScalingBesideControl best;
  for (int round = 0; round < kRounds; ++round) {
    ScalingBesideControl now;
    now.control = {CallsPerSecond(1, part, MakeArithmetic),
                   CallsPerSecond(2, part, MakeArithmetic)};
    now.work = {CallsPerSecond(1, part, make_work), CallsPerSecond(2, part, make_work)};
    if (now.control.ratio() >= best.control.ratio()) best = now;
  }
  return best;
}

}  // namespace ztp::bench
