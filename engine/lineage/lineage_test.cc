#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/base/str.h"
#include "engine/lineage/documents.h"
#include "engine/lineage/draw.h"
#include "engine/lineage/graph.h"

namespace ztp::lineage {
namespace {

namespace fs = std::filesystem;
using evidence::Verified;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// "a -> b trained on claimed" for each edge, in order.
std::vector<std::string> Lines(const Verified<Fragment>& fragment) {
  if (!fragment.ok()) {
    return {Cat(NameOf(fragment.refusal().check), ": ", fragment.refusal().message)};
  }
  std::vector<std::string> lines;
  for (const Edge& edge : fragment->edges) {
    lines.push_back(Cat(edge.from, " -> ", edge.to, " ", NameOf(edge.relation), " ",
                        edge.proven ? Cat("proven by ", edge.by) : std::string("claimed")));
  }
  return lines;
}
template <typename T>
std::string CheckOf(const Verified<T>& verified) {
  return verified.ok() ? "accepted" : std::string(NameOf(verified.refusal().check));
}

const std::string kDigest(64, 'a');

std::string Bom(std::string_view version = "1.6") {
  return Cat(R"({"bomFormat":"CycloneDX","specVersion":")", version, R"(","metadata":{"component":{
    "type":"machine-learning-model","bom-ref":"m","name":"face","version":"2","group":"acme",
    "pedigree":{"ancestors":[{"type":"machine-learning-model","name":"face","version":"1",
      "hashes":[{"alg":"MD5","content":"00"},{"alg":"SHA-256","content":")",
             kDigest, R"("}]},{"type":"machine-learning-model","name":"x","purl":"pkg:hf/x"}]},
    "modelCard":{"modelParameters":{"datasets":[{"ref":"d"},{"ref":"elsewhere"},
      {"type":"dataset","name":"inline","contents":{"url":"https://data.example/i"}}]}}}},
    "components":[{"type":"data","bom-ref":"d","name":"faces"}]})");
}

TEST(Documents, CycloneDxSaysWhatAModelWasMadeFrom) {
  for (const char* version : {"1.5", "1.6", "1.7"}) {
    EXPECT_THAT(Lines(ReadBom(Bom(version))),
                ElementsAre(Cat("acme/face@2 -> sha256:", kDigest, " derived from claimed"),
                            "acme/face@2 -> pkg:hf/x derived from claimed",
                            "acme/face@2 -> faces trained on claimed",
                            "acme/face@2 -> elsewhere trained on claimed",
                            "acme/face@2 -> https://data.example/i trained on claimed"));
  }
  EXPECT_EQ(CheckOf(ReadBom(Bom("1.4"))), "form");
  EXPECT_EQ(CheckOf(ReadBom("{}")), "form");
  EXPECT_EQ(CheckOf(ReadBom("[]")), "form");
  EXPECT_EQ(CheckOf(ReadBom(R"({"bomFormat":"CycloneDX","bomFormat":"CycloneDX"})")), "form");
}

TEST(Documents, SpdxSaysWhatAModelWasTrainedOn) {
  const std::string text = Cat(
      R"({"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[
    {"type":"ai_AIPackage","spdxId":"urn:m","name":"m"},
    {"type":"dataset_DatasetPackage","spdxId":"urn:d","name":"d","verifiedUsing":[
      {"type":"Hash","algorithm":"sha256","hashValue":")",
      kDigest, R"("}]},
    {"type":"Relationship","spdxId":"urn:r1","relationshipType":"trainedOn","from":"urn:m","to":["urn:d"]},
    {"type":"Relationship","spdxId":"urn:r2","relationshipType":"testedOn","from":"urn:m","to":["urn:t"]},
    {"type":"Relationship","spdxId":"urn:r3","relationshipType":"ancestorOf","from":"urn:a","to":"urn:m"}]})");
  EXPECT_THAT(Lines(ReadBom(text)),
              ElementsAre(Cat("urn:m -> sha256:", kDigest, " trained on claimed"),
                          "urn:m -> urn:a derived from claimed"));
}

TEST(Documents, WhatIsSignedIsProvenAboutItsSubject) {
  const auto statement = [](std::string_view type, std::string_view predicate) {
    evidence::SignedStatement s;
    s.payload = Cat(R"({"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"m",)",
                    R"("digest":{"sha256":")", std::string(64, 'b'), R"("}}],"predicateType":")",
                    type, R"(","predicate":)", predicate, "}");
    s.signer.name = "ci@example.org";
    s.digest = "sha256:e";
    return s;
  };
  const auto fragment = ReadSignedBom(statement("https://cyclonedx.org/bom", Bom()));
  ASSERT_TRUE(fragment.ok()) << fragment.refusal().message;
  const std::vector<std::string> lines = Lines(fragment);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0], Cat("sha256:", std::string(64, 'b'), " -> sha256:", kDigest,
                          " derived from proven by ci@example.org"));
  EXPECT_EQ(fragment->edges[0].evidence, "sha256:e");
  EXPECT_EQ(CheckOf(ReadSignedBom(statement("https://example.com/x", Bom()))), "form");
  EXPECT_EQ(CheckOf(ReadSignedBom(statement("https://cyclonedx.org/bom", "{}"))), "form");
}

TEST(Documents, AModelCardsFrontMatterClaims) {
  constexpr char kCard[] =
      "---\nlicense: mit # fine\nbase_model:\n- acme/base  # the first\n- \"acme/other\"\n"
      "datasets: [faces, 'acme/more']\nbase_model_relation: finetune\ntags:\n- x\n---\n# Face\n";
  EXPECT_THAT(Lines(ReadModelCard(kCard, "m")),
              ElementsAre("m -> pkg:huggingface/acme/base derived from claimed",
                          "m -> pkg:huggingface/acme/other derived from claimed",
                          "m -> https://huggingface.co/datasets/faces trained on claimed",
                          "m -> https://huggingface.co/datasets/acme/more trained on claimed"));
  EXPECT_THAT(Lines(ReadModelCard("---\nbase_model: a/b\n---\n", "m")),
              ElementsAre("m -> pkg:huggingface/a/b derived from claimed"));
  EXPECT_THAT(Lines(ReadModelCard("---\n---\n", "m")), IsEmpty());
  EXPECT_EQ(CheckOf(ReadModelCard("# Face\n", "m")), "form");
  EXPECT_EQ(CheckOf(ReadModelCard("---\nbase_model: a\n", "m")), "form");
}

std::string Safetensors(std::string_view header, size_t data) {
  std::string text;
  for (int i = 0; i < 8; ++i) text += static_cast<char>(header.size() >> (8 * i));
  return Cat(text, header, std::string(data, 'x'));
}

TEST(Documents, ASafetensorsHeaderIsBoundedAndWhole) {
  const auto read = [](const std::string& text) { return ReadSafetensors(text, text.size(), "m"); };
  constexpr char kGood[] = R"({"__metadata__":{"base_model":"a/b","modelspec.merged_from":"c, d"},)"
                           R"("t":{"dtype":"U8","shape":[2],"data_offsets":[2,4]},)"
                           R"("s":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})";
  const std::string good = Safetensors(kGood, 4);
  EXPECT_THAT(Lines(read(good)),
              ElementsAre("m -> a/b derived from claimed", "m -> c derived from claimed",
                          "m -> d derived from claimed"));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(CheckOf(read(good.substr(0, size))), "form") << size;
  }
  EXPECT_EQ(CheckOf(read(good + "x")), "form");
  const auto tensor = [&](std::string_view offsets) {
    return CheckOf(read(Safetensors(Cat(R"({"t":{"data_offsets":)", offsets, "}}"), 4)));
  };
  EXPECT_EQ(tensor("[0,4]"), "accepted");
  for (const char* offsets : {"[1,4]", "[0,3]", "[4,0]", "[-1,4]", "[0]", "[0,4,4]", "{}",
                              "[0,99999999999999999999]", "[\"a\",4]"}) {
    EXPECT_EQ(tensor(offsets), "form") << offsets;
  }
  std::string huge = good;
  huge[7] = '\x7f';
  EXPECT_EQ(CheckOf(read(huge)), "size");
  EXPECT_EQ(CheckOf(read(Safetensors("[]", 0))), "form");
  EXPECT_EQ(CheckOf(read(Safetensors("", 0))), "form");
}

Fragment Chain(std::initializer_list<const char*> ids, bool proven = false) {
  Fragment fragment;
  const char* last = nullptr;
  for (const char* id : ids) {
    fragment.nodes.push_back({.id = id, .kind = NodeKind::kModel, .name = Cat("name of ", id)});
    if (last != nullptr) {
      fragment.edges.push_back({.from = last,
                                .to = id,
                                .relation = Relation::kDerivedFrom,
                                .proven = proven,
                                .by = proven ? "signer" : "",
                                .evidence = "sha256:x"});
    }
    last = id;
  }
  return fragment;
}

TEST(Graph, SaysWhyOverProvenEdgesIfItCan) {
  Graph graph;
  ASSERT_FALSE(graph.Add(Chain({"a", "b", "c", "d"}, true)));
  ASSERT_FALSE(graph.Add(Chain({"a", "d", "e"})));
  ASSERT_FALSE(graph.Add(Chain({"a", "d", "e"})));  // is there already
  EXPECT_EQ(graph.edges().size(), 5u);
  EXPECT_EQ(graph.Why("a", "d").size(), 3u);  // longer, but proven
  EXPECT_EQ(graph.Why("a", "e").size(), 2u);  // claimed: the shortest
  EXPECT_THAT(graph.Why("e", "a"), IsEmpty());
  EXPECT_EQ(graph.Find("name of b")->id, "b");
  EXPECT_EQ(graph.Find("nobody"), nullptr);

  const auto back = Graph::FromJson(graph.ToJson());
  ASSERT_TRUE(back.ok()) << back.refusal().message;
  EXPECT_EQ(back->edges(), graph.edges());
  EXPECT_EQ(back->ToJson(), graph.ToJson());
}

TEST(Graph, HasNoCircleAndStaysAsItWas) {
  Graph graph;
  ASSERT_FALSE(graph.Add(Chain({"a", "b", "c"})));
  const std::string before = graph.ToJson();
  for (const Fragment& bad : {Chain({"c", "a"}), Chain({"x", "c", "b"}), Chain({"y", "y"}),
                              Chain({""}), Chain({"line\nfeed"})}) {
    EXPECT_TRUE(graph.Add(bad).has_value());
    EXPECT_EQ(graph.ToJson(), before);
  }
  Fragment dangling;
  dangling.edges.push_back({.from = "a", .to = "nowhere"});
  EXPECT_TRUE(graph.Add(dangling).has_value());
  EXPECT_EQ(CheckOf(Graph::FromJson("{}")), "form");
  EXPECT_EQ(CheckOf(Graph::FromJson(
                R"({"format":"ztp-lineage/1","nodes":[{"id":"a"},{"id":"b"}],"edges":[)"
                R"({"from":"a","to":"b","relation":"derived from","status":"believed"}]})")),
            "form");
}

TEST(Graph, IsDrawnWithItsTextsEscaped) {
  Graph graph;
  ASSERT_FALSE(graph.Add(Chain({"a", "b"}, true)));
  ASSERT_FALSE(graph.Add(Chain({"b", "<script>\"&"})));
  ASSERT_FALSE(graph.Add(Chain({"other"})));
  const std::string svg = ToSvg(graph);
  EXPECT_THAT(svg, HasSubstr("class=\"proven\""));
  EXPECT_THAT(svg, HasSubstr("class=\"claimed\""));
  EXPECT_THAT(svg, HasSubstr("&lt;script&gt;&quot;&amp;"));
  EXPECT_THAT(svg, Not(HasSubstr("<script>")));
  const std::string dot = ToDot(graph, "b");
  EXPECT_THAT(dot, HasSubstr("\"b\" -> \"<script>\\\"&\""));
  EXPECT_THAT(dot, Not(HasSubstr("\"a\"")));
  EXPECT_THAT(dot, Not(HasSubstr("\"other\"")));
}

// CycloneDX's and SPDX's own examples, where they are: see evidence/spiffe_fixtures_test.cc.
TEST(LineageFixtures, AreRead) {
  const char* configured = std::getenv("ZTP_FIXTURES");
  const fs::path folder = configured != nullptr ? configured : "../shared/fixtures";
  if (!fs::is_directory(folder)) {
    const char* required = std::getenv("ZTP_REQUIRE_FIXTURES");
    if (required != nullptr && std::string_view(required) == "1") FAIL() << "no folder " << folder;
    GTEST_SKIP() << "no folder " << folder << ": set ZTP_FIXTURES";
  }
  const auto read = [&](const char* name) {
    std::ifstream in(folder / name, std::ios::binary);
    EXPECT_TRUE(in.good()) << name;
    return std::string{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  };
  EXPECT_THAT(Lines(ReadBom(read("cyclonedx/valid-machine-learning-1.6.json"))),
              ElementsAre("CompVis/stable-diffusion@1.4 -> https://example.com/path/to/dataset "
                          "trained on claimed"));
  const auto spdx = ReadBom(read("spdx/ai-example02.spdx3.json"));
  ASSERT_TRUE(spdx.ok()) << spdx.refusal().message;
  EXPECT_EQ(spdx->edges.size(), 2u);
  for (const Edge& edge : spdx->edges) EXPECT_EQ(edge.relation, Relation::kTrainedOn);
}

}  // namespace
}  // namespace ztp::lineage
