// See generation.h.
#include "engine/runtime/generation.h"

#include <cstddef>
#include <mutex>
#include <vector>

namespace ztp {
namespace {

// A cache line each, so that engines do not slow each other down.
struct alignas(64) Word {
  std::atomic<uint64_t> count = 1;
};

// Words without an owner. Never destroyed: engines may go after it would be.
struct Pool {
  std::mutex mutex;
  std::vector<std::atomic<uint64_t>*> idle;
  size_t made = 0;
};
Pool& ThePool() {
  static Pool* const pool = new Pool;
  return *pool;
}

}  // namespace

Generation::Generation() {
  Pool& pool = ThePool();
  const std::lock_guard<std::mutex> lock(pool.mutex);
  if (pool.idle.empty()) {
    pool.idle.reserve(++pool.made);  // so that giving back needs no memory
    word_ = &(new Word)->count;
    return;
  }
  word_ = pool.idle.back();
  pool.idle.pop_back();
}

Generation::~Generation() {
  Advance();
  Pool& pool = ThePool();
  const std::lock_guard<std::mutex> lock(pool.mutex);
  pool.idle.push_back(word_);
}

}  // namespace ztp
