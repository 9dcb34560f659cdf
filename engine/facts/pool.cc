// See pool.h.
#include "engine/facts/pool.h"

#include <sys/mman.h>

#include <cstring>
#include <new>

namespace ztp {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

}  // namespace

Block Block::Make(size_t bytes) {
  Block block;
  block.bytes_ = bytes;
  if (bytes >= kHugePage) {
    // Room to align by hand; pages that nobody touches cost nothing.
    const size_t mapped = bytes + kHugePage;
    void* at = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at != MAP_FAILED) {
      const size_t before = -reinterpret_cast<uintptr_t>(at) & (kHugePage - 1);
      std::byte* begin = static_cast<std::byte*>(at);
      if (before != 0) munmap(begin, before);
      block.data_ = begin + before;
      block.mapped_ = mapped - before;
      madvise(block.data_, block.mapped_, MADV_HUGEPAGE);
      return block;
    }
  }
  block.data_ = static_cast<std::byte*>(::operator new (bytes, std::align_val_t{64}));
  std::memset(block.data_, 0, bytes);
  return block;
}

Block::~Block() {
  if (mapped_ != 0) {
    munmap(data_, mapped_);
  } else if (data_ != nullptr) {
    ::operator delete (data_, std::align_val_t{64});
  }
}

}  // namespace ztp
