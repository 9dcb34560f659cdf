// See draw.h.
#include "engine/lineage/draw.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/base/str.h"

namespace ztp::lineage {
namespace {

constexpr int kBoxWidth = 230;
constexpr int kBoxHeight = 46;
constexpr int kColumn = 330;
constexpr int kRow = 70;
constexpr int kMargin = 20;
constexpr size_t kMaxLabel = 32;

using Ids = std::set<std::string_view>;

Ids Drawn(const Graph& graph, std::string_view of) {
  Ids ids;
  if (of.empty()) {
    for (const auto& [id, node] : graph.nodes()) ids.insert(id);
    return ids;
  }
  std::vector<std::string_view> next;
  if (const auto it = graph.nodes().find(std::string(of)); it != graph.nodes().end()) {
    next.push_back(it->first);
  }
  while (!next.empty()) {
    const std::string_view id = next.back();
    next.pop_back();
    if (!ids.insert(id).second) continue;
    for (const Edge* edge : graph.From(id)) next.push_back(edge->to);
  }
  return ids;
}

// Cut off between characters.
std::string Short(std::string_view text) {
  if (text.size() <= kMaxLabel) return std::string(text);
  size_t end = kMaxLabel - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return Cat(text.substr(0, end), "...");
}

std::string Label(const Node& node) { return Short(node.name.empty() ? node.id : node.name); }

std::string DotText(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string XmlText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// The columns: the longest way from a node that nothing was made from.
std::map<std::string_view, int> Columns(const Graph& graph, const Ids& ids) {
  std::map<std::string_view, int> column;
  std::map<std::string_view, size_t> waits;
  for (const std::string_view id : ids) {
    column[id] = 0;
    for (const Edge* edge : graph.From(id)) ++waits[edge->to];
  }
  std::vector<std::string_view> ready;
  for (const std::string_view id : ids) {
    if (waits[id] == 0) ready.push_back(id);
  }
  while (!ready.empty()) {
    const std::string_view id = ready.back();
    ready.pop_back();
    for (const Edge* edge : graph.From(id)) {
      column[edge->to] = std::max(column[edge->to], column[id] + 1);
      if (--waits[edge->to] == 0) ready.push_back(edge->to);
    }
  }
  return column;
}

std::string Why(const Edge& edge) {
  return edge.proven ? Cat(NameOf(edge.relation), ", proven by ", edge.by)
                     : Cat(NameOf(edge.relation), ", claimed");
}

}  // namespace

std::string ToDot(const Graph& graph, std::string_view of) {
  const Ids ids = Drawn(graph, of);
  std::string out = "digraph lineage {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n";
  for (const std::string_view id : ids) {
    const Node& node = graph.nodes().find(std::string(id))->second;
    Append(out, "  ", DotText(id), " [label=", DotText(Label(node)),
           node.kind == NodeKind::kDataset ? ", shape=cylinder" : "", ", tooltip=", DotText(id),
           "];\n");
  }
  for (const Edge& edge : graph.edges()) {
    if (ids.count(edge.from) == 0) continue;
    Append(out, "  ", DotText(edge.from), " -> ", DotText(edge.to),
           " [label=", DotText(NameOf(edge.relation)), ", style=", edge.proven ? "solid" : "dashed",
           ", tooltip=", DotText(Why(edge)), "];\n");
  }
  return out + "}\n";
}

std::string ToSvg(const Graph& graph, std::string_view of) {
  const Ids ids = Drawn(graph, of);
  const std::map<std::string_view, int> column = Columns(graph, ids);
  std::map<int, int> rows;
  std::map<std::string_view, std::pair<int, int>> place;
  int width = kBoxWidth;
  int height = kBoxHeight;
  for (const auto& [id, x] : column) {
    const int y = rows[x]++;
    place[id] = {kMargin + x * kColumn, kMargin + y * kRow};
    width = std::max(width, x * kColumn + kBoxWidth);
    height = std::max(height, y * kRow + kBoxHeight);
  }
  std::string out =
      Cat("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", width + 2 * kMargin, "\" height=\"",
          height + 2 * kMargin,
          "\" font-family=\"sans-serif\" font-size=\"12\">\n<style>\n"
          "rect{fill:#fff;stroke:#345}.dataset{fill:#eef6ee}.model{fill:#eef2fb}\n"
          "path{fill:none;stroke:#345;stroke-width:1.5}.claimed{stroke-dasharray:5 4;stroke:#888}\n"
          ".small{font-size:10px;fill:#567}\n</style>\n<defs><marker id=\"a\" markerWidth=\"8\" "
          "markerHeight=\"8\" refX=\"7\" refY=\"3\" orient=\"auto\"><path d=\"M0,0 L7,3 L0,6\"/>"
          "</marker></defs>\n");
  for (const Edge& edge : graph.edges()) {
    if (ids.count(edge.from) == 0) continue;
    const auto [x1, y1] = place[edge.from];
    const auto [x2, y2] = place[edge.to];
    const int from_x = x1 + kBoxWidth;
    const int from_y = y1 + kBoxHeight / 2;
    const int to_y = y2 + kBoxHeight / 2;
    const int bend = (x2 - from_x) / 2;
    Append(out, "<path class=\"", edge.proven ? "proven" : "claimed",
           "\" marker-end=\"url(#a)\" d=\"M", from_x, ",", from_y, " C", from_x + bend, ",", from_y,
           " ", x2 - bend, ",", to_y, " ", x2, ",", to_y, "\"><title>", XmlText(Why(edge)),
           "</title></path>\n");
  }
  for (const auto& [id, at] : place) {
    const Node& node = graph.nodes().find(std::string(id))->second;
    Append(out, "<g><title>", XmlText(id), "</title><rect class=\"", NameOf(node.kind), "\" x=\"",
           at.first, "\" y=\"", at.second, "\" width=\"", kBoxWidth, "\" height=\"", kBoxHeight,
           "\" rx=\"6\"/><text x=\"", at.first + 10, "\" y=\"", at.second + 19, "\">",
           XmlText(Label(node)), "</text><text class=\"small\" x=\"", at.first + 10, "\" y=\"",
           at.second + 36, "\">", NameOf(node.kind), " ", XmlText(Short(id)), "</text></g>\n");
  }
  return out + "</svg>\n";
}

}  // namespace ztp::lineage
