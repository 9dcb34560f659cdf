// A workload's requests as batches: those of one action, one type of principal and of resource, and
// one clock, in columns.
//
// Boundary: fills columns and decides; measures nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/engine.h"
#include "engine/eval/batch.h"

namespace ztp::bench {

class Batches {
 public:
  // The subject must outlive it.
  explicit Batches(const Subject& subject);

  // Fills the columns anew, from names and plain values; InvalidArgument: they do not fit.
  absl::Status Fill();
  // Decides every row of every batch; then allow(request) is the answer.
  void Decide(Scratch& scratch);
  bool allow(size_t request) const { return allow_[request] != 0; }
  size_t batch_count() const { return groups_.size(); }

 private:
  struct Group {
    std::vector<size_t> requests;
    std::unique_ptr<Batch> batch;
    std::vector<uint8_t> allow;
  };

  absl::Status FillGroup(Group* group) const;

  const Subject& subject_;
  std::vector<Group> groups_;
  std::vector<uint8_t> allow_;
};

}  // namespace ztp::bench
