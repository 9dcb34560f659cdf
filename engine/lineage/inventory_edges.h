// A document's inventory as edges between the entities of a policy's facts.
//
// Boundary: which type its models and data are of, the caller says; what its artefacts are called
// there too, by a name for each id, or as the document names them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/lineage/graph.h"
#include "engine/lineage/inventory.h"

namespace ztp::lineage {

struct EntityNames {
  std::string model_type = "Model";
  std::string dataset_type = "Dataset";
  std::string other_type = "Artifact";
  std::map<std::string, std::string> ids;  // an artefact's id in the document -> the entity's
};

// An artefact's entity: of its kind's type; its id is what `ids` says, or name and version as
// `name@version`, or the name.
Entity EntityOf(const Artifact& artifact, const EntityNames& names);

// One for each link. `origin`, `by`, `evidence`: of the document.
std::vector<Edge> EdgesOf(const Inventory& inventory, const EntityNames& names, Origin origin,
                          const std::string& by, const std::string& evidence);

}  // namespace ztp::lineage
