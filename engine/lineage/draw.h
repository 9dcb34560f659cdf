// A lineage graph as a picture: sources on the left, what came from them to the right; an edge's
// line says how far it is to be believed.
//
// Boundary: text out. No font, no script, nothing from elsewhere: the SVG is one file and safe to
// show.
#pragma once

#include <string>

#include "engine/lineage/graph.h"

namespace ztp::lineage {

// For Graphviz.
std::string DrawDot(const Graph& graph);
// At most kMaxDrawn entities are drawn; of a larger graph a picture that says so. `Graph::Only`
// makes one smaller.
std::string DrawSvg(const Graph& graph);
inline constexpr size_t kMaxDrawn = 2'000;

}  // namespace ztp::lineage
