// The text form of a lineage graph, read. See graph.h.
#include <algorithm>
#include <utility>

#include "engine/base/str.h"
#include "engine/facts/json_tree.h"
#include "engine/lineage/graph.h"
#include "engine/lineage/inventory_builder.h"

namespace ztp::lineage {
namespace {

using evidence::Check;
using evidence::Refuse;
using evidence::Verified;

class LineReader {
 public:
  LineReader(const JsonTree& tree, size_t line) : tree_(tree), line_(line) {}

  Verified<Edge> Read() const {
    const JsonNode& root = tree_.root();
    if (root.kind != JsonKind::kObject) return Wrong("it is no JSON object");
    for (const JsonNode& member : tree_.Children(root)) {
      if (std::find(std::begin(kMembers), std::end(kMembers), member.key) == std::end(kMembers)) {
        return Wrong("\"", member.key.substr(0, 64),
                     "\" is no member of an edge: product, source, relation, origin, by, evidence");
      }
    }
    Edge edge;
    ZTP_VERIFY_OR_RETURN(edge.product, ReadEntity("product"));
    ZTP_VERIFY_OR_RETURN(edge.source, ReadEntity("source"));
    if (edge.product == edge.source) return Wrong(Format(edge.product), " came from itself");
    if (!Named(Text("relation"), &edge.relation,
               {Relation::kTrainedOn, Relation::kDerivedFrom, Relation::kMadeFrom,
                Relation::kTestedOn})) {
      return Wrong("its relation is none of trained_on, derived_from, made_from, tested_on");
    }
    if (!Named(Text("origin"), &edge.origin,
               {Origin::kClaimed, Origin::kVouched, Origin::kProven})) {
      return Wrong("its origin is none of claimed, vouched, proven");
    }
    edge.by = Text("by");
    edge.evidence = Text("evidence");
    if (edge.by.size() > kMaxNameBytes || edge.evidence.size() > kMaxNameBytes) {
      return Wrong("a text of more than ", kMaxNameBytes, " bytes");
    }
    if (edge.origin == Origin::kProven && (edge.by.empty() || edge.evidence.empty())) {
      return Wrong("what is proven says by whom, and the digest of the evidence");
    }
    return edge;
  }

 private:
  static constexpr std::string_view kMembers[] = {"product", "source", "relation",
                                                  "origin",  "by",     "evidence"};

  template <typename... Pieces>
  evidence::Refusal Wrong(const Pieces&... pieces) const {
    return Refuse(Check::kMalformed, "line ", line_, ": ", pieces...);
  }
  std::string_view Text(std::string_view name) const {
    return InventoryBuilder::TextOf(tree_, tree_.root(), name);
  }
  template <typename T>
  static bool Named(std::string_view text, T* out, std::initializer_list<T> values) {
    for (const T value : values) {
      if (NameOf(value) == text) {
        *out = value;
        return true;
      }
    }
    return false;
  }
  Verified<Entity> ReadEntity(std::string_view name) const {
    const JsonNode* node = tree_.Find(tree_.root(), name);
    if (node == nullptr || node->kind != JsonKind::kObject) {
      return Wrong("its ", name, " is no object {\"type\": …, \"id\": …}");
    }
    Entity entity{std::string(InventoryBuilder::TextOf(tree_, *node, "type")),
                  std::string(InventoryBuilder::TextOf(tree_, *node, "id"))};
    if (entity.type.empty() || entity.type.size() > kMaxNameBytes ||
        entity.id.size() > kMaxNameBytes || node->child_count != 2) {
      return Wrong("its ", name, " has no type, or a text of more than ", kMaxNameBytes,
                   " bytes, or more than type and id");
    }
    return entity;
  }

  const JsonTree& tree_;
  const size_t line_;
};

}  // namespace

Verified<Graph> Graph::Read(std::string_view text) {
  if (text.size() > kMaxGraphBytes) {
    return Refuse(Check::kTooLarge, "a lineage file of ", text.size(), " bytes; ", kMaxGraphBytes,
                  " are read");
  }
  Graph graph;
  JsonTree tree;
  size_t line = 0;
  while (!text.empty()) {
    ++line;
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    JsonError error;
    if (!tree.Parse(one, JsonPath(), &error)) {
      return Refuse(Check::kMalformed, "line ", line, ": ", FormatJsonError(error));
    }
    ZTP_VERIFY_OR_RETURN(Edge edge, LineReader(tree, line).Read());
    if (graph.edges_.size() == kMaxEdges) {
      return Refuse(Check::kTooLarge, "more than ", kMaxEdges, " edges");
    }
    graph.edges_.push_back(std::move(edge));
  }
  std::sort(graph.edges_.begin(), graph.edges_.end());
  graph.edges_.erase(std::unique(graph.edges_.begin(), graph.edges_.end()), graph.edges_.end());
  if (const auto circle = graph.FindCircle()) {
    return Refuse(Check::kClaim, "the edges make a circle: ", FormatCircle(*circle));
  }
  return graph;
}

}  // namespace ztp::lineage
