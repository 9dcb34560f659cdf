// The stored facts as the engine reads them: entities numbered, attributes in columns, hierarchy
// and lineage closed, inherited attributes worked out. Immutable, and shared by all threads.
//
// Boundary: belongs to one decision program, whose schema and constants it is made for. What holds
// for one request only (carried entities, time windows) is evaluation's affair; what depends on it
// is marked here. SnapshotBuilder makes it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "engine/base/schema.h"
#include "engine/base/str.h"
#include "engine/bundle/decision_program.h"
#include "engine/core/tri.h"
#include "engine/facts/arena.h"
#include "engine/facts/val.h"

namespace ztp {

// When a proven value counts: issued_at <= now < expires_at, as far as there are bounds.
struct EvidenceWindow {
  int64_t issued_at = 0;
  int64_t expires_at = 0;
  bool has_issued = false;
  bool has_expires = false;
  bool any() const { return has_issued || has_expires; }
};

class Snapshot final : public UidSource {
 public:
  // A list of entities, ascending, kept once; 0 is the empty one.
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

  // One attribute of one type, by the entity's row. A kNone Val is missing; with kNotKnown it is
  // unknown, and `size` is the list of the entities that it is unknown for (0: the entity itself).
  struct Column {
    std::vector<Val> values;
    std::vector<Val>
        own;  // of an inherited attribute: the own parts; `values` have the ancestors' joined
    std::vector<EvidenceWindow> windows;  // empty: none has one
  };

  // What a quantifier came to for the entities of one closure.
  struct Quantified {
    Tri value = Tri::kUnknown;
    ListId facts = 0;  // if unknown
  };

  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  const std::shared_ptr<const DecisionProgram>& program() const { return program_; }
  const Schema& schema() const { return program_->schema; }
  // "sha256:…" over the content, whatever the order it was given in.
  const std::string& version() const { return version_; }
  size_t memory_bytes() const;

  // Those that the program's constants name are numbered first, as ConstantNames has them, so that
  // the members of a closure begin with those that rules can ask for.
  uint32_t named_count() const { return named_count_; }
  // Entities that are stored or referred to.
  uint32_t entity_count() const { return static_cast<uint32_t>(entities_.size()); }
  uint32_t stored_count() const { return stored_count_; }
  // Those that are referred to and neither stored, always present nor of a carried type.
  uint32_t absent_count() const { return absent_count_; }
  std::optional<uint32_t> Find(EntityTypeId type, std::string_view id) const;
  EntityTypeId TypeOf(uint32_t entity) const { return EntityTypeId{entities_[entity].type}; }
  std::string_view IdOf(uint32_t entity) const {
    return {entities_[entity].id, entities_[entity].id_size};
  }
  EntityUid Uid(uint32_t entity) const override {
    return EntityUid{TypeOf(entity), std::string(IdOf(entity))};
  }
  bool IsStored(uint32_t entity) const { return entities_[entity].row != kNone32; }

  // Of a stored entity, by the attribute's index in its type.
  const Val& Attribute(uint32_t entity, uint32_t attribute) const {
    const EntityEntry& e = entities_[entity];
    return columns_[e.type][attribute].values[e.row];
  }
  // The same without what is inherited.
  const Val& OwnPart(uint32_t entity, uint32_t attribute) const {
    const EntityEntry& e = entities_[entity];
    const Column& column = columns_[e.type][attribute];
    return column.own.empty() ? column.values[e.row] : column.own[e.row];
  }
  // Of the own part; nullptr if it has no bounds.
  const EvidenceWindow* Window(uint32_t entity, uint32_t attribute) const {
    const EntityEntry& e = entities_[entity];
    const Column& column = columns_[e.type][attribute];
    if (column.windows.empty()) return nullptr;
    const EvidenceWindow& window = column.windows[e.row];
    return window.any() ? &window : nullptr;
  }

  std::span<const uint32_t> List(ListId list) const {
    return std::span<const uint32_t>(list_items_).subspan(lists_[list].begin, lists_[list].size);
  }
  Closure Memberships(uint32_t entity) const { return closures_[member_closure_[entity]]; }
  Closure Lineage(uint32_t entity) const { return closures_[lineage_closure_[entity]]; }

  // The program's constants, by their number.
  const Val& Constant(uint32_t constant) const { return constants_[constant]; }

  // Does the pattern match a stored text that it was tried on?
  bool StoredMatches(uint32_t pattern, const char* text) const {
    return matched_[pattern].contains(text);
  }

  // False if the snapshot was built without a solver.
  bool has_quantifiers() const { return !quantified_.empty(); }
  const Quantified& QuantifiedOf(uint32_t quantifier, uint32_t entity) const {
    return quantified_[quantifier][lineage_closure_[entity]];
  }

 private:
  friend class SnapshotBuilder;

  struct EntityEntry {
    const char* id = nullptr;
    uint32_t id_size = 0;
    uint32_t type = 0;
    uint32_t row = kNone32;  // in its type's columns; kNone32: not stored
  };
  struct ListRange {
    uint32_t begin = 0;
    uint32_t size = 0;
  };

  explicit Snapshot(std::shared_ptr<const DecisionProgram> program)
      : program_(std::move(program)) {}

  std::shared_ptr<const DecisionProgram> program_;
  std::string version_;
  Arena arena_;
  uint32_t named_count_ = 0;
  uint32_t stored_count_ = 0;
  uint32_t absent_count_ = 0;
  std::vector<EntityEntry> entities_;
  absl::flat_hash_map<std::pair<uint32_t, absl::string_view>, uint32_t> by_uid_;
  std::vector<std::vector<Column>> columns_;  // by type, attribute
  std::vector<ListRange> lists_;
  std::vector<uint32_t> list_items_;
  std::vector<Closure> closures_;
  std::vector<uint32_t> member_closure_;   // by entity
  std::vector<uint32_t> lineage_closure_;  // by entity
  std::vector<Val> constants_;
  std::vector<absl::flat_hash_set<const char*>> matched_;  // by pattern
  std::vector<std::vector<Quantified>> quantified_;        // by quantifier, closure
};

}  // namespace ztp
