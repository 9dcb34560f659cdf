// Clocks for calls of a few nanoseconds, and what a row of them comes to.
//
// Boundary: knows nothing of what it times. Figures are nanoseconds. Calls are timed in three ways,
// since none alone says it all:
// - each call by itself, with the cycle counter and fences around it, so that no work leaks out of
//   the interval; the counter's own cost is taken off. Percentiles are of these.
// - where a call takes less than a microsecond, batches of eight different calls, for the median
//   alone: a cycle counter may advance in steps of 10 ns (AMD's does), too coarse for one call. The
//   99th percentile stays that of single calls: a batch would average the slow ones away.
// - whole passes without a clock inside, for what a call costs in a stream of them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace ztp::bench {

using Clock = std::chrono::steady_clock;

inline double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Tells the compiler that `value` is used.
template <typename T>
inline void Keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

// Ticks of the finest clock there is: the cycle counter on x86-64 (constant rate, whatever the
// core's frequency), else the steady clock's nanoseconds.
#if defined(__x86_64__)
inline uint64_t TicksBefore() {
  _mm_lfence();
  const uint64_t ticks = __rdtsc();
  _mm_lfence();
  return ticks;
}
inline uint64_t TicksAfter() {
  unsigned processor;
  const uint64_t ticks = __rdtscp(&processor);
  _mm_lfence();
  return ticks;
}
#else
inline uint64_t TicksBefore() {
  return static_cast<uint64_t>(Clock::now().time_since_epoch().count());
}
inline uint64_t TicksAfter() { return TicksBefore(); }
#endif

// How ticks become nanoseconds, and what an empty interval costs (the median of many). Measured
// once, when first asked for; takes 50 ms.
struct TickScale {
  double nanos_per_tick = 1;
  uint64_t empty_ticks = 0;
};
const TickScale& Ticks();

// What a call costs.
struct Distribution {
  double p50 = 0;           // of single calls, or of batches if below a microsecond
  double p90 = 0, p99 = 0;  // of single calls
  double stream = 0;        // per call of a pass without clocks; the median over passes
  size_t samples = 0;
};

// `singles` and `batches` are ticks of one call and of kBatch calls, `passes` nanoseconds a call.
Distribution Summarise(std::vector<uint32_t>& singles, std::vector<uint32_t>& batches,
                       std::vector<double>& passes);

inline constexpr size_t kBatch = 8;
inline constexpr double kBatchBelowNanos = 1000;
inline constexpr size_t kMaxSamples = size_t{4} << 20;

// Goes through the calls 0 … count - 1 in groups of `step` for about `seconds`; adds what each
// group took to `ticks`.
template <typename Call>
void MeasureGroups(size_t count, size_t step, double seconds, std::vector<uint32_t>* ticks,
                   const Call& call) {
  ticks->reserve(kMaxSamples);
  const Clock::time_point begin = Clock::now();
  do {
    for (size_t i = 0; i + step <= count; i += step) {
      const uint64_t before = TicksBefore();
      for (size_t k = 0; k < step; ++k) call(i + k);
      const uint64_t after = TicksAfter();
      ticks->push_back(static_cast<uint32_t>(std::min<uint64_t>(after - before, UINT32_MAX)));
    }
  } while (SecondsSince(begin) < seconds && ticks->size() + count <= kMaxSamples);
}

// Calls call(0) … call(count - 1) over and over for about `seconds`, in equal parts each way. One
// pass beforehand warms caches and memory that is kept.
template <typename Call>
Distribution Measure(size_t count, double seconds, const Call& call) {
  for (size_t i = 0; i < count; ++i) call(i);
  std::vector<double> passes;
  const Clock::time_point begin = Clock::now();
  do {
    const Clock::time_point pass = Clock::now();
    for (size_t i = 0; i < count; ++i) call(i);
    passes.push_back(SecondsSince(pass) * 1e9 / static_cast<double>(count));
  } while (SecondsSince(begin) < seconds / 3);
  std::vector<uint32_t> singles, batches;
  MeasureGroups(count, 1, seconds / 3, &singles, call);
  if (passes.back() < kBatchBelowNanos && count >= kBatch)
    MeasureGroups(count, kBatch, seconds / 3, &batches, call);
  return Summarise(singles, batches, passes);
}

// Calls a second that one and two threads make together.
struct Scaling {
  double one = 0, two = 0;
  double ratio() const { return one > 0 ? two / one : 0; }
};

// Does some calls, and returns how many.
using Work = std::function<uint64_t()>;
// Makes the work of one thread, in that thread: what it allocates shares no cache line with another
// thread's, as in a host.
using WorkMaker = std::function<Work()>;

// Of the work, and of arithmetic in registers, which shares nothing and so says what two threads
// can reach at all on this machine, at this moment. The two alternate for five rounds in about
// `seconds`; the round counts in which the arithmetic did best.
struct ScalingBesideControl {
  Scaling work, control;
};
ScalingBesideControl MeasureScaling(double seconds, const WorkMaker& make_work);

}  // namespace ztp::bench
