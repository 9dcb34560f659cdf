// The stored facts as the engine reads them: entities numbered, attributes in columns, hierarchy and lineage
// closed, inherited attributes worked out. Immutable, and shared by all threads.
//
// Boundary: made from plain EntityRecords that fit the schema (whoever read them checked that). What holds for
// one request only (carried entities, time windows) is evaluation's affair; what depends on it is marked here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "engine/base/schema.h"
#include "engine/base/str.h"
#include "engine/base/world.h"
#include "engine/bundle/decision_program.h"
#include "engine/facts/arena.h"
#include "engine/facts/json_facts.h"
#include "engine/facts/val.h"

namespace ztp {

// Adds up the parts of an inherited attribute: the own one and the ancestors'.
class InheritedSum {
 public:
  // `arena` keeps the result and must outlive it.
  InheritedSum(Inherit how, Arena* arena) : how_(how), arena_(arena) {}
  void Add(const Val& part);
  bool empty() const { return empty_; }
  // Only if not empty.
  Val Finish() const;

 private:
  Inherit how_;
  Arena* arena_;
  bool empty_ = true;
  bool boolean_ = false;
  Label label_;
  std::vector<Val> items_;
};

class Snapshot final : public UidSource {
 public:
  // When a proven value counts.
  struct Window {
    std::optional<Time> issued_at;
    std::optional<Time> expires_at;
  };
  // One attribute of one type, by the entity's row. A kNone Val is missing; with kNotKnown, unknown (`size`: of
  // an inherited one the fact list of what it is unknown for, else kNone32: the entity itself).
  struct Column {
    std::vector<Val> own;
    std::vector<Window> windows;  // empty: none has one
    // Of an inherited attribute: with all ancestors' parts. kPerRequest: it rests on evidence with times or on
    // entities that requests carry.
    std::vector<Val> whole;
  };
  // What edges lead to. Entities in ascending order.
  struct Closure {
    std::span<const uint32_t> reached;  // strictly: without the start
    std::span<const uint32_t> absent;   // those that are not there, the start included
    bool open = false;                  // an entity of a carried type is the start or among them
  };

  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  const Schema& schema() const { return schema_; }
  // Distinguishes snapshots made in this process.
  uint64_t serial() const { return serial_; }
  // "sha256:…" over the content, whatever order it was given in.
  const std::string& version() const { return version_; }

  // Entities that are stored or referred to, numbered by type and then by id.
  uint32_t entity_count() const { return static_cast<uint32_t>(ids_.size()); }
  uint32_t stored_count() const { return stored_count_; }
  std::optional<uint32_t> Find(EntityTypeId type, std::string_view id) const;
  EntityTypeId type(uint32_t entity) const { return EntityTypeId{types_[entity]}; }
  std::string_view id(uint32_t entity) const { return ids_[entity]; }
  EntityUid Uid(uint32_t entity) const override {
    return EntityUid{type(entity), std::string(ids_[entity])};
  }
  bool stored(uint32_t entity) const { return rows_[entity] != kNone32; }

  // Of a stored entity.
  uint32_t row(uint32_t entity) const { return rows_[entity]; }
  const Column& column(EntityTypeId type, uint32_t attribute) const {
    return columns_[type.index][attribute];
  }
  std::span<const uint32_t> fact_list(uint32_t list) const { return fact_lists_[list]; }

  std::span<const uint32_t> parents(uint32_t entity) const { return parents_[entity]; }
  std::span<const uint32_t> derives(uint32_t entity) const { return derives_[entity]; }
  // Entities of carried types count as absent here.
  Closure Members(uint32_t entity) const { return members_.Of(entity); }
  Closure Lineage(uint32_t entity) const { return lineage_.Of(entity); }

  // Did the pattern match the text, which must be a kStored one? Nothing if it was not tried.
  std::optional<bool> StoredMatch(std::string_view pattern, const char* text) const;

  // References to entities that are not there: no error, but what rests on one is unknown.
  const std::vector<DanglingReference>& dangling() const { return dangling_; }
  size_t memory_bytes() const;

 private:
  friend class SnapshotBuilder;

  // A list of entities for each entity.
  struct Lists {
    std::vector<uint64_t> begin;  // one more than entities
    std::vector<uint32_t> items;
    std::span<const uint32_t> operator[](uint32_t i) const {
      return std::span<const uint32_t>(items).subspan(begin[i], begin[i + 1] - begin[i]);
    }
  };
  struct Closures {
    Lists reached;
    Lists absent;
    std::vector<uint8_t> open;
    Closure Of(uint32_t entity) const {
      return {reached[entity], absent[entity], open[entity] != 0};
    }
  };

  explicit Snapshot(Schema schema);
  absl::Status Close(const Lists& edges, std::string_view what, Closures* out) const;
  std::string CycleText(std::span<const uint32_t> cycle) const;
  void SumInherited();
  Val SumInherited(uint32_t entity, const Attribute& attribute,
                   const std::vector<uint32_t>& attribute_of_type);

  Schema schema_;
  uint64_t serial_;
  std::string version_;
  Arena arena_;
  uint32_t stored_count_ = 0;
  std::vector<uint32_t> types_;
  std::vector<std::string_view> ids_;
  std::vector<uint32_t> rows_;
  std::vector<absl::flat_hash_map<absl::string_view, uint32_t>> by_id_;  // by type
  std::vector<std::vector<Column>> columns_;                             // by type, attribute
  std::vector<std::vector<uint32_t>> fact_lists_;
  Lists parents_;
  Lists derives_;
  Closures members_;
  Closures lineage_;
  absl::flat_hash_map<std::string, absl::flat_hash_map<const char*, bool>> matches_;
  std::vector<DanglingReference> dangling_;
};

// Not thread-safe. Used once.
class SnapshotBuilder {
 public:
  // The schema or program must outlive the builder, not the snapshot. With a program, its patterns are tried on
  // the stored texts too.
  explicit SnapshotBuilder(const Schema& schema) : schema_(schema) {}
  explicit SnapshotBuilder(const DecisionProgram& program)
      : schema_(program.schema), program_(&program) {}

  void Add(EntityRecord record) { records_.push_back(std::move(record)); }

  // InvalidArgument: an entity that is there twice or that has a carried type, a cycle of membership or lineage
  // (the message names its entities), a record that does not fit the schema. ResourceExhausted: the closure of
  // the graph is too large.
  absl::StatusOr<std::shared_ptr<const Snapshot>> Build();

 private:
  class Encoder;

  absl::Status CheckRecords();
  void NumberEntities(Snapshot* snapshot) const;
  void FillColumns(Snapshot* snapshot, Encoder* encoder) const;
  void FillEdges(Snapshot* snapshot, std::vector<EntityUid> EntityRecord::* edges,
                 Snapshot::Lists* out) const;
  void TryPatterns(Snapshot* snapshot, Encoder* encoder) const;
  std::string Version() const;

  const Schema& schema_;
  const DecisionProgram* program_ = nullptr;
  std::vector<EntityRecord> records_;
};

}  // namespace ztp
