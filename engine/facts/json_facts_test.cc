// Facts files: entities by their declarations, and every way in which one can be wrong.
#include "engine/facts/json_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/str.h"
#include "engine/facts/dangling.h"
#include "engine/facts/ingest.h"
#include "engine/facts/json_test_schema.h"
#include "engine/facts/json_write_entity.h"

namespace ztp {
namespace {

const char kLabel[] = R"({"level":"public","tags":[],"regions":["eu"]})";

class JsonFacts : public testing::Test {
 protected:
  FactsResult Load(std::string_view text, bool assume_proven = false) {
    FactsOptions options;
    options.assume_proven = assume_proven;
    return LoadFacts(text, s_.schema, options);
  }

  // `ZTP3012 $[0].attrs.x 1:20`, one a mistake; empty: none.
  std::string Errors(std::string_view text, bool assume_proven = false) {
    FactsResult result = Load(text, assume_proven);
    std::string out;
    for (const JsonError& e : result.errors) {
      Append(out, out.empty() ? "" : " | ", JsonErrorCodeName(e.code), " ", e.path);
    }
    EXPECT_TRUE(result.ok() || result.entities.empty());
    return out;
  }

  JsonTestSchema s_;
};

TEST_F(JsonFacts, ArrayLinesOrOne) {
  const std::string a = R"({"uid":{"type":"Team","id":"a"}})";
  const std::string b = R"({"uid":"Team::\"b\"","parents":[{"type":"Team","id":"a"}]})";
  for (const std::string& text :
       {"[" + a + ",\n " + b + "]", a + "\n" + b + "\n", a + "\r\n\r\n" + b}) {
    FactsResult result = Load(text);
    ASSERT_TRUE(result.ok()) << FormatJsonError(result.errors[0]);
    ASSERT_EQ(result.entities.size(), 2u);
    EXPECT_EQ(result.entities[1].uid, (EntityUid{s_.team, "b"}));
    EXPECT_EQ(result.entities[1].parents, (std::vector<EntityUid>{{s_.team, "a"}}));
  }
  EXPECT_EQ(Load(a).entities.size(), 1u);
  EXPECT_EQ(Load("").entities.size(), 0u);
  EXPECT_TRUE(Load("[]").ok());
}

// What is written of an entity is read as that entity: times of evidence, wrapped and beside
// fields, and every kind of edge.
TEST_F(JsonFacts, AreWrittenAsTheyAreRead) {
  const FactsResult read = Load(R"([
    {"uid":{"type":"Dataset","id":"a \"d\""},
     "attrs":{"label":)" + std::string(kLabel) +
                                    R"(,"owners":[{"type":"Team","id":"a"}],
              "until":"2030-01-01T00:00:00.5Z","hold":true,
              "attested":{"a":1,"b":"é\n","issued_at":"2029-01-01T00:00:00Z"}}},
    {"uid":{"type":"Workload","id":"w"},
     "attrs":{"spiffe":"spiffe://acme/w","tenant":{"type":"Tenant","id":"t"},"nets":["10.1.2.3"]},
     "parents":[{"type":"Team","id":"a"}]},
    {"uid":{"type":"Model","id":"m"},"derives":[{"type":"Dataset","id":"d"}],
     "attrs":{"digest":{"value":"sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
                        "issued_at":"2029-01-01T00:00:00Z","expires_at":"2031-01-01T00:00:00Z"}}},
    {"uid":{"type":"Bare","id":""}}
  ])",
                                true);
  ASSERT_TRUE(read.ok()) << FormatJsonError(read.errors[0]);
  std::string text;
  for (const EntityRecord& record : read.entities) {
    JsonSink sink(&text);
    PutJsonEntity(s_.schema, record, sink);
    sink.Put('\n');
  }
  const FactsResult again = Load(text, true);
  ASSERT_TRUE(again.ok()) << FormatJsonError(again.errors[0]) << text;
  EXPECT_EQ(again.entities, read.entities) << text;
}

TEST_F(JsonFacts, AttributesDefaultsAndEdges) {
  FactsResult result = Load(R"([
    {"uid":{"type":"Dataset","id":"d"},
     "attrs":{"label":)" + std::string(kLabel) +
                            R"(,"owners":["Team::\"a\"",{"type":"Team","id":"a"}]}},
    {"uid":{"type":"Workload","id":"w"},
     "attrs":{"spiffe":"spiffe://acme/w","tenant":{"type":"Tenant","id":"t"},"nets":["10.1.2.3"]},
     "parents":[{"type":"Team","id":"a"},{"type":"Team","id":"a"}]},
    {"uid":{"type":"Model","id":"m"},"derives":[{"type":"Dataset","id":"d"}]}
  ])");
  ASSERT_TRUE(result.ok()) << FormatJsonError(result.errors[0]);
  const EntityRecord& d = result.entities[0];
  ASSERT_EQ(d.attributes.size(), 5u);
  EXPECT_EQ(d.attributes[1].value.items().size(), 1u);
  EXPECT_EQ(d.attributes[2], Fact::Missing());
  EXPECT_EQ(d.attributes[3], Fact::Of(Value::Bool(false)));
  EXPECT_EQ(d.attributes[4], Fact::Missing());
  const EntityRecord& w = result.entities[1];
  EXPECT_EQ(w.parents, (std::vector<EntityUid>{{s_.team, "a"}, {s_.tenant, "t"}}));
  const EntityRecord& m = result.entities[2];
  EXPECT_EQ(m.attributes[0], Fact::Missing()) << "inherited, and there is an edge";
  EXPECT_EQ(m.attributes[1], Fact::Unknown()) << "proven, and there is no evidence";
  EXPECT_EQ(m.derives, (std::vector<EntityUid>{{s_.dataset, "d"}}));
}

TEST_F(JsonFacts, Mistakes) {
  struct Case {
    const char* json;
    const char* expected;
  };
  const Case kCases[] = {
      {R"([1])", "ZTP3010 $[0]"},
      {R"([{}])", "ZTP3013 $[0]"},
      {R"([{"id":"x"}])", "ZTP3012 $[0].id | ZTP3013 $[0]"},
      {R"([{"uid":{"type":"Nope","id":"x"}}])", "ZTP3014 $[0].uid.type"},
      {R"([{"uid":{"type":"Agent","id":"x"},"attrs":{"purpose":"p"}}])", "ZTP3020 $[0].uid"},
      {R"([{"uid":{"type":"Team","id":"x"},"attrs":{"y":1}}])", "ZTP3012 $[0].attrs.y"},
      {R"([{"uid":{"type":"Team","id":"x"},"attrs":[]}])", "ZTP3010 $[0].attrs"},
      {R"([{"uid":{"type":"Team","id":"x"},"parent":[]}])", "ZTP3012 $[0].parent"},
      {R"([{"uid":{"type":"Team","id":"x"},"parents":{}}])", "ZTP3010 $[0].parents"},
      {R"([{"uid":{"type":"Team","id":"x"},"parents":["y"]}])", "ZTP3011 $[0].parents[0]"},
      {R"([{"uid":{"type":"Team","id":"x"},"parents":["Team::\"a\"","Tenant::\"a\""]}])",
       "ZTP3022 $[0].parents[1]"},
      {R"([{"uid":{"type":"Team","id":"x"},"derives":["Team::\"a\""]}])",
       "ZTP3023 $[0].derives[0]"},
      {R"([{"uid":{"type":"Workload","id":"w"}}])", "ZTP3013 $[0].attrs"},
      {R"([{"uid":{"type":"Workload","id":"w"},"attrs":{"spiffe":"x","tenant":"Team::\"a\""}}])",
       "ZTP3011 $[0].attrs.spiffe | ZTP3015 $[0].attrs.tenant"},
      {R"([{"uid":{"type":"Model","id":"m"}}])", "ZTP3013 $[0].attrs"},
      {R"([{"uid":{"type":"Model","id":"m"},"derives":["Model::\"b\""],"attrs":{"digest":"x"}}])",
       "ZTP3024 $[0].attrs.digest"},
      {R"([{"uid":"Team::\"a\"","uid":"Team::\"b\""}])", "ZTP3006 $[0].uid"},
      {R"([{"uid":"Team::\"a\""},{"uid":{"type":"Team","id":"a"}}])", "ZTP3021 $[1].uid"},
      {R"([{"uid":"Team::\"a\""},)", "ZTP3005 $[1]"},
      {R"([{"uid":"Team::\"a\""},{"uid":3},{"uid":"Team::\"b\"","x":1}])",
       "ZTP3010 $[1].uid | ZTP3012 $[2].x"},
  };
  for (const Case& c : kCases) EXPECT_EQ(Errors(c.json), c.expected) << c.json;
}

TEST_F(JsonFacts, PlacesAreOfTheFile) {
  FactsResult result = Load(
      "[\n  {\"uid\":\"Team::\\\"a\\\"\"},\n  {\"uid\":\n    {\"type\":\"Team\",\"id\":\"a\"}}]");
  ASSERT_EQ(result.errors.size(), 1u);
  const JsonError& error = result.errors[0];
  EXPECT_EQ(error.line, 4u);
  EXPECT_EQ(error.column, 5u);
  EXPECT_EQ(error.message, "Team::\"a\" is here twice");
  EXPECT_EQ(error.help, "it is first at $[0] (line 2:3)");
  result = Load("{\"uid\":\"Team::\\\"a\\\"\"}\n  {\"uid\":\"Team::\\\"b\\\"\",\"x\":1}\n");
  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_EQ(result.errors[0].line, 2u);
  EXPECT_EQ(result.errors[0].column, 28u);
}

TEST_F(JsonFacts, ProvenOnlyWhenAssumed) {
  const std::string text =
      R"([{"uid":"Dataset::\"d\"","attrs":{"label":)" + std::string(kLabel) +
      R"(,"owners":[],"attested":{"a":1,"expires_at":"2030-01-01T00:00:00Z"}}}])";
  EXPECT_EQ(Errors(text), "ZTP3024 $[0].attrs.attested");
  FactsResult result = Load(text, true);
  ASSERT_TRUE(result.ok()) << FormatJsonError(result.errors[0]);
  const Fact& fact = result.entities[0].attributes[4];
  EXPECT_EQ(fact.state, Fact::State::kPresent);
  EXPECT_FALSE(fact.issued_at.has_value());
  EXPECT_EQ(fact.expires_at, *ParseTime("2030-01-01T00:00:00Z"));
}

// Takes the word "good" for evidence.
class WordProver final : public AttributeProver {
 public:
  EvidenceOutcome Prove(const EvidenceItem& item, uint32_t attribute,
                        EntityRecord* record) override {
    EvidenceOutcome outcome;
    if (item.value != "good") {
      outcome.check = "signature";
      outcome.message = Cat(item.value, " of ", item.kind, " ", item.source);
      return outcome;
    }
    record->attributes[attribute] = Fact::Of(Value::Digest(std::string(64, 'a')));
    record->proofs.push_back({attribute, std::make_shared<const FactProof>()});
    return outcome;
  }
};

TEST_F(JsonFacts, EvidenceProvesAttributes) {
  WordProver prover;
  FactsOptions options;
  options.prover = &prover;
  const auto model = [](std::string_view evidence, std::string_view attributes = "") {
    return Cat(R"({"uid":"Model::\"m\"","derives":["Model::\"b\""],"attrs":{)", attributes,
               R"(},"evidence":)", evidence, "}");
  };
  const auto load = [&](const std::string& text) {
    const FactsResult result = LoadFacts(text, s_.schema, options);
    EXPECT_TRUE(result.ok() || result.entities.empty());
    std::string out;
    for (const JsonError& e : result.errors) {
      Append(out, out.empty() ? "" : " | ", JsonErrorCodeName(e.code), " ", e.path, ": ",
             e.message);
    }
    if (result.ok()) Append(out, "proofs: ", result.entities[0].proofs.size());
    return out;
  };
  const std::string good = R"({"attr":"digest","kind":"k","value":"good"})";
  const std::pair<std::string, std::string> kCases[] = {
      {model("[]"), "proofs: 0"},
      {model(Cat("[", good, "]")), "proofs: 1"},
      {model(R"([{"attr":"digest","source":"s","value":"bad"}])"),
       "ZTP3025 $.evidence[0]: the evidence for attribute `digest` of Model::\"m\" was refused "
       "(signature): bad of  s"},
      {model("{}"), "ZTP3010 $.evidence: expected an array of evidence, found an object"},
      {model("[7]"),
       "ZTP3010 $.evidence[0]: expected evidence, that is {\"attr\": …, \"kind\": …, \"value\": "
       "…}, found a number"},
      {model(R"([{"attr":"digest","kind":"k"}])"), "ZTP3013 $.evidence[0]: `value` is missing"},
      {model(R"([{"attr":"digest","value":"good"}])"), "ZTP3013 $.evidence[0]: `kind` is missing"},
      {model(R"([{"attr":"digest","kind":"k","value":7}])"),
       "ZTP3010 $.evidence[0].value: expected a string, found a number"},
      {model(R"([{"attr":"digest","kind":"k","value":"good","now":1}])"),
       "ZTP3012 $.evidence[0].now: evidence has no member `now`"},
      {model(Cat("[", good, ",", good, "]")),
       "ZTP3006 $.evidence[1]: attribute `digest` has evidence already"},
      {model(R"([{"attr":"digst","kind":"k","value":"good"}])"),
       "ZTP3012 $.evidence[0]: Model has no attribute `digst`"},
      {model(R"([{"attr":"label","kind":"k","value":"good"}])"),
       "ZTP3025 $.evidence[0]: attribute `label` of Model::\"m\" is not proven: it takes no "
       "evidence"},
      {Cat(R"({"uid":"Model::\"m\"","evidence":[)", good, "]}"),
       "ZTP3013 $.attrs: attribute `label` of Model is missing: expected Label"},
  };
  for (const auto& [text, expected] : kCases) EXPECT_EQ(load(text), expected) << text;
  // One of the two, where plain JSON is taken.
  options.assume_proven = true;
  const std::string digest = Cat(R"("digest":"sha256:)", std::string(64, 'a'), R"(")");
  EXPECT_EQ(load(model(Cat("[", good, "]"), digest)),
            "ZTP3006 $.evidence[0]: attribute `digest` of Model::\"m\" has a value and evidence: "
            "give one of them");
  std::string many = good;
  for (size_t i = 0; i < kMaxEvidenceItems; ++i) Append(many, ",", good);
  EXPECT_EQ(load(model(Cat("[", many, "]"))),
            Cat("ZTP3001 $.evidence: at most ", kMaxEvidenceItems, " pieces of evidence are read"));
  options.prover = nullptr;
  EXPECT_EQ(load(model(Cat("[", good, "]"))),
            "ZTP3034 $.evidence: nobody here verifies evidence, and evidence that is not verified "
            "is not taken");
}

TEST_F(JsonFacts, SeveralFilesAreOneSet) {
  FactsReader reader(s_.schema);
  reader.Add("a.json", R"([{"uid":"Team::\"a\""}])");
  reader.Add("b.json", R"([{"uid":"Team::\"b\""}])");
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.entities().size(), 2u);
  reader.Add("c.json",
             "\n"
             R"([{"uid":"Team::\"a\""}])");
  ASSERT_EQ(reader.errors().size(), 1u);
  EXPECT_EQ(FormatJsonError(reader.errors()[0]),
            "c.json:2:9: error[ZTP3021]: Team::\"a\" is here twice\n"
            "  at $[0].uid\n"
            "  help: it is first at $[0] (a.json:1:2)");
}

TEST_F(JsonFacts, StopsAtSoManyErrors) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "{}\n";
  EXPECT_EQ(Load(text).errors.size(), kMaxJsonErrorsShown);
}

TEST_F(JsonFacts, BigFiles) {
  // Beyond the limit: refused before anything is read. Within: memory of one document at a time.
  FactsOptions options;
  options.limits.max_file_bytes = 1 << 20;
  std::string text = "[";
  while (text.size() < (2u << 20)) text += R"({"uid":"Team::\"a\""},)";
  FactsResult result = LoadFacts(text, s_.schema, options);
  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_EQ(result.errors[0].code, JsonErrorCode::kTooBig);
  std::string lines;
  for (int i = 0; i < 50'000; ++i) Append(lines, R"({"uid":"Team::\")", i, "\\\"\"}\n");
  result = LoadFacts(lines, s_.schema);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.entities.size(), 50'000u);
}

TEST_F(JsonFacts, DanglingReferences) {
  FactsResult result = Load(R"([
    {"uid":"Team::\"a\"","parents":["Team::\"top\""]},
    {"uid":"Dataset::\"d\"","attrs":{"label":)" +
                            std::string(kLabel) +
                            R"(,"owners":["Team::\"a\"","Team::\"gone\""]}},
    {"uid":"Workload::\"w\"","attrs":{"spiffe":"spiffe://acme/w","tenant":"Tenant::\"t\""}},
    {"uid":"Model::\"m\"","derives":["Dataset::\"d\"","Dataset::\"x\""]}
  ])");
  ASSERT_TRUE(result.ok()) << FormatJsonError(result.errors[0]);
  auto program = std::make_shared<DecisionProgram>();
  program->schema = s_.schema;
  SnapshotBuilder builder(program);
  for (const EntityRecord& record : result.entities) ASSERT_TRUE(builder.Add(record).ok());
  const auto snapshot = builder.Build();
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  std::string found;
  for (const DanglingReference& r : FindDanglingReferences(**snapshot)) {
    Append(found, FormatUid(s_.schema, r.from), " ", r.where, " ", FormatUid(s_.schema, r.to),
           "\n");
  }
  EXPECT_EQ(found,
            "Team::\"a\" parents Team::\"top\"\n"
            "Dataset::\"d\" owners Team::\"gone\"\n"
            "Workload::\"w\" parents Tenant::\"t\"\n"
            "Model::\"m\" derives Dataset::\"x\"\n");
}

// Straight into a snapshot: the same entities, the same errors.
TEST_F(JsonFacts, StreamsIntoABuilder) {
  auto program = std::make_shared<DecisionProgram>();
  program->schema = s_.schema;
  auto stream = [&](std::vector<std::string> files, SnapshotBuilder& builder) {
    BuilderSink sink(&builder);
    std::vector<std::pair<size_t, size_t>> progress;
    FactsOptions options;
    options.progress = [&](size_t bytes, size_t entities) {
      progress.emplace_back(bytes, entities);
    };
    FactsReader reader(s_.schema, options, &sink);
    for (size_t i = 0; i < files.size(); ++i) {
      reader.Add("f" + std::to_string(i), files[i]);
      EXPECT_EQ(progress.back().first, files[i].size());
    }
    EXPECT_TRUE(reader.entities().empty());
    std::string out;
    for (const JsonError& error : reader.errors()) Append(out, FormatJsonError(error), "\n");
    return out;
  };
  std::string lines;
  for (int i = 0; i < 3000; ++i) {
    Append(lines, "{\"uid\":{\"type\":\"Team\",\"id\":\"t", i, "\"}}\n");
  }
  {
    SnapshotBuilder builder(program);
    EXPECT_EQ(stream({lines, R"([{"uid":"Dataset::\"d\"","attrs":{"label":)" + std::string(kLabel) +
                                 R"(,"owners":["Team::\"t7\""]}}])"},
                     builder),
              "");
    const auto snapshot = builder.Build();
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    EXPECT_EQ((*snapshot)->stored_count(), 3001u);
    EXPECT_EQ((*snapshot)->absent_count(), 0u);
  }
  SnapshotBuilder builder(program);
  const std::string twice =
      stream({lines,
              "{\"uid\":\"Team::\\\"t2\\\"\"}\n{\"uid\":\"Team::\\\"x\\\"\",\"wrong\":1}\n"
              "{\"uid\":\"Team::\\\"x\\\"\"}\n"},
             builder);
  EXPECT_THAT(twice, ::testing::HasSubstr("Team::\"t2\" is here twice"));
  EXPECT_THAT(twice, ::testing::HasSubstr("it is first at $[2] (f0:3:1)"));
  EXPECT_THAT(twice, ::testing::HasSubstr("`wrong`"));
  EXPECT_THAT(twice, ::testing::HasSubstr("it is first at $[1] (f1:2:1)"))
      << "what has errors of its own counts too";
}

}  // namespace
}  // namespace ztp
