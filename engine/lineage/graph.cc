// See graph.h.
#include "engine/lineage/graph.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "engine/facts/json_items.h"
#include "engine/facts/json_sink.h"
#include "engine/facts/json_tree.h"

namespace ztp::lineage {
namespace {

using evidence::Check;
using evidence::Refusal;
using evidence::Refuse;

constexpr std::string_view kFormat = "ztp-lineage/1";
constexpr size_t kMaxGraphBytes = size_t{256} << 20;

bool IsPlain(std::string_view text) {
  if (text.size() > kMaxIdBytes) return false;
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string Shown(std::string_view text) { return Quoted(JsonExcerpt(text)); }

}  // namespace

std::string_view NameOf(NodeKind kind) {
  switch (kind) {
    case NodeKind::kModel:
      return "model";
    case NodeKind::kDataset:
      return "dataset";
    case NodeKind::kOther:
      break;
  }
  return "other";
}

std::string_view NameOf(Relation relation) {
  return relation == Relation::kTrainedOn ? "trained on" : "derived from";
}

std::optional<Refusal> Graph::Add(const Fragment& fragment) {
  Graph next = *this;
  for (const Node& node : fragment.nodes) {
    if (node.id.empty() || !IsPlain(node.id) || !IsPlain(node.name)) {
      return Refuse(Check::kMalformed, "an artefact whose id or name is no plain text of at most ",
                    kMaxIdBytes, " bytes");
    }
    Node& known = next.nodes_.try_emplace(node.id, node).first->second;
    if (known.kind == NodeKind::kOther) known.kind = node.kind;
    if (known.name.empty()) known.name = node.name;
  }
  if (next.nodes_.size() > kMaxNodes) {
    return Refuse(Check::kTooLarge, "more than ", kMaxNodes, " artefacts");
  }
  for (const Edge& edge : fragment.edges) {
    if (next.nodes_.count(edge.from) == 0 || next.nodes_.count(edge.to) == 0) {
      return Refuse(Check::kMalformed, "an edge from ", Shown(edge.from), " to ", Shown(edge.to),
                    ", one of which is not there");
    }
    if (!IsPlain(edge.by) || !IsPlain(edge.evidence)) {
      return Refuse(Check::kMalformed, "an edge whose signer is no plain text");
    }
    next.edges_.insert(edge);
    if (next.edges_.size() > kMaxEdges) {
      return Refuse(Check::kTooLarge, "more than ", kMaxEdges, " edges");
    }
  }
  if (const std::string* id = next.InCircle()) {
    return Refuse(Check::kContent, Shown(*id), " would be made from itself");
  }
  *this = std::move(next);
  return std::nullopt;
}

const std::string* Graph::InCircle() const {
  // Nodes that nothing left is made from are taken away until none is left, or a circle is.
  std::map<std::string_view, size_t> uses;
  for (const Edge& edge : edges_) {
    ++uses[edge.to];
  }
  std::vector<std::string_view> free;
  for (const auto& [id, node] : nodes_) {
    if (uses.count(id) == 0) free.push_back(id);
  }
  size_t taken = 0;
  while (!free.empty()) {
    const std::string_view id = free.back();
    free.pop_back();
    ++taken;
    for (const Edge* edge : From(id)) {
      if (--uses[edge->to] == 0) free.push_back(edge->to);
    }
  }
  if (taken == nodes_.size()) return nullptr;
  // Whatever is left is used by something that is left: going back from it ends in a circle.
  std::map<std::string_view, std::string_view> user;
  for (const Edge& edge : edges_) {
    if (uses[edge.to] != 0 && uses[edge.from] != 0) user[edge.to] = edge.from;
  }
  std::set<std::string_view> seen;
  std::string_view at = user.begin()->first;
  while (seen.insert(at).second) at = user[at];
  return &nodes_.find(std::string(at))->first;
}

std::vector<const Edge*> Graph::From(std::string_view id) const {
  std::vector<const Edge*> edges;
  for (auto it = edges_.lower_bound(Edge{.from = std::string(id)});
       it != edges_.end() && it->from == id; ++it) {
    edges.push_back(&*it);
  }
  return edges;
}

std::vector<const Edge*> Graph::Way(std::string_view from, std::string_view to, bool proven) const {
  // Breadth first; `came` has the edge by which a node was reached.
  std::map<std::string_view, const Edge*> came = {{from, nullptr}};
  std::deque<std::string_view> next = {from};
  while (!next.empty()) {
    const std::string_view at = next.front();
    next.pop_front();
    if (at == to) break;
    for (const Edge* edge : From(at)) {
      if (proven && !edge->proven) continue;
      if (came.emplace(edge->to, edge).second) next.push_back(edge->to);
    }
  }
  std::vector<const Edge*> way;
  for (auto it = came.find(to); it != came.end() && it->second != nullptr;
       it = came.find(it->second->from)) {
    way.push_back(it->second);
  }
  std::reverse(way.begin(), way.end());
  return way;
}

std::vector<const Edge*> Graph::Why(std::string_view from, std::string_view to) const {
  std::vector<const Edge*> way = Way(from, to, /*proven=*/true);
  return way.empty() ? Way(from, to, /*proven=*/false) : way;
}

const Node* Graph::Find(std::string_view text) const {
  if (const auto it = nodes_.find(std::string(text)); it != nodes_.end()) return &it->second;
  const Node* found = nullptr;
  for (const auto& [id, node] : nodes_) {
    const bool begins = text.size() >= 6 && std::string_view(id).substr(0, text.size()) == text;
    if (node.name != text && !begins) continue;
    if (found != nullptr) return nullptr;
    found = &node;
  }
  return found;
}

std::string Graph::ToJson() const {
  std::string out;
  JsonSink sink(&out);
  sink.Put("{\"format\":\"");
  sink.PutPlain(kFormat);
  sink.Put("\",\n\"nodes\":[");
  bool first = true;
  for (const auto& [id, node] : nodes_) {
    sink.PutPlain(first ? "\n" : ",\n");
    first = false;
    sink.Put("{\"id\":");
    sink.PutText(id);
    sink.Put(",\"kind\":\"");
    sink.PutPlain(NameOf(node.kind));
    sink.Put("\",\"name\":");
    sink.PutText(node.name);
    sink.Put('}');
  }
  sink.Put("],\n\"edges\":[");
  first = true;
  for (const Edge& edge : edges_) {
    sink.PutPlain(first ? "\n" : ",\n");
    first = false;
    sink.Put("{\"from\":");
    sink.PutText(edge.from);
    sink.Put(",\"to\":");
    sink.PutText(edge.to);
    sink.Put(",\"relation\":\"");
    sink.PutPlain(NameOf(edge.relation));
    sink.Put("\",\"status\":\"");
    sink.PutPlain(edge.proven ? "proven" : "claimed");
    sink.Put("\",\"by\":");
    sink.PutText(edge.by);
    sink.Put(",\"evidence\":");
    sink.PutText(edge.evidence);
    sink.Put('}');
  }
  sink.Put("]}\n");
  sink.Flush();
  return out;
}

evidence::Verified<Graph> Graph::FromJson(std::string_view json) {
  if (json.size() > kMaxGraphBytes) {
    return Refuse(Check::kTooLarge, "a graph of more than ", kMaxGraphBytes, " bytes");
  }
  JsonTree tree;
  JsonError error;
  if (!tree.Parse(json, JsonPath(), &error)) {
    return Refuse(Check::kMalformed, "a graph is no JSON at ", JsonExcerpt(error.path), ": ",
                  error.message);
  }
  const JsonNode& root = tree.root();
  const auto member = [&](const JsonNode& object, std::string_view name) {
    const JsonNode* node = object.kind == JsonKind::kObject ? tree.Find(object, name) : nullptr;
    return node != nullptr && node->kind == JsonKind::kString ? std::string(node->text)
                                                              : std::string();
  };
  const JsonNode* nodes = root.kind == JsonKind::kObject ? tree.Find(root, "nodes") : nullptr;
  const JsonNode* edges = root.kind == JsonKind::kObject ? tree.Find(root, "edges") : nullptr;
  if (member(root, "format") != kFormat || nodes == nullptr || nodes->kind != JsonKind::kArray ||
      edges == nullptr || edges->kind != JsonKind::kArray) {
    return Refuse(Check::kMalformed, "a graph must be of the format ", kFormat);
  }
  Fragment fragment;
  for (const JsonNode& node : tree.Children(*nodes)) {
    const std::string kind = member(node, "kind");
    fragment.nodes.push_back({.id = member(node, "id"),
                              .kind = kind == "model"     ? NodeKind::kModel
                                      : kind == "dataset" ? NodeKind::kDataset
                                                          : NodeKind::kOther,
                              .name = member(node, "name")});
  }
  for (const JsonNode& node : tree.Children(*edges)) {
    const std::string relation = member(node, "relation");
    const std::string status = member(node, "status");
    if ((relation != NameOf(Relation::kTrainedOn) && relation != NameOf(Relation::kDerivedFrom)) ||
        (status != "proven" && status != "claimed")) {
      return Refuse(Check::kMalformed, "an edge of another relation or status");
    }
    fragment.edges.push_back({.from = member(node, "from"),
                              .to = member(node, "to"),
                              .relation = relation == NameOf(Relation::kTrainedOn)
                                              ? Relation::kTrainedOn
                                              : Relation::kDerivedFrom,
                              .proven = status == "proven",
                              .by = member(node, "by"),
                              .evidence = member(node, "evidence")});
  }
  Graph graph;
  if (auto refusal = graph.Add(fragment)) return *std::move(refusal);
  return graph;
}

}  // namespace ztp::lineage
