// What is not read on the way to a decision; see snapshot.h.
#include "engine/facts/snapshot.h"

#include <algorithm>

#include "engine/facts/layout.h"
#include "engine/facts/lineage.h"
#include "engine/facts/writer_index.h"

namespace ztp {

Snapshot::Snapshot(std::shared_ptr<const DecisionProgram> program) : program_(std::move(program)) {}

Snapshot::~Snapshot() {
  if (retired_ == nullptr || succeeded_) return;
  // Nobody comes after this one: older ones may still read its pages, and nobody else.
  for (size_t p = 0; p < pages_.size(); ++p) {
    if (page_owned_[p]) retired_->Add(const_cast<uint64_t*>(pages_[p].rows));
  }
  for (size_t p = 0; p < buckets_.size(); ++p) {
    if (buckets_owned_[p]) retired_->Add(buckets_[p]);
  }
}

std::shared_ptr<RetiredPages> Snapshot::MakeRetired() const {
  auto retired = std::make_shared<RetiredPages>();
  retired->Reserve(
      static_cast<size_t>(std::count(page_owned_.begin(), page_owned_.end(), true) +
                          std::count(buckets_owned_.begin(), buckets_owned_.end(), true)));
  return retired;
}

void Snapshot::Sync() {
  texts_ = memory_->texts.table();
  lists_ = memory_->lists.table();
  items_ = memory_->items.table();
  words_ = memory_->words.table();
  view_.pages = pages_.data();
  view_.types = layout_->types().data();
  view_.texts = texts_.data();
  view_.lists = lists_.data();
  view_.items = items_.data();
  view_.words = words_.data();
  view_.buckets = buckets_.data();
  view_.match_places = layout_->match_places().data();
  view_.constants = constants_.data();
  view_.entity_count = static_cast<uint32_t>(pages_.size()) << FactsPage::kBits;
}

void Snapshot::TakeExtents() {
  extents_ = {memory_->texts.extent(), memory_->lists.extent(), memory_->items.extent(),
              memory_->words.extent()};
}

void Snapshot::SyncIfGrown() {
  if (texts_.size() != memory_->texts.table().size() ||
      lists_.size() != memory_->lists.table().size() ||
      items_.size() != memory_->items.table().size() ||
      words_.size() != memory_->words.table().size()) {
    Sync();
  }
}

size_t Snapshot::memory_bytes(bool without_texts) const {
  size_t bytes = memory_->pool_bytes() - (without_texts ? memory_->texts.used() : 0);
  for (const FactsPage& page : pages_) bytes += size_t{page.stride} * 8 * FactsPage::kRows;
  bytes += pages_.capacity() * sizeof(FactsPage) + pages_.size() / 8;
  bytes += buckets_.size() * (sizeof(FactsBucket) << FactsBucket::kPageBits) +
           buckets_.capacity() * sizeof(FactsBucket*);
  bytes += constants_.capacity() * sizeof(Val) + sizeof(*this);
  if (writer_index_ != nullptr) bytes += writer_index_->memory_bytes();
  return bytes;
}

EntityRecord Snapshot::Record(uint32_t entity) const {
  EntityRecord record;
  record.uid = Uid(entity);
  const FactsView::Place place = view_.At(entity);
  const FactsType& type = view_.types[place.type];
  record.attributes.reserve(type.attributes);
  for (uint32_t a = 0; a < type.attributes; ++a) {
    const Val own = ReadCell(view_, place.row, type, type.cells[a].own);
    Fact fact = Fact::Missing();
    if (!own.is_none()) {
      fact = Fact::Of(Decode(own, *this));
    } else if (own.flags & Val::kNotKnown) {
      fact = Fact::Unknown();
    }
    if (const EvidenceWindow* window = Window(entity, a)) {
      if (window->has_issued) fact.issued_at = Time{window->issued_at};
      if (window->has_expires) fact.expires_at = Time{window->expires_at};
    }
    record.attributes.push_back(std::move(fact));
  }
  for (uint32_t parent : Parents(entity)) record.parents.push_back(Uid(parent));
  for (uint32_t source : Derives(entity)) record.derives.push_back(Uid(source));
  if (const StoredProofs::Proofs* proofs = proofs_.Find(entity)) record.proofs = *proofs;
  return record;
}

}  // namespace ztp
