// One entity's attributes by its declaration.
#include "engine/facts/json_entity.h"

#include <algorithm>
#include <utility>

#include "engine/base/str.h"
#include "engine/facts/json_items.h"

namespace ztp {

std::optional<Fact> FactWhenLeftOut(const Attribute& attribute, const EntityRecord& record) {
  if (attribute.default_value) return Fact::Of(*attribute.default_value);
  if (attribute.optional) return Fact::Missing();
  if (attribute.inherit != Inherit::kNo && !record.derives.empty()) return Fact::Missing();
  // What only evidence can tell is not wrong when it is not here, it is not known.
  if (attribute.rank == Rank::kProven) return Fact::Unknown();
  return std::nullopt;
}

void AddParents(const Value& value, std::vector<EntityUid>* parents) {
  if (value.kind() == TypeKind::kEntity) {
    EntityUid uid = value.uid();
    if (std::find(parents->begin(), parents->end(), uid) == parents->end()) {
      parents->push_back(std::move(uid));
    }
  } else {
    for (const Value& item : value.items()) AddParents(item, parents);
  }
}

bool ReadAttributes(JsonReader& reader, const JsonNode* attributes, const JsonNode& at,
                    bool assume_proven, const JsonPath& path, EntityRecord* record) {
  const Schema& schema = reader.schema();
  const EntityType& type = schema[record->uid.type];
  bool ok = true;
  uint32_t found = 0;
  // Most files have them in the order of the declaration: then none is searched for.
  const JsonTree& tree = reader.tree();
  uint32_t next = attributes != nullptr ? attributes->first_child : JsonNode::kEnd;
  auto find = [&](std::string_view name) -> const JsonNode* {
    if (next != JsonNode::kEnd && tree[next].key == name) {
      const JsonNode* node = &tree[next];
      next = node->next;
      return node;
    }
    return attributes != nullptr ? tree.Find(*attributes, name) : nullptr;
  };
  record->attributes.clear();
  record->attributes.reserve(type.attributes.size());
  for (const Attribute& attribute : type.attributes) {
    const JsonNode* node = find(attribute.name);
    std::optional<Fact> fact;
    if (node == nullptr) {
      fact = FactWhenLeftOut(attribute, *record);
      if (!fact) {
        reader.Error(
            JsonErrorCode::kMissingMember, at, path,
            Cat("attribute `", attribute.name, "` of ", type.json_name, " is missing: expected ",
                schema.TypeName(attribute.type)),
            attribute.inherit != Inherit::kNo
                ? "an inherited attribute may be left out only where `derives` is not empty"
                : "");
      }
    } else {
      ++found;
      const JsonPath attribute_path(&path, attribute.name);
      if (attribute.rank == Rank::kProven && !assume_proven) {
        reader.Error(JsonErrorCode::kProvenGiven, *node, attribute_path,
                     Cat("attribute `", attribute.name, "` of ", type.json_name,
                         " is proven: it counts only from evidence, not as plain JSON"),
                     "leave it out, or, for tests, give --assume-proven");
      } else if (attribute.rank == Rank::kProven) {
        fact = reader.ReadProven(*node, attribute.type, attribute_path);
      } else if (std::optional<Value> value = reader.Read(*node, attribute.type, attribute_path)) {
        fact = Fact::Of(*std::move(value));
      }
    }
    ok = ok && fact.has_value();
    if (fact && attribute.is_parent && fact->state == Fact::State::kPresent) {
      AddParents(fact->value, &record->parents);
    }
    record->attributes.push_back(fact ? *std::move(fact) : Fact::Missing());
  }
  if (attributes != nullptr && found < attributes->child_count) {
    std::vector<std::string_view> names;
    for (const Attribute& attribute : type.attributes) names.push_back(attribute.name);
    for (const JsonNode& child : reader.tree().Children(*attributes)) {
      if (std::find(names.begin(), names.end(), child.key) != names.end()) continue;
      ok = false;
      reader.Error(JsonErrorCode::kUnknownMember, child, JsonPath(&path, child.key),
                   Cat(type.json_name, " has no attribute `", JsonExcerpt(child.key), "`"),
                   DidYouMean(child.key, names));
    }
  }
  return ok;
}

std::optional<EntityUid> ReadRequestEntity(JsonReader& reader, const JsonNode& entity,
                                           bool assume_proven, const JsonPath& path,
                                           std::optional<EntityRecord>* carried) {
  carried->reset();
  std::optional<EntityUid> uid = reader.ReadUid(entity, path, /*ignore_others=*/true);
  if (!uid) return std::nullopt;
  const EntityType& type = reader.schema()[uid->type];
  const JsonNode* properties = reader.tree().Find(entity, "properties");
  const JsonPath properties_path(&path, "properties");
  if (properties != nullptr &&
      !reader.Expect(*properties, JsonKind::kObject, "an object of attributes", properties_path)) {
    return uid;
  }
  if (type.carried == Carried::kNo) {
    if (properties != nullptr && properties->child_count != 0) {
      reader.Error(JsonErrorCode::kPropertiesGiven, *properties, properties_path,
                   Cat(type.json_name,
                       " is not carried: its attributes come from the facts, not with the "
                       "request"));
    }
    return uid;
  }
  EntityRecord record;
  record.uid = *uid;
  if (ReadAttributes(reader, properties, properties != nullptr ? *properties : entity,
                     assume_proven, properties_path, &record)) {
    *carried = std::move(record);
  }
  return uid;
}

}  // namespace ztp
