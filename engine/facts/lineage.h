// What the snapshots that follow one another share, and when their parts are given back.
//
// A snapshot is made from the one before it by replacing the pages that changed; texts and lists
// are only ever added. A page that the successor replaced may still be read by whoever holds the
// snapshot before, or an older one: it is retired, and given back when none of them is held any
// more.
//
// Boundary: memory and its end. Only one successor is ever made of a snapshot, so that one writer
// at a time adds to the pools.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "engine/core/facts_view.h"
#include "engine/facts/pool.h"
#include "engine/facts/val.h"

namespace ztp {

// Memory of one page, 64-byte aligned, all 0; to be given back with FreePage.
void* NewPage(size_t bytes);
void FreePage(void* page);
struct PageFreer {
  void operator()(void* page) const { FreePage(page); }
};
using OwnPage = std::unique_ptr<void, PageFreer>;

struct FactsMemory {
  Pool<char, FactsText::kSegmentBits, uint64_t{1} << 15> texts;
  Pool<uint32_t, FactsLists::kSegmentBits, FactsLists::kMaxWords / (1u << 22)> lists;
  Pool<Val, FactsItems::kSegmentBits, uint64_t{1} << 15> items;
  Pool<uint64_t, FactsWords::kSegmentBits, uint64_t{1} << 15> words;
  std::vector<Block> rows;  // pages of the first snapshot of the lineage
  // The file that pages and pools are mapped from, if they are; opaque here.
  std::shared_ptr<const void> file;
  // Bytes that the first snapshot took, and those added since.
  uint64_t first_bytes = 0;
  uint64_t added_bytes = 0;

  uint64_t pool_bytes() const {
    return texts.used() + lists.used() * 4 + items.used() * sizeof(Val) + words.used() * 8;
  }
};

// Pages that no later snapshot reads. Held by the snapshot that was the last to read them and, over
// `next`, by every older one.
class RetiredPages {
 public:
  RetiredPages() = default;
  ~RetiredPages();
  RetiredPages(const RetiredPages&) = delete;
  RetiredPages& operator=(const RetiredPages&) = delete;

  // Room for as many: adding those takes no memory then.
  void Reserve(size_t pages) { pages_.reserve(pages); }
  void Add(void* page) { pages_.push_back(page); }
  // The successor's.
  void set_next(std::shared_ptr<RetiredPages> next) { next_ = std::move(next); }

 private:
  std::vector<void*> pages_;
  std::shared_ptr<RetiredPages> next_;
};

}  // namespace ztp
