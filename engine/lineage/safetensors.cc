// The header of a safetensors file (https://github.com/huggingface/safetensors#format): what its
// metadata says of the model (https://github.com/Stability-AI/ModelSpec), where it says anything.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/lineage/formats.h"
#include "engine/lineage/inventory_builder.h"

namespace ztp::lineage {

namespace {

using evidence::Check;
using evidence::Refusal;
using evidence::Refuse;

// Each tensor's bytes begin where those of another end, the first at 0.
std::optional<Refusal> CheckTensors(const JsonTree& header, uint64_t bytes_behind) {
  std::vector<std::pair<int64_t, int64_t>> pieces;
  for (const JsonNode& tensor : header.Children(header.root())) {
    if (tensor.key == "__metadata__") continue;
    const JsonNode* offsets =
        tensor.kind == JsonKind::kObject ? header.Find(tensor, "data_offsets") : nullptr;
    if (offsets == nullptr || offsets->kind != JsonKind::kArray || offsets->child_count != 2) {
      return Refuse(Check::kMalformed, "a tensor without \"data_offsets\"");
    }
    const JsonNode& first = header[offsets->first_child];
    const auto begin = ParseInt(first.text);
    const auto end = ParseInt(header[first.next].text);
    if (!begin.ok() || !end.ok() || *begin < 0 || *end < *begin) {
      return Refuse(Check::kMalformed, "a tensor whose \"data_offsets\" are none");
    }
    pieces.emplace_back(*begin, *end);
  }
  std::sort(pieces.begin(), pieces.end());
  int64_t at = 0;
  for (const auto& [begin, end] : pieces) {
    if (begin != at) return Refuse(Check::kMalformed, "tensors that overlap, or leave a hole");
    at = end;
  }
  if (static_cast<uint64_t>(at) != bytes_behind) {
    return Refuse(Check::kMalformed, "tensors that do not end where the file does");
  }
  return std::nullopt;
}

}  // namespace

evidence::Verified<Inventory> ReadSafetensors(const JsonTree& header, uint64_t bytes_behind,
                                              std::string_view name) {
  if (auto refusal = CheckTensors(header, bytes_behind)) return *std::move(refusal);
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
