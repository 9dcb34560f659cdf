// Entities numbered, rows and the table by type and id: pages of the snapshot before are copied
// when they are first written to.
#include <algorithm>
#include <cstring>

#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/facts/snapshot_builder.h"
#include "engine/facts/writer_index.h"

namespace ztp {
namespace {

constexpr size_t kSlabBytes = size_t{16} << 20;
constexpr size_t kBucketPageBytes = sizeof(FactsBucket) << FactsBucket::kPageBits;
constexpr uint64_t kPageBuckets = uint64_t{1} << FactsBucket::kPageBits;

// The table grows when this part of it is taken.
bool IsTooFull(uint64_t entries, uint64_t buckets) {
  return entries * 8 > buckets * FactsBucket::kEntries * 7;
}

}  // namespace

uint32_t SnapshotBuilder::NumberOf(EntityTypeId type, std::string_view id) {
  const uint32_t known = view().Find(type.index, id.data(), id.size());
  return known != FactsView::kNone ? known : NewEntity(type, id);
}

uint32_t SnapshotBuilder::NewEntity(EntityTypeId type, std::string_view id) {
  Snapshot& s = *snapshot_;
  Snapshot::OpenPage& open = s.open_pages_[type.index];
  if (open.page == kNone32 || open.used == FactsPage::kRows) {
    if (s.pages_.size() >= kMaxEntities / FactsPage::kRows) {
      status_ = ResourceExhausted("there are more than ", kMaxEntities, " entities");
      return 0;
    }
    open = {AddPage(type.index, view().types[type.index].stride), 0};
  }
  const uint32_t entity = (open.page << FactsPage::kBits) + open.used++;
  uint64_t* row = MutableRow(entity);
  row[0] = encoder_->Id(id);
  row[1] = uint64_t{s.no_lineage_} << 32 | s.no_membership_;
  row[2] = type.index | FactsRow::kUsed;
  if (s.texts_.size() != memory_->texts.table().size()) s.Sync();
  AddToIndex(entity);
  if (IsAbsent(entity) && s.program_->schema[type].carried == Carried::kNo) ++s.absent_count_;
  return entity;
}

// The pages in front, whose entities are of any types: their order is the program's.
void SnapshotBuilder::NameConstants() {
  Snapshot& s = *snapshot_;
  const auto& names = encoder_->names().entities();
  uint32_t stride = 0;
  for (const auto& name : names) stride = std::max(stride, view().types[name.type.index].stride);
  Snapshot::OpenPage mixed;
  std::vector<Snapshot::OpenPage> own = s.open_pages_;
  for (const auto& name : names) {
    if (mixed.page == kNone32 || mixed.used == FactsPage::kRows) {
      mixed = {AddPage(FactsPage::kMixed, stride), 0};
    }
    // As if the page were the type's.
    s.open_pages_[name.type.index] = mixed;
    NewEntity(name.type, name.id);
    ++mixed.used;
  }
  s.open_pages_ = own;
  s.view_.named_count = static_cast<uint32_t>(names.size());
}

uint32_t SnapshotBuilder::AddPage(uint32_t type, uint32_t stride) {
  Snapshot& s = *snapshot_;
  const size_t bytes = size_t{stride} * 8 * FactsPage::kRows;
  OwnPage own;
  void* rows;
  if (changes()) {
    own.reset(rows = NewPage(bytes));
    memory_->added_bytes += bytes;
  } else {
    if (slab_left_ < bytes) {
      const size_t last = memory_->rows.empty() ? 0 : memory_->rows.back().bytes();
      memory_->rows.push_back(Block::Make(std::max(bytes, std::min(2 * last, kSlabBytes))));
      slab_left_ = memory_->rows.back().bytes();
    }
    const Block& slab = memory_->rows.back();
    rows = slab.data() + (slab.bytes() - slab_left_);
    slab_left_ -= bytes;
  }
  s.page_owned_.push_back(changes());
  page_fresh_.push_back(true);
  s.pages_.push_back({static_cast<uint64_t*>(rows), stride, type});
  own.release();
  if (!changes()) {
    for (auto& targets : targets_) targets.resize(s.pages_.size() << FactsPage::kBits, 0);
  }
  s.Sync();
  return static_cast<uint32_t>(s.pages_.size() - 1);
}

uint64_t* SnapshotBuilder::MutableRow(uint32_t entity) {
  Snapshot& s = *snapshot_;
  const uint32_t number = entity >> FactsPage::kBits;
  FactsPage& page = s.pages_[number];
  if (!page_fresh_[number]) {
    const size_t bytes = size_t{page.stride} * 8 * FactsPage::kRows;
    OwnPage copy(NewPage(bytes));
    std::memcpy(copy.get(), page.rows, bytes);
    if (s.page_owned_[number]) replaced_.push_back(const_cast<uint64_t*>(page.rows));
    page.rows = static_cast<uint64_t*>(copy.release());
    s.page_owned_[number] = true;
    page_fresh_[number] = true;
    memory_->added_bytes += bytes;
  }
  return const_cast<uint64_t*>(page.rows) + size_t{entity & (FactsPage::kRows - 1)} * page.stride;
}

FactsBucket& SnapshotBuilder::MutableBucket(uint64_t bucket) {
  Snapshot& s = *snapshot_;
  const size_t number = bucket >> FactsBucket::kPageBits;
  if (!buckets_fresh_[number]) {
    OwnPage copy(NewPage(kBucketPageBytes));
    std::memcpy(copy.get(), s.buckets_[number], kBucketPageBytes);
    if (s.buckets_owned_[number]) replaced_.push_back(s.buckets_[number]);
    s.buckets_[number] = static_cast<FactsBucket*>(copy.release());
    s.buckets_owned_[number] = true;
    buckets_fresh_[number] = true;
    memory_->added_bytes += kBucketPageBytes;
  }
  return s.buckets_[number][bucket & (kPageBuckets - 1)];
}

void SnapshotBuilder::AddToIndex(uint32_t entity) {
  Snapshot& s = *snapshot_;
  if (IsTooFull(s.bucket_entries_ + 1, view().bucket_count)) {
    // Doubled while everything comes in, by less where it grows on from there.
    const uint64_t more = changes() ? s.bucket_entries_ / 4 : s.bucket_entries_;
    ResizeIndex(s.bucket_entries_ + more, entity);
  }
  PutIntoIndex(entity);
  ++s.bucket_entries_;
}

void SnapshotBuilder::PutIntoIndex(uint32_t entity) {
  const FactsView::Place place = view().At(entity);
  const uint64_t hash =
      FactsHash(view().salt, place.type, view().Text(place.row[0]), FactsText::Size(place.row[0]));
  uint64_t at = FactsView::HomeBucket(hash, view().bucket_count);
  while (view().BucketAt(at).count == FactsBucket::kEntries) {
    if (!view().BucketAt(at).passed) MutableBucket(at).passed = 1;
    if (++at == view().bucket_count) at = 0;
  }
  FactsBucket& bucket = MutableBucket(at);
  bucket.tags[bucket.count] = static_cast<uint8_t>(hash);
  bucket.entities[bucket.count++] = entity;
}

// Makes the table anew, with room for `entries` and some more, of all entities but `skip`.
void SnapshotBuilder::ResizeIndex(uint64_t entries, uint32_t skip) {
  Snapshot& s = *snapshot_;
  const uint64_t buckets = entries * 5 / (4 * FactsBucket::kEntries) + 1;
  const uint64_t pages = (buckets + kPageBuckets - 1) / kPageBuckets;
  // All memory first: of what follows nothing may be done by half.
  std::vector<OwnPage> made;
  for (uint64_t p = 0; p < pages; ++p) made.emplace_back(NewPage(kBucketPageBytes));
  std::vector<FactsBucket*> table(pages);
  std::vector<bool> owned(pages, true), fresh(pages, true);
  replaced_.reserve(replaced_.size() + s.buckets_.size());
  for (size_t p = 0; p < s.buckets_.size(); ++p) {
    if (buckets_fresh_[p]) {
      FreePage(s.buckets_[p]);
    } else if (s.buckets_owned_[p]) {
      replaced_.push_back(s.buckets_[p]);
    }
  }
  for (uint64_t p = 0; p < pages; ++p) table[p] = static_cast<FactsBucket*>(made[p].release());
  s.buckets_.swap(table);
  s.buckets_owned_.swap(owned);
  buckets_fresh_.swap(fresh);
  s.view_.bucket_count = pages * kPageBuckets;
  if (changes()) memory_->added_bytes += pages * kBucketPageBytes;
  s.Sync();
  // In the order of the rows, which is the order that they lie in.
  uint64_t left = s.bucket_entries_;
  for (uint32_t e = 0; left != 0; ++e) {
    if (!view().IsUsed(e) || e == skip) continue;
    PutIntoIndex(e);
    --left;
  }
}

// Nothing of what was made is kept; the pools and `base` are as before.
void SnapshotBuilder::TakeBack() {
  Snapshot& s = *snapshot_;
  // A builder whose constructor did not come to its end has not all of the tables.
  for (size_t p = 0; p < std::min(s.pages_.size(), page_fresh_.size()); ++p) {
    if (page_fresh_[p] && s.page_owned_[p]) FreePage(const_cast<uint64_t*>(s.pages_[p].rows));
  }
  for (size_t p = 0; p < std::min(s.buckets_.size(), buckets_fresh_.size()); ++p) {
    if (buckets_fresh_[p]) FreePage(s.buckets_[p]);
  }
}

}  // namespace ztp
