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
#include "engine/core/facts_read.h"
#include "engine/core/facts_view.h"
#include "engine/core/tri.h"
#include "engine/facts/set_hash.h"
#include "engine/facts/stored_proofs.h"
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

  using Closure = FactsClosure;
  using Quantified = ztp::Quantified;
  static constexpr uint16_t kWorkedOutLate = ztp::kWorkedOutLate;

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

  // See core/facts_read.h.
  Val Attribute(uint32_t entity, uint32_t attribute) const {
    return AttributeOf(view_, entity, attribute);
  }
  Val OwnPart(uint32_t entity, uint32_t attribute) const {
    return OwnPartOf(view_, entity, attribute);
  }
  // Of the own part; nullptr if it has no bounds.
  const EvidenceWindow* Window(uint32_t entity, uint32_t attribute) const {
    const FactsView::Place place = view_.At(entity);
    return WindowOf(view_, place.row, view_.types[place.type], attribute);
  }
  // What proves attributes that are there because evidence says so. Those of a facts file, and
  // those that were assumed, have no proof.
  const StoredProofs& proofs() const { return proofs_; }
  // What a stored entity was given as: own parts, edges, proofs.
  EntityRecord Record(uint32_t entity) const;

  std::span<const uint32_t> List(ListId list) const { return ListOf(view_, list); }
  Closure Memberships(uint32_t entity) const { return MembershipsOf(view_, entity); }
  Closure Lineage(uint32_t entity) const { return LineageOf(view_, entity); }
  // Where the edges of an entity lead.
  std::span<const uint32_t> Parents(uint32_t entity) const {
    return List(view_.List(view_.MembershipOf(entity))[1]);
  }
  std::span<const uint32_t> Derives(uint32_t entity) const {
    return List(view_.List(view_.LineageOf(entity))[1]);
  }

  // The program's constants, by their number.
  const Val& Constant(uint32_t constant) const { return view_.constants[constant]; }

  Tri StoredMatches(uint32_t pattern, const Val& text) const {
    return ztp::StoredMatches(view_, pattern, text);
  }

  // False if the snapshot was built without a solver.
  bool has_quantifiers() const { return view_.has_quantifiers; }

 private:
  friend class SnapshotBuilder;
  friend class SnapshotFile;

  explicit Snapshot(std::shared_ptr<const DecisionProgram> program);

  // Points the view to the tables as they are now.
  void Sync();
  void TakeExtents();
  // With room for every page that is this lineage's own, whoever retires them: this snapshot at its
  // end, or its successor.
  std::shared_ptr<RetiredPages> MakeRetired() const;
  void SyncIfGrown();

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
  StoredProofs proofs_;
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
