// Labels from what documents say, by tables of this test's own; and the documents that the formats'
// own projects give as examples (CycloneDX, mlcommons/croissant, OpenLineage: Apache-2.0;
// spdx-examples: CC0).
#include "engine/evidence/data_label.h"

#include <gtest/gtest.h>

#include "engine/base/str.h"
#include "engine/evidence/attestation_testing.h"

namespace ztp::evidence {
namespace {

std::string TableText(std::string_view rules, std::string_view unstated = "{}") {
  return Cat(R"({"levels":["public","internal","confidential","restricted"],)",
             R"("tags":["pii","phi","synthetic"],"regions":["eu","us"],"unstated":)", unstated,
             R"(,"rules":[)", rules, "]}");
}

LabelTable Table(std::string_view rules, std::string_view unstated = "{}") {
  auto table = LabelTable::Parse(TableText(rules, unstated));
  if (table.ok()) return *std::move(table);
  ADD_FAILURE() << table.refusal().message;
  return *LabelTable::Parse(TableText(""));
}

const std::vector<std::string> kAllTags = {"pii", "phi", "synthetic"};

// "confidential [pii] [eu]"
std::string Shown(const DataLabel& label) {
  return Cat(label.level, " [", Join(label.tags, " "), "] [", Join(label.regions, " "), "]");
}

constexpr std::string_view kRules =
    R"({"from":"cyclonedx.classification","says":"public","level":"public"},
       {"from":"cyclonedx.classification","says":"PII","level":"confidential","tags":["pii"]},
       {"from":"cyclonedx.sensitiveData","says":"health","tags":["phi"]},
       {"from":"openlineage.tag","key":"region","says":"eu","regions":["eu"]},
       {"from":"openlineage.tag","key":"region","says":"world","regions":["us","eu"]},
       {"from":"openlineage.tag","key":"region","regions":[]},
       {"from":"openlineage.tag","key":"owner","ignore":true},
       {"from":"croissant.license","says":"cc-by-4.0","level":"public"},
       {"from":"croissant.license","level":"internal"})";
constexpr std::string_view kUnstated = R"({"tags":[],"regions":["eu","us"],"level":"internal"})";

TEST(DataLabel, TheJoinOfAllThatIsSaid) {
  struct Case {
    std::vector<DataStatement> says;
    const char* label;
    size_t unknown;
  };
  const LabelTable table = Table(kRules, kUnstated);
  const std::string c = "cyclonedx.classification";
  const std::string s = "cyclonedx.sensitiveData";
  const std::string t = "openlineage.tag";
  for (const Case& one : {
           Case{{}, "internal [] [eu us]", 0},
           Case{{{c, "", "public"}}, "public [] [eu us]", 0},
           Case{{{c, "", "Public"}}, "public [] [eu us]", 0},
           Case{{{c, "", "pii"}, {s, "", "health"}}, "confidential [pii phi] [eu us]", 0},
           Case{{{c, "", "pii"}, {c, "", "public"}}, "confidential [pii] [eu us]", 0},
           Case{{{t, "region", "eu"}}, "internal [] [eu]", 0},
           Case{{{t, "region", "world"}, {t, "region", "eu"}}, "internal [] [eu]", 0},
           Case{{{t, "region", "mars"}}, "internal [] []", 0},
           Case{{{t, "owner", "anybody"}}, "internal [] [eu us]", 0},
           Case{{{"croissant.license", "", "CC-BY-4.0"}}, "public [] [eu us]", 0},
           Case{{{"croissant.license", "", "other"}}, "internal [] [eu us]", 0},
           // Nobody has said what these mean.
           Case{{{c, "", "secret"}}, "restricted [pii phi synthetic] []", 1},
           Case{{{t, "level", "public"}}, "restricted [pii phi synthetic] []", 1},
           Case{{{c, "", ""}}, "restricted [pii phi synthetic] []", 1},
           Case{{{s, "", "public"}, {c, "", "public"}}, "restricted [pii phi synthetic] []", 1},
           Case{{{"somewhere", "", "public"}}, "restricted [pii phi synthetic] []", 1},
       }) {
    const DataLabel label = table.LabelOf(one.says);
    EXPECT_EQ(Shown(label), one.label);
    EXPECT_EQ(label.unknown.size(), one.unknown);
  }
  // What a table does not assume is the top, part by part.
  EXPECT_EQ(Shown(Table(kRules).LabelOf({})), "restricted [pii phi synthetic] []");
  EXPECT_EQ(Shown(Table(kRules).LabelOf({{c, "", "public"}})), "public [pii phi synthetic] []");
  EXPECT_EQ(Shown(Table(kRules, R"({"tags":["pii"]})").LabelOf({{c, "", "public"}})),
            "public [pii] []");
}

TEST(DataLabel, RulesOfMoreWordsStandFirst) {
  const LabelTable table = Table(
      R"({"from":"openlineage.tag","level":"restricted"},
         {"from":"openlineage.tag","key":"a","level":"confidential"},
         {"from":"openlineage.tag","says":"x","level":"internal"},
         {"from":"openlineage.tag","key":"a","says":"x","level":"public"})");
  const auto level = [&](const char* key, const char* says) {
    return table.LabelOf({{"openlineage.tag", key, says}}).level;
  };
  EXPECT_EQ(level("a", "x"), "public");
  EXPECT_EQ(level("b", "x"), "internal");
  EXPECT_EQ(level("a", "y"), "confidential");
  EXPECT_EQ(level("b", "y"), "restricted");
}

TEST(DataLabel, TablesThatAreNone) {
  EXPECT_TRUE(LabelTable::Parse(TableText(kRules)).ok());
  std::string many = R"("l0")";
  for (int i = 1; i < 65; ++i) Append(many, ",\"l", i, '"');
  for (const std::string& text : {
           std::string(),
           std::string("[]"),
           std::string("{}"),
           std::string(R"({"levels":[],"tags":[],"regions":[],"rules":[]})"),
           std::string(R"({"levels":["a","a"],"tags":[],"regions":[],"rules":[]})"),
           std::string(R"({"levels":["a"],"levels":["b"],"tags":[],"regions":[],"rules":[]})"),
           Cat(R"({"levels":[)", many, R"(],"tags":[],"regions":[],"rules":[]})"),
           std::string(R"({"levels":["a"],"tags":[],"regions":[],"rules":[],"more":1})"),
           TableText(R"({"from":"somewhere","level":"public"})"),
           TableText(R"({"level":"public"})"),
           TableText(R"({"from":"openlineage.tag"})"),
           TableText(R"({"from":"openlineage.tag","level":"secret"})"),
           TableText(R"({"from":"openlineage.tag","tags":["secret"]})"),
           TableText(R"({"from":"openlineage.tag","tags":"pii"})"),
           TableText(R"({"from":"openlineage.tag","level":"public","ignore":true})"),
           TableText(R"({"from":"openlineage.tag","ignore":false})"),
           TableText(R"({"from":"openlineage.tag","says":1,"level":"public"})"),
           TableText(R"({"from":"openlineage.tag","said":"x","level":"public"})"),
           TableText("", R"({"level":"secret"})"),
           TableText("", R"({"sensitivity":"public"})"),
       }) {
    EXPECT_EQ(CheckOfResult(LabelTable::Parse(text)), "form") << text;
  }
  EXPECT_EQ(CheckOfResult(LabelTable::Parse(std::string(kMaxLabelTableBytes + 1, ' '))), "size");
}

TEST(DataStatements, DocumentsOfEachFormat) {
  struct Case {
    const char* document;
    DataFormat format;
    std::vector<std::string> says;  // "id: from key=says"
  };
  const Case cases[] = {
      {R"({"bomFormat":"CycloneDX","components":[{"bom-ref":"c","data":[
            {"type":"dataset","bom-ref":"d1","name":"n","classification":"public",
             "sensitiveData":["a","b"],
             "governance":{"owners":[{"organization":{"name":"Acme"}}]}},
            {"type":"dataset"}],
          "modelCard":{"modelParameters":{"datasets":[{"ref":"d1"},{"type":"dataset",
             "classification":"secret"}]}}}],
          "services":[{"name":"s","data":[{"flow":"inbound","classification":"PII"}]}]})",
       DataFormat::kCycloneDx,
       {"d1: cyclonedx.classification =public", "d1: cyclonedx.sensitiveData =a",
        "d1: cyclonedx.sensitiveData =b", "c: nothing", ": cyclonedx.classification =secret",
        "s: cyclonedx.classification =PII"}},
      {R"({"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[
            {"type":"dataset_DatasetPackage","spdxId":"urn:d","name":"d",
             "dataset_confidentialityLevel":"red",
             "dataset_hasSensitivePersonalInformation":"yes"},
            {"type":"ai_AIPackage","spdxId":"urn:m","ai_useSensitivePersonalInformation":"no"},
            {"type":"Person","spdxId":"urn:p"}]})",
       DataFormat::kSpdx,
       {"urn:d: spdx.confidentialityLevel =red", "urn:d: spdx.hasSensitivePersonalInformation =yes",
        "urn:m: spdx.useSensitivePersonalInformation =no"}},
      {R"({"conformsTo":"http://mlcommons.org/croissant/1.0","name":"d","license":["a","b"],
           "rai:personalSensitiveInformation":["Gender"]})",
       DataFormat::kCroissant,
       {"d: croissant.license =a", "d: croissant.license =b",
        "d: croissant.personalSensitiveInformation =Gender"}},
      {R"({"schemaURL":"https://openlineage.io/spec/2-0-2/OpenLineage.json",
           "inputs":[{"namespace":"s3://b","name":"t","facets":{"tags":{"tags":[
              {"key":"region","value":"eu","field":"email"}]}}}],
           "outputs":[{"namespace":"s3://b","name":"u"}]})",
       DataFormat::kOpenLineage,
       {"s3://b/t: openlineage.tag region=eu", "s3://b/u: nothing"}},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.document);
    EXPECT_EQ(DataFormatOf(one.document), one.format);
    const auto objects = ReadDataObjects(one.document, one.format);
    ASSERT_TRUE(objects.ok()) << objects.refusal().message;
    std::vector<std::string> says;
    for (const DataObject& object : *objects) {
      for (const DataStatement& s : object.statements) {
        says.push_back(Cat(object.id, ": ", s.from, " ", s.key, "=", s.says));
      }
      if (object.statements.empty()) says.push_back(object.id + ": nothing");
    }
    EXPECT_EQ(says, one.says);
    for (const Case& other : cases) {
      if (other.format != one.format) {
        EXPECT_EQ(CheckOfResult(ReadDataObjects(one.document, other.format)), "form");
      }
    }
  }
  const auto bom = ReadDataObjects(cases[0].document, DataFormat::kCycloneDx);
  EXPECT_EQ(bom->front().owners, std::vector<std::string>{"Acme"});
}

TEST(DataStatements, WhatIsNoStatementIsRefused) {
  const auto check = [](std::string_view document, DataFormat format) {
    return CheckOfResult(ReadDataObjects(document, format));
  };
  EXPECT_EQ(check(R"({"bomFormat":"CycloneDX","components":[{"data":[{"classification":1}]}]})",
                  DataFormat::kCycloneDx),
            "claim");
  EXPECT_EQ(check(R"({"bomFormat":"CycloneDX","components":[{"data":[{"sensitiveData":[1]}]}]})",
                  DataFormat::kCycloneDx),
            "claim");
  EXPECT_EQ(check(R"({"tags":{"_schemaURL":"https://openlineage.io/spec/x","tags":[{"key":"a"}]}})",
                  DataFormat::kOpenLineage),
            "claim");
  EXPECT_EQ(
      check(R"({"tags":{"_schemaURL":"https://openlineage.io/spec/x"}})", DataFormat::kOpenLineage),
      "claim");
  EXPECT_EQ(check(R"({"@context":"https://spdx.org/rdf/3.0.1/x"})", DataFormat::kSpdx), "form");
  EXPECT_EQ(check(R"({"bomFormat":"CycloneDX","bomFormat":"CycloneDX"})", DataFormat::kCycloneDx),
            "form");
  EXPECT_EQ(check("[]", DataFormat::kCroissant), "form");
  EXPECT_EQ(check("", DataFormat::kCroissant), "form");
  EXPECT_EQ(DataFormatOf(R"({"a":1})"), std::nullopt);
  std::string many = R"({"bomFormat":"CycloneDX","components":[{"data":[{})";
  for (size_t i = 0; i < kMaxDataObjects; ++i) many += ",{}";
  EXPECT_EQ(check(many + "]}]}", DataFormat::kCycloneDx), "size");
}

class DataFixtures : public OtherPeoplesFiles {
 protected:
  void SetUp() override { FindFixtures(""); }
  std::string LabelsOf(const std::string& name, const LabelTable& table) {
    const std::string document = Read(name);
    const auto format = DataFormatOf(document);
    if (!format) return "of no format";
    const auto objects = ReadDataObjects(document, *format);
    if (!objects.ok()) return objects.refusal().message;
    std::string labels;
    for (const DataObject& object : *objects) {
      Append(labels, labels.empty() ? "" : "; ", Shown(table.LabelOf(object.statements)));
    }
    return labels;
  }
};

TEST_F(DataFixtures, WhatTheirDocumentsComeTo) {
  const LabelTable table = Table(kRules, kUnstated);
  EXPECT_EQ(LabelsOf("cyclonedx/valid-machine-learning-1.6.json", table), "public [] [eu us]");
  EXPECT_EQ(LabelsOf("croissant/dices-350.json", table), "internal [] [eu us]");
  EXPECT_EQ(LabelsOf("openlineage/TagsDatasetFacet-1.json", table),
            "restricted [pii phi synthetic] []");  // tags that nobody has mapped
  EXPECT_EQ(LabelsOf("openlineage/LineageFacet-mixed-sources.json", table), "of no format");
  const std::string spdx = LabelsOf("spdx/ai-example02.spdx3.json", table);
  EXPECT_NE(spdx.find("internal [] [eu us]"), spdx.npos) << spdx;
}

}  // namespace
}  // namespace ztp::evidence
