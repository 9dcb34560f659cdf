// Puts an inventory together while a document is read: names are bounded, references that come
// before what they refer to are resolved at the end, and everything ends up in one order.
//
// Boundary: no format in particular.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/verified.h"
#include "engine/facts/json_tree.h"
#include "engine/lineage/inventory.h"

namespace ztp::lineage {

class InventoryBuilder {
 public:
  explicit InventoryBuilder(std::string format) { inventory_.format = std::move(format); }

  // The artefact of that id, made where there is none yet; nullptr where there are too many. Good
  // until the next call. An id that is met first by reference is of kind kOther until it is named.
  Artifact* Get(std::string_view id);
  bool Has(std::string_view id) const { return by_id_.contains(std::string(id)); }
  // An id for what the document gives none: "dataset 3".
  std::string NewId(std::string_view kind);

  // That `product` came from `source`, by their ids: of artefacts that Finish then finds.
  void AddLink(std::string_view product, std::string_view source, Relation relation);
  // False: the algorithm is none that is known, or the text is no digest of it.
  static bool AddDigest(std::string_view algorithm, std::string_view hex, Artifact* artifact);

  // A string member, bounded; empty where there is none or it is no string.
  static std::string_view TextOf(const JsonTree& tree, const JsonNode& object,
                                 std::string_view name);

  // kTooLarge: more artefacts, links or longer names than are read. kMalformed: a link to nothing,
  // or to itself.
  evidence::Verified<Inventory> Finish();

 private:
  struct NamedLink {
    std::string product;
    std::string source;
    Relation relation;
  };
  Inventory inventory_;
  std::map<std::string, uint32_t, std::less<>> by_id_;
  std::vector<NamedLink> links_;
  bool too_many_ = false;
};

// Calls visit(string) for a member that is a string or an array of strings.
template <typename Visit>
void ForEachText(const JsonTree& tree, const JsonNode& object, std::string_view name,
                 const Visit& visit) {
  const JsonNode* node = tree.Find(object, name);
  if (node == nullptr) return;
  if (node->kind == JsonKind::kString) return visit(node->text);
  if (node->kind != JsonKind::kArray) return;
  for (const JsonNode& item : tree.Children(*node)) {
    if (item.kind == JsonKind::kString) visit(item.text);
  }
}

// Calls visit(object) for a member that is an object or an array of objects.
template <typename Visit>
void ForEachObject(const JsonTree& tree, const JsonNode& object, std::string_view name,
                   const Visit& visit) {
  const JsonNode* node = tree.Find(object, name);
  if (node == nullptr) return;
  if (node->kind == JsonKind::kObject) return visit(*node);
  if (node->kind != JsonKind::kArray) return;
  for (const JsonNode& item : tree.Children(*node)) {
    if (item.kind == JsonKind::kObject) visit(item);
  }
}

}  // namespace ztp::lineage
