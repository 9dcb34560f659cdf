// A bump allocator: objects of one lifetime, freed together.
//
// Boundary: for trivially destructible data only. After Reset the memory is used again, so that a
// scratch that has seen its largest request allocates no more. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

namespace ztp {

class Arena {
 public:
  explicit Arena(size_t chunk_bytes = 64 << 10) : chunk_bytes_(chunk_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Arena(Arena&&) = default;
  Arena& operator=(Arena&&) = default;

  // Never nullptr, not even for 0 bytes. `align` is a power of two, at most alignof(max_align_t).
  void* Allocate(size_t bytes, size_t align) {
    size_t at = (used_ + align - 1) & ~(align - 1);
    if (current_ >= chunks_.size() || at + bytes > chunks_[current_].size) {
      NextChunk(bytes);
      at = 0;
    }
    used_ = at + bytes;
    return chunks_[current_].bytes.get() + at;
  }

  // Uninitialised.
  template <typename T>
  T* NewArray(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return static_cast<T*>(Allocate(count * sizeof(T), alignof(T)));
  }

  std::string_view Copy(std::string_view text) {
    char* bytes = NewArray<char>(text.size());
    if (!text.empty()) std::memcpy(bytes, text.data(), text.size());
    return {bytes, text.size()};
  }

  // Everything handed out is gone; the memory is kept.
  void Reset() {
    current_ = 0;
    used_ = 0;
  }

  // Handed out since the last Reset, with what was left over at the ends of chunks.
  size_t used_bytes() const {
    size_t sum = used_;
    for (size_t i = 0; i < current_ && i < chunks_.size(); ++i) sum += chunks_[i].size;
    return sum;
  }
  size_t reserved_bytes() const {
    size_t sum = 0;
    for (const Chunk& chunk : chunks_) sum += chunk.size;
    return sum;
  }

 private:
  struct Chunk {
    std::unique_ptr<std::byte[]> bytes;
    size_t size = 0;
  };

  void NextChunk(size_t bytes) {
    if (!chunks_.empty()) ++current_;
    // One that is too small is passed over until the next Reset.
    while (current_ < chunks_.size() && chunks_[current_].size < bytes) ++current_;
    if (current_ >= chunks_.size()) {
      const size_t size = bytes > chunk_bytes_ ? bytes : chunk_bytes_;
      chunks_.push_back({std::unique_ptr<std::byte[]>(new std::byte[size]), size});
      current_ = chunks_.size() - 1;
    }
    used_ = 0;
  }

  size_t chunk_bytes_;
  std::vector<Chunk> chunks_;
  size_t current_ = 0;
  size_t used_ = 0;
};

}  // namespace ztp
