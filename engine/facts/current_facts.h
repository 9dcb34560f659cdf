// The snapshot that decisions are made by at the moment, while a writer makes the next ones.
//
// Boundary: hands snapshots over, makes none. Readers never wait, not for a writer and not for each
// other, and never do a writer's work: what a snapshot that nobody reads any more leaves behind is
// given back by who publishes the next.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/facts/snapshot.h"

namespace ztp {

class CurrentFacts {
 public:
  explicit CurrentFacts(std::shared_ptr<const Snapshot> first) : newest_(std::move(first)) {}

  // For who makes its successor.
  std::shared_ptr<const Snapshot> Newest() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return newest_;
  }

  // From now on readers get `next`. One thread at a time.
  void Publish(std::shared_ptr<const Snapshot> next) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      before_.push_back(std::exchange(newest_, std::move(next)));
      number_.fetch_add(1, std::memory_order_release);
    }
    // Held here alone: no reader can get one of these any more.
    std::erase_if(before_, [](const auto& snapshot) { return snapshot.use_count() == 1; });
  }

  // One thread's. Costs an atomic load where nothing has changed.
  class Reader {
   public:
    // `facts` must outlive it.
    explicit Reader(const CurrentFacts& facts) : facts_(facts) {
      const std::lock_guard<std::mutex> lock(facts.mutex_);
      Take();
    }
    // The newest snapshot, or the one before if another is published at this very moment. It stays
    // as it is, and is there until the next call: a request is bound and decided by one.
    const Snapshot& Get() {
      if (facts_.number_.load(std::memory_order_acquire) != number_) {
        const std::unique_lock<std::mutex> lock(facts_.mutex_, std::try_to_lock);
        if (lock.owns_lock()) Take();
      }
      return *held_;
    }

   private:
    void Take() {
      held_ = facts_.newest_;
      number_ = facts_.number_.load(std::memory_order_relaxed);
    }

    const CurrentFacts& facts_;
    std::shared_ptr<const Snapshot> held_;
    uint64_t number_ = 0;
  };

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> newest_;
  std::vector<std::shared_ptr<const Snapshot>> before_;  // the publisher's
  std::atomic<uint64_t> number_ = 0;
};

}  // namespace ztp
