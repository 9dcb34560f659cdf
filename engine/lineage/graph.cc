// See graph.h.
#include "engine/lineage/graph.h"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "engine/base/quote.h"
#include "engine/base/str.h"
#include "engine/facts/json_sink.h"

namespace ztp::lineage {
namespace {

// The edges that are lineage, by product: a range of numbers of edges, which are sorted so.
using ByProduct = std::map<Entity, std::pair<size_t, size_t>>;

ByProduct Products(const std::vector<Edge>& edges) {
  ByProduct products;
  for (size_t i = 0; i < edges.size(); ++i) {
    auto [it, added] = products.emplace(edges[i].product, std::pair(i, i + 1));
    if (!added) it->second.second = i + 1;
  }
  return products;
}

bool SameClaim(const Edge& a, const Edge& b) {
  return a.product == b.product && a.source == b.source && a.relation == b.relation &&
         a.evidence == b.evidence;
}

void PutEntity(const Entity& entity, JsonSink& sink) {
  sink.Put("{\"type\":");
  sink.PutText(entity.type);
  sink.Put(",\"id\":");
  sink.PutText(entity.id);
  sink.Put('}');
}

}  // namespace

std::string_view NameOf(Origin origin) {
  switch (origin) {
    case Origin::kClaimed:
      return "claimed";
    case Origin::kVouched:
      return "vouched";
    case Origin::kProven:
      break;
  }
  return "proven";
}

std::string Format(const Entity& entity) { return Cat(entity.type, "::", QuoteText(entity.id)); }

std::optional<Entity> ParseEntity(std::string_view text) {
  const size_t colons = text.find("::\"");
  if (colons == std::string_view::npos || colons == 0) return std::nullopt;
  std::optional<std::string> id = UnquoteText(text.substr(colons + 2));
  if (!id) return std::nullopt;
  return Entity{std::string(text.substr(0, colons)), *std::move(id)};
}

std::string FormatCircle(const std::vector<Entity>& circle) {
  std::string names;
  for (const Entity& entity : circle) Append(names, Format(entity), " <- ");
  return names + Format(circle.front());
}

bool Graph::Add(Edge edge) {
  // Edges about the same stand together but for their origin, so a search by product finds them.
  const auto first =
      std::lower_bound(edges_.begin(), edges_.end(), edge,
                       [](const Edge& a, const Edge& b) { return a.product < b.product; });
  for (auto it = first; it != edges_.end() && it->product == edge.product; ++it) {
    if (!SameClaim(*it, edge)) continue;
    if (it->origin >= edge.origin) return false;
    edges_.erase(it);
    break;
  }
  edges_.insert(std::upper_bound(edges_.begin(), edges_.end(), edge), std::move(edge));
  return true;
}

std::string Graph::Write() const {
  std::string out;
  JsonSink sink(&out);
  for (const Edge& edge : edges_) {
    sink.Put("{\"product\":");
    PutEntity(edge.product, sink);
    sink.Put(",\"source\":");
    PutEntity(edge.source, sink);
    sink.Put(",\"relation\":");
    sink.PutText(NameOf(edge.relation));
    sink.Put(",\"origin\":");
    sink.PutText(NameOf(edge.origin));
    if (!edge.by.empty()) {
      sink.Put(",\"by\":");
      sink.PutText(edge.by);
    }
    if (!edge.evidence.empty()) {
      sink.Put(",\"evidence\":");
      sink.PutText(edge.evidence);
    }
    sink.Put("}\n");
  }
  sink.Flush();
  return out;
}

// Depth first with a stack of its own: what is on the way when it is met again closes a circle.
std::optional<std::vector<Entity>> Graph::FindCircle() const {
  const ByProduct products = Products(edges_);
  enum class State : uint8_t { kOnTheWay, kDone };
  std::map<Entity, State> states;
  struct Step {
    Entity entity;
    size_t next, end;
  };
  for (const auto& [start, range] : products) {
    if (states.contains(start)) continue;
    std::vector<Step> way = {{start, range.first, range.second}};
    states[start] = State::kOnTheWay;
    while (!way.empty()) {
      Step& step = way.back();
      if (step.next == step.end) {
        states[step.entity] = State::kDone;
        way.pop_back();
        continue;
      }
      const Edge& edge = edges_[step.next++];
      if (!IsLineage(edge.relation)) continue;
      const auto state = states.find(edge.source);
      if (state == states.end()) {
        const auto found = products.find(edge.source);
        if (found == products.end()) continue;
        states[edge.source] = State::kOnTheWay;
        way.push_back({edge.source, found->second.first, found->second.second});
      } else if (state->second == State::kOnTheWay) {
        std::vector<Entity> circle;
        for (size_t i = way.size(); i-- > 0;) {
          circle.insert(circle.begin(), way[i].entity);
          if (way[i].entity == edge.source) break;
        }
        return circle;
      }
    }
  }
  return std::nullopt;
}

std::vector<Entity> Graph::AncestorsOf(const Entity& product) const {
  const ByProduct products = Products(edges_);
  std::set<Entity> seen;
  std::vector<Entity> waiting = {product};
  while (!waiting.empty()) {
    const Entity next = std::move(waiting.back());
    waiting.pop_back();
    const auto found = products.find(next);
    if (found == products.end()) continue;
    for (size_t i = found->second.first; i != found->second.second; ++i) {
      if (!IsLineage(edges_[i].relation)) continue;
      if (seen.insert(edges_[i].source).second) waiting.push_back(edges_[i].source);
    }
  }
  return {seen.begin(), seen.end()};
}

// From the best origin down: the first at which there is a way at all.
std::vector<Edge> Graph::WayFrom(const Entity& product, const Entity& source) const {
  const ByProduct products = Products(edges_);
  for (const Origin least : {Origin::kProven, Origin::kVouched, Origin::kClaimed}) {
    std::map<Entity, size_t> reached_by;  // the edge that leads there first, breadth first
    std::deque<Entity> waiting = {product};
    while (!waiting.empty() && !reached_by.contains(source)) {
      const Entity next = std::move(waiting.front());
      waiting.pop_front();
      const auto found = products.find(next);
      if (found == products.end()) continue;
      for (size_t i = found->second.first; i != found->second.second; ++i) {
        const Edge& edge = edges_[i];
        if (!IsLineage(edge.relation) || edge.origin < least || edge.source == product) continue;
        if (reached_by.emplace(edge.source, i).second) waiting.push_back(edge.source);
      }
    }
    std::vector<Edge> way;
    for (Entity at = source; at != product;) {
      const auto found = reached_by.find(at);
      if (found == reached_by.end()) break;
      way.insert(way.begin(), edges_[found->second]);
      at = edges_[found->second].product;
    }
    if (!way.empty()) return way;
  }
  return {};
}

Graph Graph::Only(const std::vector<Entity>& products) const {
  std::set<Entity> wanted(products.begin(), products.end());
  for (const Entity& product : products) {
    const std::vector<Entity> ancestors = AncestorsOf(product);
    wanted.insert(ancestors.begin(), ancestors.end());
  }
  Graph part;
  for (const Edge& edge : edges_) {
    if (wanted.contains(edge.product)) part.edges_.push_back(edge);
  }
  return part;
}

std::string Graph::FactsOf(Origin least) const {
  std::map<Entity, std::set<Entity>> derives;
  for (const Edge& edge : edges_) {
    if (!IsLineage(edge.relation) || edge.origin < least) continue;
    derives[edge.product].insert(edge.source);
    derives[edge.source];
  }
  std::string out;
  JsonSink sink(&out);
  for (const auto& [product, sources] : derives) {
    sink.Put("{\"uid\":");
    PutEntity(product, sink);
    sink.Put(",\"derives\":[");
    bool first = true;
    for (const Entity& source : sources) {
      if (!first) sink.Put(',');
      first = false;
      PutEntity(source, sink);
    }
    sink.Put("]}\n");
  }
  sink.Flush();
  return out;
}

}  // namespace ztp::lineage
