// Makes snapshots out of entity records.
//
// Boundary: records are typed already (json_facts.h checks a file's against the schema); what
// concerns the graph as a whole is checked here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/world.h"
#include "engine/facts/snapshot.h"

namespace ztp {

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
  explicit SnapshotBuilder(std::shared_ptr<const DecisionProgram> program);
  ~SnapshotBuilder();
  SnapshotBuilder(const SnapshotBuilder&) = delete;
  SnapshotBuilder& operator=(const SnapshotBuilder&) = delete;

  // InvalidArgument: the entity is there twice, its type is carried by requests, or the record does
  // not fit its type. After an error the builder is of no more use.
  absl::Status Add(const EntityRecord& record);

  // The snapshot; the builder is spent. InvalidArgument: a cycle of membership or lineage, named
  // entity by entity. `solver` may be null.
  absl::StatusOr<std::shared_ptr<const Snapshot>> Build(QuantifierSolver* solver = nullptr);

 private:
  class Encoder;
  enum class EdgeKind { kParents, kDerives };
  using Edges = std::vector<std::vector<uint32_t>>;  // by entity; sorted, distinct

  uint32_t InternEntity(EntityTypeId type, std::string_view id);
  bool IsAbsent(uint32_t entity) const;
  Snapshot::ListId InternList(const std::vector<uint32_t>& items);
  absl::Status Close(const Edges& edges, std::vector<uint32_t>* closure_of, std::string_view what);
  uint32_t CloseOne(const std::vector<uint32_t>& targets, const std::vector<uint32_t>& closure_of);
  void WorkOutInherited();
  Val InheritedValue(uint32_t entity, uint32_t attribute);
  void WorkOutMatches();
  void WorkOutQuantifiers(QuantifierSolver& solver);
  void FinishVersion();

  std::unique_ptr<Snapshot> snapshot_;
  std::unique_ptr<Encoder> encoder_;
  Edges parents_;
  Edges derives_;
  absl::flat_hash_map<std::vector<uint32_t>, Snapshot::ListId> list_ids_;
  absl::flat_hash_map<std::vector<uint32_t>, uint32_t> closure_ids_;
  std::vector<std::pair<uint32_t, std::string>> record_digests_;  // by entity
};

}  // namespace ztp
