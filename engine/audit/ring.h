// Records from many threads to one, in the order in which they were handed over: a ring of bytes.
//
// Boundary: bytes. Handing over takes no lock, makes no system call, allocates nothing but for
// records that are an eighth of the ring or more, and waits for nobody; where there is no room it
// says so.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ztp::audit {

class RecordRing {
 public:
  // At least so many bytes; rounded up to a power of two, at least 4 KiB.
  explicit RecordRing(size_t bytes);
  ~RecordRing();
  RecordRing(const RecordRing&) = delete;
  RecordRing& operator=(const RecordRing&) = delete;

  // Any thread. The record is the pieces one after the other. Returns a place: records are taken
  // off in the order of their places. 0: there is no room.
  uint64_t Put(std::span<const std::string_view> pieces);

  // One thread. The record that comes next, good until Release; nothing: there is none, or it is
  // being written at this moment.
  struct Record {
    std::string_view bytes;
    uint64_t place = 0;
  };
  std::optional<Record> Next();
  // Gives back the room of all records that were taken off.
  void Release();

  // Bytes that wait to be taken off, room that is lost at the end included. Any thread.
  size_t waiting() const {
    return static_cast<size_t>(tail_.load(std::memory_order_relaxed) -
                               head_.load(std::memory_order_relaxed)) +
           large_bytes_.load(std::memory_order_relaxed);
  }
  size_t capacity() const { return capacity_; }
  // Records with places below this were handed over before this was asked. Any thread.
  uint64_t end() const { return tail_.load(std::memory_order_acquire); }
  // The reader has taken off all that is below.
  uint64_t taken() const { return at_; }

 private:
  uint64_t Reserve(size_t size);
  std::atomic_ref<uint64_t> WordAt(uint64_t place) {
    return std::atomic_ref<uint64_t>(words_[(place & (capacity_ - 1)) / sizeof(uint64_t)]);
  }
  char* BytesAt(uint64_t place) {
    return reinterpret_cast<char*>(words_.get()) + (place & (capacity_ - 1));
  }

  const size_t capacity_;
  const std::unique_ptr<uint64_t[]> words_;
  // Each on a cache line of its own: the one is the writers', the other the reader's.
  alignas(64) std::atomic<uint64_t> tail_;
  alignas(64) std::atomic<uint64_t> head_;
  std::atomic<size_t> large_bytes_{0};
  uint64_t at_;  // the reader's, between head_ and tail_
};

}  // namespace ztp::audit
