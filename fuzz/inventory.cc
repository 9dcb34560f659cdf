// Any bytes are a document about data and models, a lineage graph, or neither; and what is read can
// be written, read again and drawn.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/lineage/draw.h"
#include "engine/lineage/inventory_edges.h"
#include "engine/lineage/read_inventory.h"

using namespace ztp::lineage;  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Graph graph;
  if (const auto inventory = ReadInventory(bytes, "model"); inventory.ok()) {
    for (Edge& edge : EdgesOf(*inventory, {}, Origin::kClaimed, "", "")) graph.Add(std::move(edge));
  } else if (const auto read = Graph::Read(bytes); read.ok()) {
    graph = *read;
  }
  // A graph that was put together may have circles; one that is read has none.
  const auto again = Graph::Read(graph.Write());
  if (again.ok() == graph.FindCircle().has_value()) std::abort();
  if (again.ok() && again->edges() != graph.edges()) std::abort();
  if (graph.edges().size() < 200 && (DrawSvg(graph).empty() || DrawDot(graph).empty()))
    std::abort();
  return 0;
}
