// Names for decisions, by which an answer and an entry of the log are known to belong together.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string>

#include "engine/base/hex.h"
#include "engine/base/str.h"

namespace ztp::audit {

// Threads may share one. No two of any processes give the same.
class DecisionIds {
 public:
  DecisionIds() {
    std::random_device random;
    std::string bytes;
    while (bytes.size() < 16) bytes.push_back(static_cast<char>(random()));
    process_ = Hex(bytes);
  }
  // "0f1e…-17"
  std::string Next() { return Cat(process_, "-", count_.fetch_add(1, std::memory_order_relaxed)); }

 private:
  std::string process_;
  std::atomic<uint64_t> count_{0};
};

}  // namespace ztp::audit
