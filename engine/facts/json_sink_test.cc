// What is put is what the JSON library would write of the same.
#include "engine/facts/json_sink.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "engine/facts/json_test_schema.h"
#include "engine/facts/json_write_value.h"

namespace ztp {
namespace {

using Json = nlohmann::ordered_json;

std::string Put(std::string_view text) {
  std::string out = "before";
  JsonSink sink(&out);
  sink.PutText(text);
  sink.Flush();
  EXPECT_EQ(out.substr(0, 6), "before");
  return out.substr(6);
}

TEST(JsonSink, Texts) {
  std::mt19937_64 random(20300101);
  const auto below = [&](uint64_t n) { return static_cast<size_t>(random() % n); };
  // From texts with nothing to escape to bytes of any value, around every size that is a limit.
  const std::string plain = "abcdefgh ijklmnop/QRSTUVWXYZ0123456789";
  const std::string some[] = {plain, plain + "\"\\\n\r\t\b\f\x01\x1f\x7f",
                              plain + "\xc3\xa9\xe2\x82\xac",
                              std::string("\0\x80\xc3\xa9\xf0\x9f\x98\x80", 9)};
  for (int i = 0; i < 20000; ++i) {
    const std::string& alphabet = some[below(4)];
    std::string text(i % 10 == 0 ? 100 + below(2000) : below(40), ' ');
    for (char& c : text) c = alphabet[below(alphabet.size())];
    ASSERT_EQ(Put(text), DumpJson(Json(text))) << i;
  }
  for (size_t size = 0; size < 1100; ++size) {
    const std::string text(size, size % 2 == 0 ? 'x' : '\n');
    ASSERT_EQ(Put(text), DumpJson(Json(text)));
    const std::string cut = std::string(size, 'x') + "\xe2\x82";
    ASSERT_EQ(Put(cut), DumpJson(Json(cut)));
    const std::string whole = std::string(size, 'x') + "\xe2\x82\xac";
    ASSERT_EQ(Put(whole), DumpJson(Json(whole)));
  }
}

TEST(JsonSink, PiecesOfEverySize) {
  for (size_t size = 0; size < 1100; ++size) {
    std::string out;
    JsonSink sink(&out);
    const std::string text(size, 'x');
    sink.PutPlain(text);
    sink.Put("abc");
    sink.PutPlain(text);
    sink.Put('d');
    sink.PutTime(Time{1'893'456'000'000'000});
    sink.PutPlain(text);
    sink.Flush();
    ASSERT_EQ(out, text + "abc" + text + "d\"2030-01-01T00:00:00Z\"" + text);
  }
}

TEST(JsonSink, Values) {
  JsonTestSchema s;
  TypeTable& t = s.schema.types;
  const TypeId string = t.Scalar(TypeKind::kString), integer = t.Scalar(TypeKind::kInt);
  const Label label = s.schema.ProductLabel(
      s.label, {s.schema.ChainLabel(s.chain, 1), s.schema.SetLabel(s.tags, {0}),
                s.schema.SetLabel(s.regions, {1, 2})});
  const Value team = Value::Entity(s.team, "a \"b\"");
  struct Case {
    TypeId type;
    Value value;
  };
  const Case kCases[] = {
      {t.Scalar(TypeKind::kBool), Value::Bool(true)},
      {t.Scalar(TypeKind::kBool), Value::Bool(false)},
      {integer, Value::Int(INT64_MIN)},
      {integer, Value::Int(INT64_MAX)},
      {t.Scalar(TypeKind::kDecimal), Value::OfDecimal(*ParseDecimal("-0.25"))},
      {string, Value::String("a\n\"\xff")},
      {t.Scalar(TypeKind::kTime), Value::OfTime(*ParseTime("2031-01-01T00:00:00.25Z"))},
      {t.Scalar(TypeKind::kTime), Value::OfTime(Time{INT64_MIN})},
      {t.Scalar(TypeKind::kTime), Value::OfTime(Time{INT64_MAX})},
      {t.Scalar(TypeKind::kDuration), Value::OfDuration(*ParseDuration("1h30m"))},
      {t.Scalar(TypeKind::kVersion), Value::Version(*ParseVersion("1.2-rc.1"))},
      {t.Scalar(TypeKind::kIp), Value::OfIp(*ParseIp("10.1.2.3"))},
      {t.Scalar(TypeKind::kGlob), Value::Glob("a/\\*")},
      {t.Enum(s.region), Value::Enum(2)},
      {t.Lattice(s.label), Value::OfLabel(label)},
      {s.team_type, team},
      {t.Set(s.team_type), Value::Set({team, Value::Entity(s.team, "")})},
      {t.Set(s.team_type), Value::Set({})},
      {t.List(t.List(integer)), Value::List({Value::List({Value::Int(1), Value::Int(2)})})},
      {t.Map(string, integer), Value::Map({{Value::String("k"), Value::Int(1)}})},
      {s.record, Value::Record({Value::Int(1), Value(), Value::Bool(false)})},
  };
  for (const Case& c : kCases) {
    std::string out;
    JsonSink sink(&out);
    PutJsonValue(s.schema, c.type, c.value, sink);
    sink.Flush();
    EXPECT_EQ(out, DumpJson(ValueToJson(s.schema, c.type, c.value)));
  }
}

}  // namespace
}  // namespace ztp
