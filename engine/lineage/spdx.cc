// SPDX 3.0, JSON-LD serialisation, profiles AI and Dataset: packages of models and data sets, files
// whose purpose is model or data, and the relationships trainedOn, testedOn, descendantOf,
// generates and hasInput between them (https://spdx.github.io/spdx-spec/v3.0.1/).
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "engine/base/str.h"
#include "engine/lineage/formats.h"
#include "engine/lineage/inventory_builder.h"

namespace ztp::lineage {
namespace {

using evidence::Check;
using evidence::Refuse;
using evidence::Verified;

class Spdx {
 public:
  explicit Spdx(const JsonTree& tree) : tree_(tree), out_("SPDX 3.0") {}

  Verified<Inventory> Read(const JsonNode& graph) {
    for (const JsonNode& element : tree_.Children(graph)) {
      if (element.kind != JsonKind::kObject) {
        return Refuse(Check::kMalformed, "an element of \"@graph\" is no object");
      }
      AddElement(element);
    }
    for (const JsonNode* relationship : relationships_) AddRelationship(*relationship);
    return out_.Finish();
  }

 private:
  std::string_view Text(const JsonNode& object, std::string_view name) const {
    return InventoryBuilder::TextOf(tree_, object, name);
  }

  static std::optional<ArtifactKind> KindOf(std::string_view type, std::string_view purpose) {
    if (type == "ai_AIPackage") return ArtifactKind::kModel;
    if (type == "dataset_DatasetPackage") return ArtifactKind::kDataset;
    if (type != "software_File" && type != "software_Package") return std::nullopt;
    if (purpose == "model") return ArtifactKind::kModel;
    if (purpose == "data") return ArtifactKind::kDataset;
    return std::nullopt;
  }

  void AddElement(const JsonNode& element) {
    const std::string_view type = Text(element, "type");
    const std::string_view id = Text(element, "spdxId");
    if (type == "Relationship" || type == "LifecycleScopedRelationship") {
      relationships_.push_back(&element);
      return;
    }
    if (type == "simplelicensing_LicenseExpression") {
      licenses_.emplace(id, Text(element, "simplelicensing_licenseExpression"));
      return;
    }
    elements_.emplace(id, &element);
    const auto kind = KindOf(type, Text(element, "software_primaryPurpose"));
    if (kind) AddArtifact(element, id, *kind);
  }

  void AddArtifact(const JsonNode& element, std::string_view id, ArtifactKind kind) {
    Artifact* artifact = out_.Get(id);
    if (artifact == nullptr) return;
    artifact->kind = kind;
    artifact->name = Text(element, "name");
    artifact->version = Text(element, "software_packageVersion");
    ForEachObject(tree_, element, "verifiedUsing", [&](const JsonNode& hash) {
      InventoryBuilder::AddDigest(Text(hash, "algorithm"), Text(hash, "hashValue"), artifact);
    });
  }

  // What a lineage relationship names is an artefact, whatever else it is.
  void Require(std::string_view id) {
    if (out_.Has(id)) return;
    if (const auto element = elements_.find(id); element != elements_.end()) {
      AddArtifact(*element->second, id, ArtifactKind::kOther);
    }
  }

  void AddRelationship(const JsonNode& relationship) {
    const std::string_view type = Text(relationship, "relationshipType");
    const std::string_view from = Text(relationship, "from");
    ForEachText(tree_, relationship, "to", [&](std::string_view to) {
      if (type == "hasDeclaredLicense" || type == "hasConcludedLicense") {
        // What was concluded counts more than what was declared.
        const auto license = licenses_.find(to);
        if (license == licenses_.end() || !out_.Has(from)) return;
        Artifact* artifact = out_.Get(from);
        if (type == "hasConcludedLicense" || artifact->license.empty()) {
          artifact->license = license->second;
        }
        return;
      }
      const bool of_artifacts = out_.Has(from) || out_.Has(to);
      if (type == "trainedOn" || type == "testedOn") {
        Require(from);
        Require(to);
        out_.AddLink(from, to, type == "trainedOn" ? Relation::kTrainedOn : Relation::kTestedOn);
      } else if (type == "descendantOf" && of_artifacts) {
        Require(from);
        Require(to);
        const bool model = out_.Has(from) && out_.Get(from)->kind == ArtifactKind::kModel;
        out_.AddLink(from, to, model ? Relation::kDerivedFrom : Relation::kMadeFrom);
      } else if (type == "ancestorOf" && of_artifacts) {
        Require(from);
        Require(to);
        const bool model = out_.Has(to) && out_.Get(to)->kind == ArtifactKind::kModel;
        out_.AddLink(to, from, model ? Relation::kDerivedFrom : Relation::kMadeFrom);
      } else if (type == "contains" && out_.Has(from) && out_.Has(to)) {
        // A package is made of the files that it contains.
        out_.AddLink(from, to, Relation::kMadeFrom);
      }
    });
  }

  const JsonTree& tree_;
  InventoryBuilder out_;
  std::vector<const JsonNode*> relationships_;
  std::map<std::string_view, std::string_view> licenses_;
  std::map<std::string_view, const JsonNode*> elements_;
};

}  // namespace

Verified<Inventory> ReadSpdx(const JsonTree& tree) {
  const JsonNode* graph = tree.Find(tree.root(), "@graph");
  if (graph == nullptr || graph->kind != JsonKind::kArray) {
    return Refuse(Check::kMalformed, "an SPDX document without an array \"@graph\"");
  }
  return Spdx(tree).Read(*graph);
}

}  // namespace ztp::lineage
