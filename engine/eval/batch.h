// Many requests of one action at once, for hosts: columns of names and numbers in, columns of
// answers out.
//
// Boundary: turns columns into the kernel's (core/batch.h), which decides them. Each answer is what
// Decide says of the row as a request of its own. One thread at a time; several threads make a
// batch each, of the same policy and snapshot.
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
#include "engine/core/batch.h"
#include "engine/eval/bound_request.h"
#include "engine/eval/policy.h"
#include "engine/eval/scratch.h"

namespace ztp {

class Batch {
 public:
  // `shared` says what no column does: the action, what is the same for all rows, the clock. It
  // carries no entity; principal, resource (then their types have no index) and required parameters
  // may be left to columns. InvalidArgument: as BoundRequest::Bind. Policy and snapshot must
  // outlive the batch.
  static absl::StatusOr<std::unique_ptr<Batch>> Make(const Policy& policy, const Snapshot& snapshot,
                                                     const Request& shared, size_t rows);

  // Each sets a column, in place of what that column was; what is given need not outlive the call.
  // InvalidArgument: it has not one entry a row, or is not what the action takes; then, and where
  // memory runs out, the column is as before.
  absl::Status SetPrincipals(EntityTypeId type, std::span<const std::string_view> ids);
  absl::Status SetResources(EntityTypeId type, std::span<const std::string_view> ids);
  // Bool, Int, Decimal (thousand-millionths), Time and Duration (microseconds), enum (position).
  absl::Status SetNumbers(std::string_view param_or_input, std::span<const int64_t> numbers);
  // String.
  absl::Status SetTexts(std::string_view param_or_input, std::span<const std::string_view> texts);
  // Any type: row i has facts[codes[i]]. The facts' values are of the declared type.
  absl::Status SetFacts(std::string_view param_or_input, std::span<const Fact> facts,
                        std::span<const uint32_t> codes);
  // A column of ids by code, for those that come often.
  absl::Status SetPrincipals(EntityTypeId type, std::span<const std::string_view> ids,
                             std::span<const uint32_t> codes);
  absl::Status SetResources(EntityTypeId type, std::span<const std::string_view> ids,
                            std::span<const uint32_t> codes);

  // The same of an input, whatever a parameter is called.
  absl::Status SetInput(InputId input, std::span<const Fact> facts,
                        std::span<const uint32_t> codes);

  size_t rows() const { return rows_.count; }

  // Puts a row's principal and resource, and one of its parameters, into `*request`, which is the
  // shared request but for them. False: they are those that stood there.
  bool FillRow(size_t row, std::optional<uint32_t> param, Request* request) const;

  // What every row needs and neither `shared` nor a column gives: its name; else empty.
  std::string_view Lacks() const;
  void set_now(Time now) { shared_.set_now(now); }

  // Decides every row; where something is lacking, denies it. Where one takes more than
  // Scratch::kMaxBytes, it is denied. Of obligations: BatchAnswers.
  void Decide(Scratch& scratch, const BatchAnswers& answers);

  // Entities that columns have and the snapshot does not know, for tests: those of columns that
  // were set over are forgotten.
  size_t stranger_count() const { return strangers_.size(); }

 private:
  // What a column holds: values of a parameter or input, or entities.
  struct Column {
    Column(Batch* of, size_t chunk_bytes) : batch(of), arena(chunk_bytes) {}
    ~Column();
    Column(const Column&) = delete;
    Column& operator=(const Column&) = delete;

    Batch* batch;
    BatchColumn view;
    std::vector<BoundFact> values;
    std::vector<Val> entities;
    Arena arena;                      // of texts and items
    std::vector<uint32_t> strangers;  // by number, each once
  };
  // An entity that the snapshot does not know. Its number is given anew when no column has it.
  struct Stranger {
    EntityUid uid;
    size_t columns = 0;  // that have it
    const Column* last = nullptr;
  };
  class Encoder;
  class Uids;

  Batch(const Policy& policy, const Snapshot& snapshot) : policy_(policy), snapshot_(snapshot) {}

  absl::Status CheckCount(size_t count) const;
  void Deny(size_t row, const BatchAnswers& answers) const;
  std::unique_ptr<Column> NewColumn();
  absl::Status Find(std::string_view name, BatchColumn* view, TypeId* type) const;
  void Put(std::unique_ptr<Column> column);
  absl::Status PutFacts(std::unique_ptr<Column> column, std::string_view name, TypeId type,
                        std::span<const Fact> facts, std::span<const uint32_t> codes);
  uint32_t NumberOf(EntityTypeId type, std::string_view id, Column* column);
  void Forget(const Column& column);
  absl::Status SetEntities(const std::vector<EntityTypeId>& allowed, EntityTypeId type,
                           std::span<const std::string_view> ids, std::span<const uint32_t> codes,
                           std::unique_ptr<Column>* out);

  const Policy& policy_;
  const Snapshot& snapshot_;
  ActionId action_;
  BoundRequest shared_;
  bool has_principal_ = true;
  bool has_resource_ = true;
  BatchRows rows_;
  // Entities that the snapshot does not know, by their number beyond its own: those of the shared
  // request, then the columns'. Before the columns, which forget theirs when they end.
  std::vector<uint32_t> stranger_types_;
  std::vector<Stranger> stranger_by_number_;
  std::vector<uint32_t> free_strangers_;
  absl::flat_hash_map<std::pair<uint32_t, std::string>, uint32_t> strangers_;
  std::unique_ptr<Column> principals_;
  std::unique_ptr<Column> resources_;
  std::vector<std::unique_ptr<Column>> columns_;
  std::vector<BatchColumn> column_views_;
  std::vector<BoundFact> params_;
  std::vector<BoundFact> inputs_;
  std::vector<Reading> readings_;
};

}  // namespace ztp
