// OpenLineage 1.x and 2.0 events (https://openlineage.io/spec/2-0-2/OpenLineage.json): what a run
// read and wrote, with the facet `lineage`. A run's every output is taken to come from its every
// input, also of one that failed: what may have flowed, flowed.
#include <vector>

#include "engine/base/str.h"
#include "engine/lineage/formats.h"
#include "engine/lineage/inventory_builder.h"

namespace ztp::lineage {
namespace {

using evidence::Check;
using evidence::Refuse;
using evidence::Verified;

class OpenLineage {
 public:
  explicit OpenLineage(const JsonTree& tree) : tree_(tree), out_("OpenLineage") {}

  Verified<Inventory> Read() {
    const JsonNode& root = tree_.root();
    std::vector<std::string> inputs, outputs;
    ForEachObject(tree_, root, "inputs", [&](const JsonNode& d) { inputs.push_back(Dataset(d)); });
    ForEachObject(tree_, root, "outputs",
                  [&](const JsonNode& d) { outputs.push_back(Dataset(d)); });
    ForEachObject(tree_, root, "dataset", [&](const JsonNode& d) { Dataset(d); });
    ForEachObject(tree_, root, "job", [&](const JsonNode& job) { Facets(job, nullptr); });
    if (inputs.size() * outputs.size() > kMaxLinks) {
      return Refuse(Check::kTooLarge, "a run with ", inputs.size(), " inputs and ", outputs.size(),
                    " outputs");
    }
    for (const std::string& output : outputs) {
      for (const std::string& input : inputs) {
        // What a run updates, it reads.
        if (input != output) out_.AddLink(output, input, Relation::kMadeFrom);
      }
    }
    return out_.Finish();
  }

 private:
  std::string_view Text(const JsonNode& object, std::string_view name) const {
    return InventoryBuilder::TextOf(tree_, object, name);
  }
  // As OpenLineage names things: namespace and name.
  std::string IdOf(const JsonNode& object) const {
    const std::string_view space = Text(object, "namespace"), name = Text(object, "name");
    return name.empty() ? std::string() : Cat(space, "/", name);
  }

  std::string Dataset(const JsonNode& object) {
    const std::string id = IdOf(object);
    if (Artifact* artifact = out_.Get(id)) {
      artifact->kind = ArtifactKind::kDataset;
      artifact->name = id;
      Facets(object, &id);
    }
    return id;
  }

  void Facets(const JsonNode& object, const std::string* dataset) {
    ForEachObject(tree_, object, "facets", [&](const JsonNode& facets) {
      if (dataset != nullptr) {
        ForEachObject(tree_, facets, "version", [&](const JsonNode& facet) {
          if (Artifact* artifact = out_.Get(*dataset)) {
            artifact->version = Text(facet, "datasetVersion");
          }
        });
      }
      ForEachObject(tree_, facets, "lineage", [&](const JsonNode& facet) {
        ForEachObject(tree_, facet, "entries", [&](const JsonNode& entry) { Entry(entry); });
      });
    });
  }

  std::string Named(const JsonNode& object) {
    const std::string id = IdOf(object);
    if (Artifact* artifact = out_.Get(id)) {
      if (Text(object, "type") == "DATASET") artifact->kind = ArtifactKind::kDataset;
      artifact->name = id;
    }
    return id;
  }

  void Entry(const JsonNode& entry) {
    const std::string product = Named(entry);
    auto inputs = [&](const JsonNode& from) {
      ForEachObject(tree_, from, "inputs", [&](const JsonNode& input) {
        const std::string source = Named(input);
        if (source != product) out_.AddLink(product, source, Relation::kMadeFrom);
      });
    };
    inputs(entry);
    const JsonNode* fields = tree_.Find(entry, "fields");
    if (fields == nullptr || fields->kind != JsonKind::kObject) return;
    for (const JsonNode& field : tree_.Children(*fields)) {
      if (field.kind == JsonKind::kObject) inputs(field);
    }
  }

  const JsonTree& tree_;
  InventoryBuilder out_;
};

}  // namespace

Verified<Inventory> ReadOpenLineage(const JsonTree& tree) { return OpenLineage(tree).Read(); }

}  // namespace ztp::lineage
