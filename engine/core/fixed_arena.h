// A bump allocator over memory that somebody else owns, and an array that grows in it.
//
// Boundary: freestanding; for trivially destructible data only. Where there is no room it answers
// nullptr and remembers: whoever uses it checks `full()` before believing what was worked out. One
// thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace ztp {

class FixedArena {
 public:
  FixedArena() = default;
  FixedArena(void* memory, size_t bytes) : begin_(static_cast<char*>(memory)), size_(bytes) {}

  void* Allocate(size_t bytes, size_t align) {
    const uintptr_t base = reinterpret_cast<uintptr_t>(begin_);
    const size_t at = ((base + used_ + align - 1) & ~(align - 1)) - base;
    if (at > size_ || bytes > size_ - at) {
      full_ = true;
      return nullptr;
    }
    used_ = at + bytes;
    return begin_ + at;
  }
  // Uninitialised.
  template <typename T>
  T* NewArray(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (count > SIZE_MAX / sizeof(T)) {
      full_ = true;
      return nullptr;
    }
    return static_cast<T*>(Allocate(count * sizeof(T), alignof(T)));
  }

  // Everything handed out is gone.
  void Reset() {
    used_ = 0;
    full_ = false;
  }
  // Something did not find room since the last Reset.
  bool full() const { return full_; }
  size_t size() const { return size_; }

 private:
  char* begin_ = nullptr;
  size_t size_ = 0;
  size_t used_ = 0;
  bool full_ = false;
};

// As a vector. Its items move as it grows; what they leave behind is the arena's until it is reset.
template <typename T>
class GrowingArray {
 public:
  static_assert(std::is_trivially_copyable_v<T>);

  // Forgets items and memory alike: to be called whenever the arena was reset.
  void Begin(FixedArena* arena) {
    arena_ = arena;
    data_ = nullptr;
    size_ = capacity_ = 0;
  }
  // The same, with room for so many that is not the arena's.
  void Begin(FixedArena* arena, T* room, size_t capacity) {
    arena_ = arena;
    data_ = room;
    size_ = 0;
    capacity_ = capacity;
  }
  // False: there is no room.
  bool push_back(const T& item) {
    if (size_ == capacity_ && !Grow(size_ + 1)) return false;
    data_[size_++] = item;
    return true;
  }
  bool append(const T* items, size_t count) {
    if (count > capacity_ - size_ && !Grow(size_ + count)) return false;
    if (count != 0) std::memcpy(static_cast<void*>(data_ + size_), items, count * sizeof(T));
    size_ += count;
    return true;
  }
  // New items are as `item`.
  bool resize(size_t size, const T& item) {
    if (size > capacity_ && !Grow(size)) return false;
    for (size_t i = size_; i < size; ++i) data_[i] = item;
    size_ = size;
    return true;
  }
  // Room for `capacity` items in all.
  bool reserve(size_t capacity) { return capacity <= capacity_ || Grow(capacity); }
  size_t capacity() const { return capacity_; }
  void clear() { size_ = 0; }
  // At most capacity(); items that were not there before are what the memory held.
  void set_size(size_t size) { size_ = size; }

  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  std::span<const T> span() const { return {data_, size_}; }

 private:
  static constexpr size_t kFirst = 16;

  bool Grow(size_t needed) {
    size_t capacity = capacity_ == 0 ? kFirst : 2 * capacity_;
    while (capacity < needed) capacity *= 2;
    T* items = arena_->NewArray<T>(capacity);
    if (items == nullptr) return false;
    if (size_ != 0) std::memcpy(static_cast<void*>(items), data_, size_ * sizeof(T));
    data_ = items;
    capacity_ = capacity;
    return true;
  }

  FixedArena* arena_ = nullptr;
  T* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace ztp
