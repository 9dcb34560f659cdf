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
  // What differs from row to row, as a caller has it: names and numbers one after the other.
  struct Column {
    std::string_view name;
    std::vector<int64_t> numbers;  // or
    std::vector<std::string_view> texts;
    std::vector<Fact> facts;  // of other types
  };
  struct Group {
    std::vector<size_t> requests;
    std::vector<std::string_view> principals;
    std::vector<std::string_view> resources;
    std::vector<Column> columns;
    std::vector<uint32_t> codes;  // 0, 1, 2 …
    std::unique_ptr<Batch> batch;
    std::vector<uint8_t> allow;
  };

  void AddColumns(Group* group) const;
  absl::Status FillGroup(Group* group) const;

  const Subject& subject_;
  std::vector<Group> groups_;
  std::vector<uint8_t> allow_;
};

}  // namespace ztp::bench
