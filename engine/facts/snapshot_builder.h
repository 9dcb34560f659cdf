// Makes snapshots: of entity records, or of the snapshot before and what changed.
//
// Boundary: records are typed already (json_facts.h checks a file's against the schema); what
// concerns the graph as a whole is checked here. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/limits.h"
#include "engine/base/world.h"
#include "engine/facts/arena.h"
#include "engine/facts/fact_encoder.h"
#include "engine/facts/set_hash.h"
#include "engine/facts/snapshot.h"

namespace ztp {

class ReverseEdges;
class RetiredPages;

// Evaluates, on a snapshot that is complete but for its quantifiers, the filter and body of one
// with one entity as the ancestor: what that element contributes, and the missing facts (as in
// Snapshot's lists) where it is unknown. The evaluator is above this folder, so it is handed in;
// without one a snapshot answers all the same, only later.
class QuantifierSolver {
 public:
  virtual ~QuantifierSolver() = default;
  virtual Tri Solve(const Snapshot& snapshot, uint32_t quantifier, uint32_t ancestor,
                    std::vector<uint32_t>* missing) = 0;
};

class SnapshotBuilder {
 public:
  // From nothing. The program passed CheckProgram or comes from ir/.
  explicit SnapshotBuilder(std::shared_ptr<const DecisionProgram> program);
  // The successor of `base`: what is not touched is shared with it, and who reads it is not
  // disturbed. A snapshot has one successor: if it has one already, or one is being made, every
  // call answers FailedPrecondition.
  explicit SnapshotBuilder(std::shared_ptr<const Snapshot> base);
  ~SnapshotBuilder();
  SnapshotBuilder(const SnapshotBuilder&) = delete;
  SnapshotBuilder& operator=(const SnapshotBuilder&) = delete;

  // InvalidArgument: the entity is there already, its type is carried by requests, or the record
  // does not fit its type; ResourceExhausted: there is no more room. After an error the builder is
  // of no more use, and `base` is as it was.
  // `number`, if not null, gets the entity's number.
  absl::Status Add(const EntityRecord& record, uint32_t* number = nullptr);
  // The same, but what is there is replaced, edges included.
  absl::Status Upsert(const EntityRecord& record);
  // NotFound: it is not stored. What refers to it refers to an absent entity then.
  absl::Status Delete(const EntityUid& uid);
  // New edges of a stored entity (NotFound: it is not); those that are there already are no error.
  absl::Status AddEdges(const EntityUid& from, std::span<const EntityUid> parents,
                        std::span<const EntityUid> derives);

  // The snapshot; the builder is spent. InvalidArgument: a cycle of membership or lineage, named
  // entity by entity; ResourceExhausted: closures take more than kMaxClosureEntries. `solver` may
  // be null.
  absl::StatusOr<std::shared_ptr<const Snapshot>> Build(QuantifierSolver* solver = nullptr);

  // Instead of kMaxClosureEntries, which is the most.
  void set_max_closure_entries(uint64_t most) { max_closure_entries_ = most; }

  // Of the cycle that Build answered with: its entities in the order of the edges.
  const std::vector<EntityUid>& cycle() const { return cycle_; }
  // As it is so far.
  uint32_t stored_count() const { return snapshot_->stored_count_; }
  bool IsStored(const EntityUid& uid) const { return FindStored(uid).has_value(); }
  std::optional<uint32_t> FindStored(const EntityUid& uid) const;

 private:
  enum EdgeKind : uint8_t { kParents, kDerives };
  // The state of an entity while closures are worked out.
  enum Mark : uint8_t { kSettled, kOpen, kBeingClosed };

  static constexpr uint32_t kNotChanged = UINT32_MAX;

  // What the constructors begin with: a builder that this has made can be destroyed, however far
  // they come.
  struct Begun {};
  SnapshotBuilder(std::shared_ptr<const DecisionProgram> program, Begun);
  SnapshotBuilder(std::shared_ptr<const Snapshot> base, Begun);

  bool changes() const { return base_ != nullptr; }
  const FactsView& view() const { return snapshot_->view_; }

  // snapshot_builder.cc
  absl::Status Store(const EntityRecord& record, bool replace, uint32_t* number);
  absl::Status StoreAttributes(const EntityRecord& record, uint32_t entity);
  absl::Status Check(const EntityRecord& record) const;
  absl::Status CheckEdges(const EntityRecord& record, const std::vector<EntityUid>& to,
                          const std::vector<EntityTypeId>& allowed, std::string_view what) const;
  void SetState(uint64_t* row, const FactsType& type, uint32_t cell, FactsState state);
  EntityRecord CurrentRecord(uint32_t entity) const;
  uint32_t EdgeList(const std::vector<EntityUid>& to);
  absl::Status Full() const;
  void Finish();
  void HandOver(Snapshot& made, std::shared_ptr<RetiredPages> retired) noexcept;

  // snapshot_pages.cc
  uint32_t NumberOf(EntityTypeId type, std::string_view id);
  uint32_t NewEntity(EntityTypeId type, std::string_view id);
  void NameConstants();
  uint32_t AddPage(uint32_t type, uint32_t stride);
  uint64_t* MutableRow(uint32_t entity);
  FactsBucket& MutableBucket(uint64_t bucket);
  void AddToIndex(uint32_t entity);
  void PutIntoIndex(uint32_t entity);
  void ResizeIndex(uint64_t entries, uint32_t skip);
  void TakeBack();

  // snapshot_closures.cc
  const FactsType& TypeOf(uint32_t entity) const { return view().types[view().TypeOf(entity)]; }
  bool IsAbsent(uint32_t entity) const;
  uint32_t TargetsOf(EdgeKind kind, uint32_t entity) const;
  uint32_t ClosureOf(EdgeKind kind, uint32_t entity) const {
    return kind == kParents ? view().MembershipOf(entity) : view().LineageOf(entity);
  }
  std::span<const uint32_t> MembersOf(EdgeKind kind, uint32_t closure) const;
  void SetTargets(EdgeKind kind, uint32_t entity, uint32_t list);
  const ReverseEdges& Reverse(EdgeKind kind);
  // Adds to `entities` all that lead to one of them, each once.
  void AddAllBelow(EdgeKind kind, std::vector<uint32_t>* entities);
  absl::Status Close(EdgeKind kind);
  absl::Status CloseFrom(EdgeKind kind, uint32_t start);
  absl::StatusOr<uint32_t> CloseOne(EdgeKind kind, uint32_t targets);
  absl::Status Cycle(EdgeKind kind, uint32_t repeated);
  absl::StatusOr<uint32_t> NewClosure(EdgeKind kind, uint32_t targets, uint32_t absent,
                                      std::span<const uint32_t> members);

  // snapshot_derive.cc
  void WorkOutInherited();
  void InheritAll(uint32_t entity);
  Val InheritedValue(uint32_t entity, uint32_t attribute, std::vector<uint32_t>* unknown,
                     Arena& arena);
  absl::Status WorkOutQuantifiers(QuantifierSolver& solver);

  std::shared_ptr<const Snapshot> base_;
  absl::Status status_;
  std::unique_ptr<Snapshot> snapshot_;
  FactsMemory* memory_ = nullptr;
  std::unique_ptr<FactEncoder> encoder_;
  SetHasher hasher_;
  std::string canonical_;
  std::vector<EntityUid> cycle_;

  // Pages that are this snapshot's own, so that they may be written to; and those of `base` that
  // they replace.
  std::vector<bool> page_fresh_;
  std::vector<bool> buckets_fresh_;
  std::vector<void*> replaced_;
  size_t slab_left_ = 0;  // bytes of the last of the lineage's row blocks
  struct PoolMarks;
  std::unique_ptr<PoolMarks> marks_;

  // From nothing: the list of every entity's targets. As a successor: of those with other edges
  // than before.
  std::vector<uint32_t> targets_[2];
  absl::flat_hash_map<uint32_t, uint32_t> changed_targets_[2];
  // As a successor: entities that were stored, replaced, deleted or given edges; those of them that
  // came or went; and all whose row is another than before, closures and inherited attributes
  // included.
  std::vector<uint32_t> changed_;
  std::vector<uint32_t> came_or_went_;
  std::vector<uint32_t> touched_;
  std::vector<uint32_t> closed_lineages_;  // entities
  std::vector<uint32_t> new_lineages_;     // closures made
  std::unique_ptr<WriterIndex> reverse_;

  std::vector<uint8_t> marks_of_;
  std::vector<std::pair<uint32_t, uint32_t>> stack_;  // entity, next edge
  absl::flat_hash_map<uint32_t, uint32_t> closure_of_targets_;
  uint64_t max_closure_entries_ = kMaxClosureEntries;
};

}  // namespace ztp
