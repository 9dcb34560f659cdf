// What floor.cc calls: in a shared library of its own, so that no compiler looks through the call.
extern "C" int ztp_bench_empty_call(int x) { return x; }
