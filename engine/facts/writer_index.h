// The edges the other way round: who is a member of, or derives from, an entity. Only changes ask,
// so it is made when the first one does, and goes from each snapshot to its successor.
//
// Boundary: one writer's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace ztp {

class ReverseEdges {
 public:
  // `visit(add)` calls add(from, to) for every edge; it is gone through twice.
  template <typename Visit>
  ReverseEdges(uint32_t entity_count, const Visit& visit) : first_(entity_count + 1, 0) {
    visit([&](uint32_t, uint32_t to) { ++first_[to + 1]; });
    for (size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
    from_.resize(first_.back());
    std::vector<uint32_t> next(first_.begin(), first_.end() - 1);
    visit([&](uint32_t from, uint32_t to) { from_[next[to]++] = from; });
  }

  void Add(uint32_t from, uint32_t to) { added_[to].push_back(from); }

  // Calls take(from) for every edge to `to` that was ever there, some more than once: the caller
  // knows which of them still are.
  template <typename Take>
  void ForEach(uint32_t to, const Take& take) const {
    if (to + 1 < first_.size()) {
      for (uint32_t i = first_[to]; i < first_[to + 1]; ++i) take(from_[i]);
    }
    if (auto it = added_.find(to); it != added_.end()) {
      for (uint32_t from : it->second) take(from);
    }
  }

  size_t memory_bytes() const {
    return (first_.capacity() + from_.capacity()) * 4 + added_.size() * 48;
  }

 private:
  std::vector<uint32_t> first_;  // by entity, in from_
  std::vector<uint32_t> from_;
  absl::flat_hash_map<uint32_t, std::vector<uint32_t>> added_;
};

struct WriterIndex {
  std::optional<ReverseEdges> members;  // over parents
  std::optional<ReverseEdges> derived;  // over derives

  size_t memory_bytes() const {
    return (members ? members->memory_bytes() : 0) + (derived ? derived->memory_bytes() : 0);
  }
};

}  // namespace ztp
