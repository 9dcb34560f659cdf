// What proves attributes of stored entities, by the entities' numbers.
//
// Boundary: keeps and shares; what a proof says is evidence's. A copy costs a pointer a shard, and
// a change of it copies the shards that it touches, so that snapshots of one lineage share theirs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/fact_proof.h"

namespace ztp {

// One thread writes; what was handed over is only read.
class StoredProofs {
 public:
  using Proofs = std::vector<AttributeProof>;

  bool empty() const { return count_ == 0; }
  // How many attributes.
  size_t count() const { return count_; }

  // Null: none of its attributes is proven by evidence.
  const Proofs* Find(uint32_t entity) const {
    if (shards_.empty()) return nullptr;
    const std::shared_ptr<Shard>& shard = shards_[entity % kShards];
    if (shard == nullptr) return nullptr;
    const auto at = shard->find(entity);
    return at == shard->end() ? nullptr : &at->second;
  }

  // In place of what is there. Costs nothing where nothing is, or was.
  void Set(uint32_t entity, const Proofs& proofs) {
    const Proofs* const before = Find(entity);
    if (before == nullptr && proofs.empty()) return;
    if (before != nullptr) count_ -= before->size();
    count_ += proofs.size();
    shards_.resize(kShards);
    std::shared_ptr<Shard>& shard = shards_[entity % kShards];
    if (shard == nullptr) {
      shard = std::make_shared<Shard>();
    } else if (shard.use_count() != 1) {
      shard = std::make_shared<Shard>(*shard);  // another snapshot's too
    }
    if (proofs.empty()) {
      shard->erase(entity);
    } else {
      shard->insert_or_assign(entity, proofs);
    }
  }

  // visit(entity, proofs), in no order.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (const std::shared_ptr<Shard>& shard : shards_) {
      if (shard == nullptr) continue;
      for (const auto& [entity, proofs] : *shard) visit(entity, proofs);
    }
  }

 private:
  using Shard = absl::flat_hash_map<uint32_t, Proofs>;
  static constexpr size_t kShards = 256;

  std::vector<std::shared_ptr<Shard>> shards_;  // none, or kShards
  size_t count_ = 0;
};

}  // namespace ztp
