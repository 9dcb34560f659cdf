// Every type from JSON: what is taken, what is refused, with which code and at which path; and back
// again.
#include "engine/facts/json_value.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/base/str.h"
#include "engine/facts/json_test_schema.h"
#include "engine/facts/json_write_value.h"

namespace ztp {
namespace {

class JsonValue : public testing::Test {
 protected:
  // The value as an author would write it, or `ZTP3010 $[0]`, one a mistake.
  std::string Read(std::string_view json, TypeId type) {
    std::optional<Value> value = ReadValue(json, type);
    return value ? FormatValue(s_.schema, type, *value) : errors_text_;
  }

  std::optional<Value> ReadValue(std::string_view json, TypeId type) {
    errors_text_.clear();
    errors_.clear();
    JsonError error;
    if (!tree_.Parse(json, JsonPath(), &error)) {
      errors_text_ = error.message;
      return std::nullopt;
    }
    JsonReader reader(s_.schema, tree_, json, &errors_);
    std::optional<Value> value = reader.Read(tree_.root(), type, JsonPath());
    for (const JsonError& e : errors_) {
      Append(errors_text_, errors_text_.empty() ? "" : " | ", JsonErrorCodeName(e.code), " ",
             e.path);
    }
    EXPECT_EQ(value.has_value(), errors_.empty()) << json;
    return value;
  }

  TypeId Scalar(TypeKind kind) { return s_.schema.types.Scalar(kind); }

  JsonTestSchema s_;
  JsonTree tree_;
  std::vector<JsonError> errors_;
  std::string errors_text_;
};

TEST_F(JsonValue, Scalars) {
  struct Case {
    TypeKind kind;
    const char* json;
    const char* expected;
  };
  const Case kCases[] = {
      {TypeKind::kBool, "true", "true"},
      {TypeKind::kBool, "1", "ZTP3010 $"},
      {TypeKind::kBool, "\"true\"", "ZTP3010 $"},
      {TypeKind::kInt, "9223372036854775807", "9223372036854775807"},
      {TypeKind::kInt, "-9223372036854775808", "-9223372036854775808"},
      {TypeKind::kInt, "9223372036854775808", "ZTP3007 $"},
      {TypeKind::kInt, "-9223372036854775809", "ZTP3007 $"},
      {TypeKind::kInt, "123456789012345678901234567890", "ZTP3007 $"},
      {TypeKind::kInt, "-0", "0"},
      {TypeKind::kInt, "1.0", "ZTP3010 $"},
      {TypeKind::kInt, "1e3", "ZTP3010 $"},
      {TypeKind::kInt, "\"1\"", "ZTP3010 $"},
      {TypeKind::kInt, "null", "ZTP3010 $"},
      {TypeKind::kDecimal, "0.1", "0.1"},
      {TypeKind::kDecimal, "0.123456789", "0.123456789"},
      {TypeKind::kDecimal, "0.12345678900", "0.123456789"},
      {TypeKind::kDecimal, "0.1234567891", "ZTP3007 $"},
      {TypeKind::kDecimal, "1.5e-3", "0.0015"},
      {TypeKind::kDecimal, "25E+1", "250"},
      {TypeKind::kDecimal, "9223372036.854775807", "9223372036.854775807"},
      {TypeKind::kDecimal, "9223372036.854775808", "ZTP3007 $"},
      {TypeKind::kDecimal, "1e400", "ZTP3007 $"},
      {TypeKind::kDecimal, "1e-400", "ZTP3007 $"},
      {TypeKind::kDecimal, "1e99999999999999999999", "ZTP3007 $"},
      {TypeKind::kDecimal, "\"0.25\"", "0.25"},
      {TypeKind::kDecimal, "\"a\"", "ZTP3011 $"},
      {TypeKind::kString, "\"a\\nb\"", "\"a\\nb\""},
      {TypeKind::kString, "1", "ZTP3010 $"},
      {TypeKind::kTime, "\"2030-01-01T00:00:00+01:00\"", "\"2029-12-31T23:00:00Z\""},
      {TypeKind::kTime, "\"2030-02-30T00:00:00Z\"", "ZTP3011 $"},
      {TypeKind::kTime, "\"2030-01-01\"", "ZTP3011 $"},
      {TypeKind::kTime, "1893456000", "ZTP3010 $"},
      {TypeKind::kDuration, "\"1h30m\"", "1h30m"},
      {TypeKind::kDuration, "\"10\"", "ZTP3011 $"},
      {TypeKind::kDuration, "600", "ZTP3010 $"},
      {TypeKind::kVersion, "\"550.90.07\"", "\"550.90.7\""},
      {TypeKind::kVersion, "\"v1\"", "ZTP3011 $"},
      {TypeKind::kVersion, "1.2", "ZTP3010 $"},
      {TypeKind::kHexVersion, "\"96.00.5E\"", "\"96.0.5e\""},
      {TypeKind::kHexVersion, "\"xy\"", "ZTP3011 $"},
      {TypeKind::kIp, "\"::ffff:10.1.2.3\"", "\"10.1.2.3\""},
      {TypeKind::kIp, "\"10.1.2\"", "ZTP3011 $"},
      {TypeKind::kCidr, "\"10.0.0.0/8\"", "\"10.0.0.0/8\""},
      {TypeKind::kCidr, "\"10.1.2.3\"", "ZTP3011 $"},
      {TypeKind::kCidr, "\"10.1.2.3/8\"", "ZTP3011 $"},
      {TypeKind::kSpiffeId, "\"spiffe://acme/bot\"", "\"spiffe://acme/bot\""},
      {TypeKind::kSpiffeId, "\"https://acme/bot\"", "ZTP3011 $"},
      {TypeKind::kDigest, "\"sha256:abc\"", "ZTP3011 $"},
      {TypeKind::kGlob, "\"a/*\"", "\"a/*\""},
      {TypeKind::kGlob, "\"a\\\\\"", "ZTP3011 $"},
  };
  for (const Case& c : kCases) EXPECT_EQ(Read(c.json, Scalar(c.kind)), c.expected) << c.json;
  const std::string digest = "sha256:" + std::string(64, 'A');
  EXPECT_EQ(Read("\"" + digest + "\"", Scalar(TypeKind::kDigest)),
            "\"sha256:" + std::string(64, 'a') + "\"");
}

TEST_F(JsonValue, EnumsAndLattices) {
  TypeTable& t = s_.schema.types;
  EXPECT_EQ(Read("\"phi\"", t.Enum(s_.tag)), "phi");
  EXPECT_EQ(Read("\"phj\"", t.Enum(s_.tag)), "ZTP3016 $");
  EXPECT_EQ(errors_[0].help, "did you mean `phi`?");
  EXPECT_EQ(Read("\"restricted\"", t.Lattice(s_.chain)), "restricted");
  EXPECT_EQ(Read("\"secret\"", t.Lattice(s_.chain)), "ZTP3016 $");
  EXPECT_EQ(Read("[\"restricted\"]", t.Lattice(s_.chain)), "ZTP3010 $");
  EXPECT_EQ(Read("[\"phi\",\"phi\"]", t.Lattice(s_.tags)), "{ phi }");
  EXPECT_EQ(Read("[]", t.Lattice(s_.tags)), "{}");
  EXPECT_EQ(Read("[\"x\",1]", t.Lattice(s_.tags)), "ZTP3016 $[0] | ZTP3010 $[1]");
  EXPECT_EQ(Read("[\"eu\",\"ap\"]", t.Lattice(s_.regions)), "{ eu, ap }");
  EXPECT_EQ(
      Read("{\"level\":\"internal\",\"tags\":[\"pii\"],\"regions\":[\"us\"]}", t.Lattice(s_.label)),
      "{ level: internal, tags: { pii }, regions: { us } }");
  EXPECT_EQ(Read("{\"level\":\"internal\",\"tag\":[]}", t.Lattice(s_.label)),
            "ZTP3013 $ | ZTP3013 $ | ZTP3012 $.tag");
  EXPECT_EQ(Read("\"internal\"", t.Lattice(s_.label)), "ZTP3010 $");
}

TEST_F(JsonValue, Collections) {
  TypeTable& t = s_.schema.types;
  const TypeId integer = Scalar(TypeKind::kInt), string = Scalar(TypeKind::kString);
  EXPECT_EQ(Read("[3,1,3,2]", t.Set(integer)), "{ 1, 2, 3 }");
  EXPECT_EQ(Read("[3,1,3]", t.List(integer)), "[3, 1, 3]");
  EXPECT_EQ(Read("[1,\"a\",2,true]", t.List(integer)), "ZTP3010 $[1] | ZTP3010 $[3]");
  EXPECT_EQ(Read("{}", t.Set(integer)), "ZTP3010 $");
  EXPECT_EQ(Read("[\"10.1.2.3\",\"10.0.0.0/8\"]", t.Set(Scalar(TypeKind::kCidr))),
            "{ \"10.0.0.0/8\", \"10.1.2.3/32\" }");
  EXPECT_EQ(Read("[\"10.1.2.3/8\"]", t.Set(Scalar(TypeKind::kCidr))), "ZTP3011 $[0]");
  EXPECT_EQ(Read("{\"b\":2,\"a\":1}", t.Map(string, integer)), "{ \"a\": 1, \"b\": 2 }");
  EXPECT_EQ(Read("{\"b\":\"x\"}", t.Map(string, integer)), "ZTP3010 $.b");
  EXPECT_EQ(Read("{\"10\":\"x\",\"9\":\"y\"}", t.Map(integer, string)), "{ 9: \"y\", 10: \"x\" }");
  EXPECT_EQ(Read("{\"1x\":\"x\"}", t.Map(integer, string)), "ZTP3011 $[\"1x\"]");
  EXPECT_EQ(Read("{\"1.2\":1,\"1.2.0\":2}", t.Map(Scalar(TypeKind::kVersion), integer)),
            "ZTP3006 $[\"1.2.0\"]");
  EXPECT_EQ(Read("{\"Team::\\\"a\\\"\":1}", t.Map(s_.team_type, integer)), "{ Team::\"a\": 1 }");
  EXPECT_EQ(Read("{\"internal\":1}", t.Map(t.Lattice(s_.chain), integer)), "{ internal: 1 }");
}

TEST_F(JsonValue, Records) {
  EXPECT_EQ(Read("{\"a\":1}", s_.record), "{ a: 1, c: true }");
  EXPECT_EQ(Read("{\"c\":false,\"b\":\"x\",\"a\":1}", s_.record), "{ a: 1, b: \"x\", c: false }");
  EXPECT_EQ(Read("{\"b\":\"x\"}", s_.record), "ZTP3013 $");
  EXPECT_EQ(Read("{\"a\":1,\"b\":null}", s_.record), "ZTP3010 $.b");
  EXPECT_EQ(Read("{\"a\":1,\"bb\":\"x\",\"c\":0}", s_.record), "ZTP3010 $.c | ZTP3012 $.bb");
  EXPECT_EQ(Read("[1]", s_.record), "ZTP3010 $");
}

TEST_F(JsonValue, Entities) {
  EXPECT_EQ(Read("{\"type\":\"Team\",\"id\":\"a\\\"b\"}", s_.team_type), "Team::\"a\\\"b\"");
  EXPECT_EQ(Read("\"Team::\\\"x\\\\u{41}\\\\n\\\"\"", s_.team_type), "Team::\"xA\\n\"");
  EXPECT_EQ(Read("{\"type\":\"Workload\",\"id\":\"w\"}", s_.any_type), "Workload::\"w\"");
  EXPECT_EQ(Read("{\"type\":\"Workload\",\"id\":\"w\"}", s_.team_type), "ZTP3015 $");
  EXPECT_EQ(Read("\"Workload::\\\"w\\\"\"", s_.team_type), "ZTP3015 $");
  EXPECT_EQ(Read("{\"type\":\"Taem\",\"id\":\"w\"}", s_.team_type), "ZTP3014 $.type");
  EXPECT_EQ(errors_[0].help, "did you mean `Team`?");
  EXPECT_EQ(Read("\"vision\"", s_.team_type), "ZTP3011 $");
  EXPECT_EQ(Read("\"Team::\\\"a\"", s_.team_type), "ZTP3011 $");
  EXPECT_EQ(Read("\"Team::\\\"a\\\\q\\\"\"", s_.team_type), "ZTP3011 $");
  EXPECT_EQ(Read("\"Team::\\\"\\\\u{d800}\\\"\"", s_.team_type), "ZTP3011 $");
  EXPECT_EQ(Read("{\"type\":\"Team\"}", s_.team_type), "ZTP3013 $");
  EXPECT_EQ(Read("{\"type\":\"Team\",\"id\":7}", s_.team_type), "ZTP3010 $.id");
  EXPECT_EQ(Read("{\"type\":\"Team\",\"id\":\"a\",\"x\":1}", s_.team_type), "ZTP3012 $.x");
  EXPECT_EQ(Read("[]", s_.team_type), "ZTP3010 $");
}

TEST_F(JsonValue, MessagesSayWhatWasExpectedAndFound) {
  Read("{\"a\":\"x\"}", s_.record);
  EXPECT_EQ(errors_[0].message, "expected Int, that is a whole number, found a string");
  EXPECT_EQ(errors_[0].line, 1u);
  EXPECT_EQ(errors_[0].column, 6u);
  Read("{\"a\":1.5}", s_.record);
  EXPECT_EQ(errors_[0].message, "expected Int, that is a whole number, found `1.5`");
  Read("{\"a\":1,\"d\":2}", s_.record);
  EXPECT_EQ(errors_[0].message, "there is no field `d` in { a: Int, b?: String, c: Bool = true }");
}

TEST_F(JsonValue, ErrorsAreBounded) {
  std::string json = "[";
  for (int i = 0; i < 5000; ++i) json += "\"x\",";
  json += "1]";
  Read(json, s_.schema.types.List(Scalar(TypeKind::kInt)));
  EXPECT_EQ(errors_.size(), kMaxJsonErrorsShown);
}

TEST_F(JsonValue, EvidenceTimes) {
  auto read = [&](std::string_view json, TypeId type) -> std::string {
    errors_.clear();
    JsonError error;
    EXPECT_TRUE(tree_.Parse(json, JsonPath(), &error)) << json;
    JsonReader reader(s_.schema, tree_, json, &errors_);
    std::optional<Fact> fact = reader.ReadProven(tree_.root(), type, JsonPath());
    if (!fact) return Cat(JsonErrorCodeName(errors_[0].code), " ", errors_[0].path);
    return Cat(FormatValue(s_.schema, type, fact->value), " from ",
               fact->issued_at ? FormatTime(*fact->issued_at) : "-", " to ",
               fact->expires_at ? FormatTime(*fact->expires_at) : "-");
  };
  TypeTable& t = s_.schema.types;
  const TypeId integer = Scalar(TypeKind::kInt), time = Scalar(TypeKind::kTime);
  const std::string times =
      "\"issued_at\":\"2030-01-01T00:00:00Z\",\"expires_at\":\"2030-01-02T00:00:00Z\"";
  const std::string shown = " from 2030-01-01T00:00:00Z to 2030-01-02T00:00:00Z";
  EXPECT_EQ(read("{\"a\":1}", s_.record), "{ a: 1, c: true } from - to -");
  EXPECT_EQ(read("{\"a\":1," + times + "}", s_.record), "{ a: 1, c: true }" + shown);
  EXPECT_EQ(read("{\"a\":1,\"issued_at\":3}", s_.record), "ZTP3010 $.issued_at");
  const TypeId own = t.Record({Field{.name = "issued_at", .type = time}});
  EXPECT_EQ(read("{" + times + "}", own),
            "{ issued_at: \"2030-01-01T00:00:00Z\" } from - to 2030-01-02T00:00:00Z");
  EXPECT_EQ(read("7", integer), "7 from - to -");
  EXPECT_EQ(read("{\"value\":7," + times + "}", integer), "7" + shown);
  EXPECT_EQ(read("{\"value\":7,\"valid\":1}", integer), "ZTP3010 $");
  EXPECT_EQ(read("{\"value\":[1,2]," + times + "}", t.Set(integer)), "{ 1, 2 }" + shown);
  const TypeId map = t.Map(Scalar(TypeKind::kString), integer);
  EXPECT_EQ(read("{\"value\":7}", map), "{ \"value\": 7 } from - to -");
  EXPECT_EQ(read("{\"value\":{\"value\":7}," + times + "}", map), "{ \"value\": 7 }" + shown);
}

// What is written is read back as the same value.
TEST_F(JsonValue, WrittenAndReadBack) {
  TypeTable& t = s_.schema.types;
  const TypeId integer = Scalar(TypeKind::kInt);
  const std::pair<TypeId, const char*> kCases[] = {
      {Scalar(TypeKind::kBool), "true"},
      {integer, "-9223372036854775808"},
      {Scalar(TypeKind::kDecimal), "\"0.000000001\""},
      {Scalar(TypeKind::kString), "\"quote \\\" tab \\t nul \\u0000 e \u00e9\""},
      {Scalar(TypeKind::kTime), "\"2030-01-01T00:00:00.000001Z\""},
      {Scalar(TypeKind::kDuration), "\"1h30m\""},
      {Scalar(TypeKind::kVersion), "\"1.2-rc.1\""},
      {Scalar(TypeKind::kHexVersion), "\"96.0.5e\""},
      {Scalar(TypeKind::kIp), "\"2001:db8::1\""},
      {Scalar(TypeKind::kCidr), "\"10.0.0.0/8\""},
      {Scalar(TypeKind::kSpiffeId), "\"spiffe://acme/bot\""},
      {Scalar(TypeKind::kGlob), "\"a/**\""},
      {t.Enum(s_.tag), "\"pii\""},
      {t.Lattice(s_.label), "{\"level\":\"internal\",\"tags\":[\"pii\"],\"regions\":[\"us\"]}"},
      {s_.team_type, "{\"type\":\"Team\",\"id\":\"vision\"}"},
      {t.Set(s_.team_type), "[{\"type\":\"Team\",\"id\":\"a\"},{\"type\":\"Team\",\"id\":\"b\"}]"},
      {t.List(integer), "[3,1,3]"},
      {t.Map(integer, integer), "{\"9\":1,\"10\":2}"},
      {t.Map(s_.team_type, integer), "{\"Team::\\\"a\\\"\":1}"},
      {t.Map(Scalar(TypeKind::kBool), integer), "{\"false\":1,\"true\":2}"},
      {s_.record, "{\"a\":1,\"b\":\"x\",\"c\":false}"},
  };
  for (const auto& [type, json] : kCases) {
    std::optional<Value> value = ReadValue(json, type);
    ASSERT_TRUE(value) << json << " " << errors_text_;
    EXPECT_EQ(DumpJson(ValueToJson(s_.schema, type, *value)), json);
  }
}

}  // namespace
}  // namespace ztp
