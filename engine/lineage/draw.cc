// See draw.h. The SVG's layout is that of Sugiyama, Tagawa and Toda (1981) in its plainest form: a
// column for each length of the longest way from a source, and within a column by the middle of
// what an entity came from.
#include "engine/lineage/draw.h"

#include <algorithm>
#include <map>
#include <vector>

#include "engine/base/quote.h"
#include "engine/base/str.h"

namespace ztp::lineage {
namespace {

constexpr int kBoxWidth = 220, kBoxHeight = 40, kColumnGap = 120, kRowGap = 20, kMargin = 20;
constexpr size_t kMostLetters = 28;

// The text's end is left out where a box is too small; never half of a character.
std::string Shortened(std::string_view text) {
  size_t letters = 0, at = 0;
  for (; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) continue;
    if (++letters > kMostLetters) return Cat(text.substr(0, at), "…");
  }
  return std::string(text);
}

const char* ColorOf(Origin origin) {
  switch (origin) {
    case Origin::kProven:
      return "#1a7f37";
    case Origin::kVouched:
      return "#57606a";
    case Origin::kClaimed:
      break;
  }
  return "#bc4c00";
}

const char* DashesOf(const Edge& edge) {
  if (!IsLineage(edge.relation)) return "2 4";
  return edge.origin == Origin::kClaimed ? "7 4" : "";
}

std::string SaysOf(const Edge& edge) {
  std::string says = Cat(Format(edge.product), " ", NameOf(edge.relation), " ", Format(edge.source),
                         ": ", NameOf(edge.origin));
  if (!edge.by.empty()) Append(says, " by ", edge.by);
  if (!edge.evidence.empty()) Append(says, ", ", edge.evidence);
  return says;
}

class Layout {
 public:
  explicit Layout(const Graph& graph) : graph_(graph) {
    for (const Edge& edge : graph.edges()) {
      places_.try_emplace(edge.product);
      places_.try_emplace(edge.source);
    }
    if (places_.size() <= kMaxDrawn) Arrange();
  }

  struct Place {
    size_t column = 0;
    size_t row = 0;
    double middle = 0;  // of the rows that it came from
    int x() const { return kMargin + static_cast<int>(column) * (kBoxWidth + kColumnGap); }
    int y() const { return kMargin + static_cast<int>(row) * (kBoxHeight + kRowGap); }
  };
  const std::map<Entity, Place>& places() const { return places_; }
  int width() const { return Extent(columns_, kBoxWidth, kColumnGap); }
  int height() const { return Extent(rows_, kBoxHeight, kRowGap); }

 private:
  static int Extent(size_t count, int size, int gap) {
    return 2 * kMargin + static_cast<int>(count) * (size + gap) - (count == 0 ? 0 : gap);
  }

  // No circle: a graph that was read has none. One that was put together may, and then the columns
  // end at the number of entities.
  void Arrange() {
    for (size_t round = 0; round < places_.size(); ++round) {
      bool moved = false;
      for (const Edge& edge : graph_.edges()) {
        Place& product = places_[edge.product];
        const size_t least = places_[edge.source].column + 1;
        if (product.column < least && least < places_.size()) {
          product.column = least;
          moved = true;
        }
      }
      if (!moved) break;
    }
    std::map<size_t, std::vector<const Entity*>> columns;
    for (const auto& [entity, place] : places_) columns[place.column].push_back(&entity);
    columns_ = columns.empty() ? 0 : columns.rbegin()->first + 1;
    for (auto& [column, entities] : columns) {
      std::map<Entity, std::pair<double, size_t>> sums;
      for (const Edge& edge : graph_.edges()) {
        if (places_[edge.product].column != column) continue;
        auto& [sum, count] = sums[edge.product];
        sum += static_cast<double>(places_[edge.source].row);
        ++count;
      }
      for (const auto& [entity, sum] : sums) {
        places_[entity].middle = sum.first / static_cast<double>(sum.second);
      }
      std::stable_sort(entities.begin(), entities.end(), [&](const Entity* a, const Entity* b) {
        return places_[*a].middle < places_[*b].middle;
      });
      for (size_t row = 0; row < entities.size(); ++row) places_[*entities[row]].row = row;
      rows_ = std::max(rows_, entities.size());
    }
  }

  const Graph& graph_;
  std::map<Entity, Place> places_;
  size_t columns_ = 0, rows_ = 0;
};

void DrawBox(const Entity& entity, const Layout::Place& place, std::string& out) {
  Append(out, "<g><title>", XmlText(Format(entity)), "</title><rect x=\"", place.x(), "\" y=\"",
         place.y(), "\" width=\"", kBoxWidth, "\" height=\"", kBoxHeight,
         "\" rx=\"6\" fill=\"#f6f8fa\" stroke=\"#57606a\"/><text x=\"", place.x() + 10, "\" y=\"",
         place.y() + 16, "\" fill=\"#57606a\" font-size=\"11\">", XmlText(Shortened(entity.type)),
         "</text><text x=\"", place.x() + 10, "\" y=\"", place.y() + 32, "\" fill=\"#1f2328\">",
         XmlText(Shortened(entity.id)), "</text></g>\n");
}

void DrawEdge(const Edge& edge, const Layout::Place& from, const Layout::Place& to,
              std::string& out) {
  const int x1 = from.x() + kBoxWidth, y1 = from.y() + kBoxHeight / 2;
  const int x2 = to.x(), y2 = to.y() + kBoxHeight / 2;
  const int bend = std::max(40, (x2 - x1) / 2);
  Append(out, "<path d=\"M", x1, " ", y1, " C", x1 + bend, " ", y1, " ", x2 - bend, " ", y2, " ",
         x2, " ", y2, "\" fill=\"none\" stroke=\"", ColorOf(edge.origin),
         "\" stroke-width=\"1.5\" marker-end=\"url(#", NameOf(edge.origin), ")\"");
  if (*DashesOf(edge) != '\0') Append(out, " stroke-dasharray=\"", DashesOf(edge), "\"");
  Append(out, "><title>", XmlText(SaysOf(edge)), "</title></path>\n");
}

std::string QuotedForDot(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + '"';
}

}  // namespace

std::string DrawDot(const Graph& graph) {
  std::string out =
      "digraph lineage {\n  rankdir=LR;\n  node [shape=box, style=rounded, "
      "fontname=\"sans-serif\"];\n";
  for (const Edge& edge : graph.edges()) {
    Append(out, "  ", QuotedForDot(Format(edge.source)), " -> ", QuotedForDot(Format(edge.product)),
           " [color=\"", ColorOf(edge.origin), "\", style=",
           !IsLineage(edge.relation)         ? "dotted"
           : edge.origin == Origin::kClaimed ? "dashed"
                                             : "solid",
           ", label=", QuotedForDot(NameOf(edge.relation)),
           ", tooltip=", QuotedForDot(SaysOf(edge)), "];\n");
  }
  return out + "}\n";
}

std::string DrawSvg(const Graph& graph) {
  const Layout layout(graph);
  const bool too_many = layout.places().size() > kMaxDrawn;
  const int width = too_many ? 640 : std::max(layout.width(), 320);
  const int legend = too_many ? 60 : layout.height() + 10;
  std::string out = Cat("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", width, "\" height=\"",
                        legend + 30, "\" viewBox=\"0 0 ", width, " ", legend + 30,
                        "\" font-family=\"sans-serif\" font-size=\"13\">\n<defs>\n");
  for (const Origin origin : {Origin::kClaimed, Origin::kVouched, Origin::kProven}) {
    Append(out, "<marker id=\"", NameOf(origin),
           "\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" "
           "orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\" fill=\"",
           ColorOf(origin), "\"/></marker>\n");
  }
  out += "</defs>\n";
  if (too_many) {
    Append(out, "<text x=\"20\" y=\"30\">", layout.places().size(), " entities: more than the ",
           kMaxDrawn, " that are drawn. Say of which (--of).</text>\n");
    return out + "</svg>\n";
  }
  for (const Edge& edge : graph.edges()) {
    DrawEdge(edge, layout.places().at(edge.source), layout.places().at(edge.product), out);
  }
  for (const auto& [entity, place] : layout.places()) DrawBox(entity, place, out);
  int x = kMargin;
  for (const Origin origin : {Origin::kProven, Origin::kVouched, Origin::kClaimed}) {
    Append(out, "<path d=\"M", x, " ", legend, " h30\" stroke=\"", ColorOf(origin),
           "\" stroke-width=\"1.5\"", origin == Origin::kClaimed ? " stroke-dasharray=\"7 4\"" : "",
           "/><text x=\"", x + 36, "\" y=\"", legend + 4, "\" font-size=\"11\">", NameOf(origin),
           "</text>\n");
    x += 100;
  }
  return out + "</svg>\n";
}

}  // namespace ztp::lineage
