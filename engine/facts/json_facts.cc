// One pass over the documents of the files; what is kept between them is the records and where each
// began.
#include "engine/facts/json_facts.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "engine/base/str.h"
#include "engine/facts/json_entity.h"
#include "engine/facts/json_tree.h"
#include "engine/facts/json_value.h"

namespace ztp {
namespace {

bool Contains(const std::vector<EntityTypeId>& types, EntityTypeId type) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

// `parents` or `derives`: an array of entities, each once.
bool ReadEdges(JsonReader& reader, const JsonNode* node, const JsonPath& path,
               std::vector<EntityUid>* edges) {
  if (node == nullptr) return true;
  if (!reader.Expect(*node, JsonKind::kArray, "an array of entities", path)) return false;
  bool ok = true;
  size_t index = 0;
  for (const JsonNode& child : reader.tree().Children(*node)) {
    const JsonPath child_path(&path, index++);
    std::optional<EntityUid> uid = reader.ReadUid(child, child_path);
    ok = ok && uid.has_value();
    if (uid) edges->push_back(*std::move(uid));
  }
  return ok;
}

void RemoveDuplicates(std::vector<EntityUid>* uids) {
  absl::flat_hash_set<std::pair<uint32_t, std::string>> seen;
  std::erase_if(*uids,
                [&](const EntityUid& uid) { return !seen.emplace(uid.type.index, uid.id).second; });
}

std::string NamesOf(const Schema& schema, const std::vector<EntityTypeId>& types) {
  std::vector<std::string> names;
  for (EntityTypeId type : types) names.push_back(schema[type].json_name);
  return names.empty() ? "none" : Join(names, ", ");
}

}  // namespace

void FactsReader::Add(std::string_view file, std::string_view text) {
  files_.emplace_back(file);
  JsonTree tree;
  JsonItems items(text, options_.limits);
  JsonItems::Item item;
  while (errors_.size() < options_.max_errors && items.Next(&item)) {
    if (item.error) {
      item.error->file = files_.back();
      errors_.push_back(*std::move(item.error));
    } else {
      ReadEntity(item, tree);
    }
    // Once anything is wrong nothing will be used: only errors are still looked for.
    if (!errors_.empty()) {
      entities_.clear();
      entities_.shrink_to_fit();
    }
  }
}

void FactsReader::ReadEntity(const JsonItems::Item& item, JsonTree& tree) {
  const JsonPath root = item.alone ? JsonPath() : JsonPath(item.index);
  const size_t errors_before = errors_.size();
  JsonError syntax;
  if (!tree.Parse(item.text, root, &syntax)) errors_.push_back(std::move(syntax));
  EntityRecord record;
  if (errors_.size() == errors_before) {
    JsonReader reader(schema_, tree, item.text, &errors_, options_.max_errors);
    const JsonNode& node = tree.root();
    auto read = [&] {
      if (!reader.Expect(node, JsonKind::kObject,
                         "an entity, that is {\"uid\": …, \"attrs\": …, …}", root)) {
        return;
      }
      static const std::vector<std::string_view> kMembers = {"uid", "attrs", "parents", "derives"};
      for (const JsonNode& child : tree.Children(node)) {
        if (std::find(kMembers.begin(), kMembers.end(), child.key) != kMembers.end()) continue;
        std::string help = DidYouMean(child.key, kMembers);
        reader.Error(JsonErrorCode::kUnknownMember, child, JsonPath(&root, child.key),
                     Cat("an entity has no member `", JsonExcerpt(child.key), "`"),
                     help.empty() ? "its attributes stand under `attrs`" : std::move(help));
      }
      const JsonNode* uid_node = tree.Find(node, "uid");
      if (uid_node == nullptr) {
        reader.Error(JsonErrorCode::kMissingMember, node, root, "`uid` is missing");
        return;
      }
      const JsonPath uid_path(&root, "uid");
      std::optional<EntityUid> uid = reader.ReadUid(*uid_node, uid_path);
      if (!uid) return;
      record.uid = *std::move(uid);
      const EntityType& type = schema_[record.uid.type];
      if (type.carried != Carried::kNo) {
        reader.Error(JsonErrorCode::kCarriedStored, *uid_node, uid_path,
                     Cat(type.json_name,
                         " is carried: its attributes come with the request and are never stored"));
        return;
      }
      const JsonNode* parents = tree.Find(node, "parents");
      const JsonNode* derives = tree.Find(node, "derives");
      const JsonPath parents_path(&root, "parents"), derives_path(&root, "derives");
      const bool edges_ok = ReadEdges(reader, parents, parents_path, &record.parents) &
                            ReadEdges(reader, derives, derives_path, &record.derives);
      if (edges_ok) {
        size_t i = 0;
        for (const EntityUid& parent : record.parents) {
          const JsonPath path(&parents_path, i++);
          if (Contains(type.parents, parent.type)) continue;
          reader.Error(
              JsonErrorCode::kParentNotAllowed, *parents, path,
              Cat(type.json_name, " cannot be in ", WithArticle(schema_[parent.type].json_name),
                  "; what it may be in: ", NamesOf(schema_, type.parents)));
        }
        i = 0;
        for (const EntityUid& source : record.derives) {
          const JsonPath path(&derives_path, i++);
          if (Contains(type.derives, source.type)) continue;
          reader.Error(JsonErrorCode::kDerivesNotAllowed, *derives, path,
                       Cat(type.json_name, " cannot derive from ",
                           WithArticle(schema_[source.type].json_name),
                           "; what it may derive from: ", NamesOf(schema_, type.derives)));
        }
      }
      RemoveDuplicates(&record.parents);
      RemoveDuplicates(&record.derives);
      const JsonNode* attributes = tree.Find(node, "attrs");
      const JsonPath attributes_path(&root, "attrs");
      if (attributes == nullptr || reader.Expect(*attributes, JsonKind::kObject,
                                                 "an object of attributes", attributes_path)) {
        ReadAttributes(reader, attributes, attributes != nullptr ? *attributes : node,
                       options_.assume_proven, attributes_path, &record);
      }
      const uint32_t file = static_cast<uint32_t>(files_.size() - 1);
      const auto [it, fresh] = places_.try_emplace({record.uid.type.index, record.uid.id},
                                                   Place{file, item.line, item.column, item.index});
      if (!fresh) {
        const Place& first = it->second;
        std::string where = Cat(files_[first.file], files_[first.file].empty() ? "line " : ":",
                                first.line, ":", first.column);
        reader.Error(JsonErrorCode::kDuplicateEntity, *uid_node, uid_path,
                     Cat(FormatUid(schema_, record.uid), " is here twice"),
                     Cat("it is first at ", JsonPath(first.item).ToString(), " (", where, ")"));
      }
    };
    read();
  }
  for (size_t i = errors_before; i < errors_.size(); ++i) {
    errors_[i].file = files_.back();
    item.Place(&errors_[i]);
  }
  if (errors_.size() == errors_before) entities_.push_back(std::move(record));
}

FactsResult LoadFacts(std::string_view text, const Schema& schema, const FactsOptions& options) {
  FactsReader reader(schema, options);
  reader.Add("", text);
  FactsResult result;
  result.errors = reader.errors();
  if (reader.ok()) result.entities = std::move(reader.entities());
  return result;
}

std::vector<DanglingReference> FindDanglingReferences(const Schema& schema,
                                                      const std::vector<EntityRecord>& records) {
  absl::flat_hash_set<std::pair<uint32_t, absl::string_view>> present;
  for (const EntityRecord& record : records) {
    present.emplace(record.uid.type.index, ToAbsl(record.uid.id));
  }
  std::vector<DanglingReference> found;
  for (const EntityRecord& record : records) {
    absl::flat_hash_set<std::pair<std::pair<uint32_t, std::string>, std::string>> reported;
    auto check = [&](const EntityUid& to, std::string_view where) {
      const EntityType& type = schema[to.type];
      if (type.always_present() || type.carried != Carried::kNo) return;
      if (present.contains({to.type.index, ToAbsl(to.id)})) return;
      if (!reported.insert({{to.type.index, to.id}, std::string(where)}).second) return;
      found.push_back(DanglingReference{record.uid, std::string(where), to});
    };
    auto check_value = [&](const Value& value, std::string_view where, auto& self) -> void {
      if (value.kind() == TypeKind::kEntity) check(value.uid(), where);
      for (const Value& item : value.items()) self(item, where, self);
    };
    for (const EntityUid& parent : record.parents) check(parent, "parents");
    for (const EntityUid& source : record.derives) check(source, "derives");
    const EntityType& type = schema[record.uid.type];
    for (size_t i = 0; i < record.attributes.size(); ++i) {
      const Attribute& attribute = type.attributes[i];
      // `in tenant: Tenant` has been reported as a parent.
      if (attribute.is_parent || record.attributes[i].state != Fact::State::kPresent) continue;
      check_value(record.attributes[i].value, attribute.name, check_value);
    }
  }
  return found;
}

}  // namespace ztp
