// The formats that documents about data and models come in, a file each.
//
// Boundary: from a parsed document, of which read_inventory.h has found out what it is.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/evidence/verified.h"
#include "engine/facts/json_tree.h"
#include "engine/lineage/inventory.h"

namespace ztp::lineage {

evidence::Verified<Inventory> ReadCycloneDx(const JsonTree& tree);
evidence::Verified<Inventory> ReadSpdx(const JsonTree& tree);
evidence::Verified<Inventory> ReadCroissant(const JsonTree& tree);
// An event of a run, a job or a data set.
evidence::Verified<Inventory> ReadOpenLineage(const JsonTree& tree);
// The text of a model's or data set's card (README.md), from its first "---" on. `name`: of what
// the card is, which it does not say itself.
evidence::Verified<Inventory> ReadHuggingFaceCard(std::string_view text, std::string_view name);
// The header's JSON, and how many bytes stand behind it: tensors that overlap, leave a hole or end
// before the file does are refused, since nobody signed what else is there.
evidence::Verified<Inventory> ReadSafetensors(const JsonTree& header, uint64_t bytes_behind,
                                              std::string_view name);

}  // namespace ztp::lineage
