// How entities lie in memory, seen from outside: whatever a type is made of, what was stored is
// read back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/bundle/constant_names.h"
#include "engine/facts/snapshot_builder.h"

namespace ztp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

enum : uint32_t { kThing, kTag, kWideThing };

// A program made by hand: a Thing with the attributes that a test wants.
struct World {
  std::shared_ptr<DecisionProgram> program = std::make_shared<DecisionProgram>();
  Schema& schema = program->schema;
  TypeTable& types = schema.types;

  World() {
    schema.entities.resize(3);
    for (auto [index, name] : {std::pair(kThing, "Thing"), {kTag, "Tag"}, {kWideThing, "Wide"}}) {
      schema.entities[index].name = schema.entities[index].json_name = name;
    }
    schema.entities[kThing].parents = {EntityTypeId{kTag}, EntityTypeId{kThing}};
  }
  void Add(std::string name, TypeId type, Rank rank = Rank::kVouched) {
    schema.entities[kThing].attributes.push_back(
        {.name = std::move(name), .type = type, .rank = rank, .optional = true});
  }
  // A constant of the program.
  uint32_t AddConstant(const Value& value) {
    CellWriter writer(&program->pool);
    program->constants.push_back(writer.Encode(value));
    return static_cast<uint32_t>(program->constants.size() - 1);
  }
  uint32_t AddPattern(const std::string& pattern) {
    program->patterns.push_back(CellWriter(&program->pool).AddText(pattern));
    return static_cast<uint32_t>(program->patterns.size() - 1);
  }
  std::shared_ptr<const Snapshot> Build(const std::vector<EntityRecord>& records) {
    NameConstants(program.get());
    SnapshotBuilder builder(program);
    for (const EntityRecord& record : records) {
      const absl::Status status = builder.Add(record);
      EXPECT_TRUE(status.ok()) << status;
    }
    auto built = builder.Build();
    EXPECT_TRUE(built.ok()) << built.status();
    return *built;
  }
};

EntityRecord Thing(std::string id, std::vector<Fact> attributes) {
  return {.uid = {EntityTypeId{kThing}, std::move(id)}, .attributes = std::move(attributes)};
}

TEST(SnapshotRows, EveryKindOfValueIsReadBack) {
  World w;
  TypeTable& t = w.types;
  w.schema.enums.push_back({"", "Color", {"red", "green"}});
  w.schema.lattices.push_back(
      {.name = "Narrow", .kind = LatticeType::Kind::kPowerSet, .elements = EnumId{0}, .bits = 2});
  w.schema.lattices.push_back({.name = "Wide", .kind = LatticeType::Kind::kChain, .bits = 200});
  const TypeId string = t.Scalar(TypeKind::kString);
  Label narrow, wide;
  narrow.Set(1);
  wide = LowBits(130);
  const std::vector<std::pair<TypeId, Value>> values = {
      {t.Scalar(TypeKind::kBool), Value::Bool(true)},
      {t.Scalar(TypeKind::kInt), Value::Int(INT64_MIN)},
      {t.Scalar(TypeKind::kDecimal), Value::OfDecimal(Decimal{-5})},
      {string, Value::String("text")},
      {string, Value::String("")},
      {t.Scalar(TypeKind::kTime), Value::OfTime(Time{77})},
      {t.Scalar(TypeKind::kDuration), Value::OfDuration(Duration{-1})},
      {t.Scalar(TypeKind::kVersion), Value::Version(*ParseVersion("1.2.3-rc.1"))},
      {t.Scalar(TypeKind::kIp), Value::OfIp(*ParseIp("10.1.2.3"))},
      {t.Scalar(TypeKind::kCidr), Value::OfCidr(*ParseCidr("10.0.0.0/8"))},
      {t.Scalar(TypeKind::kGlob), Value::Glob("a*")},
      {t.Enum(EnumId{0}), Value::Enum(1)},
      {t.Lattice(LatticeId{0}), Value::OfLabel(narrow)},
      {t.Lattice(LatticeId{1}), Value::OfLabel(wide)},
      {t.Lattice(LatticeId{1}), Value::OfLabel(LowBits(3))},
      {t.Entity(EntityTypeId{kTag}), Value::Entity(EntityTypeId{kTag}, "blue")},
      {t.Set(string), Value::Set({Value::String("b"), Value::String("a")})},
      {t.Set(string), Value::Set({})},
      {t.List(t.Set(t.Scalar(TypeKind::kInt))),
       Value::List({Value::Set({Value::Int(3), Value::Int(1)}), Value::Set({})})},
      {t.Map(string, t.Scalar(TypeKind::kCidr)),
       Value::Map({{Value::String("k"), Value::OfCidr(*ParseCidr("::/0"))}})},
      {t.Set(t.Lattice(LatticeId{1})), Value::Set({Value::OfLabel(wide)})},
  };
  std::vector<Fact> facts;
  for (size_t i = 0; i < values.size(); ++i) {
    w.Add("a" + std::to_string(i), values[i].first);
    facts.push_back(Fact::Of(values[i].second));
  }
  const auto s = w.Build({Thing("x", facts)});
  const uint32_t x = *s->Find(EntityTypeId{kThing}, "x");
  for (uint32_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(Decode(s->Attribute(x, i), *s), values[i].second) << "attribute " << i;
  }
  EXPECT_EQ(s->Record(x), Thing("x", facts));
}

// More attributes than fit the states of a row's head, in every state.
TEST(SnapshotRows, KeepsTheStatesOfManyAttributes) {
  World w;
  constexpr uint32_t kMany = 150;
  for (uint32_t i = 0; i < kMany; ++i)
    w.Add("a" + std::to_string(i), w.types.Scalar(TypeKind::kInt));
  auto record = [&](std::string id, uint32_t shift) {
    std::vector<Fact> facts;
    for (uint32_t i = 0; i < kMany; ++i) {
      const uint32_t state = (i * i + shift) % 3;
      facts.push_back(state == 0   ? Fact::Missing()
                      : state == 1 ? Fact::Unknown()
                                   : Fact::Of(Value::Int(i * 1000 + shift)));
    }
    return Thing(std::move(id), std::move(facts));
  };
  std::vector<EntityRecord> records;
  for (uint32_t shift = 0; shift < 70; ++shift)
    records.push_back(record("t" + std::to_string(shift), shift));
  const auto s = w.Build(records);
  for (const EntityRecord& r : records) EXPECT_EQ(s->Record(*s->Find(r.uid.type, r.uid.id)), r);
}

TEST(SnapshotRows, OnlyWhatIsProvenHasTimes) {
  World w;
  const TypeId integer = w.types.Scalar(TypeKind::kInt);
  for (uint32_t i = 0; i < 5; ++i) {
    w.Add("a" + std::to_string(i), integer, i == 2 ? Rank::kVouched : Rank::kProven);
  }
  std::vector<Fact> facts(5, Fact::Of(Value::Int(1)));
  facts[0].issued_at = Time{5};
  facts[3].issued_at = Time{6};
  facts[3].expires_at = Time{9};
  facts[4].expires_at = Time{-1};
  const auto s = w.Build({Thing("x", facts), Thing("y", std::vector<Fact>(5))});
  const uint32_t x = *s->Find(EntityTypeId{kThing}, "x"), y = *s->Find(EntityTypeId{kThing}, "y");
  ASSERT_NE(s->Window(x, 0), nullptr);
  EXPECT_TRUE(s->Window(x, 0)->has_issued && !s->Window(x, 0)->has_expires);
  EXPECT_EQ(s->Window(x, 0)->issued_at, 5);
  EXPECT_EQ(s->Window(x, 1), nullptr);
  EXPECT_EQ(s->Window(x, 2), nullptr);
  ASSERT_NE(s->Window(x, 3), nullptr);
  EXPECT_EQ(s->Window(x, 3)->expires_at, 9);
  ASSERT_NE(s->Window(x, 4), nullptr);
  EXPECT_EQ(s->Window(x, 4)->expires_at, -1);
  EXPECT_EQ(s->Window(y, 0), nullptr);
  EXPECT_EQ(s->Record(x), Thing("x", facts));

  facts[2].issued_at = Time{1};
  SnapshotBuilder builder(w.program);
  EXPECT_THAT(std::string(Message(builder.Add(Thing("x", facts)))),
              HasSubstr("attribute a2 has times, and only proven attributes have them"));
}

TEST(SnapshotRows, AValueOfAnotherTypeIsRefused) {
  World w;
  w.Add("a", w.types.Scalar(TypeKind::kInt));
  SnapshotBuilder builder(w.program);
  EXPECT_THAT(std::string(Message(builder.Add(Thing("x", {Fact::Of(Value::String("1"))})))),
              HasSubstr("attribute a has a value that is not of its type"));
}

// Those that constants name have the first numbers, whatever their types, whether they are stored
// or not; the others come behind, each type on pages of its own.
TEST(SnapshotRows, NamedEntitiesComeFirst) {
  World w;
  w.Add("a", w.types.Scalar(TypeKind::kInt));
  std::vector<Value> tags;
  for (int i = 0; i < 100; ++i) {
    tags.push_back(
        Value::Entity(EntityTypeId{i % 3 == 0 ? kThing : kTag}, "n" + std::to_string(i)));
  }
  w.AddConstant(Value::List(tags));
  std::vector<EntityRecord> records;
  for (int i = 149; i >= 0; --i) {
    records.push_back(Thing("n" + std::to_string(i), {Fact::Of(Value::Int(i))}));
  }
  const auto s = w.Build(records);
  EXPECT_EQ(s->named_count(), 100u);
  const ConstantNames names(*w.program);
  for (int i = 0; i < 150; ++i) {
    const std::string id = "n" + std::to_string(i);
    const auto thing = s->Find(EntityTypeId{kThing}, id);
    ASSERT_TRUE(thing.has_value());
    EXPECT_EQ(*thing < 100, i < 100 && i % 3 == 0);
    EXPECT_EQ(s->TypeOf(*thing).index, kThing);
    EXPECT_EQ(s->IdOf(*thing), id);
    EXPECT_EQ(s->Attribute(*thing, 0).number, i);
    if (const auto number = names.EntityNumber(EntityTypeId{kTag}, id)) {
      EXPECT_EQ(s->Find(EntityTypeId{kTag}, id), *number);
      EXPECT_FALSE(s->IsStored(*number));
      EXPECT_EQ(s->TypeOf(*number).index, kTag);
    }
  }
}

TEST(SnapshotRows, TextsKnowTheirNumberAndWhatTheyMatch) {
  World w;
  const TypeId string = w.types.Scalar(TypeKind::kString);
  w.Add("name", string);
  w.Add("alias", w.types.Set(string));
  w.Add("note", string);
  w.AddConstant(Value::String("first"));
  w.AddConstant(Value::Set({Value::String("third"), Value::String("second")}));
  std::vector<uint32_t> patterns;
  for (int i = 0; i < 20; ++i) patterns.push_back(w.AddPattern("x{" + std::to_string(i) + "}.*"));
  for (uint32_t p : patterns) w.program->stored_matches.push_back({p, kThing, 0});
  w.program->stored_matches.push_back({patterns[2], kThing, 1});
  w.program->stored_matches.push_back({patterns[0], kNone32, 0});

  auto texts = [](std::vector<std::string> of) {
    std::vector<Value> values;
    for (std::string& text : of) values.push_back(Value::String(std::move(text)));
    return Value::Set(std::move(values));
  };
  const auto s = w.Build({Thing(
      "t", {Fact::Of(Value::String("xxxxxxxxxxxxq")), Fact::Of(texts({"second", "xxq", "q", ""})),
            Fact::Of(Value::String("first"))})});
  const uint32_t t = *s->Find(EntityTypeId{kThing}, "t");
  const Val name = s->Attribute(t, 0);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(s->StoredMatches(patterns[i], name), ToTri(i <= 12)) << i;
  }
  EXPECT_EQ(name.prefix, 0);
  const auto items = s->Attribute(t, 1).items();
  ASSERT_EQ(items.size(), 4u);
  EXPECT_THAT((std::vector{items[0].text(), items[1].text(), items[2].text(), items[3].text()}),
              ElementsAre("", "q", "second", "xxq"));
  EXPECT_EQ(s->StoredMatches(patterns[2], items[0]), Tri::kFalse);
  EXPECT_EQ(s->StoredMatches(patterns[2], items[2]), Tri::kFalse);
  EXPECT_EQ(s->StoredMatches(patterns[2], items[3]), Tri::kTrue);
  EXPECT_EQ(s->StoredMatches(patterns[3], items[3]), Tri::kUnknown) << "not tried there";
  const ConstantNames names(*w.program);
  EXPECT_EQ(items[2].prefix, *names.Text("second") + 1);
  const Val note = s->Attribute(t, 2);
  EXPECT_EQ(note.prefix, *names.Text("first") + 1);
  EXPECT_TRUE(note.flags & Val::kNumbered);
  EXPECT_EQ(s->StoredMatches(patterns[0], note), Tri::kUnknown);
  EXPECT_EQ(s->StoredMatches(patterns[0], s->Constant(0)), Tri::kTrue);
  EXPECT_EQ(s->StoredMatches(patterns[1], s->Constant(0)), Tri::kUnknown);
}

TEST(SnapshotRows, EqualTextsAndCollectionsAreKeptOnce) {
  World w;
  const TypeId string = w.types.Scalar(TypeKind::kString);
  w.Add("name", string);
  w.Add("tags", w.types.Set(string));
  std::vector<EntityRecord> records;
  const std::string text(100, 'q');
  for (int i = 0; i < 500; ++i) {
    records.push_back(Thing(std::to_string(i), {Fact::Of(Value::String(text)),
                                                Fact::Of(Value::Set({Value::String(text)}))}));
  }
  const auto s = w.Build(records);
  const Val first = s->Attribute(*s->Find(EntityTypeId{kThing}, "0"), 0);
  const Val list = s->Attribute(*s->Find(EntityTypeId{kThing}, "0"), 1);
  for (int i = 1; i < 500; ++i) {
    const uint32_t e = *s->Find(EntityTypeId{kThing}, std::to_string(i));
    ASSERT_EQ(s->Attribute(e, 0).bytes, first.bytes);
    ASSERT_EQ(s->Attribute(e, 1).list, list.list);
    ASSERT_EQ(s->Attribute(e, 1).items()[0].bytes, first.bytes);
  }
}

TEST(SnapshotRows, ManyEntitiesAreAllFound) {
  World w;
  w.Add("a", w.types.Scalar(TypeKind::kInt));
  std::vector<EntityRecord> records;
  for (int i = 0; i < 20000; ++i) {
    // Ids of every length, with bytes that are no text.
    records.push_back(Thing(std::string(static_cast<size_t>(i % 40), '\0') + std::to_string(i),
                            {Fact::Of(Value::Int(i))}));
  }
  const auto s = w.Build(records);
  EXPECT_EQ(s->stored_count(), 20000u);
  for (int i = 0; i < 20000; ++i) {
    const auto e = s->Find(EntityTypeId{kThing}, records[static_cast<size_t>(i)].uid.id);
    ASSERT_TRUE(e.has_value());
    ASSERT_EQ(s->Attribute(*e, 0).number, i);
  }
  EXPECT_EQ(s->Find(EntityTypeId{kTag}, "77"), std::nullopt);
  EXPECT_EQ(s->Find(EntityTypeId{kThing}, "never"), std::nullopt);
}

TEST(SnapshotRows, ChainsThatAreTooLongAreAnError) {
  World w;
  SnapshotBuilder builder(w.program);
  constexpr int kLength = 1000;
  for (int i = 0; i < kLength; ++i) {
    EntityRecord record = Thing("t" + std::to_string(i), {});
    if (i + 1 < kLength) record.parents = {{EntityTypeId{kThing}, "t" + std::to_string(i + 1)}};
    ASSERT_TRUE(builder.Add(record).ok());
  }
  builder.set_max_closure_entries(400'000);  // 1,000 * 1,000 / 2 are wanted
  const auto built = builder.Build();
  EXPECT_EQ(built.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(Message(built.status())), HasSubstr("the chains are too long"));
}

}  // namespace
}  // namespace ztp
