// Memory that only grows and never moves: what is in a pool can be read by many threads while one
// appends.
//
// Boundary: bytes, places and segments. Who may append (one writer at a time) and when nobody reads
// any more is the snapshots' affair (snapshot.h).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace ztp {

// Memory of its own, 64-byte aligned, all 0. Big blocks ask for huge pages, which halve what a read
// of a random place costs where they are granted.
class Block {
 public:
  Block() = default;
  static Block Make(size_t bytes);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  Block(Block&& other) noexcept { *this = std::move(other); }
  Block& operator=(Block&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(mapped_, other.mapped_);
    return *this;
  }
  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
  size_t mapped_ = 0;  // bytes got from the system; 0: from the heap
};

// T is trivial. A place is a segment's number and, in the lower kBits bits, where in the segment;
// what is allocated together lies together.
template <typename T, unsigned kBits, uint64_t kMaxSegments>
class Pool {
 public:
  static constexpr uint64_t kSegmentItems = uint64_t{1} << kBits;

  // Not initialised. nullptr: there is no more room, or `count` is more than a segment has.
  T* Allocate(uint64_t count, uint64_t* place) {
    // Nothing at all needs a place too, and one within a segment.
    if (segments_.empty() || std::max<uint64_t>(count, 1) > segments_.back().room()) {
      if (count > kSegmentItems || segments_.size() == kMaxSegments) return nullptr;
      const uint64_t last = segments_.empty() ? kFirstItems / 2 : segments_.back().capacity;
      AddSegment(std::min(kSegmentItems, std::max(count, 2 * last)));
    }
    Segment& segment = segments_.back();
    *place = (segments_.size() - 1) << kBits | segment.used;
    T* items = segment.items + segment.used;
    segment.used += count;
    used_ += count;
    return items;
  }

  // A segment that someone else owns, which must outlive the pool. Nothing is added to it.
  void AddForeign(const T* items, uint64_t count) {
    segments_.push_back({Block(), const_cast<T*>(items), count, count});
    table_.push_back(items);
    used_ += count;
  }
  // A segment of so many items, which the caller fills in; nothing is added to it.
  T* AddFull(uint64_t count) {
    AddSegment(std::max<uint64_t>(count, 1));
    segments_.back().capacity = segments_.back().used = count;
    used_ += count;
    return segments_.back().items;
  }

  const T* At(uint64_t place) const {
    return table_[place >> kBits] + (place & (kSegmentItems - 1));
  }
  // Of what is not published yet.
  T* Mutable(uint64_t place) {
    return segments_[place >> kBits].items + (place & (kSegmentItems - 1));
  }
  uint64_t used() const { return used_; }  // items
  const std::vector<const T*>& table() const { return table_; }
  // Items of each segment that are taken, as it is now: what a snapshot can refer to. The writer's.
  std::vector<uint32_t> extent() const {
    std::vector<uint32_t> used;
    for (const Segment& segment : segments_) used.push_back(static_cast<uint32_t>(segment.used));
    return used;
  }

  // To take back what was allocated since.
  struct Mark {
    size_t segments = 0;
    uint64_t last_used = 0;
    uint64_t used = 0;
  };
  Mark mark() const {
    return {segments_.size(), segments_.empty() ? 0 : segments_.back().used, used_};
  }
  void Return(const Mark& mark) {
    while (segments_.size() > mark.segments) segments_.pop_back();
    table_.resize(mark.segments);
    if (!segments_.empty()) segments_.back().used = mark.last_used;
    used_ = mark.used;
  }

 private:
  static constexpr uint64_t kFirstItems = std::max<uint64_t>(4096 / sizeof(T), 1);

  struct Segment {
    Block block;
    T* items = nullptr;
    uint64_t capacity = 0;
    uint64_t used = 0;
    uint64_t room() const { return capacity - used; }
  };

  void AddSegment(uint64_t capacity) {
    Block block = Block::Make(capacity * sizeof(T));
    T* items = reinterpret_cast<T*>(block.data());
    segments_.push_back({std::move(block), items, capacity, 0});
    table_.push_back(items);
  }

  std::vector<Segment> segments_;
  std::vector<const T*> table_;
  uint64_t used_ = 0;
};

}  // namespace ztp
