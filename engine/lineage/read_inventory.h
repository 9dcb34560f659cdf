// Any document about data and models that is known, as an inventory.
//
// Boundary: bytes in; which format they are in is found out from them alone, never from a name.
#pragma once

#include <string_view>

#include "engine/evidence/verified.h"
#include "engine/lineage/inventory.h"

namespace ztp::lineage {

// CycloneDX 1.5 to 1.7, SPDX 3.0, Croissant, OpenLineage events, Hugging Face cards, and the
// headers of safetensors files (of which `bytes` is the whole, and only the header is looked at).
// `name`: what the document is about, for cards and safetensors files, which do not say it.
//
// kTooLarge, kMalformed: what is wrong, and where. Nothing of the document is kept. Thread-safe.
evidence::Verified<Inventory> ReadInventory(std::string_view bytes, std::string_view name);

}  // namespace ztp::lineage
