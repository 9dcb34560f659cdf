// See inventory_edges.h.
#include "engine/lineage/inventory_edges.h"

#include "engine/base/str.h"

namespace ztp::lineage {

Entity EntityOf(const Artifact& artifact, const EntityNames& names) {
  const std::string& type = artifact.kind == ArtifactKind::kModel     ? names.model_type
                            : artifact.kind == ArtifactKind::kDataset ? names.dataset_type
                                                                      : names.other_type;
  if (const auto found = names.ids.find(artifact.id); found != names.ids.end()) {
    return {type, found->second};
  }
  return {type,
          artifact.version.empty() ? artifact.name : Cat(artifact.name, "@", artifact.version)};
}

std::vector<Edge> EdgesOf(const Inventory& inventory, const EntityNames& names, Origin origin,
                          const std::string& by, const std::string& evidence) {
  std::vector<Edge> edges;
  for (const Link& link : inventory.links) {
    Edge edge;
    edge.product = EntityOf(inventory.artifacts[link.product], names);
    edge.source = EntityOf(inventory.artifacts[link.source], names);
    edge.relation = link.relation;
    edge.origin = origin;
    edge.by = by;
    edge.evidence = evidence;
    // Two artefacts of a document may be one entity to the policy.
    if (edge.product != edge.source) edges.push_back(std::move(edge));
  }
  return edges;
}

}  // namespace ztp::lineage
