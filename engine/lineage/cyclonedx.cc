// CycloneDX bills of materials, 1.5 to 1.7 (ECMA-424), as far as they say what models and data are
// and what these came from: components of the types machine-learning-model and data, modelCard's
// data sets, and pedigree's ancestors.
#include <vector>

#include "engine/base/str.h"
#include "engine/lineage/formats.h"
#include "engine/lineage/inventory_builder.h"

namespace ztp::lineage {
namespace {

using evidence::Check;
using evidence::Refuse;
using evidence::Verified;

class CycloneDx {
 public:
  CycloneDx(const JsonTree& tree, std::string format) : tree_(tree), out_(std::move(format)) {}

  Verified<Inventory> Read() {
    const JsonNode& root = tree_.root();
    if (const JsonNode* metadata = tree_.Find(root, "metadata");
        metadata != nullptr && metadata->kind == JsonKind::kObject) {
      ForEachObject(tree_, *metadata, "component", [&](const JsonNode& c) { Queue(c); });
    }
    ForEachObject(tree_, root, "components", [&](const JsonNode& c) { Queue(c); });
    while (!waiting_.empty()) {
      const Waiting next = std::move(waiting_.back());
      waiting_.pop_back();
      AddComponent(next);
    }
    return out_.Finish();
  }

 private:
  struct Waiting {
    const JsonNode* component;
    std::string descendant;  // whose pedigree names it; empty: it stands by itself
    Relation relation;
  };

  void Queue(const JsonNode& component) { waiting_.push_back({&component, {}, {}}); }

  std::string_view Text(const JsonNode& object, std::string_view name) const {
    return InventoryBuilder::TextOf(tree_, object, name);
  }
  std::string IdOf(const JsonNode& object, std::string_view kind) {
    const std::string_view ref = Text(object, "bom-ref");
    return ref.empty() ? out_.NewId(kind) : std::string(ref);
  }

  void AddComponent(const Waiting& waiting) {
    const JsonNode& c = *waiting.component;
    ForEachObject(tree_, c, "components", [&](const JsonNode& inner) { Queue(inner); });
    const std::string_view type = Text(c, "type");
    const ArtifactKind kind = type == "machine-learning-model" ? ArtifactKind::kModel
                              : type == "data"                 ? ArtifactKind::kDataset
                                                               : ArtifactKind::kOther;
    // Software has a lineage too, which is none of data or models.
    if (kind == ArtifactKind::kOther && waiting.descendant.empty()) return;
    const std::string id = IdOf(c, NameOf(kind));
    Artifact* artifact = out_.Get(id);
    if (artifact == nullptr) return;
    artifact->kind = kind;
    const std::string_view group = Text(c, "group");
    artifact->name =
        group.empty() ? std::string(Text(c, "name")) : Cat(group, "/", Text(c, "name"));
    artifact->version = Text(c, "version");
    AddLicense(c, artifact);
    ForEachObject(tree_, c, "hashes", [&](const JsonNode& hash) {
      InventoryBuilder::AddDigest(Text(hash, "alg"), Text(hash, "content"), artifact);
    });
    if (!waiting.descendant.empty()) out_.AddLink(waiting.descendant, id, waiting.relation);

    // What it holds, as far as others can refer to it.
    ForEachObject(tree_, c, "data", [&](const JsonNode& data) {
      if (const std::string_view ref = Text(data, "bom-ref"); !ref.empty()) {
        AddData(data, std::string(ref));
        out_.AddLink(id, ref, Relation::kMadeFrom);
      }
    });
    const JsonNode* card = Object(c, "modelCard");
    const JsonNode* parameters = card == nullptr ? nullptr : Object(*card, "modelParameters");
    if (parameters != nullptr) {
      ForEachObject(tree_, *parameters, "datasets",
                    [&](const JsonNode& data) { AddTrainingData(data, id); });
    }
    if (const JsonNode* pedigree = Object(c, "pedigree")) {
      const Relation relation =
          kind == ArtifactKind::kModel ? Relation::kDerivedFrom : Relation::kMadeFrom;
      ForEachObject(tree_, *pedigree, "ancestors", [&](const JsonNode& ancestor) {
        waiting_.push_back({&ancestor, id, relation});
      });
    }
  }

  const JsonNode* Object(const JsonNode& object, std::string_view name) const {
    const JsonNode* node = tree_.Find(object, name);
    return node != nullptr && node->kind == JsonKind::kObject ? node : nullptr;
  }

  void AddLicense(const JsonNode& component, Artifact* artifact) const {
    std::vector<std::string> licenses;
    ForEachObject(tree_, component, "licenses", [&](const JsonNode& choice) {
      std::string_view text = Text(choice, "expression");
      if (const JsonNode* license = Object(choice, "license")) {
        text = Text(*license, "id").empty() ? Text(*license, "name") : Text(*license, "id");
      }
      if (!text.empty()) licenses.emplace_back(text);
    });
    artifact->license = Join(licenses, " AND ");
  }

  // By reference, to this document or another (a BOM-Link), or in place.
  void AddTrainingData(const JsonNode& data, const std::string& model) {
    const std::string_view ref = Text(data, "ref");
    if (!ref.empty()) {
      if (ref.starts_with("urn:cdx:")) {
        if (Artifact* elsewhere = out_.Get(ref)) elsewhere->kind = ArtifactKind::kDataset;
      }
      return out_.AddLink(model, ref, Relation::kTrainedOn);
    }
    const std::string id = IdOf(data, "dataset");
    AddData(data, id);
    out_.AddLink(model, id, Relation::kTrainedOn);
  }

  void AddData(const JsonNode& data, const std::string& id) {
    Artifact* artifact = out_.Get(id);
    if (artifact == nullptr) return;
    artifact->kind = ArtifactKind::kDataset;
    if (artifact->name.empty()) artifact->name = Text(data, "name");
  }

  const JsonTree& tree_;
  InventoryBuilder out_;
  std::vector<Waiting> waiting_;
};

}  // namespace

Verified<Inventory> ReadCycloneDx(const JsonTree& tree) {
  const std::string_view version = InventoryBuilder::TextOf(tree, tree.root(), "specVersion");
  if (version != "1.5" && version != "1.6" && version != "1.7") {
    return Refuse(Check::kMalformed, "a CycloneDX document of version \"", version.substr(0, 16),
                  "\": 1.5, 1.6 and 1.7 are read");
  }
  return CycloneDx(tree, Cat("CycloneDX ", version)).Read();
}

}  // namespace ztp::lineage
