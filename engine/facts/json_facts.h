// Facts files: entities from a JSON array or JSON Lines, checked against the schema.
//
// Boundary: each entity by itself, and that none is there twice. What concerns the graph as a whole
// (cycles, references to what is not there) is the snapshot's. A set of files is taken whole or not
// at all.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/schema.h"
#include "engine/base/world.h"
#include "engine/facts/json_error.h"
#include "engine/facts/json_items.h"

namespace ztp {

struct FactsOptions {
  // Take proven attributes as given, for tests and replay; otherwise they are an error.
  bool assume_proven = false;
  JsonLimits limits;
  size_t max_errors = kMaxJsonErrorsShown;  // reading stops at so many
};

class FactsReader {
 public:
  // `schema` must outlive the reader.
  explicit FactsReader(const Schema& schema, FactsOptions options = {})
      : schema_(schema), options_(std::move(options)) {}

  // Reads one file. `text` need not outlive the call; `file` is what errors call it and may be
  // empty.
  void Add(std::string_view file, std::string_view text);

  // Everything that is wrong, up to the limit. If there is anything, entities() must not be used.
  const std::vector<JsonError>& errors() const { return errors_; }
  bool ok() const { return errors_.empty(); }
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

  const Schema& schema_;
  FactsOptions options_;
  std::vector<std::string> files_;
  std::vector<EntityRecord> entities_;
  absl::flat_hash_map<std::pair<uint32_t, std::string>, Place> places_;
  std::vector<JsonError> errors_;
};

struct FactsResult {
  std::vector<EntityRecord> entities;  // empty if there are errors
  std::vector<JsonError> errors;
  bool ok() const { return errors.empty(); }
};
// One file.
FactsResult LoadFacts(std::string_view text, const Schema& schema,
                      const FactsOptions& options = {});

// A reference to an entity that is not among the records: no error, but what rests on it is
// unknown.
struct DanglingReference {
  EntityUid from;
  std::string where;  // `parents`, `derives`, or the attribute's name
  EntityUid to;
  bool operator==(const DanglingReference&) const = default;
};
// All of them, each once, in the order of the records. Types that are always present and carried
// types are never missing from the facts.
std::vector<DanglingReference> FindDanglingReferences(const Schema& schema,
                                                      const std::vector<EntityRecord>& records);

}  // namespace ztp
