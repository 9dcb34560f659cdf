// Edges, the ways between entities, and what is to be believed of them.
#include "engine/lineage/graph.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/base/str.h"
#include "engine/lineage/draw.h"
#include "engine/lineage/inventory_edges.h"

namespace ztp::lineage {
namespace {

Entity M(std::string id) { return {"Model", std::move(id)}; }
Entity D(std::string id) { return {"Dataset", std::move(id)}; }

Edge E(Entity product, Entity source, Origin origin, Relation relation = Relation::kMadeFrom) {
  return {std::move(product),
          std::move(source),
          relation,
          origin,
          "ann",
          "sha256:" + std::string(NameOf(origin))};
}

Graph Of(std::vector<Edge> edges) {
  Graph graph;
  for (Edge& edge : edges) graph.Add(std::move(edge));
  return graph;
}

// v2 was tuned from v1 (proven) and trained on faces (claimed); v1 was trained on faces (vouched).
Graph Faces() {
  return Of({E(M("v2"), M("v1"), Origin::kProven, Relation::kDerivedFrom),
             E(M("v2"), D("faces"), Origin::kClaimed, Relation::kTrainedOn),
             E(M("v1"), D("faces"), Origin::kVouched, Relation::kTrainedOn),
             E(M("v1"), D("exam"), Origin::kProven, Relation::kTestedOn)});
}

TEST(Graph, IsTheSameText) {
  const std::string text = Faces().Write();
  const auto read = Graph::Read(text);
  ASSERT_TRUE(read.ok()) << read.refusal().message;
  EXPECT_EQ(read->Write(), text);
  EXPECT_EQ(read->edges(), Faces().edges());
}

TEST(Graph, TheBestBelievedWayIsThatOfTheBestWeakestEdge) {
  const std::vector<Edge> way = Faces().WayFrom(M("v2"), D("faces"));
  ASSERT_EQ(way.size(), 2u);  // over v1: vouched; the edge that leads there at once is claimed
  EXPECT_EQ(way[0].source, M("v1"));
  EXPECT_EQ(way[1].source, D("faces"));
  EXPECT_TRUE(Faces().WayFrom(D("faces"), M("v2")).empty());
}

TEST(Graph, WhatItWasTestedOnIsNoAncestor) {
  EXPECT_EQ(Faces().AncestorsOf(M("v2")), (std::vector<Entity>{D("faces"), M("v1")}));
  EXPECT_TRUE(Faces().WayFrom(M("v1"), D("exam")).empty());
}

TEST(Graph, TheSameWordOfTheSameDocumentIsOneEdge) {
  Graph graph;
  Edge edge = E(M("a"), D("b"), Origin::kClaimed);
  edge.evidence = "sha256:1";
  EXPECT_TRUE(graph.Add(edge));
  EXPECT_FALSE(graph.Add(edge));
  edge.origin = Origin::kProven;
  EXPECT_TRUE(graph.Add(edge));  // better
  edge.origin = Origin::kVouched;
  EXPECT_FALSE(graph.Add(edge));
  ASSERT_EQ(graph.edges().size(), 1u);
  EXPECT_EQ(graph.edges()[0].origin, Origin::kProven);
}

TEST(Graph, ACircleIsNamed) {
  const Graph graph = Of({E(M("a"), M("b"), Origin::kProven), E(M("b"), M("c"), Origin::kProven),
                          E(M("c"), M("b"), Origin::kProven)});
  EXPECT_EQ(graph.FindCircle(), (std::vector<Entity>{M("b"), M("c")}));
  const auto read = Graph::Read(graph.Write());
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.refusal().check, evidence::Check::kClaim);
  EXPECT_NE(read.refusal().message.find("Model::\"b\" <- Model::\"c\" <- Model::\"b\""),
            std::string::npos)
      << read.refusal().message;
  // To have been tested on what came from it is no circle.
  EXPECT_FALSE(Of({E(M("a"), D("b"), Origin::kProven),
                   E(D("b"), M("a"), Origin::kProven, Relation::kTestedOn)})
                   .FindCircle());
}

TEST(Graph, FactsHaveTheEdgesThatAreBelieved) {
  EXPECT_EQ(Faces().FactsOf(Origin::kProven),
            "{\"uid\":{\"type\":\"Model\",\"id\":\"v1\"},\"derives\":[]}\n"
            "{\"uid\":{\"type\":\"Model\",\"id\":\"v2\"},\"derives\":[{\"type\":\"Model\",\"id\":"
            "\"v1\"}]}\n");
}

TEST(Graph, AWrongLineIsNamed) {
  const std::string good =
      R"({"product":{"type":"M","id":"a"},"source":{"type":"M","id":"b"},"relation":"made_from","origin":"claimed"})";
  ASSERT_TRUE(Graph::Read(Cat(good, "\n\n", good)).ok());
  const std::pair<const char*, const char*> cases[] = {{"made_from", "eaten"},
                                                       {"claimed", "certain"},
                                                       {"claimed", "proven"},
                                                       {"\"id\":\"b\"", "\"id\":\"a\""},
                                                       {"\"relation\"", "\"relatoin\""},
                                                       {"{\"type\":\"M\",\"id\":\"b\"}", "\"b\""}};
  for (const auto& [from, to] : cases) {
    std::string bad = good;
    bad.replace(bad.find(from), std::string(from).size(), to);
    const auto read = Graph::Read(Cat(good, "\n", bad));
    ASSERT_FALSE(read.ok()) << bad;
    EXPECT_EQ(read.refusal().message.find("line 2: "), 0u) << read.refusal().message;
  }
}

TEST(Graph, EntitiesAsText) {
  for (const char* id : {"face-v2", "a \"b\" \\ c", "", "two\nlines"}) {
    EXPECT_EQ(ParseEntity(Format(M(id))), M(id)) << id;
  }
  for (const char* text :
       {"", "Model", "Model::", "Model::\"", "::\"a\"", "Model::\"a\"b\"", "Model::\"a\\\""}) {
    EXPECT_FALSE(ParseEntity(text)) << text;
  }
}

// Names come from documents that nobody signed: none may become markup.
TEST(Draw, NamesAreText) {
  const Graph graph = Of({E(M("<script>alert(1)</script>"), D("a\"];evil[\""), Origin::kClaimed)});
  const std::string svg = DrawSvg(graph);
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_NE(svg.find("&lt;script&gt;"), std::string::npos);
  EXPECT_EQ(DrawDot(graph).find("a\"];evil"), std::string::npos);
}

TEST(Draw, SourcesStandLeftOfWhatCameFromThem) {
  const std::string svg = DrawSvg(Faces());
  auto x_of = [&](std::string_view id) {
    const size_t at = svg.find(Cat("::&quot;", id, "&quot;</title><rect x=\""));
    EXPECT_NE(at, std::string::npos) << id;
    return std::stoi(svg.substr(svg.find("x=\"", at) + 3));
  };
  EXPECT_LT(x_of("faces"), x_of("v1"));
  EXPECT_LT(x_of("v1"), x_of("v2"));
}

TEST(Inventory, NamesOfEntities) {
  Inventory inventory;
  inventory.artifacts = {{ArtifactKind::kModel, "m", "face", "2", "", {}},
                         {ArtifactKind::kDataset, "d", "faces", "", "", {}}};
  inventory.links = {{0, 1, Relation::kTrainedOn}};
  EntityNames names;
  names.ids["d"] = "people";
  const std::vector<Edge> edges = EdgesOf(inventory, names, Origin::kVouched, "ann", "sha256:0");
  ASSERT_EQ(edges.size(), 1u);
  EXPECT_EQ(edges[0].product, M("face@2"));
  EXPECT_EQ(edges[0].source, D("people"));
}

}  // namespace
}  // namespace ztp::lineage
