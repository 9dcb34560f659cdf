// The stored facts as the engine reads them: entities numbered, hierarchy and lineage closed,
// inherited attributes worked out. Immutable, and shared by all threads.
//
// Boundary: belongs to one decision program, whose schema and constants it is made for. What holds
// for one request only (carried entities, time windows) is evaluation's affair; what depends on it
// is marked here. SnapshotBuilder makes it, from nothing or from the one before; README.md says how
// it lies in memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/schema.h"
#include "engine/base/world.h"
#include "engine/bundle/decision_program.h"
#include "engine/core/facts_view.h"
#include "engine/core/tri.h"
#include "engine/facts/set_hash.h"
#include "engine/facts/val.h"

namespace ztp {

struct FactsMemory;
class FactsLayout;
class RetiredPages;
struct WriterIndex;

class Snapshot final : public UidSource {
 public:
  // A list of entities, ascending; 0 is the empty one.
  using ListId = uint32_t;

  // What edges lead to, without the start.
  struct Closure {
    ListId members = 0;
    ListId absent =
        0;  // those of the members that are not there (an entity of a carried type counts so)
  };

  // `prefix` of a kNone Val of an inherited attribute: some part is evidence with times, so that it
  // has to be worked out for each request.
  static constexpr uint16_t kWorkedOutLate = 1;

  // What a quantifier came to for the entities of one closure.
  struct Quantified {
    Tri value = Tri::kUnknown;
    ListId facts = 0;  // if unknown
  };

  ~Snapshot() override;
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  const std::shared_ptr<const DecisionProgram>& program() const { return program_; }
  const Schema& schema() const { return program_->schema; }
  const FactsView& view() const { return view_; }
  // "sha256:…" over the content, whatever the order it was given or changed in (set_hash.h).
  const std::string& version() const { return version_; }
  // What it takes, with what it shares with others. `without_texts`: but for the bytes of ids and
  // texts.
  size_t memory_bytes(bool without_texts = false) const;

  // Those that the program's constants name are numbered first, as ConstantNames has them, so that
  // the members of a closure begin with those that rules can ask for.
  uint32_t named_count() const { return view_.named_count; }
  // Every entity's number is below this; not every number below it is an entity's.
  uint32_t entity_count() const { return view_.entity_count; }
  bool IsUsed(uint32_t entity) const { return view_.IsUsed(entity); }
  uint32_t stored_count() const { return stored_count_; }
  // Those that are or were referred to and are neither stored, always present nor of a carried
  // type.
  uint32_t absent_count() const { return absent_count_; }
  std::optional<uint32_t> Find(EntityTypeId type, std::string_view id) const {
    const uint32_t entity = view_.Find(type.index, id.data(), id.size());
    if (entity == FactsView::kNone) return std::nullopt;
    return entity;
  }
  EntityTypeId TypeOf(uint32_t entity) const { return EntityTypeId{view_.TypeOf(entity)}; }
  std::string_view IdOf(uint32_t entity) const {
    const uint64_t cell = view_.Row(entity)[0];
    return {view_.Text(cell), FactsText::Size(cell)};
  }
  EntityUid Uid(uint32_t entity) const override {
    return EntityUid{TypeOf(entity), std::string(IdOf(entity))};
  }
  bool IsStored(uint32_t entity) const { return view_.IsStored(entity); }

  // Of a stored entity, by the attribute's index in its type. A kNone Val is missing; with
  // kNotKnown it is unknown, and `size` is the list of the entities that it is unknown for (0: the
  // entity itself).
  Val Attribute(uint32_t entity, uint32_t attribute) const {
    const FactsView::Place place = view_.At(entity);
    return Read(place.row, view_.types[place.type], attribute);
  }
  // The same without what is inherited.
  Val OwnPart(uint32_t entity, uint32_t attribute) const {
    const FactsView::Place place = view_.At(entity);
    const FactsType& type = view_.types[place.type];
    return Read(place.row, type, type.cells[attribute].own);
  }
  // Of the own part; nullptr if it has no bounds.
  const EvidenceWindow* Window(uint32_t entity, uint32_t attribute) const {
    const FactsView::Place place = view_.At(entity);
    const uint32_t window = FactsView::WindowOf(place.row, view_.types[place.type], attribute);
    if (window == 0) return nullptr;
    return reinterpret_cast<const EvidenceWindow*>(view_.Words(window));
  }
  // What a stored entity was given as: own parts, edges.
  EntityRecord Record(uint32_t entity) const;

  std::span<const uint32_t> List(ListId list) const {
    const uint32_t* at = view_.List(list);
    return {at + 1, *at};
  }
  Closure Memberships(uint32_t entity) const {
    const uint32_t closure = view_.MembershipOf(entity);
    return {closure + FactsView::kClosureHead, *view_.List(closure)};
  }
  Closure Lineage(uint32_t entity) const {
    const uint32_t closure = view_.LineageOf(entity);
    return {closure + FactsView::kClosureHead + view_.quantifier_count, *view_.List(closure)};
  }
  // Where the edges of an entity lead.
  std::span<const uint32_t> Parents(uint32_t entity) const {
    return List(view_.List(view_.MembershipOf(entity))[1]);
  }
  std::span<const uint32_t> Derives(uint32_t entity) const {
    return List(view_.List(view_.LineageOf(entity))[1]);
  }

  // The program's constants, by their number.
  const Val& Constant(uint32_t constant) const { return constants_[constant]; }

  // Does the pattern match the text? Unknown: it is not one that the pattern was tried on when the
  // facts were loaded.
  Tri StoredMatches(uint32_t pattern, const Val& text) const {
    if ((text.flags & Val::kNoted) == 0) return Tri::kUnknown;
    const int matches = view_.Matches(text.bytes, pattern);
    return matches < 0 ? Tri::kUnknown : ToTri(matches != 0);
  }

  // False if the snapshot was built without a solver.
  bool has_quantifiers() const { return has_quantifiers_; }
  // By the lineage of a stored entity.
  Quantified QuantifiedOf(uint32_t quantifier, uint32_t entity) const {
    const uint32_t answer =
        view_.List(view_.LineageOf(entity))[FactsView::kClosureHead + quantifier];
    return {static_cast<Tri>(answer & 3), answer >> 2};
  }

 private:
  friend class SnapshotBuilder;
  friend class SnapshotFile;

  explicit Snapshot(std::shared_ptr<const DecisionProgram> program);

  // Points the view to the tables as they are now.
  void Sync();
  void TakeExtents();
  void SyncIfGrown();

  Val Read(const uint64_t* row, const FactsType& type, uint32_t index) const {
    const FactsState state = FactsView::State(row, type, index);
    const uint64_t bits = row[FactsRow::kCells + index];
    Val val;
    if (state != FactsState::kPresent) [[unlikely]] {
      if (state == FactsState::kLate) val.prefix = kWorkedOutLate;
      if (state == FactsState::kUnknown) {
        val.flags = Val::kNotKnown;
        val.size = static_cast<uint32_t>(bits);
      }
      return val;
    }
    const FactsCell& cell = type.cells[index];
    val.kind = static_cast<TypeKind>(cell.kind);
    switch (cell.form) {
      case FactsForm::kNumber:
        val.number = static_cast<int64_t>(bits);
        break;
      case FactsForm::kText:
        val.flags = Val::kNumbered;
        val.bytes = view_.Text(bits);
        val.size = FactsText::Size(bits);
        if (FactsText::IsNoted(bits)) {
          val.flags |= Val::kNoted;
          val.prefix = FactsView::NumberOf(val.bytes);
        }
        break;
      case FactsForm::kAddress:
      case FactsForm::kNetwork:
        val.bytes = view_.Text(bits);
        val.size = sizeof(Ip::bytes);
        if (cell.form == FactsForm::kNetwork) {
          val.prefix = static_cast<uint16_t>(FactsText::Size(bits));
        }
        break;
      case FactsForm::kEntity:
        val.number = static_cast<uint32_t>(bits);
        val.size = static_cast<uint32_t>(bits >> 32);
        break;
      case FactsForm::kItems: {
        const uint64_t first = FactsItems::First(bits);
        val.list = view_.items[first >> FactsItems::kSegmentBits] +
                   (first & ((uint64_t{1} << FactsItems::kSegmentBits) - 1));
        val.size = FactsItems::Count(bits);
        break;
      }
      case FactsForm::kWide:
        val.flags = Val::kWideLabel;
        val.wide = reinterpret_cast<const Label*>(view_.Words(bits));
        break;
    }
    return val;
  }

  // Where entities of a type that come next are put.
  struct OpenPage {
    uint32_t page = kNone32;
    uint32_t used = 0;  // rows
  };

  std::shared_ptr<const DecisionProgram> program_;
  std::shared_ptr<const FactsLayout> layout_;
  std::shared_ptr<FactsMemory> memory_;
  std::shared_ptr<RetiredPages> retired_;
  FactsView view_;
  std::string version_;
  SetHash set_hash_;
  uint32_t stored_count_ = 0;
  uint32_t absent_count_ = 0;
  bool has_quantifiers_ = false;
  // The tables that the view points into. `owned`: the page is this lineage's to give back by
  // itself.
  std::vector<FactsPage> pages_;
  std::vector<bool> page_owned_;
  std::vector<OpenPage> open_pages_;  // by type
  std::vector<FactsBucket*> buckets_;
  std::vector<bool> buckets_owned_;
  uint64_t bucket_entries_ = 0;
  std::vector<const char*> texts_;
  std::vector<const uint32_t*> lists_;
  std::vector<const Val*> items_;
  std::vector<const uint64_t*> words_;
  // How far into the pools it refers (items of each segment): a successor adds behind.
  struct Extents {
    std::vector<uint32_t> texts, lists, items, words;
  };
  Extents extents_;
  std::vector<Val> constants_;
  // Closures that every entity without edges has.
  uint32_t no_membership_ = 0;
  uint32_t no_lineage_ = 0;
  // A successor was made, or is being made. What only writers need goes to it.
  mutable std::atomic<bool> succeeded_ = false;
  mutable std::unique_ptr<WriterIndex> writer_index_;
};

}  // namespace ztp
