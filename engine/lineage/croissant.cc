// Croissant 1.0 and 1.1 (https://docs.mlcommons.org/croissant/): one data set, its files, and what
// it is based on.
#include <vector>

#include "engine/base/str.h"
#include "engine/lineage/formats.h"
#include "engine/lineage/inventory_builder.h"

namespace ztp::lineage {
namespace {

using evidence::Verified;

// Of a reference: a text, or an object that has an id or an address.
std::string_view ReferenceOf(const JsonTree& tree, const JsonNode& node) {
  if (node.kind == JsonKind::kString) return node.text;
  if (node.kind != JsonKind::kObject) return {};
  for (const char* name : {"@id", "url", "name"}) {
    const std::string_view text = InventoryBuilder::TextOf(tree, node, name);
    if (!text.empty()) return text;
  }
  return {};
}

template <typename Visit>
void ForEachReference(const JsonTree& tree, const JsonNode& object, std::string_view name,
                      const Visit& visit) {
  const JsonNode* node = tree.Find(object, name);
  if (node == nullptr) return;
  if (node->kind != JsonKind::kArray) return visit(ReferenceOf(tree, *node));
  for (const JsonNode& item : tree.Children(*node)) visit(ReferenceOf(tree, item));
}

}  // namespace

Verified<Inventory> ReadCroissant(const JsonTree& tree) {
  const JsonNode& root = tree.root();
  InventoryBuilder out("Croissant");
  const std::string id(ReferenceOf(tree, root));
  Artifact* dataset = out.Get(id);
  if (dataset == nullptr) return out.Finish();
  dataset->kind = ArtifactKind::kDataset;
  dataset->name = InventoryBuilder::TextOf(tree, root, "name");
  dataset->version = InventoryBuilder::TextOf(tree, root, "version");
  std::vector<std::string> licenses;
  ForEachReference(tree, root, "license", [&](std::string_view text) {
    if (!text.empty()) licenses.emplace_back(text);
  });
  dataset->license = Join(licenses, " AND ");
  for (const char* name : {"isBasedOn", "prov:wasDerivedFrom"}) {
    ForEachReference(tree, root, name, [&](std::string_view source) {
      if (source.empty()) return;
      if (Artifact* base = out.Get(source)) base->kind = ArtifactKind::kDataset;
      out.AddLink(id, source, Relation::kMadeFrom);
    });
  }
  ForEachObject(tree, root, "distribution", [&](const JsonNode& file) {
    const std::string_view sha256 = InventoryBuilder::TextOf(tree, file, "sha256");
    if (sha256.empty()) return;
    const std::string file_id = Cat(id, "#", ReferenceOf(tree, file));
    Artifact* artifact = out.Get(file_id);
    if (artifact == nullptr) return;
    artifact->name = InventoryBuilder::TextOf(tree, file, "name");
    InventoryBuilder::AddDigest("sha256", sha256, artifact);
    out.AddLink(id, file_id, Relation::kMadeFrom);
  });
  return out.Finish();
}

}  // namespace ztp::lineage
