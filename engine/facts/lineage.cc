// See lineage.h.
#include "engine/facts/lineage.h"

#include <cstring>
#include <new>

namespace ztp {

void* NewPage(size_t bytes) {
  void* page = ::operator new (bytes, std::align_val_t{64});
  std::memset(page, 0, bytes);
  return page;
}

void FreePage(void* page) { ::operator delete (page, std::align_val_t{64}); }

RetiredPages::~RetiredPages() {
  for (void* page : pages_) FreePage(page);
  // Who kept an old snapshot lets go of as many as came after it: not by recursion.
  std::shared_ptr<RetiredPages> next = std::move(next_);
  while (next != nullptr && next.use_count() == 1) {
    std::shared_ptr<RetiredPages> after = std::move(next->next_);
    next = std::move(after);
  }
}

}  // namespace ztp
