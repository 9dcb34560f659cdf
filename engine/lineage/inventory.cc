// See inventory.h and inventory_builder.h.
#include "engine/lineage/inventory.h"

#include <algorithm>
#include <utility>

#include "engine/base/str.h"
#include "engine/lineage/inventory_builder.h"

namespace ztp::lineage {
namespace {

struct Algorithm {
  std::string_view name;
  size_t hex_digits;
};
constexpr Algorithm kAlgorithms[] = {
    {"md5", 32},        {"sha1", 40},       {"sha256", 64},      {"sha384", 96},
    {"sha512", 128},    {"sha3256", 64},    {"sha3384", 96},     {"sha3512", 128},
    {"blake2b256", 64}, {"blake2b384", 96}, {"blake2b512", 128}, {"blake3", 64},
};

}  // namespace

std::string_view NameOf(ArtifactKind kind) {
  switch (kind) {
    case ArtifactKind::kModel:
      return "model";
    case ArtifactKind::kDataset:
      return "dataset";
    case ArtifactKind::kOther:
      break;
  }
  return "other";
}

std::string_view NameOf(Relation relation) {
  switch (relation) {
    case Relation::kTrainedOn:
      return "trained_on";
    case Relation::kDerivedFrom:
      return "derived_from";
    case Relation::kMadeFrom:
      return "made_from";
    case Relation::kTestedOn:
      break;
  }
  return "tested_on";
}

Artifact* InventoryBuilder::Get(std::string_view id) {
  if (id.empty() || id.size() > kMaxNameBytes ||
      (!Has(id) && inventory_.artifacts.size() == kMaxArtifacts)) {
    too_many_ = true;
    return nullptr;
  }
  const auto [it, added] = by_id_.emplace(id, static_cast<uint32_t>(inventory_.artifacts.size()));
  if (added) inventory_.artifacts.emplace_back().id = id;
  return &inventory_.artifacts[it->second];
}

std::string InventoryBuilder::NewId(std::string_view kind) {
  for (size_t number = inventory_.artifacts.size() + 1;; ++number) {
    std::string id = Cat(kind, " ", number);
    if (!Has(id)) return id;
  }
}

void InventoryBuilder::AddLink(std::string_view product, std::string_view source,
                               Relation relation) {
  if (links_.size() == kMaxLinks) {
    too_many_ = true;
    return;
  }
  links_.push_back({std::string(product), std::string(source), relation});
}

bool InventoryBuilder::AddDigest(std::string_view algorithm, std::string_view hex,
                                 Artifact* artifact) {
  ContentDigest digest;
  for (const char c : algorithm) {
    if (c != '-' && c != '_') digest.algorithm += c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
  }
  const auto* known = std::find_if(std::begin(kAlgorithms), std::end(kAlgorithms),
                                   [&](const Algorithm& a) { return a.name == digest.algorithm; });
  if (known == std::end(kAlgorithms) || hex.size() != known->hex_digits) return false;
  for (const char c : hex) {
    const char low = c >= 'A' && c <= 'F' ? char(c - 'A' + 'a') : c;
    if (!((low >= '0' && low <= '9') || (low >= 'a' && low <= 'f'))) return false;
    digest.hex += low;
  }
  if (std::find(artifact->digests.begin(), artifact->digests.end(), digest) ==
      artifact->digests.end()) {
    artifact->digests.push_back(std::move(digest));
  }
  return true;
}

std::string_view InventoryBuilder::TextOf(const JsonTree& tree, const JsonNode& object,
                                          std::string_view name) {
  const JsonNode* node = tree.Find(object, name);
  if (node == nullptr || node->kind != JsonKind::kString) return {};
  return node->text;
}

evidence::Verified<Inventory> InventoryBuilder::Finish() {
  using evidence::Check;
  using evidence::Refuse;
  if (too_many_) {
    return Refuse(Check::kTooLarge, "more than ", kMaxArtifacts, " artefacts or ", kMaxLinks,
                  " links between them, or a name that is empty or of more than ", kMaxNameBytes,
                  " bytes");
  }
  for (Artifact& artifact : inventory_.artifacts) {
    const bool too_long = std::max({artifact.name.size(), artifact.version.size(),
                                    artifact.license.size()}) > kMaxNameBytes;
    if (too_long) {
      return Refuse(Check::kTooLarge, "what is said about \"", artifact.id,
                    "\" has a text of more than ", kMaxNameBytes, " bytes");
    }
    if (artifact.name.empty()) artifact.name = artifact.id;
  }
  for (const NamedLink& link : links_) {
    const auto product = by_id_.find(link.product), source = by_id_.find(link.source);
    if (product == by_id_.end() || source == by_id_.end()) {
      return Refuse(Check::kMalformed, "\"", link.product, "\" came from \"", link.source,
                    "\", and the document does not say what \"",
                    product == by_id_.end() ? link.product : link.source, "\" is");
    }
    if (product->second == source->second) {
      return Refuse(Check::kMalformed, "\"", link.product, "\" came from itself");
    }
    inventory_.links.push_back({product->second, source->second, link.relation});
  }
  std::sort(inventory_.links.begin(), inventory_.links.end());
  inventory_.links.erase(std::unique(inventory_.links.begin(), inventory_.links.end()),
                         inventory_.links.end());
  return std::move(inventory_);
}

}  // namespace ztp::lineage
