// Hugging Face model cards and safetensors headers: see documents.h.
#include <algorithm>
#include <vector>

#include "engine/base/scalar_text.h"
#include "engine/base/sha256.h"
#include "engine/facts/json_items.h"
#include "engine/facts/json_tree.h"
#include "engine/lineage/documents.h"

namespace ztp::lineage {
namespace {

using evidence::Check;
using evidence::Refuse;
using evidence::Verified;

constexpr size_t kMaxListed = 256;

std::string_view Trim(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

// A plain or quoted scalar of YAML; a comment behind it is taken off.
std::string_view Scalar(std::string_view text) {
  text = Trim(text);
  if (!text.empty() && (text.front() == '"' || text.front() == '\'')) {
    const size_t end = text.find(text.front(), 1);
    return end == std::string_view::npos ? std::string_view() : text.substr(1, end - 1);
  }
  if (const size_t comment = text.find(" #"); comment != std::string_view::npos) {
    text = Trim(text.substr(0, comment));
  }
  return text;
}

// The values of a key at the top of the front matter: `key: a`, `key: [a, b]`, or lines of `- a`.
std::vector<std::string> Values(std::string_view yaml, std::string_view key) {
  std::vector<std::string> values;
  const auto add = [&](std::string_view text) {
    const std::string_view value = Scalar(text);
    if (!value.empty() && values.size() < kMaxListed) values.emplace_back(value);
  };
  bool inside = false;
  while (!yaml.empty()) {
    const size_t end = std::min(yaml.find('\n'), yaml.size());
    const std::string_view line = yaml.substr(0, end);
    yaml.remove_prefix(std::min(end + 1, yaml.size()));
    const std::string_view trimmed = Trim(line);
    if (inside && trimmed.starts_with("- ")) {
      add(trimmed.substr(2));
      continue;
    }
    if (trimmed.empty() || trimmed.front() == '#') continue;
    inside = false;
    if (!line.starts_with(key) || line.substr(key.size(), 1) != ":") continue;
    const std::string_view rest = Scalar(line.substr(key.size() + 1));
    if (rest.starts_with("[") && rest.ends_with("]")) {
      std::string_view list = rest.substr(1, rest.size() - 2);
      while (!list.empty()) {
        const size_t comma = std::min(list.find(','), list.size());
        add(list.substr(0, comma));
        list.remove_prefix(std::min(comma + 1, list.size()));
      }
    } else if (rest.empty()) {
      inside = true;
    } else {
      add(rest);
    }
  }
  return values;
}

void Link(std::string_view from, const std::string& to, NodeKind kind, Relation relation,
          const std::string& evidence, Fragment* fragment) {
  fragment->nodes.push_back({.id = to, .kind = kind, .name = ""});
  fragment->edges.push_back(
      {.from = std::string(from), .to = to, .relation = relation, .evidence = evidence});
}

}  // namespace

Verified<Fragment> ReadModelCard(std::string_view text, std::string_view model) {
  if (text.size() > kMaxModelCardBytes) {
    return Refuse(Check::kTooLarge, "a model card of more than ", kMaxModelCardBytes, " bytes");
  }
  const size_t begin = text.starts_with("---\n") ? 4 : text.starts_with("---\r\n") ? 5 : 0;
  const size_t end = text.find("\n---", begin == 0 ? 0 : begin - 1);
  if (begin == 0 || end == std::string_view::npos) {
    return Refuse(Check::kMalformed, "a model card without front matter");
  }
  const std::string_view yaml = text.substr(begin, end + 1 > begin ? end + 1 - begin : 0);
  const std::string evidence = Sha256Digest(text);
  Fragment fragment;
  fragment.nodes.push_back({.id = std::string(model), .kind = NodeKind::kModel, .name = ""});
  for (const std::string& base : Values(yaml, "base_model")) {
    Link(model, Cat("pkg:huggingface/", base), NodeKind::kModel, Relation::kDerivedFrom, evidence,
         &fragment);
  }
  for (const std::string& data : Values(yaml, "datasets")) {
    Link(model, Cat("https://huggingface.co/datasets/", data), NodeKind::kDataset,
         Relation::kTrainedOn, evidence, &fragment);
  }
  return fragment;
}

Verified<Fragment> ReadSafetensors(std::string_view bytes, uint64_t file_bytes,
                                   std::string_view model) {
  constexpr size_t kLengthBytes = 8;
  if (bytes.size() < kLengthBytes) return Refuse(Check::kMalformed, "safetensors without a header");
  uint64_t size = 0;
  for (size_t i = kLengthBytes; i-- > 0;) {
    size = size << 8 | static_cast<unsigned char>(bytes[i]);
  }
  if (size > kMaxSafetensorsHeader) {
    return Refuse(Check::kTooLarge, "a safetensors header of ", size, " bytes; at most ",
                  kMaxSafetensorsHeader, " are read");
  }
  if (size > bytes.size() - kLengthBytes || file_bytes < kLengthBytes + size) {
    return Refuse(Check::kMalformed, "safetensors that end within their header");
  }
  const std::string_view header = bytes.substr(kLengthBytes, size);
  JsonTree tree;
  JsonError error;
  if (header.empty() || header.front() != '{' || !tree.Parse(header, JsonPath(), &error) ||
      tree.root().kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "a safetensors header that is no object");
  }
  std::vector<std::pair<int64_t, int64_t>> pieces;
  const JsonNode* metadata = nullptr;
  for (const JsonNode& tensor : tree.Children(tree.root())) {
    if (tensor.key == "__metadata__") {
      metadata = &tensor;
      continue;
    }
    const JsonNode* offsets =
        tensor.kind == JsonKind::kObject ? tree.Find(tensor, "data_offsets") : nullptr;
    if (offsets == nullptr || offsets->kind != JsonKind::kArray || offsets->child_count != 2) {
      return Refuse(Check::kMalformed, "a tensor without a place");
    }
    const JsonNode& first = tree[offsets->first_child];
    const auto begin = ParseInt(first.text);
    const auto end = ParseInt(tree[first.next].text);
    if (!begin.ok() || !end.ok() || *begin < 0 || *end < *begin) {
      return Refuse(Check::kMalformed, "a tensor whose place is none");
    }
    pieces.emplace_back(*begin, *end);
  }
  std::sort(pieces.begin(), pieces.end());
  int64_t at = 0;
  for (const auto& [begin, end] : pieces) {
    if (begin != at) return Refuse(Check::kMalformed, "tensors that overlap, or a hole");
    at = end;
  }
  if (static_cast<uint64_t>(at) != file_bytes - kLengthBytes - size) {
    return Refuse(Check::kMalformed, "tensors that do not end where the file does");
  }
  const std::string evidence = Sha256Digest(bytes.substr(0, kLengthBytes + size));
  Fragment fragment;
  fragment.nodes.push_back({.id = std::string(model), .kind = NodeKind::kModel, .name = ""});
  if (metadata == nullptr || metadata->kind != JsonKind::kObject) return fragment;
  for (const std::string_view key : {"base_model", "modelspec.merged_from"}) {
    const JsonNode* node = tree.Find(*metadata, key);
    if (node == nullptr || node->kind != JsonKind::kString) continue;
    std::string_view list = node->text;
    for (size_t i = 0; i < kMaxListed && !list.empty(); ++i) {
      const size_t comma = std::min(list.find(','), list.size());
      const std::string base(Trim(list.substr(0, comma)));
      list.remove_prefix(std::min(comma + 1, list.size()));
      if (base.empty()) continue;
      Link(model, base, NodeKind::kModel, Relation::kDerivedFrom, evidence, &fragment);
    }
  }
  return fragment;
}

}  // namespace ztp::lineage
