// Cards of models and data sets on the Hugging Face hub
// (https://huggingface.co/docs/hub/model-cards): the YAML between the first two lines "---" of
// README.md. Nobody signs them.
#include <yaml.h>

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "engine/base/str.h"
#include "engine/lineage/formats.h"
#include "engine/lineage/inventory_builder.h"

namespace ztp::lineage {
namespace {

using evidence::Check;
using evidence::Refusal;
using evidence::Refuse;
using evidence::Verified;

constexpr size_t kMaxCardBytes = size_t{1} << 20;
constexpr size_t kMaxEvents = 100'000;
constexpr int kMaxDepth = 64;

using Entries = std::map<std::string, std::vector<std::string>, std::less<>>;

struct DeleteParser {
  void operator()(yaml_parser_t* parser) const {
    yaml_parser_delete(parser);
    delete parser;
  }
};

// The members of the mapping at the top that are a text or a list of texts; the others are passed
// over. By events, so that nothing that an alias stands for is ever made.
Verified<Entries> ReadMapping(std::string_view text) {
  std::unique_ptr<yaml_parser_t, DeleteParser> parser(new yaml_parser_t);
  if (yaml_parser_initialize(parser.get()) == 0) {
    return Refuse(Check::kTooLarge, "a card for which there is no memory");
  }
  yaml_parser_set_input_string(parser.get(), reinterpret_cast<const unsigned char*>(text.data()),
                               text.size());
  Entries entries;
  std::string key;
  bool has_key = false;
  bool in_list = false;  // of the value at the top
  int depth = 0;
  for (size_t events = 0;; ++events) {
    yaml_event_t event;
    if (yaml_parser_parse(parser.get(), &event) == 0) {
      return Refuse(Check::kMalformed, "the card's YAML, line ", parser->problem_mark.line + 1,
                    ": ", parser->problem == nullptr ? "not well-formed" : parser->problem);
    }
    const yaml_event_type_t type = event.type;
    std::string scalar;
    if (type == YAML_SCALAR_EVENT) {
      scalar.assign(reinterpret_cast<const char*>(event.data.scalar.value),
                    event.data.scalar.length);
    }
    yaml_event_delete(&event);
    if (type == YAML_STREAM_END_EVENT) return entries;
    if (type == YAML_ALIAS_EVENT) return Refuse(Check::kMalformed, "an alias in the card's YAML");
    if (events == kMaxEvents || depth > kMaxDepth) {
      return Refuse(Check::kTooLarge, "more than ", kMaxEvents,
                    " things in the card's YAML, or more than ", kMaxDepth, " within each other");
    }
    const bool opens = type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT;
    const bool closes = type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT;
    if (depth == 0) {
      if (type == YAML_SEQUENCE_START_EVENT || type == YAML_SCALAR_EVENT) {
        return Refuse(Check::kMalformed, "the card's YAML is no mapping");
      }
    } else if (depth == 1 && !closes && !has_key) {
      if (opens) return Refuse(Check::kMalformed, "a key in the card's YAML that is no text");
      if (!entries.emplace(scalar, std::vector<std::string>()).second) {
        return Refuse(Check::kMalformed, "the card says \"", scalar.substr(0, 64), "\" twice");
      }
      key = std::move(scalar);
      has_key = true;
      continue;
    } else if (type == YAML_SCALAR_EVENT && has_key && (depth == 1 || (depth == 2 && in_list))) {
      entries[key].push_back(std::move(scalar));
    }
    if (opens && depth == 1) in_list = type == YAML_SEQUENCE_START_EVENT;
    if (opens) ++depth;
    if (closes) --depth;
    // A key's value ends where its depth is left.
    if (depth == 1 && has_key && (type == YAML_SCALAR_EVENT || closes)) has_key = false;
  }
}

// What is between the first line "---" and the next.
Verified<std::string_view> FrontMatter(std::string_view text) {
  auto line_end = [&](size_t from) {
    const size_t end = text.find('\n', from);
    return end == std::string_view::npos ? text.size() : end + 1;
  };
  auto is_fence = [](std::string_view line) {
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    return line == "---";
  };
  const size_t begin = line_end(0);
  if (!is_fence(text.substr(0, begin))) {
    return Refuse(Check::kMalformed, "a card that does not begin with a line \"---\"");
  }
  for (size_t at = begin; at < text.size();) {
    const size_t next = line_end(at);
    if (is_fence(text.substr(at, next - at))) return text.substr(begin, at - begin);
    at = next;
  }
  return Refuse(Check::kMalformed, "a card whose YAML is not ended by a line \"---\"");
}

}  // namespace

Verified<Inventory> ReadHuggingFaceCard(std::string_view text, std::string_view name) {
  ZTP_VERIFY_OR_RETURN(const std::string_view yaml, FrontMatter(text));
  if (yaml.size() > kMaxCardBytes) {
    return Refuse(Check::kTooLarge, "a card of ", yaml.size(), " bytes; ", kMaxCardBytes,
                  " are read");
  }
  ZTP_VERIFY_OR_RETURN(const Entries entries, ReadMapping(yaml));
  auto texts = [&](std::string_view key) -> std::vector<std::string> {
    const auto found = entries.find(key);
    return found == entries.end() ? std::vector<std::string>() : found->second;
  };
  bool of_data = false;
  for (const char* key : {"dataset_info", "task_categories", "size_categories", "source_datasets",
                          "annotations_creators"}) {
    of_data |= entries.contains(key);
  }

  InventoryBuilder out("Hugging Face card");
  const std::string id(name);
  Artifact* artifact = out.Get(id);
  if (artifact == nullptr) return out.Finish();
  artifact->kind = of_data ? ArtifactKind::kDataset : ArtifactKind::kModel;
  artifact->license = Join(texts("license"), " AND ");
  auto from = [&](std::string_view source, ArtifactKind kind, Relation relation) {
    if (source.empty() || source == id) return;
    if (Artifact* other = out.Get(source)) other->kind = kind;
    out.AddLink(id, source, relation);
  };
  if (of_data) {
    for (const std::string& source : texts("source_datasets")) {
      if (source == "original") continue;
      std::string_view of = source;
      if (of.starts_with("extended|")) of.remove_prefix(9);
      from(of, ArtifactKind::kDataset, Relation::kMadeFrom);
    }
    return out.Finish();
  }
  for (const std::string& base : texts("base_model")) {
    from(base, ArtifactKind::kModel, Relation::kDerivedFrom);
  }
  for (const std::string& data : texts("datasets")) {
    from(data, ArtifactKind::kDataset, Relation::kTrainedOn);
  }
  return out.Finish();
}

}  // namespace ztp::lineage
