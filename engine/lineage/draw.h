// A graph of artefacts as a picture: Graphviz's DOT, or SVG that needs nothing else.
//
// Boundary: a graph to text. Proven edges are drawn through, claimed ones dashed.
#pragma once

#include <string>
#include <string_view>

#include "engine/lineage/graph.h"

namespace ztp::lineage {

// What is drawn: everything, or (with `of`, a node's id) what that was made from.
std::string ToDot(const Graph& graph, std::string_view of = {});
// Each artefact stands to the right of what was made from it.
std::string ToSvg(const Graph& graph, std::string_view of = {});

}  // namespace ztp::lineage
