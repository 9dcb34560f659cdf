// One pass over the documents of the files; what is kept between them is the records and where each
// began.
#include "engine/facts/json_facts.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "engine/base/str.h"
#include "engine/facts/json_entity.h"
#include "engine/facts/json_evidence.h"
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
  // Few are compared with each other.
  constexpr size_t kFew = 8;
  if (uids->size() <= kFew) {
    auto end = uids->begin();
    for (auto it = uids->begin(); it != uids->end(); ++it) {
      if (std::find(uids->begin(), end, *it) != end) continue;
      if (end != it) *end = std::move(*it);
      ++end;
    }
    uids->erase(end, uids->end());
    return;
  }
  absl::flat_hash_set<std::pair<uint32_t, std::string>> seen;
  std::erase_if(*uids,
                [&](const EntityUid& uid) { return !seen.emplace(uid.type.index, uid.id).second; });
}

// What evidence that comes with an entity proves about it becomes its attributes.
void ReadProofs(JsonReader& reader, const JsonNode* attributes, AttributeProver* prover,
                const JsonPath& root, EntityRecord* record) {
  const JsonNode* evidence = reader.tree().Find(reader.tree().root(), "evidence");
  if (evidence == nullptr) return;
  static constexpr EvidenceForm kForm = {
      .target = "attr",
      .what = "attribute",
      .unverified_help =
          "say whom to believe, as `--trust FILE` does; for tests, give proven attributes under "
          "`attrs` and --assume-proven"};
  const JsonPath path(&root, "evidence");
  std::vector<EvidenceItem> items;
  if (!ReadEvidence(reader, *evidence, path, kForm, prover != nullptr, &items)) return;
  const Schema& schema = reader.schema();
  const EntityType& type = schema[record->uid.type];
  size_t index = 0;
  for (const JsonNode& node : reader.tree().Children(*evidence)) {
    const EvidenceItem& item = items[index];
    const JsonPath item_path(&path, index++);
    const auto attribute = type.FindAttribute(item.input);
    if (!attribute) {
      std::vector<std::string_view> names;
      for (const Attribute& known : type.attributes) names.push_back(known.name);
      reader.Error(JsonErrorCode::kUnknownMember, node, item_path,
                   Cat(type.json_name, " has no attribute `", JsonExcerpt(item.input), "`"),
                   DidYouMean(item.input, names));
      continue;
    }
    const std::string name = Cat("`", item.input, "` of ", FormatUid(schema, record->uid));
    if (type.attributes[*attribute].rank != Rank::kProven) {
      reader.Error(JsonErrorCode::kEvidenceRefused, node, item_path,
                   Cat("attribute ", name, " is not proven: it takes no evidence"),
                   "give its value under `attrs`");
      continue;
    }
    if (attributes != nullptr && reader.tree().Find(*attributes, item.input) != nullptr) {
      reader.Error(JsonErrorCode::kDuplicateKey, node, item_path,
                   Cat("attribute ", name, " has a value and evidence: give one of them"));
      continue;
    }
    const EvidenceOutcome outcome = prover->Prove(item, *attribute, record);
    if (outcome.bound()) continue;
    reader.Error(JsonErrorCode::kEvidenceRefused, node, item_path,
                 Cat("the evidence for attribute ", name, " was refused (", outcome.check,
                     "): ", outcome.message));
  }
  std::sort(
      record->proofs.begin(), record->proofs.end(),
      [](const AttributeProof& a, const AttributeProof& b) { return a.attribute < b.attribute; });
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
  constexpr size_t kProgressEvery = 1024;
  while (errors_.size() < options_.max_errors && sink_status_.ok() && items.Next(&item)) {
    if (options_.progress && read_ % kProgressEvery == 0 && !item.text.empty()) {
      options_.progress(static_cast<size_t>(item.text.data() - text.data()), read_);
    }
    ++read_;
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
  if (options_.progress) options_.progress(text.size(), read_);
}

const FactsReader::Place* FactsReader::PlaceBefore(const EntityUid& uid) const {
  if (sink_ != nullptr) {
    if (const std::optional<uint32_t> number = sink_->Taken(uid)) {
      return &places_by_number_[*number];
    }
    if (places_.empty()) return nullptr;
  }
  const auto it = places_.find({uid.type.index, uid.id});
  return it == places_.end() ? nullptr : &it->second;
}

void FactsReader::Keep(EntityRecord record, const Place& place, bool good) {
  if (sink_ == nullptr || !good) {
    places_.emplace(std::pair(record.uid.type.index, record.uid.id), place);
    if (good && errors_.empty()) entities_.push_back(std::move(record));
    return;
  }
  const absl::StatusOr<uint32_t> number = sink_->Take(record);
  if (!number.ok()) {
    sink_status_ = number.status();
    return;
  }
  if (*number >= places_by_number_.size()) {
    places_by_number_.resize(*number + 1 + places_by_number_.size() / 2);
  }
  places_by_number_[*number] = place;
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
      static const std::vector<std::string_view> kMembers = {"uid", "attrs", "parents", "derives",
                                                             "evidence"};
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
        const bool complete =
            ReadAttributes(reader, attributes, attributes != nullptr ? *attributes : node,
                           options_.assume_proven, attributes_path, &record);
        if (complete) ReadProofs(reader, attributes, options_.prover, root, &record);
      }
      if (const Place* first = PlaceBefore(record.uid)) {
        std::string where = Cat(files_[first->file], files_[first->file].empty() ? "line " : ":",
                                first->line, ":", first->column);
        reader.Error(JsonErrorCode::kDuplicateEntity, *uid_node, uid_path,
                     Cat(FormatUid(schema_, record.uid), " is here twice"),
                     Cat("it is first at ", JsonPath(first->item).ToString(), " (", where, ")"));
        return;
      }
      Keep(std::move(record),
           {static_cast<uint32_t>(files_.size() - 1), item.line, item.column, item.index},
           errors_.size() == errors_before);
    };
    read();
  }
  for (size_t i = errors_before; i < errors_.size(); ++i) {
    errors_[i].file = files_.back();
    item.Place(&errors_[i]);
  }
}

void ReadStoredEvidence(
    const Schema& schema, std::string_view file, std::string_view text, AttributeProver& prover,
    const std::function<std::optional<EntityRecord>(const EntityUid&)>& record_of,
    const std::function<void(EntityRecord)>& take, std::vector<JsonError>* errors) {
  JsonTree tree;
  JsonItems items(text, {.max_file_bytes = kMaxFactsTextBytes});
  JsonItems::Item item;
  absl::flat_hash_set<std::pair<uint32_t, std::string>> seen;
  while (errors->size() < kMaxJsonErrorsShown && items.Next(&item)) {
    const size_t before = errors->size();
    const JsonPath root(item.index);
    JsonError syntax;
    if (item.error) {
      errors->push_back(*std::move(item.error));
    } else if (!tree.Parse(item.text, root, &syntax)) {
      errors->push_back(std::move(syntax));
    } else {
      JsonReader reader(schema, tree, item.text, errors);
      const JsonNode& node = tree.root();
      const JsonNode* uid_node = node.kind == JsonKind::kObject ? tree.Find(node, "uid") : nullptr;
      const JsonPath uid_path(&root, "uid");
      std::optional<EntityUid> uid;
      for (const JsonNode& child : tree.Children(node)) {
        if (child.key == "uid" || child.key == "evidence") continue;
        reader.Error(JsonErrorCode::kUnknownMember, child, JsonPath(&root, child.key),
                     "only `uid` and `evidence` stand here");
      }
      if (uid_node == nullptr) {
        reader.Error(JsonErrorCode::kMissingMember, node, root, "`uid` is missing");
      } else {
        uid = reader.ReadUid(*uid_node, uid_path);
      }
      std::optional<EntityRecord> record;
      if (uid) {
        record = record_of(*uid);
        if (!record || !seen.emplace(uid->type.index, uid->id).second) {
          reader.Error(JsonErrorCode::kUnknownMember, *uid_node, uid_path,
                       Cat("evidence for ", FormatUid(schema, *uid),
                           record ? " is here twice" : ", which is not stored"));
          record.reset();
        }
      }
      if (record) ReadProofs(reader, nullptr, &prover, root, &*record);
      if (record && errors->size() == before) take(*std::move(record));
    }
    for (size_t i = before; i < errors->size(); ++i) {
      (*errors)[i].file = file;
      item.Place(&(*errors)[i]);
    }
  }
}

FactsResult LoadFacts(std::string_view text, const Schema& schema, const FactsOptions& options) {
  FactsReader reader(schema, options);
  reader.Add("", text);
  FactsResult result;
  result.errors = reader.errors();
  if (reader.ok()) result.entities = std::move(reader.entities());
  return result;
}

}  // namespace ztp
