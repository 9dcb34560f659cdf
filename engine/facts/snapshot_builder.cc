// Records in: entities numbered, values encoded, edges and digests kept up; then everything is
// worked out and handed over. See snapshot_builder.h; the parts are in snapshot_pages.cc,
// snapshot_closures.cc and snapshot_derive.cc.
#include "engine/facts/snapshot_builder.h"

#include <algorithm>
#include <random>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/facts/record_digest.h"
#include "engine/facts/writer_index.h"

namespace ztp {

struct SnapshotBuilder::PoolMarks {
  decltype(FactsMemory::texts)::Mark texts;
  decltype(FactsMemory::lists)::Mark lists;
  decltype(FactsMemory::items)::Mark items;
  decltype(FactsMemory::words)::Mark words;
  uint64_t added_bytes = 0;
};

SnapshotBuilder::SnapshotBuilder(std::shared_ptr<const DecisionProgram> program, Begun)
    : snapshot_(new Snapshot(std::move(program))) {}

SnapshotBuilder::SnapshotBuilder(std::shared_ptr<const DecisionProgram> program)
    : SnapshotBuilder(std::move(program), Begun{}) {
  Snapshot& s = *snapshot_;
  s.layout_ = std::make_shared<const FactsLayout>(*s.program_);
  s.memory_ = std::make_shared<FactsMemory>();
  memory_ = s.memory_.get();
  s.open_pages_.resize(s.program_->schema.entities.size());
  s.view_.pattern_count = static_cast<uint32_t>(s.program_->patterns.size());
  s.view_.quantifier_count = static_cast<uint32_t>(s.program_->quantifiers.size());
  std::random_device random;
  for (uint64_t& salt : s.view_.salt) salt = uint64_t{random()} << 32 | random();
  // Place 0 of each pool stands for nothing.
  uint64_t place = 0;
  *memory_->lists.Allocate(1, &place) = 0;
  *memory_->items.Allocate(1, &place) = Val();
  *memory_->words.Allocate(1, &place) = 0;
  memory_->texts.Allocate(1, &place);
  s.Sync();
  s.no_membership_ = *NewClosure(kParents, 0, 0, {});
  s.no_lineage_ = *NewClosure(kDerives, 0, 0, {});
  encoder_ = std::make_unique<FactEncoder>(
      *s.program_, *s.layout_, *memory_, s.view_.salt,
      [this](EntityTypeId type, std::string_view id) { return NumberOf(type, id); });
  ResizeIndex(encoder_->names().entities().size(), kNone32);
  NameConstants();
}

SnapshotBuilder::SnapshotBuilder(std::shared_ptr<const Snapshot> base, Begun)
    : base_(std::move(base)), snapshot_(new Snapshot(base_->program_)) {
  if (!base_->succeeded_.exchange(true)) return;
  base_.reset();
  status_ = absl::FailedPreconditionError(
      "these facts have been changed since: a change is made on the newest");
}

SnapshotBuilder::SnapshotBuilder(std::shared_ptr<const Snapshot> base)
    : SnapshotBuilder(std::move(base), Begun{}) {
  if (!changes()) return;
  Snapshot& s = *snapshot_;
  s.layout_ = base_->layout_;
  s.memory_ = base_->memory_;
  memory_ = s.memory_.get();
  s.view_ = base_->view_;
  s.view_.has_quantifiers = false;
  s.set_hash_ = base_->set_hash_;
  s.stored_count_ = base_->stored_count_;
  s.absent_count_ = base_->absent_count_;
  s.proofs_ = base_->proofs_;
  s.pages_ = base_->pages_;
  s.page_owned_ = base_->page_owned_;
  s.open_pages_ = base_->open_pages_;
  s.buckets_ = base_->buckets_;
  s.buckets_owned_ = base_->buckets_owned_;
  s.bucket_entries_ = base_->bucket_entries_;
  s.constants_ = base_->constants_;
  s.no_membership_ = base_->no_membership_;
  s.no_lineage_ = base_->no_lineage_;
  s.Sync();
  page_fresh_.assign(s.pages_.size(), false);
  buckets_fresh_.assign(s.buckets_.size(), false);
  marks_ = std::make_unique<PoolMarks>(PoolMarks{memory_->texts.mark(), memory_->lists.mark(),
                                                 memory_->items.mark(), memory_->words.mark(),
                                                 memory_->added_bytes});
  reverse_ = std::move(base_->writer_index_);
  if (reverse_ == nullptr) reverse_ = std::make_unique<WriterIndex>();
  encoder_ = std::make_unique<FactEncoder>(
      *s.program_, *s.layout_, *memory_, s.view_.salt,
      [this](EntityTypeId type, std::string_view id) { return NumberOf(type, id); });
}

SnapshotBuilder::~SnapshotBuilder() {
  if (snapshot_ == nullptr) return;  // it was handed over
  TakeBack();
  if (!changes()) return;
  if (marks_ != nullptr) {
    memory_->texts.Return(marks_->texts);
    memory_->lists.Return(marks_->lists);
    memory_->items.Return(marks_->items);
    memory_->words.Return(marks_->words);
    memory_->added_bytes = marks_->added_bytes;
  }
  if (reverse_ != nullptr) base_->writer_index_ = std::move(reverse_);
  base_->succeeded_ = false;
}

std::optional<uint32_t> SnapshotBuilder::FindStored(const EntityUid& uid) const {
  const uint32_t entity = view().Find(uid.type.index, uid.id.data(), uid.id.size());
  if (entity == FactsView::kNone || !view().IsStored(entity)) return std::nullopt;
  return entity;
}

absl::Status SnapshotBuilder::Full() const {
  if (!status_.ok()) return status_;
  return ResourceExhausted("the facts take more room than a snapshot has, or a text has more than ",
                           FactsText::kMaxSize, " bytes");
}

absl::Status SnapshotBuilder::CheckEdges(const EntityRecord& record,
                                         const std::vector<EntityUid>& to,
                                         const std::vector<EntityTypeId>& allowed,
                                         std::string_view what) const {
  const Schema& schema = snapshot_->schema();
  for (const EntityUid& uid : to) {
    if (std::find(allowed.begin(), allowed.end(), uid.type) != allowed.end()) continue;
    return InvalidArgument(FormatUid(schema, record.uid), " cannot ", what, " ",
                           FormatUid(schema, uid));
  }
  return absl::OkStatus();
}

absl::Status SnapshotBuilder::Check(const EntityRecord& record) const {
  const Schema& schema = snapshot_->schema();
  if (record.uid.type.index >= schema.entities.size()) {
    return InvalidArgument("an entity of a type that the policy does not have");
  }
  const EntityType& type = schema[record.uid.type];
  if (type.carried != Carried::kNo) {
    return InvalidArgument(FormatUid(schema, record.uid),
                           ": entities of this type come with a request", " and are never stored");
  }
  if (record.attributes.size() != type.attributes.size()) {
    return InvalidArgument(FormatUid(schema, record.uid), ": has ", record.attributes.size(),
                           " attributes, its type has ", type.attributes.size());
  }
  for (const AttributeProof& proof : record.proofs) {
    if (proof.proof != nullptr && proof.attribute < type.attributes.size() &&
        type.attributes[proof.attribute].rank == Rank::kProven &&
        record.attributes[proof.attribute].state == Fact::State::kPresent) {
      continue;
    }
    return InvalidArgument(FormatUid(schema, record.uid),
                           ": has a proof of what is no proven attribute, or is not there");
  }
  ZTP_RETURN_IF_ERROR(CheckEdges(record, record.parents, type.parents, "be in"));
  return CheckEdges(record, record.derives, type.derives, "derive from");
}

absl::Status SnapshotBuilder::Add(const EntityRecord& record, uint32_t* number) {
  return Store(record, false, number);
}
absl::Status SnapshotBuilder::Upsert(const EntityRecord& record) {
  return Store(record, true, nullptr);
}

absl::Status SnapshotBuilder::Store(const EntityRecord& record, bool replace, uint32_t* number) {
  if (!status_.ok()) return status_;
  status_ = Check(record);
  if (!status_.ok()) return status_;
  Snapshot& s = *snapshot_;
  const uint32_t entity = NumberOf(record.uid.type, record.uid.id);
  if (number != nullptr) *number = entity;
  if (!status_.ok() || encoder_->full()) return status_ = Full();
  const bool was_stored = s.IsStored(entity);
  if (was_stored && !replace) {
    return status_ = InvalidArgument(FormatUid(s.schema(), record.uid), " is there twice");
  }
  if (was_stored) {
    WriteCanonical(s.schema(), CurrentRecord(entity), &canonical_);
    hasher_.Remove(canonical_, &s.set_hash_);
  }
  status_ = StoreAttributes(record, entity);
  if (!status_.ok()) return status_;
  s.proofs_.Set(entity, record.proofs);
  SetTargets(kParents, entity, EdgeList(record.parents));
  SetTargets(kDerives, entity, EdgeList(record.derives));
  if (!status_.ok() || encoder_->full()) return status_ = Full();
  if (!was_stored) {
    if (IsAbsent(entity)) --s.absent_count_;
    MutableRow(entity)[2] |= FactsRow::kStored;
    ++s.stored_count_;
  }
  if (changes()) {
    changed_.push_back(entity);
    if (!was_stored) came_or_went_.push_back(entity);
  }
  WriteCanonical(s.schema(), record, &canonical_);
  hasher_.Add(canonical_, &s.set_hash_);
  return absl::OkStatus();
}

void SnapshotBuilder::SetState(uint64_t* row, const FactsType& type, uint32_t cell,
                               FactsState state) {
  const bool in_head = cell < FactsRow::kHeadStates;
  const uint32_t place = in_head ? cell : cell - FactsRow::kHeadStates;
  uint64_t& word = in_head ? row[2] : row[type.more_states + place / 32];
  const unsigned shift = in_head ? FactsRow::kStateShift + 2 * place : 2 * (place % 32);
  word = (word & ~(uint64_t{3} << shift)) | uint64_t{static_cast<uint8_t>(state)} << shift;
}

absl::Status SnapshotBuilder::StoreAttributes(const EntityRecord& record, uint32_t entity) {
  Snapshot& s = *snapshot_;
  const uint32_t type_index = record.uid.type.index;
  const FactsType& type = view().types[type_index];
  for (uint32_t a = 0; a < type.attributes; ++a) {
    const Fact& fact = record.attributes[a];
    const FactsCell& cell = type.cells[a];
    auto name = [&] {
      return Cat(FormatUid(s.schema(), record.uid), ": attribute ",
                 s.schema()[record.uid.type].attributes[a].name);
    };
    FactsState state = FactsState::kMissing;
    uint64_t bits = 0;
    if (fact.state == Fact::State::kUnknown) state = FactsState::kUnknown;
    if (fact.state == Fact::State::kPresent) {
      state = FactsState::kPresent;
      // May number entities, which may move rows: the row is taken behind it.
      if (!encoder_->Encode(fact.value, cell, s.layout_->ClassOfAttribute(type_index, a), &bits)) {
        return InvalidArgument(name(), " has a value that is not of its type");
      }
    }
    uint64_t* row = MutableRow(entity);
    row[FactsRow::kCells + cell.own] = bits;
    SetState(row, type, cell.own, state);
    const EvidenceWindow window{fact.issued_at.value_or(Time{}).micros,
                                fact.expires_at.value_or(Time{}).micros, fact.issued_at.has_value(),
                                fact.expires_at.has_value()};
    if (cell.window != FactsCell::kNoWindow) {
      uint64_t& word = row[s.layout_->WindowWord(type_index, cell.window)];
      const unsigned shift = 32 * (cell.window % 2);
      word = (word & ~(uint64_t{UINT32_MAX} << shift)) | uint64_t{encoder_->Window(window)}
                                                             << shift;
    } else if (window.any()) {
      return InvalidArgument(name(), " has times, and only proven attributes have them");
    }
  }
  s.SyncIfGrown();
  return absl::OkStatus();
}

EntityRecord SnapshotBuilder::CurrentRecord(uint32_t entity) const {
  EntityRecord record = snapshot_->Record(entity);
  for (EdgeKind kind : {kParents, kDerives}) {
    std::vector<EntityUid>& to = kind == kParents ? record.parents : record.derives;
    to.clear();
    for (uint32_t target : snapshot_->List(TargetsOf(kind, entity))) {
      to.push_back(snapshot_->Uid(target));
    }
  }
  return record;
}

uint32_t SnapshotBuilder::EdgeList(const std::vector<EntityUid>& to) {
  if (to.empty()) return 0;
  std::vector<uint32_t> numbers;
  numbers.reserve(to.size());
  for (const EntityUid& uid : to) numbers.push_back(NumberOf(uid.type, uid.id));
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  const uint32_t list = encoder_->List(numbers);
  snapshot_->SyncIfGrown();
  return list;
}

absl::Status SnapshotBuilder::Delete(const EntityUid& uid) {
  if (!status_.ok()) return status_;
  Snapshot& s = *snapshot_;
  const uint32_t entity = view().Find(uid.type.index, uid.id.data(), uid.id.size());
  if (entity == FactsView::kNone || !s.IsStored(entity)) {
    return status_ = NotFound(FormatUid(s.schema(), uid), " is not stored");
  }
  WriteCanonical(s.schema(), CurrentRecord(entity), &canonical_);
  hasher_.Remove(canonical_, &s.set_hash_);
  s.proofs_.Set(entity, {});
  const FactsType& type = TypeOf(entity);
  uint64_t* row = MutableRow(entity);
  row[2] &= FactsRow::kTypeMask | FactsRow::kUsed;
  std::fill(row + FactsRow::kCells, row + type.stride, 0);
  SetTargets(kParents, entity, 0);
  SetTargets(kDerives, entity, 0);
  if (IsAbsent(entity)) ++s.absent_count_;
  --s.stored_count_;
  changed_.push_back(entity);
  came_or_went_.push_back(entity);
  return absl::OkStatus();
}

absl::Status SnapshotBuilder::AddEdges(const EntityUid& from, std::span<const EntityUid> parents,
                                       std::span<const EntityUid> derives) {
  if (!status_.ok()) return status_;
  const uint32_t entity = view().Find(from.type.index, from.id.data(), from.id.size());
  if (entity == FactsView::kNone || !snapshot_->IsStored(entity)) {
    return status_ = NotFound(FormatUid(snapshot_->schema(), from), " is not stored");
  }
  EntityRecord record = CurrentRecord(entity);
  record.parents.insert(record.parents.end(), parents.begin(), parents.end());
  record.derives.insert(record.derives.end(), derives.begin(), derives.end());
  return Store(record, true, nullptr);
}

absl::StatusOr<std::shared_ptr<const Snapshot>> SnapshotBuilder::Build(QuantifierSolver* solver) {
  if (!status_.ok()) return status_;
  Snapshot& s = *snapshot_;
  const DecisionProgram& program = *s.program_;
  if (!changes()) {
    s.constants_.reserve(program.constants.size());
    for (uint32_t c = 0; c < program.constants.size(); ++c) {
      s.constants_.push_back(encoder_->Item(program.pool.ToValue(program.constants[c]),
                                            s.layout_->ClassOfConstant(c)));
    }
    if (encoder_->full()) return Full();
    s.Sync();
  }
  ZTP_RETURN_IF_ERROR(Close(kParents));
  ZTP_RETURN_IF_ERROR(Close(kDerives));
  WorkOutInherited();
  if (encoder_->full()) return Full();
  if (solver != nullptr) ZTP_RETURN_IF_ERROR(WorkOutQuantifiers(*solver));
  if (encoder_->full()) return Full();
  s.version_ = s.set_hash_.Digest(s.stored_count_);
  Finish();
  std::shared_ptr<RetiredPages> retired = s.MakeRetired();
  std::shared_ptr<Snapshot> made(std::move(snapshot_));
  HandOver(*made, std::move(retired));
  return std::shared_ptr<const Snapshot>(std::move(made));
}

// Everything that takes memory.
void SnapshotBuilder::Finish() {
  Snapshot& s = *snapshot_;
  encoder_.reset();
  if (!changes() && s.bucket_entries_ * 2 < view().bucket_count * FactsBucket::kEntries) {
    ResizeIndex(s.bucket_entries_, kNone32);
  }
  s.pages_.shrink_to_fit();
  s.Sync();
  s.TakeExtents();
}

// From here on `base` has a successor. Pages that it owns find room in its list (MakeRetired).
void SnapshotBuilder::HandOver(Snapshot& made, std::shared_ptr<RetiredPages> retired) noexcept {
  made.retired_ = std::move(retired);
  if (!changes()) {
    memory_->first_bytes = made.memory_bytes();
    return;
  }
  for (void* page : replaced_) base_->retired_->Add(page);
  base_->retired_->set_next(made.retired_);
  made.writer_index_ = std::move(reverse_);
  const uint64_t before = marks_->texts.used + marks_->lists.used * 4 +
                          marks_->items.used * sizeof(Val) + marks_->words.used * 8;
  memory_->added_bytes += memory_->pool_bytes() - before;
}

}  // namespace ztp
