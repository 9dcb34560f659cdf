// Values from JSON, by the type that the schema wants.
//
// Boundary: knows types, not facts files or requests (json_facts.h, eval/json_request.h). Errors
// are collected, not thrown: reading goes on, so that a file's mistakes are reported together.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/schema.h"
#include "engine/base/world.h"
#include "engine/facts/json_error.h"
#include "engine/facts/json_tree.h"

namespace ztp {

class JsonReader {
 public:
  // `text` is the document that `tree` was parsed from. All must outlive the reader. Errors beyond
  // `max_errors` in `errors` are dropped; lines and columns are of the document.
  JsonReader(const Schema& schema, const JsonTree& tree, std::string_view text,
             std::vector<JsonError>* errors, size_t max_errors = kMaxJsonErrorsShown)
      : schema_(schema), tree_(tree), text_(text), errors_(errors), max_errors_(max_errors) {}

  const Schema& schema() const { return schema_; }
  const JsonTree& tree() const { return tree_; }

  // The value of type `type` at `node`; nothing: an error was reported.
  std::optional<Value> Read(const JsonNode& node, TypeId type, const JsonPath& path);

  // The same of a proven fact, which may say when its evidence counts: `issued_at` and `expires_at`
  // beside a record's own fields (where it has no fields of those names), or `{"value": …,
  // "issued_at": …, "expires_at": …}` around any other value. A map is taken for such a wrapping
  // only if `value` is an object.
  std::optional<Fact> ReadProven(const JsonNode& node, TypeId type, const JsonPath& path);

  // `{"type": "Team", "id": "vision"}`, or `Team::"vision"` as a string. With `ignore_others`,
  // members besides those two are not looked at.
  std::optional<EntityUid> ReadUid(const JsonNode& node, const JsonPath& path,
                                   bool ignore_others = false);

  // An RFC 3339 string.
  std::optional<Time> ReadTime(const JsonNode& node, const JsonPath& path);

  // Reports unless the node is of that kind: "expected {what}, found …".
  bool Expect(const JsonNode& node, JsonKind kind, std::string_view what, const JsonPath& path);

  void Error(JsonErrorCode code, const JsonNode& at, const JsonPath& path, std::string message,
             std::string help = "");

 private:
  std::optional<Value> ReadNumber(const JsonNode& node, TypeKind kind, const JsonPath& path);
  // A scalar from its text; as a map's key also of a Bool or Int. Reports at `node`.
  std::optional<Value> ReadText(std::string_view text, const JsonNode& node, TypeId type,
                                bool in_collection, const JsonPath& path);
  std::optional<Value> ReadItems(const JsonNode& node, TypeId type, const JsonPath& path);
  std::optional<Value> ReadMap(const JsonNode& node, TypeId type, const JsonPath& path);
  std::optional<Value> ReadRecord(const JsonNode& node, TypeId type, const JsonPath& path,
                                  bool skip_times);
  std::optional<Label> ReadLabel(const JsonNode& node, LatticeId id, const JsonPath& path);
  std::optional<uint32_t> ReadElement(const JsonNode& node, std::string_view text, EnumId id,
                                      const JsonPath& path);
  std::optional<EntityUid> ReadUidText(std::string_view text, const JsonNode& node,
                                       const JsonPath& path);
  std::optional<EntityTypeId> FindEntityType(std::string_view name, const JsonNode& node,
                                             const JsonPath& path);
  bool CheckEntityType(EntityTypeId id, TypeId type, const JsonNode& node, const JsonPath& path);
  bool WrongType(const JsonNode& node, TypeId type, std::string_view form, const JsonPath& path);
  // `issued_at` and `expires_at` of the object, where the type has no field of that name.
  bool ReadTimes(const JsonNode& node, const JsonPath& path, const Type* record, Fact* fact);

  const Schema& schema_;
  const JsonTree& tree_;
  std::string_view text_;
  std::vector<JsonError>* errors_;
  size_t max_errors_;
};

}  // namespace ztp
