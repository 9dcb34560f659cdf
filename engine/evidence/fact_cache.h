// Facts by what they were verified from: the SHA-256 of the evidence and the source's keys.
//
// Boundary: remembers that a signature was right, nothing else: whether the fact still counts is
// asked again each time (trust.h). Bounded: of two halves the older goes when the younger is full,
// but for what was asked for meanwhile.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "engine/evidence/proven_fact.h"

namespace ztp::evidence {

// Any thread at any time.
class FactCache {
 public:
  explicit FactCache(size_t max_facts) : half_(max_facts / 2 + 1) {}

  // `sha256`: 32 bytes. Null: it is not here.
  SharedFact Find(std::string_view sha256, uint64_t source_serial) {
    const Key key = KeyOf(sha256, source_serial);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (const auto at = young_.find(key); at != young_.end()) return at->second;
    const auto at = old_.find(key);
    if (at == old_.end()) return nullptr;
    SharedFact fact = std::move(at->second);
    old_.erase(at);
    Put(key, fact);
    return fact;
  }
  void Add(std::string_view sha256, SharedFact fact) {
    const Key key = KeyOf(sha256, fact->source_serial);
    const std::lock_guard<std::mutex> lock(mutex_);
    Put(key, std::move(fact));
  }
  size_t size() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return young_.size() + old_.size();
  }

 private:
  struct Key {
    std::array<uint64_t, 4> sha256;
    uint64_t serial;
    bool operator==(const Key&) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.sha256[0], key.serial);
    }
  };
  using Facts = absl::flat_hash_map<Key, SharedFact>;

  static Key KeyOf(std::string_view sha256, uint64_t serial) {
    Key key{{}, serial};
    std::memcpy(key.sha256.data(), sha256.data(), sizeof(key.sha256));
    return key;
  }
  void Put(const Key& key, SharedFact fact) {
    if (young_.size() >= half_) {
      old_ = std::move(young_);
      young_.clear();
    }
    young_.insert_or_assign(key, std::move(fact));
  }

  const size_t half_;
  mutable std::mutex mutex_;
  Facts young_;
  Facts old_;
};

}  // namespace ztp::evidence
