// Documents of each format, small enough to read, and what they say: which artefacts there are and
// what came from what.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/base/str.h"
#include "engine/lineage/read_inventory.h"
#include "engine/lineage/signed_inventory.h"

namespace ztp::lineage {
namespace {

using evidence::Check;

// "model m (Apache-2.0) <- dataset d: trained_on" and so on: an artefact a line, then a link a
// line.
std::vector<std::string> LinesOf(const Inventory& inventory) {
  std::vector<std::string> lines = {inventory.format};
  for (const Artifact& a : inventory.artifacts) {
    std::string line = Cat(NameOf(a.kind), " ", a.name);
    if (!a.version.empty()) Append(line, " ", a.version);
    if (!a.license.empty()) Append(line, " (", a.license, ")");
    for (const ContentDigest& d : a.digests)
      Append(line, " ", d.algorithm, ":", d.hex.substr(0, 4));
    lines.push_back(std::move(line));
  }
  for (const Link& link : inventory.links) {
    lines.push_back(Cat(inventory.artifacts[link.product].name, " ", NameOf(link.relation), " ",
                        inventory.artifacts[link.source].name));
  }
  return lines;
}

struct Case {
  const char* what;
  std::string document;
  std::vector<std::string> says;
};

std::string Hex(char c) { return std::string(64, c); }

std::string Safetensors(const std::string& header) {
  std::string out;
  for (int i = 0; i < 8; ++i) out += static_cast<char>(header.size() >> (8 * i) & 0xff);
  return Cat(out, header, header == "{}" ? "" : "data");
}

std::vector<Case> Cases() {
  return {
      {"CycloneDX: a model, its data in place and by reference, and the model that it was tuned "
       "from",
       Cat(R"({"bomFormat":"CycloneDX","specVersion":"1.6","components":[
{"bom-ref":"m","type":"machine-learning-model","group":"acme","name":"face","version":"2",
 "licenses":[{"license":{"id":"Apache-2.0"}},{"expression":"MIT"}],
 "hashes":[{"alg":"SHA-256","content":")",
           Hex('A'), R"("},{"alg":"CRC32","content":"00"}],
 "modelCard":{"modelParameters":{"datasets":[{"type":"dataset","name":"faces"},{"ref":"d"},
   {"ref":"urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#eyes"}]}},
 "pedigree":{"ancestors":[{"type":"machine-learning-model","name":"resnet","version":"50",
   "pedigree":{"ancestors":[{"type":"machine-learning-model","name":"alexnet"}]}}]}},
{"type":"library","name":"openssl"},
{"bom-ref":"d","type":"data","name":"noses"}]})"),
       {"CycloneDX 1.6", "dataset noses", "model acme/face 2 (Apache-2.0 AND MIT) sha256:aaaa",
        "dataset faces", "dataset urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#eyes",
        "model resnet 50", "model alexnet", "acme/face trained_on noses",
        "acme/face trained_on faces",
        "acme/face trained_on urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#eyes",
        "acme/face derived_from resnet", "resnet derived_from alexnet"}},
      {"SPDX: what was concluded of a licence counts more than what was declared; a script is no "
       "artefact",
       R"({"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[
{"type":"Relationship","from":"m","relationshipType":"trainedOn","to":["d","f"]},
{"type":"Relationship","from":"m","relationshipType":"testedOn","to":["t"]},
{"type":"Relationship","from":"m","relationshipType":"descendantOf","to":["base"]},
{"type":"Relationship","from":"s","relationshipType":"generates","to":["m"]},
{"type":"Relationship","from":"m","relationshipType":"hasConcludedLicense","to":["l2"]},
{"type":"Relationship","from":"m","relationshipType":"hasDeclaredLicense","to":["l1"]},
{"type":"simplelicensing_LicenseExpression","spdxId":"l1","simplelicensing_licenseExpression":"MIT"},
{"type":"simplelicensing_LicenseExpression","spdxId":"l2","simplelicensing_licenseExpression":"CC0-1.0"},
{"type":"ai_AIPackage","spdxId":"m","name":"sentiment","software_packageVersion":"1.1"},
{"type":"ai_AIPackage","spdxId":"base","name":"bert"},
{"type":"dataset_DatasetPackage","spdxId":"d","name":"reviews"},
{"type":"software_File","spdxId":"f","name":"train.txt"},
{"type":"software_File","spdxId":"s","name":"train.py","software_primaryPurpose":"executable"},
{"type":"software_File","spdxId":"t","name":"test.txt","software_primaryPurpose":"data"}]})",
       {"SPDX 3.0", "model sentiment 1.1 (CC0-1.0)", "model bert", "dataset reviews",
        "dataset test.txt", "other train.txt", "sentiment derived_from bert",
        "sentiment trained_on reviews", "sentiment tested_on test.txt",
        "sentiment trained_on train.txt"}},
      {"Croissant: a data set, its file, and what it is based on",
       Cat(R"({"@context":{"sc":"https://schema.org/"},"@type":"sc:Dataset","name":"dices",
"url":"https://example.org/dices","version":"1.0","license":["cc-by-4.0",{"@id":"mit"}],
"isBasedOn":{"@id":"https://example.org/chats"},
"distribution":[{"@type":"cr:FileObject","@id":"csv","name":"dices.csv","sha256":")",
           Hex('1'), R"("},{"@type":"cr:FileSet","@id":"images"}]})"),
       {"Croissant", "dataset dices 1.0 (cc-by-4.0 AND mit)", "dataset https://example.org/chats",
        "other dices.csv sha256:1111", "dices made_from https://example.org/chats",
        "dices made_from dices.csv"}},
      {"OpenLineage: every output comes from every input, and a column from what its facet says",
       R"({"eventType":"FAIL","schemaURL":"https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
"run":{"runId":"1"},"job":{"namespace":"j","name":"etl"},
"inputs":[{"namespace":"db","name":"a"},{"namespace":"db","name":"b"}],
"outputs":[{"namespace":"db","name":"c","facets":{"version":{"datasetVersion":"7"},
  "lineage":{"entries":[{"namespace":"db","name":"c","type":"DATASET","fields":{"x":{"inputs":[
    {"namespace":"db","name":"hidden","type":"DATASET","field":"y"}]}}}]}}},
  {"namespace":"db","name":"a"}]})",
       {"OpenLineage", "dataset db/a", "dataset db/b", "dataset db/c 7", "dataset db/hidden",
        "db/a made_from db/b", "db/c made_from db/a", "db/c made_from db/b",
        "db/c made_from db/hidden"}},
      {"a model's card; what is nested deeper is not looked at",
       "---\nlicense: apache-2.0\nbase_model:\n- google/vit\n- acme/eyes\ndatasets: [faces, "
       "noses]\n"
       "model-index:\n- name: x\n  results:\n  - metrics: [{type: accuracy, base_model: "
       "evil}]\n---\n"
       "# Prose\nbase_model: not this\n---\n",
       {"Hugging Face card", "model face-v2 (apache-2.0)", "model google/vit", "model acme/eyes",
        "dataset faces", "dataset noses", "face-v2 derived_from google/vit",
        "face-v2 derived_from acme/eyes", "face-v2 trained_on faces", "face-v2 trained_on noses"}},
      {"a data set's card",
       "---\nsource_datasets:\n- original\n- extended|squad\nsize_categories: [1K<n<10K]\n---\n",
       {"Hugging Face card", "dataset face-v2", "dataset squad", "face-v2 made_from squad"}},
      {"weights that say what they were merged from",
       Safetensors(R"({"__metadata__":{"modelspec.title":"Face 2","modelspec.license":"MIT",
"modelspec.merged_from":"eyes, noses,"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})"),
       {"safetensors", "model Face 2 (MIT)", "model eyes", "model noses",
        "Face 2 derived_from eyes", "Face 2 derived_from noses"}},
      {"weights that say nothing", Safetensors("{}"), {"safetensors", "model face-v2"}},
  };
}

TEST(ReadInventory, SaysWhatTheDocumentSays) {
  for (const Case& c : Cases()) {
    const auto inventory = ReadInventory(c.document, "face-v2");
    ASSERT_TRUE(inventory.ok()) << c.what << ": " << inventory.refusal().message;
    EXPECT_EQ(LinesOf(*inventory), c.says) << c.what;
  }
}

TEST(ReadInventory, EveryPieceOfADocumentIsReadOrRefused) {
  for (const Case& c : Cases()) {
    for (size_t size = 0; size < c.document.size(); ++size) {
      const auto inventory = ReadInventory(std::string_view(c.document).substr(0, size), "x");
      if (inventory.ok()) continue;
      EXPECT_FALSE(inventory.refusal().message.empty());
    }
  }
}

TEST(ReadInventory, WhatItRefuses) {
  std::string deep = "---\na: ";
  for (int i = 0; i < 200; ++i) deep += "[";
  const struct {
    const char* what;
    std::string document;
    Check check;
    const char* says;
  } cases[] = {
      {"nothing", "", Check::kMalformed, ""},
      {"another format", R"({"a":1})", Check::kMalformed, "no document that is known"},
      {"an array", "[]", Check::kMalformed, "no JSON object"},
      {"a key twice", R"({"bomFormat":"CycloneDX","bomFormat":"CycloneDX"})", Check::kMalformed,
       "bomFormat"},
      {"a version that is not known", R"({"bomFormat":"CycloneDX","specVersion":"2.0"})",
       Check::kMalformed, "2.0"},
      {"data that the document does not have",
       R"({"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"bom-ref":"m","type":"machine-learning-model",
"name":"m","modelCard":{"modelParameters":{"datasets":[{"ref":"d"}]}}}]})",
       Check::kMalformed, "does not say what \"d\" is"},
      {"what came from itself",
       R"({"@context":"https://spdx.org/rdf/3.0.1/x","@graph":[{"type":"ai_AIPackage","spdxId":"m"},
{"type":"Relationship","relationshipType":"trainedOn","from":"m","to":["m"]}]})",
       Check::kMalformed, "came from itself"},
      {"a name that is too long",
       Cat(R"({"@type":"sc:Dataset","name":"x","version":")", std::string(3000, 'v'), "\"}"),
       Check::kTooLarge, "2048 bytes"},
      {"a card without an end", "---\na: b\n", Check::kMalformed, "not ended"},
      {"a card that says a thing twice", "---\nlicense: a\nlicense: b\n---\n", Check::kMalformed,
       "\"license\" twice"},
      {"an alias", "---\na: &x [1]\nb: *x\n---\n", Check::kMalformed, "alias"},
      {"a deep card", Cat(deep, "\n---\n"), Check::kTooLarge, "within each other"},
      {"a card that is a list", "---\n- a\n---\n", Check::kMalformed, "no mapping"},
      {"weights whose header is longer than they", Safetensors("{}").substr(0, 9),
       Check::kMalformed, "in a file of"},
      {"weights with bytes that are no tensor's", Cat(Safetensors("{}"), "x"), Check::kMalformed,
       "end where the file does"},
      {"tensors with a hole between them",
       Safetensors(R"({"a":{"data_offsets":[0,1]},"b":{"data_offsets":[2,4]}})"), Check::kMalformed,
       "hole"},
      {"weights with a header of gigabytes", std::string("\0\0\0\0\1\0\0\0{", 9), Check::kTooLarge,
       "a safetensors header of"},
  };
  for (const auto& c : cases) {
    const auto inventory = ReadInventory(c.document, "face-v2");
    ASSERT_FALSE(inventory.ok()) << c.what;
    EXPECT_EQ(inventory.refusal().check, c.check) << c.what << ": " << inventory.refusal().message;
    EXPECT_NE(inventory.refusal().message.find(c.says), std::string::npos)
        << c.what << ": " << inventory.refusal().message;
  }
}

TEST(ReadSignedInventory, IsAboutItsSubject) {
  auto statement = [](const std::string& type, const std::string& digest, const std::string& bom) {
    return Cat(
        R"({"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"m","digest":{"sha256":")",
        digest, R"("}}],"predicateType":")", type, R"(","predicate":)", bom, "}");
  };
  const std::string bom = Cat(
      R"({"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"machine-learning-model","name":"m",
"pedigree":{"ancestors":[{"type":"machine-learning-model","name":"base"}]}}]})");
  const auto read = ReadSignedInventory(statement("https://cyclonedx.org/bom/v1.6", Hex('a'), bom));
  ASSERT_TRUE(read.ok()) << read.refusal().message;
  EXPECT_EQ(LinesOf(*read), (std::vector<std::string>{"CycloneDX 1.6", "model m sha256:aaaa",
                                                      "model base", "m derived_from base"}));
  const std::string other = Cat(
      R"({"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"machine-learning-model","name":"m",
"hashes":[{"alg":"SHA-256","content":")",
      Hex('b'), R"("}]}]})");
  const auto wrong = ReadSignedInventory(statement("https://cyclonedx.org/bom", Hex('a'), other));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.refusal().check, Check::kContent);
  EXPECT_FALSE(ReadSignedInventory(statement("https://example.com/x", Hex('a'), bom)).ok());
}

}  // namespace
}  // namespace ztp::lineage
