// Facts files: entities from a JSON array or JSON Lines, checked against the schema.
//
// Boundary: each entity by itself, and that none is there twice. What concerns the graph as a whole
// (cycles, references to what is not there) is the snapshot's. A set of files is taken whole or not
// at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/schema.h"
#include "engine/base/world.h"
#include "engine/facts/attribute_prover.h"
#include "engine/facts/json_error.h"
#include "engine/facts/json_items.h"

namespace ztp {

struct FactsOptions {
  // Take proven attributes as given, for tests and replay; otherwise they are an error.
  bool assume_proven = false;
  // Verifies what comes as `evidence`; null: nobody does, and any is an error. Outlives the reader.
  AttributeProver* prover = nullptr;
  JsonLimits limits;
  size_t max_errors = kMaxJsonErrorsShown;  // reading stops at so many
  // Called now and then while a file is read: how many of its bytes were, and how many entities of
  // all files.
  std::function<void(size_t bytes, size_t entities)> progress;
};

// Takes entities as they are read, so that a million of them need not be kept as records.
class EntitySink {
 public:
  virtual ~EntitySink() = default;
  // The number that Take gave the entity, if it was taken.
  virtual std::optional<uint32_t> Taken(const EntityUid& uid) const = 0;
  // A number of its own choice, the entity's alone; they should be dense. After an error nothing
  // more is taken.
  virtual absl::StatusOr<uint32_t> Take(const EntityRecord& record) = 0;
};

class FactsReader {
 public:
  // `schema` must outlive the reader.
  explicit FactsReader(const Schema& schema, FactsOptions options = {})
      : schema_(schema), options_(std::move(options)) {}
  // `sink`, which must outlive it too, gets the entities, and entities() stays empty. It gets them
  // before all are read: if there is an error in the end, what it took must not be used.
  FactsReader(const Schema& schema, FactsOptions options, EntitySink* sink)
      : schema_(schema), options_(std::move(options)), sink_(sink) {}

  // Reads one file. `text` need not outlive the call; `file` is what errors call it and may be
  // empty.
  void Add(std::string_view file, std::string_view text);

  // Everything that is wrong, up to the limit. If there is anything, entities() must not be used.
  const std::vector<JsonError>& errors() const { return errors_; }
  // The sink's own; reading ended there.
  const absl::Status& sink_status() const { return sink_status_; }
  bool ok() const { return errors_.empty() && sink_status_.ok(); }
  // In the order of the files.
  std::vector<EntityRecord>& entities() { return entities_; }

 private:
  struct Place {
    uint32_t file = 0;
    uint32_t line = 0;
    uint32_t column = 0;
    size_t item = 0;
  };

  void ReadEntity(const JsonItems::Item& item, class JsonTree& tree);
  // Where an entity of that name was before; nullptr: it was not.
  const Place* PlaceBefore(const EntityUid& uid) const;
  // `good`: it has no errors of its own.
  void Keep(EntityRecord record, const Place& place, bool good);

  const Schema& schema_;
  FactsOptions options_;
  EntitySink* sink_ = nullptr;
  absl::Status sink_status_;
  size_t read_ = 0;
  std::vector<std::string> files_;
  std::vector<EntityRecord> entities_;
  absl::flat_hash_map<std::pair<uint32_t, std::string>, Place> places_;
  std::vector<Place> places_by_number_;  // of what the sink took
  std::vector<JsonError> errors_;
};

// Evidence for entities that are known: a line an entity, {"uid": …, "evidence": […]}, as a facts
// file has it. `record_of` gives the record of a stored entity, or nothing; what is proven of it is
// handed to `take`. Mistakes are reported to *errors, each with `file`; then nothing that was taken
// may be used.
void ReadStoredEvidence(
    const Schema& schema, std::string_view file, std::string_view text, AttributeProver& prover,
    const std::function<std::optional<EntityRecord>(const EntityUid&)>& record_of,
    const std::function<void(EntityRecord)>& take, std::vector<JsonError>* errors);

struct FactsResult {
  std::vector<EntityRecord> entities;  // empty if there are errors
  std::vector<JsonError> errors;
  bool ok() const { return errors.empty(); }
};
// One file.
FactsResult LoadFacts(std::string_view text, const Schema& schema,
                      const FactsOptions& options = {});

}  // namespace ztp
