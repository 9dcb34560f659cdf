// See read_inventory.h.
#include "engine/lineage/read_inventory.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "engine/facts/json_tree.h"
#include "engine/lineage/formats.h"
#include "engine/lineage/inventory_builder.h"

namespace ztp::lineage {
namespace {

using evidence::Check;
using evidence::Refusal;
using evidence::Refuse;
using evidence::Verified;

constexpr size_t kLengthBytes = 8;

std::string_view TextOf(const JsonTree& tree, std::string_view name) {
  return InventoryBuilder::TextOf(tree, tree.root(), name);
}

// The header's length in eight bytes, little-endian, then the header, which is an object.
bool LooksLikeSafetensors(std::string_view bytes) {
  return bytes.size() > kLengthBytes && bytes[kLengthBytes] == '{' && bytes[kLengthBytes - 1] == 0;
}

// An object; or why it is none.
std::optional<Refusal> Parse(std::string_view text, JsonTree* tree) {
  JsonError error;
  if (!tree->Parse(text, JsonPath(), &error)) {
    return Refuse(Check::kMalformed, FormatJsonError(error));
  }
  if (tree->root().kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "the document is no JSON object");
  }
  return std::nullopt;
}

Verified<Inventory> Safetensors(std::string_view bytes, std::string_view name) {
  uint64_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    length |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
  }
  if (length > kMaxInventoryBytes) {
    return Refuse(Check::kTooLarge, "a safetensors header of ", length, " bytes; ",
                  kMaxInventoryBytes, " are read");
  }
  if (length > bytes.size() - kLengthBytes) {
    return Refuse(Check::kMalformed, "a safetensors header of ", length, " bytes in a file of ",
                  bytes.size());
  }
  JsonTree tree;
  if (auto refusal = Parse(bytes.substr(kLengthBytes, length), &tree)) return *std::move(refusal);
  return ReadSafetensors(tree, bytes.size() - kLengthBytes - length, name);
}

}  // namespace

Verified<Inventory> ReadInventory(std::string_view bytes, std::string_view name) {
  if (LooksLikeSafetensors(bytes)) return Safetensors(bytes, name);
  if (bytes.size() > kMaxInventoryBytes) {
    return Refuse(Check::kTooLarge, "a document of ", bytes.size(), " bytes; ", kMaxInventoryBytes,
                  " are read");
  }
  if (bytes.starts_with("---")) return ReadHuggingFaceCard(bytes, name);
  JsonTree tree;
  if (auto refusal = Parse(bytes, &tree)) return *std::move(refusal);
  const JsonNode& root = tree.root();
  if (TextOf(tree, "bomFormat") == "CycloneDX") return ReadCycloneDx(tree);
  if (TextOf(tree, "@context").starts_with("https://spdx.org/rdf/3.0")) return ReadSpdx(tree);
  const std::string_view type = TextOf(tree, "@type");
  if (type == "sc:Dataset" || type == "Dataset" || type == "https://schema.org/Dataset") {
    return ReadCroissant(tree);
  }
  if (TextOf(tree, "schemaURL").find("openlineage.io/spec/") != std::string_view::npos &&
      (tree.Find(root, "job") != nullptr || tree.Find(root, "dataset") != nullptr)) {
    return ReadOpenLineage(tree);
  }
  return Refuse(
      Check::kMalformed,
      "no document that is known: CycloneDX 1.5 to 1.7, SPDX 3.0, Croissant, an OpenLineage "
      "event, a Hugging Face card, or a safetensors file");
}

}  // namespace ztp::lineage
