// What is in force at the moment, read by many threads while a writer puts the next in its place.
//
// Boundary: hands over, makes nothing. A reader that asks gets what was published last, waits for
// nobody and takes no lock; what it was given stays until it asks again (a hazard pointer: M.
// Michael, "Hazard Pointers: Safe Memory Reclamation for Lock-Free Objects", 2004). What nobody
// reads any more is given back by who publishes the next, never by a reader.
#pragma once

#include <algorithm>
#include <atomic>
#include <iterator>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace ztp {

template <typename T>
class Current {
 public:
  class Reader;

  explicit Current(std::shared_ptr<const T> first)
      : newest_(std::move(first)), now_(newest_.get()) {}
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;

  // For who makes its successor, or wants to keep it.
  std::shared_ptr<const T> Newest() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return newest_;
  }

  // From now on readers get `next`: whoever asks after this call does.
  void Publish(std::shared_ptr<const T> next) {
    std::vector<std::shared_ptr<const T>> unread;  // goes outside of the lock: it may be large
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      // Whatever needs memory, before anything is moved.
      before_.reserve(before_.size() + 1);
      unread.reserve(before_.size() + 1);
      before_.push_back(std::exchange(newest_, std::move(next)));
      now_.store(newest_.get());
      const auto kept = std::partition(before_.begin(), before_.end(),
                                       [&](const auto& old) { return IsRead(old.get()); });
      unread.assign(std::make_move_iterator(kept), std::make_move_iterator(before_.end()));
      before_.erase(kept, before_.end());
    }
  }

 private:
  bool IsRead(const T* old) const {
    return std::any_of(readers_.begin(), readers_.end(),
                       [&](const Reader* reader) { return reader->held_.load() == old; });
  }

  mutable std::mutex mutex_;  // of writers, and of readers that come and go
  std::shared_ptr<const T> newest_;
  std::vector<std::shared_ptr<const T>> before_;
  mutable std::vector<const Reader*> readers_;
  std::atomic<const T*> now_;
};

// One thread's.
template <typename T>
class Current<T>::Reader {
 public:
  // `current` must outlive it.
  explicit Reader(const Current& current) : current_(current) {
    const std::lock_guard<std::mutex> lock(current.mutex_);
    current.readers_.push_back(this);
    held_.store(current.newest_.get());
  }
  ~Reader() {
    const std::lock_guard<std::mutex> lock(current_.mutex_);
    std::erase(current_.readers_, this);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // What was published last. It is there until the next call. Costs a load where nothing has
  // changed.
  const T& Get() {
    const T* now = current_.now_.load(std::memory_order_acquire);
    if (now == held_.load(std::memory_order_relaxed)) return *now;
    for (;;) {
      held_.store(now);
      // A writer that took `now` away before it was said to be held may have given it back.
      const T* again = current_.now_.load();
      if (again == now) return *now;
      now = again;
    }
  }

 private:
  friend class Current;
  const Current& current_;
  std::atomic<const T*> held_;
};

}  // namespace ztp
