// See data_statements.h.
#include "engine/evidence/data_statements.h"

#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/claims.h"
#include "engine/facts/json_items.h"
#include "engine/facts/json_tree.h"

namespace ztp::evidence {
namespace {

constexpr size_t kMaxOwners = 64;

const JsonNode* Member(const JsonTree& tree, const JsonNode& node, std::string_view name,
                       JsonKind kind) {
  const JsonNode* found = node.kind == JsonKind::kObject ? tree.Find(node, name) : nullptr;
  return found != nullptr && found->kind == kind ? found : nullptr;
}

std::string Text(const JsonTree& tree, const JsonNode& node, std::string_view name) {
  const JsonNode* found = Member(tree, node, name, JsonKind::kString);
  return found == nullptr ? std::string() : std::string(found->text.substr(0, kMaxClaimTextBytes));
}

class Reader {
 public:
  explicit Reader(const JsonTree& tree) : tree_(tree) {}

  Verified<std::vector<DataObject>> Read(DataFormat format) {
    switch (format) {
      case DataFormat::kCycloneDx:
        WalkCycloneDx(tree_.root());
        break;
      case DataFormat::kSpdx:
        ReadSpdx();
        break;
      case DataFormat::kCroissant:
        ReadCroissant();
        break;
      case DataFormat::kOpenLineage:
        ReadOpenLineage();
        break;
    }
    if (refusal_) return *std::move(refusal_);
    return std::move(objects_);
  }

 private:
  void Fail(Check check, std::string_view what) {
    if (!refusal_) refusal_ = Refuse(check, what);
  }

  DataObject* Add(std::string id, std::string name) {
    if (objects_.size() == kMaxDataObjects) {
      Fail(Check::kTooLarge, "a document about too many data sets");
      return nullptr;
    }
    if (id.empty()) id = name;
    objects_.push_back({.id = std::move(id), .name = std::move(name)});
    return &objects_.back();
  }

  void Say(DataObject* object, std::string_view from, std::string_view key, std::string_view says) {
    if (++statements_ > kMaxDataStatements || key.size() > kMaxClaimTextBytes ||
        says.size() > kMaxClaimTextBytes) {
      Fail(Check::kTooLarge, "too many statements about data, or one that is too long");
      return;
    }
    object->statements.push_back({std::string(from), std::string(key), std::string(says)});
  }

  // A text, or an array of texts; booleans count as the words for them. Null: nothing is said.
  void SayAll(DataObject* object, std::string_view from, const JsonNode* node) {
    if (node == nullptr || node->kind == JsonKind::kNull) return;
    if (node->kind == JsonKind::kString) return Say(object, from, "", node->text);
    if (node->kind == JsonKind::kBool) {
      return Say(object, from, "", node->boolean ? "true" : "false");
    }
    if (node->kind != JsonKind::kArray) {
      return Fail(Check::kClaim, Cat("`", from, "` is ", JsonKindName(node->kind)));
    }
    for (const JsonNode& child : tree_.Children(*node)) {
      if (child.kind != JsonKind::kString) {
        return Fail(Check::kClaim, Cat("`", from, "` has ", JsonKindName(child.kind), " in it"));
      }
      Say(object, from, "", child.text);
    }
  }

  // governance: {custodians, stewards, owners}, each of {organization} or {contact}.
  void ReadGovernance(const JsonNode& data, DataObject* object) {
    const JsonNode* governance = Member(tree_, data, "governance", JsonKind::kObject);
    if (governance == nullptr) return;
    const JsonNode* owners = Member(tree_, *governance, "owners", JsonKind::kArray);
    if (owners == nullptr) return;
    for (const JsonNode& owner : tree_.Children(*owners)) {
      for (const std::string_view kind : {"organization", "contact"}) {
        const JsonNode* party = Member(tree_, owner, kind, JsonKind::kObject);
        if (party == nullptr || object->owners.size() == kMaxOwners) continue;
        object->owners.push_back(Text(tree_, *party, "name"));
      }
    }
  }

  // componentData, or a service's dataClassification.
  void ReadCycloneDxData(const JsonNode& data, std::string_view holder) {
    const JsonNode* classification = tree_.Find(data, "classification");
    const JsonNode* sensitive = tree_.Find(data, "sensitiveData");
    // A reference to data that are described elsewhere says nothing itself.
    if (classification == nullptr && sensitive == nullptr && tree_.Find(data, "ref") != nullptr) {
      return;
    }
    std::string id = Text(tree_, data, "bom-ref");
    std::string name = Text(tree_, data, "name");
    if (id.empty() && name.empty()) id = std::string(holder);
    DataObject* object = Add(std::move(id), std::move(name));
    if (object == nullptr) return;
    SayAll(object, "cyclonedx.classification", classification);
    SayAll(object, "cyclonedx.sensitiveData", sensitive);
    ReadGovernance(data, object);
  }

  // `data` of components and services, `datasets` of models: wherever they are. The depth of JSON
  // is bounded.
  void WalkCycloneDx(const JsonNode& node) {
    if (refusal_) return;
    for (const JsonNode& child : tree_.Children(node)) {
      if (child.kind == JsonKind::kArray && (child.key == "data" || child.key == "datasets")) {
        std::string holder = Text(tree_, node, "bom-ref");
        if (holder.empty()) holder = Text(tree_, node, "name");
        for (const JsonNode& data : tree_.Children(child)) {
          if (data.kind == JsonKind::kObject) ReadCycloneDxData(data, holder);
        }
      } else if (child.kind == JsonKind::kArray || child.kind == JsonKind::kObject) {
        WalkCycloneDx(child);
      }
    }
  }

  void ReadSpdx() {
    const JsonNode* graph = Member(tree_, tree_.root(), "@graph", JsonKind::kArray);
    if (graph == nullptr) return Fail(Check::kMalformed, "no SPDX 3 document: it has no @graph");
    for (const JsonNode& element : tree_.Children(*graph)) {
      const std::string type = Text(tree_, element, "type");
      const bool is_dataset = type == "dataset_DatasetPackage";
      if (!is_dataset && type != "ai_AIPackage") continue;
      DataObject* object = Add(Text(tree_, element, "spdxId"), Text(tree_, element, "name"));
      if (object == nullptr) return;
      if (is_dataset) {
        SayAll(object, "spdx.confidentialityLevel",
               tree_.Find(element, "dataset_confidentialityLevel"));
        SayAll(object, "spdx.hasSensitivePersonalInformation",
               tree_.Find(element, "dataset_hasSensitivePersonalInformation"));
      } else {
        SayAll(object, "spdx.useSensitivePersonalInformation",
               tree_.Find(element, "ai_useSensitivePersonalInformation"));
      }
    }
  }

  void ReadCroissant() {
    const JsonNode& root = tree_.root();
    DataObject* object = Add(Text(tree_, root, "@id"), Text(tree_, root, "name"));
    for (const std::string_view name : {"license", "sc:license"}) {
      SayAll(object, "croissant.license", tree_.Find(root, name));
    }
    for (const std::string_view name : {"conditionsOfAccess", "sc:conditionsOfAccess"}) {
      SayAll(object, "croissant.conditionsOfAccess", tree_.Find(root, name));
    }
    for (const std::string_view name :
         {"rai:personalSensitiveInformation", "personalSensitiveInformation"}) {
      SayAll(object, "croissant.personalSensitiveInformation", tree_.Find(root, name));
    }
  }

  void ReadTags(const JsonNode& facets, DataObject* object) {
    const JsonNode* facet = Member(tree_, facets, "tags", JsonKind::kObject);
    if (facet == nullptr) return;
    const JsonNode* tags = Member(tree_, *facet, "tags", JsonKind::kArray);
    if (tags == nullptr) return Fail(Check::kClaim, "a tags facet without `tags`");
    for (const JsonNode& tag : tree_.Children(*tags)) {
      const JsonNode* key = Member(tree_, tag, "key", JsonKind::kString);
      const JsonNode* value = Member(tree_, tag, "value", JsonKind::kString);
      if (key == nullptr || value == nullptr) {
        return Fail(Check::kClaim, "a tag without `key` and `value`");
      }
      Say(object, "openlineage.tag", key->text, value->text);
    }
  }

  // An event with its data sets, or the facets of one.
  void ReadOpenLineage() {
    const JsonNode& root = tree_.root();
    bool is_event = false;
    for (const std::string_view side : {"inputs", "outputs"}) {
      const JsonNode* datasets = Member(tree_, root, side, JsonKind::kArray);
      if (datasets == nullptr) continue;
      is_event = true;
      for (const JsonNode& dataset : tree_.Children(*datasets)) {
        std::string name = Text(tree_, dataset, "name");
        DataObject* object = Add(Cat(Text(tree_, dataset, "namespace"), "/", name), name);
        if (object == nullptr) return;
        if (const JsonNode* facets = Member(tree_, dataset, "facets", JsonKind::kObject)) {
          ReadTags(*facets, object);
        }
      }
    }
    if (is_event) return;
    DataObject* object = Add("", "");
    ReadTags(root, object);
  }

  const JsonTree& tree_;
  std::vector<DataObject> objects_;
  size_t statements_ = 0;
  std::optional<Refusal> refusal_;
};

std::optional<Refusal> Parse(std::string_view document, JsonTree* tree) {
  if (document.size() > kMaxDataDocumentBytes) {
    return Refuse(Check::kTooLarge, "a document of ", document.size(), " bytes; at most ",
                  kMaxDataDocumentBytes, " are read");
  }
  JsonError error;
  if (!tree->Parse(document, JsonPath(), &error)) {
    return Refuse(Check::kMalformed, "no JSON at ", JsonExcerpt(error.path), ": ", error.message);
  }
  if (tree->root().kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "the document must be an object");
  }
  return std::nullopt;
}

std::optional<DataFormat> FormatOf(const JsonTree& tree) {
  const JsonNode& root = tree.root();
  if (Text(tree, root, "bomFormat") == "CycloneDX") return DataFormat::kCycloneDx;
  if (Text(tree, root, "conformsTo").starts_with("http://mlcommons.org/croissant/")) {
    return DataFormat::kCroissant;
  }
  if (Text(tree, root, "@context").starts_with("https://spdx.org/rdf/3.")) {
    return DataFormat::kSpdx;
  }
  const JsonNode* tags = Member(tree, root, "tags", JsonKind::kObject);
  const std::string schema =
      Text(tree, tags == nullptr ? root : *tags, tags == nullptr ? "schemaURL" : "_schemaURL");
  if (schema.starts_with("https://openlineage.io/spec/")) return DataFormat::kOpenLineage;
  return std::nullopt;
}

}  // namespace

std::optional<DataFormat> DataFormatOf(std::string_view document) {
  JsonTree tree;
  if (Parse(document, &tree)) return std::nullopt;
  return FormatOf(tree);
}

Verified<std::vector<DataObject>> ReadDataObjects(std::string_view document, DataFormat format) {
  JsonTree tree;
  if (auto refusal = Parse(document, &tree)) return *std::move(refusal);
  if (FormatOf(tree) != format) {
    return Refuse(Check::kMalformed, "the document does not say that it is of this format");
  }
  return Reader(tree).Read(format);
}

}  // namespace ztp::evidence
