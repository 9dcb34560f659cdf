// Lattice layouts, interning of types, and values as text.
#include "engine/base/schema.h"

#include <gtest/gtest.h>

namespace ztp {
namespace {

struct Lattices {
  Schema schema;
  EnumId levels{0}, tags{1}, regions{2};
  LatticeId chain{0}, power{1}, dual{2}, product{3};

  Lattices() {
    schema.enums = {{"p", "Level", {"public", "internal", "secret"}},
                    {"p", "Tags", {"pii", "phi"}},
                    {"p", "Regions", {"eu", "us", "ap"}}};
    using Kind = LatticeType::Kind;
    schema.lattices = {{"p", "Level", Kind::kChain, levels, {}, 2},
                       {"p", "Tags", Kind::kPowerSet, tags, {}, 2},
                       {"p", "Regions", Kind::kDual, regions, {}, 3}};
    schema.lattices.push_back({"p",
                               "Label",
                               Kind::kProduct,
                               EnumId{},
                               {{"level", chain, 0}, {"tags", power, 2}, {"regions", dual, 4}},
                               7});
    schema.entities.push_back({.package = "p", .name = "User", .json_name = "User"});
    schema.entities.push_back({.package = "q", .name = "Team", .json_name = "q.Team"});
  }
};

TEST(SchemaTest, ChainIsAThermometer) {
  Lattices l;
  for (uint32_t i = 0; i < 3; ++i) {
    const Label a = l.schema.ChainLabel(l.chain, i);
    EXPECT_EQ(l.schema.ChainPosition(l.chain, a), i);
    for (uint32_t j = 0; j < 3; ++j) {
      EXPECT_EQ(FlowsTo(a, l.schema.ChainLabel(l.chain, j)), i <= j);
    }
  }
  EXPECT_EQ(l.schema.Top(l.chain), l.schema.ChainLabel(l.chain, 2));
  EXPECT_EQ(l.schema.Bottom(l.chain), l.schema.ChainLabel(l.chain, 0));
}

TEST(SchemaTest, PowerSetGrowsAndDualShrinksWhenJoined) {
  Lattices l;
  for (uint32_t mask = 0; mask < 8; ++mask) {
    std::vector<uint32_t> members;
    for (uint32_t i = 0; i < 3; ++i) {
      if (mask >> i & 1) members.push_back(i);
    }
    EXPECT_EQ(l.schema.SetMembers(l.dual, l.schema.SetLabel(l.dual, members)), members);
    if (mask < 4) {
      EXPECT_EQ(l.schema.SetMembers(l.power, l.schema.SetLabel(l.power, members)), members);
    }
  }
  const Label both = Join(l.schema.SetLabel(l.power, {0}), l.schema.SetLabel(l.power, {1}));
  EXPECT_EQ(l.schema.SetMembers(l.power, both), (std::vector<uint32_t>{0, 1}));
  const Label common = Join(l.schema.SetLabel(l.dual, {0, 1}), l.schema.SetLabel(l.dual, {1, 2}));
  EXPECT_EQ(l.schema.SetMembers(l.dual, common), (std::vector<uint32_t>{1}));
  EXPECT_TRUE(l.schema.SetMembers(l.dual, l.schema.Top(l.dual)).empty());
  EXPECT_EQ(l.schema.SetMembers(l.dual, l.schema.Bottom(l.dual)).size(), 3u);
}

TEST(SchemaTest, ProductGivesItsPartsBack) {
  Lattices l;
  const std::vector<Label> parts = {l.schema.ChainLabel(l.chain, 1),
                                    l.schema.SetLabel(l.power, {1}),
                                    l.schema.SetLabel(l.dual, {0, 2})};
  const Label label = l.schema.ProductLabel(l.product, parts);
  for (uint32_t i = 0; i < 3; ++i) EXPECT_EQ(l.schema.PartOf(l.product, i, label), parts[i]);
  EXPECT_TRUE(FlowsTo(label, l.schema.Top(l.product)));
  const TypeId type = l.schema.types.Lattice(l.product);
  EXPECT_EQ(FormatValue(l.schema, type, Value::OfLabel(label)),
            "{ level: internal, tags: { phi }, regions: { eu, ap } }");
}

TEST(SchemaTest, PartsAcrossWordsOfTheMask) {
  Schema schema;
  EnumType wide{"p", "Wide", {}};
  for (int i = 0; i < 100; ++i) wide.values.push_back("v" + std::to_string(i));
  schema.enums = {wide};
  using Kind = LatticeType::Kind;
  schema.lattices = {{"p", "A", Kind::kPowerSet, EnumId{0}, {}, 100},
                     {"p", "B", Kind::kDual, EnumId{0}, {}, 100}};
  schema.lattices.push_back({"p",
                             "Q",
                             Kind::kProduct,
                             EnumId{},
                             {{"a", LatticeId{0}, 0}, {"b", LatticeId{1}, 100}},
                             200});
  const std::vector<Label> parts = {schema.SetLabel(LatticeId{0}, {0, 63, 64, 99}),
                                    schema.SetLabel(LatticeId{1}, {1, 27, 28, 99})};
  const Label label = schema.ProductLabel(LatticeId{2}, parts);
  EXPECT_EQ(schema.SetMembers(LatticeId{0}, schema.PartOf(LatticeId{2}, 0, label)),
            (std::vector<uint32_t>{0, 63, 64, 99}));
  EXPECT_EQ(schema.SetMembers(LatticeId{1}, schema.PartOf(LatticeId{2}, 1, label)),
            (std::vector<uint32_t>{1, 27, 28, 99}));
}

TEST(SchemaTest, EqualTypesAreOneType) {
  TypeTable types;
  const TypeId text = types.Scalar(TypeKind::kString);
  EXPECT_EQ(text.index, static_cast<uint32_t>(TypeKind::kString));
  EXPECT_EQ(types.Set(text), types.Set(types.Scalar(TypeKind::kString)));
  EXPECT_NE(types.Set(text), types.List(text));
  EXPECT_EQ(types.Entities({EntityTypeId{2}, EntityTypeId{1}, EntityTypeId{2}}),
            types.Entities({EntityTypeId{1}, EntityTypeId{2}}));
  const Field a{.name = "a", .type = text}, b{.name = "b", .type = types.Set(text)};
  EXPECT_EQ(types.Record({a, b}), types.Record({b, a}));
  Field optional = a;
  optional.optional = true;
  EXPECT_NE(types.Record({a}), types.Record({optional}));
  Field defaulted = a;
  defaulted.default_value = Value::String("x");
  EXPECT_NE(types.Record({a}), types.Record({defaulted}));
}

TEST(SchemaTest, TypesAndValuesAsText) {
  Lattices l;
  TypeTable& types = l.schema.types;
  const TypeId number = types.Scalar(TypeKind::kInt);
  const TypeId user = types.Entity(EntityTypeId{0});
  EXPECT_EQ(l.schema.TypeName(types.Map(types.Scalar(TypeKind::kString), types.Set(user))),
            "Map<String, Set<User>>");
  EXPECT_EQ(l.schema.TypeName(types.Entities({EntityTypeId{0}, EntityTypeId{1}})), "User | q.Team");
  const TypeId record =
      types.Record({{.name = "b", .type = number, .optional = true},
                    {.name = "a", .type = number, .default_value = Value::Int(3)}});
  EXPECT_EQ(l.schema.TypeName(record), "{ a: Int = 3, b?: Int }");
  EXPECT_EQ(FormatValue(l.schema, record, Value::Record({Value::Int(1), Value()})), "{ a: 1 }");
  EXPECT_EQ(
      FormatValue(l.schema, types.Set(user), Value::Set({Value::Entity(EntityTypeId{0}, "a\"nn")})),
      "{ User::\"a\\\"nn\" }");
  EXPECT_EQ(FormatValue(l.schema, types.Scalar(TypeKind::kDuration),
                        Value::OfDuration(Duration{600 * kMicrosPerSecond})),
            "10m");
  EXPECT_EQ(FormatValue(l.schema, types.Scalar(TypeKind::kTime), Value::OfTime(Time{0})),
            "\"1970-01-01T00:00:00Z\"");
  EXPECT_EQ(FormatUid(l.schema, {EntityTypeId{1}, "x\n"}), "q.Team::\"x\\n\"");
}

TEST(SchemaTest, FindsByTheNamesOfJson) {
  Lattices l;
  l.schema.actions.push_back({.name = "call", .json_name = "tools/call"});
  EXPECT_EQ(l.schema.FindEntityType("q.Team"), EntityTypeId{1});
  EXPECT_EQ(l.schema.FindEntityType("Team"), std::nullopt);
  EXPECT_EQ(l.schema.FindAction("tools/call"), ActionId{0});
  EXPECT_EQ(l.schema.FindAction("call"), std::nullopt);
}

}  // namespace
}  // namespace ztp
