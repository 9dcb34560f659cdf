// A count that leases are held against: it goes up when policy or facts change, or leases are
// revoked, and what was promised at another count is void.
//
// Boundary: the word itself stays where it is for as long as the process lives, so that a lease may
// outlive what gave it. Any thread at any time; nothing here waits but making one.
#pragma once

#include <atomic>
#include <cstdint>

namespace ztp {

class Generation {
 public:
  Generation();
  // Ends what was promised. The word goes on counting for another owner later.
  ~Generation();
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  uint64_t value() const { return word_->load(std::memory_order_acquire); }
  void Advance() { word_->fetch_add(1, std::memory_order_acq_rel); }
  // Readable for ever.
  const std::atomic<uint64_t>* word() const { return word_; }

 private:
  std::atomic<uint64_t>* word_;
};

}  // namespace ztp
