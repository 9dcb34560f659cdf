// The lineage of models and data: which entity came from which, who says so, and how far that is to
// be believed. A text file holds it, a line an edge, so that changes to it can be read and
// reviewed.
//
// Boundary: entities by type and id as the facts have them, no schema. Documents become edges in
// inventory_edges.h; facts are made of edges by FactsOf.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/verified.h"
#include "engine/lineage/inventory.h"

namespace ztp::lineage {

struct Entity {
  std::string type;
  std::string id;
  auto operator<=>(const Entity&) const = default;
};
// `Model::"face-v2"`, with the id escaped as in the language.
std::string Format(const Entity& entity);
// The same back. Nothing: it is none.
std::optional<Entity> ParseEntity(std::string_view text);

// As in the language: a requester's or document's word, that of who runs the engine, a signature's.
enum class Origin : uint8_t { kClaimed = 0, kVouched = 1, kProven = 2 };
std::string_view NameOf(Origin origin);

struct Edge {
  Entity product;
  Entity source;
  Relation relation = Relation::kMadeFrom;
  Origin origin = Origin::kClaimed;
  std::string by;        // who says it: a signer, a person; may be empty of what is claimed
  std::string evidence;  // digest of the document: "sha256:…"
  auto operator<=>(const Edge&) const = default;
};

// A circle that FindCircle found, as `a <- b <- a`.
std::string FormatCircle(const std::vector<Entity>& circle);

class Graph {
 public:
  // A line an edge:
  //   {"product":{"type":"Model","id":"face-v2"},"source":{"type":"Dataset","id":"faces"},
  //    "relation":"trained_on","origin":"proven","by":"…","evidence":"sha256:…"}
  // `relation` is one of inventory.h's names, `by` and `evidence` may be left out where the origin
  // is not proven. kMalformed: the line and what is wrong with it; kClaim: the edges make a circle,
  // which is named.
  static evidence::Verified<Graph> Read(std::string_view text);
  // The same edges, sorted: equal graphs are equal texts.
  std::string Write() const;

  // False: it was there. Of the same edge from the same document the better origin stays.
  bool Add(Edge edge);
  const std::vector<Edge>& edges() const { return edges_; }  // sorted

  // A circle of edges that are lineage, each one's source the next one's product; nothing: there is
  // none.
  std::optional<std::vector<Entity>> FindCircle() const;

  // All that it came from, over whatever number of edges; sorted. What it was tested on is none of
  // it.
  std::vector<Entity> AncestorsOf(const Entity& product) const;
  // The way from product to source that is best believed: its weakest edge is as good as that of
  // any; of such ways the shortest. Empty: it did not come from that.
  std::vector<Edge> WayFrom(const Entity& product, const Entity& source) const;
  // The part that is about what these came from.
  Graph Only(const std::vector<Entity>& products) const;

  // Facts with the edges under `derives`, a line an entity, as `ztp decide -f` reads them: to be
  // put beside its attributes. Only edges of at least this origin.
  std::string FactsOf(Origin least) const;

 private:
  std::vector<Edge> edges_;
};

// Is it lineage: did something of the source come into the product?
constexpr bool IsLineage(Relation relation) { return relation != Relation::kTestedOn; }

inline constexpr size_t kMaxGraphBytes = size_t{256} << 20;
inline constexpr size_t kMaxEdges = 1'000'000;

}  // namespace ztp::lineage
