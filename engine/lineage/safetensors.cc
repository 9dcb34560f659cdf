// The header of a safetensors file (https://github.com/huggingface/safetensors#format): what its
// metadata says of the model (https://github.com/Stability-AI/ModelSpec), where it says anything.
#include "engine/base/str.h"
#include "engine/lineage/formats.h"
#include "engine/lineage/inventory_builder.h"

namespace ztp::lineage {

evidence::Verified<Inventory> ReadSafetensors(const JsonTree& header, std::string_view name) {
  InventoryBuilder out("safetensors");
  const std::string id(name);
  Artifact* model = out.Get(id);
  if (model == nullptr) return out.Finish();
  model->kind = ArtifactKind::kModel;
  const JsonNode* metadata = header.Find(header.root(), "__metadata__");
  if (metadata == nullptr || metadata->kind != JsonKind::kObject) return out.Finish();
  auto text = [&](std::string_view member) {
    return InventoryBuilder::TextOf(header, *metadata, member);
  };
  model->name = text("modelspec.title");
  model->version = text("modelspec.version");
  model->license = text("modelspec.license");
  // Titles with commas between them.
  std::string_view merged = text("modelspec.merged_from");
  while (!merged.empty()) {
    const size_t comma = merged.find(',');
    std::string_view title = merged.substr(0, comma);
    merged = comma == std::string_view::npos ? std::string_view() : merged.substr(comma + 1);
    while (!title.empty() && title.front() == ' ') title.remove_prefix(1);
    while (!title.empty() && title.back() == ' ') title.remove_suffix(1);
    if (title.empty() || title == id) continue;
    if (Artifact* source = out.Get(title)) source->kind = ArtifactKind::kModel;
    out.AddLink(id, title, Relation::kDerivedFrom);
  }
  return out.Finish();
}

}  // namespace ztp::lineage
