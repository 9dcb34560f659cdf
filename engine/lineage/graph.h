// What was made from what: models, data sets and other artefacts, and the edges between them, each
// with who says so.
//
// Boundary: plain data with its JSON form. Where edges come from: documents.h; pictures: draw.h.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/verified.h"

namespace ztp::lineage {

inline constexpr size_t kMaxNodes = 100'000;
inline constexpr size_t kMaxEdges = 500'000;
inline constexpr size_t kMaxIdBytes = 1024;

enum class NodeKind : uint8_t { kModel, kDataset, kOther };
std::string_view NameOf(NodeKind kind);  // "model"

struct Node {
  // "sha256:…" where the bytes are known; else a package URL, a URI, or a name with its version.
  std::string id;
  NodeKind kind = NodeKind::kOther;
  std::string name;  // for people; may be empty
};

enum class Relation : uint8_t { kTrainedOn, kDerivedFrom };
std::string_view NameOf(Relation relation);  // "trained on"

struct Edge {
  std::string from;  // the younger
  std::string to;    // what it was made from
  Relation relation = Relation::kDerivedFrom;
  // Proven: signed by somebody whom the caller trusts. Else a document merely claims it.
  bool proven = false;
  std::string by;        // the signer; empty where it is claimed
  std::string evidence;  // "sha256:…" of the document
  auto operator<=>(const Edge&) const = default;
};

// What one document says.
struct Fragment {
  std::vector<Node> nodes;
  std::vector<Edge> edges;
};

class Graph {
 public:
  // Adds what is not there yet; nothing where it refuses.
  //   kTooLarge    more nodes or edges than may be, or an id of more bytes
  //   kMalformed   an id that is empty or no plain text; an edge to nowhere
  //   kContent     a circle: nothing is made from itself
  std::optional<evidence::Refusal> Add(const Fragment& fragment);

  const std::map<std::string, Node>& nodes() const { return nodes_; }
  const std::set<Edge>& edges() const { return edges_; }
  // The edges that begin at a node.
  std::vector<const Edge*> From(std::string_view id) const;

  // The shortest way from one to another, over proven edges where that is possible; empty: none.
  std::vector<const Edge*> Why(std::string_view from, std::string_view to) const;

  // The node with this id, or the one whose name or beginning of an id it is, if it is one only.
  const Node* Find(std::string_view text) const;

  // One edge a line: made for version control.
  std::string ToJson() const;
  // kTooLarge, kMalformed, and what Add says. "Proven" is as true as the file is kept.
  static evidence::Verified<Graph> FromJson(std::string_view json);

 private:
  std::vector<const Edge*> Way(std::string_view from, std::string_view to, bool proven) const;

  // A node that is made from itself; null: none is.
  const std::string* InCircle() const;

  std::map<std::string, Node> nodes_;
  std::set<Edge> edges_;
};

}  // namespace ztp::lineage
