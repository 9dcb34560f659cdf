// Facts as files: what is written is what is read, whatever else the bytes are is refused or does
// no harm. (engine/eval/facts_damage_test.cc decides by damaged files.)
#include "engine/facts/snapshot_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/mapped_file.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/bundle/constant_names.h"
#include "engine/facts/facts_file.h"
#include "engine/facts/snapshot_builder.h"

namespace ztp {
namespace {

using ::testing::HasSubstr;

enum : uint32_t { kThing, kGroup, kTag, kSession, kModel };

Label Wide() { return LowBits(130); }

// A program made by hand, with a Thing of everything and a lineage of Models.
struct World {
  std::shared_ptr<DecisionProgram> program = std::make_shared<DecisionProgram>();

  World() {
    Schema& schema = program->schema;
    TypeTable& t = schema.types;
    schema.enums.push_back({"", "Color", {"red", "green"}});
    schema.lattices.push_back(
        {.name = "Narrow", .kind = LatticeType::Kind::kChain, .elements = EnumId{0}, .bits = 1});
    schema.lattices.push_back(
        {.name = "Wide", .kind = LatticeType::Kind::kPowerSet, .elements = EnumId{0}, .bits = 200});
    schema.entities.resize(5);
    const char* names[] = {"Thing", "Group", "Tag", "Session", "Model"};
    for (size_t i = 0; i < 5; ++i) {
      schema.entities[i].name = schema.entities[i].json_name = names[i];
    }
    const TypeId string = t.Scalar(TypeKind::kString), integer = t.Scalar(TypeKind::kInt);
    const TypeId point =
        t.Record({{.name = "x", .type = integer}, {.name = "y", .type = string, .optional = true}});
    std::vector<TypeId> types = {t.Scalar(TypeKind::kBool),
                                 integer,
                                 string,
                                 t.Scalar(TypeKind::kTime),
                                 t.Scalar(TypeKind::kVersion),
                                 t.Scalar(TypeKind::kIp),
                                 t.Scalar(TypeKind::kCidr),
                                 t.Scalar(TypeKind::kGlob),
                                 t.Enum(EnumId{0}),
                                 t.Lattice(LatticeId{0}),
                                 t.Lattice(LatticeId{1}),
                                 t.Entities({EntityTypeId{kTag}, EntityTypeId{kGroup}}),
                                 t.Set(string),
                                 t.List(t.Set(integer)),
                                 t.Map(string, t.Scalar(TypeKind::kCidr)),
                                 t.Set(t.Lattice(LatticeId{1})),
                                 t.Set(t.Entity(EntityTypeId{kGroup})),
                                 point};
    for (size_t i = 0; i < types.size(); ++i) {
      schema.entities[kThing].attributes.push_back({.name = "a" + std::to_string(i),
                                                    .type = types[i],
                                                    .rank = i < 3 ? Rank::kProven : Rank::kVouched,
                                                    .optional = true});
    }
    schema.entities[kThing].parents = {EntityTypeId{kGroup}, EntityTypeId{kTag},
                                       EntityTypeId{kSession}};
    schema.entities[kGroup].parents = {EntityTypeId{kGroup}};
    schema.entities[kSession].carried = Carried::kClaimed;
    schema.entities[kModel].derives = {EntityTypeId{kModel}};
    schema.entities[kModel].attributes = {
        {.name = "label", .type = t.Lattice(LatticeId{0}), .inherit = Inherit::kJoin},
        {.name = "tags", .type = t.Set(string), .optional = true, .inherit = Inherit::kUnion},
        {.name = "seen", .type = integer, .optional = true}};
    AddConstant(Value::Set({Value::String("named"), Value::String("other")}));
    AddConstant(Value::List({Value::Entity(EntityTypeId{kGroup}, "g1"),
                             Value::Entity(EntityTypeId{kModel}, "m0"),
                             Value::Entity(EntityTypeId{kGroup}, "nowhere")}));
    program->patterns.push_back(CellWriter(&program->pool).AddText("n.*"));
    program->stored_matches.push_back({0, kThing, 2});
    NameConstants(program.get());
  }
  void AddConstant(const Value& value) {
    CellWriter writer(&program->pool);
    program->constants.push_back(writer.Encode(value));
  }
};

EntityUid Uid(uint32_t type, std::string id) { return {EntityTypeId{type}, std::move(id)}; }

EntityRecord Thing(int i) {
  auto text = [&](const char* of) { return Value::String(of + std::to_string(i)); };
  Label narrow;
  if (i % 2) narrow.Set(0);
  EntityRecord record;
  record.uid = Uid(kThing, "t" + std::to_string(i));
  record.attributes = {
      Fact::Of(Value::Bool(i % 2)),
      Fact::Of(Value::Int(-i)),
      Fact::Of(i % 3 ? text("s") : Value::String("named")),
      Fact::Of(Value::OfTime(Time{i})),
      Fact::Of(Value::Version(*ParseVersion("1.2.3-rc.1"))),
      Fact::Of(Value::OfIp(*ParseIp("10.1.2.3"))),
      Fact::Of(Value::OfCidr(*ParseCidr("10.0.0.0/8"))),
      Fact::Of(Value::Glob("a*")),
      Fact::Of(Value::Enum(static_cast<uint32_t>(i % 2))),
      Fact::Of(Value::OfLabel(narrow)),
      Fact::Of(Value::OfLabel(i % 2 ? Wide() : LowBits(3))),
      Fact::Of(Value::Entity(EntityTypeId{i % 2 ? kTag : kGroup}, "g" + std::to_string(i % 7))),
      Fact::Of(Value::Set({text("x"), Value::String("other"), Value::String("")})),
      Fact::Of(Value::List({Value::Set({Value::Int(3), Value::Int(i)}), Value::Set({})})),
      Fact::Of(Value::Map({{Value::String("k"), Value::OfCidr(*ParseCidr("::/0"))},
                           {text("l"), Value::OfCidr(*ParseCidr("10.1.0.0/16"))}})),
      Fact::Of(Value::Set({Value::OfLabel(Wide()), Value::OfLabel(LowBits(2))})),
      Fact::Of(Value::Set({Value::Entity(EntityTypeId{kGroup}, "g1"),
                           Value::Entity(EntityTypeId{kGroup}, "absent")})),
      Fact::Of(Value::Record({Value::Int(i), i % 2 ? Value() : Value::String("y")}))};
  record.attributes[0].issued_at = Time{5};
  record.attributes[1].expires_at = Time{9 + i};
  if (i % 5 == 0) record.attributes[static_cast<size_t>(i) % 18] = Fact::Missing();
  if (i % 5 == 1) record.attributes[3 + static_cast<size_t>(i) % 15] = Fact::Unknown();
  record.parents = {Uid(kGroup, "g" + std::to_string(i % 7)), Uid(kTag, "tag")};
  if (i % 11 == 0) record.parents.push_back(Uid(kSession, "session"));
  return record;
}

EntityRecord Group(int i) {
  EntityRecord record;
  record.uid = Uid(kGroup, "g" + std::to_string(i));
  if (i > 0) record.parents = {Uid(kGroup, "g" + std::to_string(i - 1))};
  if (i == 3) record.parents.push_back(Uid(kGroup, "absent"));
  return record;
}

EntityRecord Model(int i) {
  Label label;
  if (i % 4 == 3) label.Set(0);
  EntityRecord record;
  record.uid = Uid(kModel, "m" + std::to_string(i));
  record.attributes = {
      Fact::Of(Value::OfLabel(label)),
      i % 3 ? Fact::Of(Value::Set({Value::String("tag" + std::to_string(i))})) : Fact::Missing(),
      Fact::Of(Value::Int(i))};
  if (i > 0) record.derives = {Uid(kModel, "m" + std::to_string(i / 2))};
  if (i == 9) record.derives.push_back(Uid(kModel, "lost"));
  return record;
}

std::vector<EntityRecord> Records() {
  std::vector<EntityRecord> records;
  for (int i = 0; i < 100; ++i) records.push_back(Thing(i));
  for (int i = 0; i < 7; ++i) records.push_back(Group(i));
  for (int i = 0; i < 20; ++i) records.push_back(Model(i));
  return records;
}

std::shared_ptr<const Snapshot> Build(const std::shared_ptr<const DecisionProgram>& program,
                                      const std::vector<EntityRecord>& records) {
  SnapshotBuilder builder(program);
  for (const EntityRecord& record : records) {
    const absl::Status status = builder.Add(record);
    EXPECT_TRUE(status.ok()) << status;
  }
  auto built = builder.Build();
  EXPECT_TRUE(built.ok()) << built.status();
  return *built;
}

std::string Message(const absl::StatusOr<std::shared_ptr<const Snapshot>>& made) {
  return made.ok() ? "no error" : std::string(ztp::Message(made.status()));
}

// Everything that there is to read, as text. Values of damaged files are not those of their kinds'
// canonical forms, so they are not formatted.
uint64_t ReadAll(const Snapshot& s) {
  uint64_t sum = 0;
  auto add = [&](std::string_view bytes) {
    for (char c : bytes) sum = sum * 31 + static_cast<uint8_t>(c);
  };
  auto add_list = [&](std::span<const uint32_t> list) {
    for (uint32_t e : list) add(s.IdOf(e));
  };
  auto add_value = [&](const Value& value, auto& self) -> void {
    sum = sum * 31 + static_cast<uint64_t>(value.integer());
    add(value.text());
    for (const Value& item : value.items()) self(item, self);
  };
  for (uint32_t e = 0; e < s.entity_count(); ++e) {
    if (!s.IsUsed(e)) continue;
    EXPECT_EQ(s.Find(s.TypeOf(e), s.IdOf(e)), e);
    for (const Snapshot::Closure& closure : {s.Memberships(e), s.Lineage(e)}) {
      add_list(s.List(closure.members));
      add_list(s.List(closure.absent));
    }
    if (!s.IsStored(e)) continue;
    const EntityRecord record = s.Record(e);
    for (const Fact& fact : record.attributes) add_value(fact.value, add_value);
    for (uint32_t a = 0; a < record.attributes.size(); ++a) {
      const Val val = s.Attribute(e, a);
      add_value(Decode(val, s), add_value);
      if (val.flags & Val::kNotKnown) add_list(s.List(val.size));
      sum += static_cast<uint64_t>(s.StoredMatches(0, val));
    }
  }
  return sum;
}

void ExpectSame(const Snapshot& a, const Snapshot& b) {
  EXPECT_EQ(a.version(), b.version());
  EXPECT_EQ(a.stored_count(), b.stored_count());
  EXPECT_EQ(a.absent_count(), b.absent_count());
  ASSERT_EQ(a.entity_count(), b.entity_count());
  for (uint32_t e = 0; e < a.entity_count(); ++e) {
    ASSERT_EQ(a.IsUsed(e), b.IsUsed(e));
    if (!a.IsUsed(e)) continue;
    ASSERT_EQ(a.Uid(e), b.Uid(e));
    ASSERT_EQ(a.IsStored(e), b.IsStored(e));
    ASSERT_EQ(b.Find(b.TypeOf(e), b.IdOf(e)), e);
    if (a.IsStored(e)) {
      ASSERT_EQ(a.Record(e), b.Record(e));
    }
  }
  EXPECT_EQ(ReadAll(a), ReadAll(b));
}

TEST(SnapshotFile, WhatIsWrittenIsRead) {
  World w;
  const auto built = Build(w.program, Records());
  const std::string bytes = SnapshotFile::Bytes(*built);
  const auto read = SnapshotFile::Read(w.program, bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectSame(*built, **read);
  // The constants too, and what texts know.
  ASSERT_EQ((*read)->named_count(), 3u);
  EXPECT_EQ(Decode((*read)->Constant(1), **read), Decode(built->Constant(1), *built));
  const uint32_t t3 = *(*read)->Find(EntityTypeId{kThing}, "t3");
  const Val name = (*read)->Attribute(t3, 2);
  EXPECT_EQ(name.prefix, 1 + *ConstantNames(*w.program).Text("named"));
  EXPECT_EQ((*read)->StoredMatches(0, name), Tri::kTrue);
  const Val tags = (*read)->Attribute(t3, 12);
  EXPECT_EQ(tags.items()[1].prefix, 1 + *ConstantNames(*w.program).Text("other"));
  // What was read is written as it was.
  EXPECT_EQ(SnapshotFile::Bytes(**read), bytes);
}

TEST(SnapshotFile, EqualFactsAreEqualBytes) {
  World one, other;
  EXPECT_EQ(SnapshotFile::Bytes(*Build(one.program, Records())),
            SnapshotFile::Bytes(*Build(other.program, Records())));
}

TEST(SnapshotFile, NothingAtAllIsAFileToo) {
  for (const bool named : {false, true}) {
    World w;
    if (!named) {
      w.program->constants = {};
      NameConstants(w.program.get());
    }
    const auto built = Build(w.program, {});
    const auto read = SnapshotFile::Read(w.program, SnapshotFile::Bytes(*built));
    ASSERT_TRUE(read.ok()) << read.status();
    ExpectSame(*built, **read);
  }
}

class SnapshotFileOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "ztp_facts_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  size_t Files() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }
  std::string folder_;
};

TEST_F(SnapshotFileOnDisk, IsMappedAndOutlivesItsName) {
  World w;
  const auto built = Build(w.program, Records());
  const std::string path = folder_ + "/f.ztpf";
  ASSERT_TRUE(SnapshotFile::Write(*built, path).ok());
  EXPECT_EQ(Files(), 1u) << "nothing else is left behind";
  auto opened = SnapshotFile::Open(w.program, path);
  ASSERT_TRUE(opened.ok()) << opened.status();
  // Another in its place, then none.
  ASSERT_TRUE(SnapshotFile::Write(*Build(w.program, {Group(0)}), path).ok());
  std::filesystem::remove(path);
  ExpectSame(*built, **opened);
}

TEST_F(SnapshotFileOnDisk, WhatCannotBeWrittenOrRead) {
  World w;
  const auto built = Build(w.program, Records());
  EXPECT_TRUE(absl::IsUnavailable(SnapshotFile::Write(*built, folder_ + "/none/f.ztpf")));
  std::filesystem::create_directory(folder_ + "/taken");
  EXPECT_TRUE(absl::IsUnavailable(SnapshotFile::Write(*built, folder_ + "/taken")));
  EXPECT_EQ(Files(), 1u);
  EXPECT_TRUE(absl::IsNotFound(SnapshotFile::Open(w.program, folder_ + "/none.ztpf").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(SnapshotFile::Open(w.program, folder_).status()));
  std::ofstream(folder_ + "/empty.ztpf");
  EXPECT_THAT(Message(SnapshotFile::Open(w.program, folder_ + "/empty.ztpf")),
              HasSubstr("empty.ztpf: this is no facts file"));
}

TEST(SnapshotFile, IsReadWhereItLies) {
  World w;
  const std::string bytes = SnapshotFile::Bytes(*Build(w.program, Records()));
  std::shared_ptr<char> memory(static_cast<char*>(std::aligned_alloc(64, bytes.size())), std::free);
  std::memcpy(memory.get(), bytes.data(), bytes.size());
  const auto view = SnapshotFile::View(w.program, {memory.get(), bytes.size()}, memory);
  ASSERT_TRUE(view.ok()) << view.status();
  auto inside = [&](const void* at) {
    return at >= memory.get() && at < memory.get() + bytes.size();
  };
  const Snapshot& s = **view;
  EXPECT_TRUE(inside(s.view().pages[0].rows));
  EXPECT_TRUE(inside(s.IdOf(0).data()));
  EXPECT_TRUE(inside(s.List(s.Memberships(*s.Find(EntityTypeId{kThing}, "t1")).members).data()));
  EXPECT_TRUE(absl::IsFailedPrecondition(
      SnapshotFile::View(w.program, {memory.get() + 8, bytes.size() - 8}, nullptr).status()));
}

// What was mapped can be changed: the next snapshots share what is as it was.
TEST(SnapshotFile, HasSuccessors) {
  World w;
  std::vector<EntityRecord> records = Records();
  const auto mapped =
      SnapshotFile::Read(w.program, SnapshotFile::Bytes(*Build(w.program, records)));
  ASSERT_TRUE(mapped.ok()) << mapped.status();
  const uint64_t before = ReadAll(**mapped);
  std::shared_ptr<const Snapshot> newest = *mapped;
  for (int round = 0; round < 5; ++round) {
    SnapshotBuilder builder(newest);
    // Some are replaced, some go, some are new.
    for (int i = 0; i < 3; ++i) {
      EntityRecord changed = Thing(10 * round + i);
      changed.attributes[1] = Fact::Of(Value::Int(1000 + round));
      changed.attributes[12] = Fact::Of(Value::Set({Value::String("new" + std::to_string(i))}));
      ASSERT_TRUE(builder.Upsert(changed).ok());
      for (EntityRecord& record : records) {
        if (record.uid == changed.uid) record = changed;
      }
    }
    ASSERT_TRUE(builder.Delete(Uid(kModel, "m" + std::to_string(10 + round))).ok());
    std::erase_if(records, [&](const EntityRecord& record) {
      return record.uid == Uid(kModel, "m" + std::to_string(10 + round));
    });
    records.push_back(Thing(200 + round));
    ASSERT_TRUE(builder.Add(records.back()).ok());
    ASSERT_TRUE(builder.AddEdges(Uid(kGroup, "g0"), std::vector{Uid(kGroup, "top")}, {}).ok());
    auto built = builder.Build();
    ASSERT_TRUE(built.ok()) << built.status();
    newest = *built;
  }
  for (EntityRecord& record : records) {
    if (record.uid == Uid(kGroup, "g0")) record.parents.push_back(Uid(kGroup, "top"));
  }
  const auto fresh = Build(w.program, records);
  EXPECT_EQ(newest->version(), fresh->version());
  for (uint32_t e = 0; e < fresh->entity_count(); ++e) {
    if (!fresh->IsUsed(e) || !fresh->IsStored(e)) continue;
    const auto other = newest->Find(fresh->TypeOf(e), fresh->IdOf(e));
    ASSERT_TRUE(other.has_value());
    EXPECT_EQ(newest->Memberships(*other).members != 0, fresh->Memberships(e).members != 0);
    EXPECT_EQ(newest->List(newest->Memberships(*other).members).size(),
              fresh->List(fresh->Memberships(e).members).size());
    for (uint32_t a = 0; a < fresh->Record(e).attributes.size(); ++a) {
      EXPECT_EQ(Decode(newest->Attribute(*other, a), *newest),
                Decode(fresh->Attribute(e, a), *fresh));
    }
  }
  EXPECT_EQ(ReadAll(**mapped), before);
  // A successor is written, and read, as any other.
  const auto again = SnapshotFile::Read(w.program, SnapshotFile::Bytes(*newest));
  ASSERT_TRUE(again.ok()) << again.status();
  ExpectSame(*newest, **again);
}

TEST(SnapshotFile, SuccessorsShareTheMapping) {
  World w;
  auto mapped = SnapshotFile::Read(w.program, SnapshotFile::Bytes(*Build(w.program, Records())));
  ASSERT_TRUE(mapped.ok()) << mapped.status();
  const uint64_t* row = (*mapped)->view().Row(*(*mapped)->Find(EntityTypeId{kThing}, "t1"));
  SnapshotBuilder builder(*mapped);
  ASSERT_TRUE(builder.Upsert(Model(19)).ok());
  const auto next = builder.Build();
  ASSERT_TRUE(next.ok()) << next.status();
  mapped->reset();  // what it was mapped from goes on as long as its successor
  EXPECT_EQ((*next)->view().Row(*(*next)->Find(EntityTypeId{kThing}, "t1")), row);
  ReadAll(**next);
}

TEST(SnapshotFile, IsBoundToWhatItWasMadeFor) {
  World w;
  const std::string bytes = SnapshotFile::Bytes(*Build(w.program, Records()));
  World rules;
  rules.program->rules.push_back({});  // rules may differ
  EXPECT_TRUE(SnapshotFile::Read(rules.program, bytes).ok());
  const std::string other = "made for another policy";
  World attribute;
  attribute.program->schema.entities[kThing].attributes[0].name = "b";
  EXPECT_THAT(Message(SnapshotFile::Read(attribute.program, bytes)), HasSubstr(other));
  World rank;
  rank.program->schema.entities[kThing].attributes[3].rank = Rank::kProven;
  EXPECT_THAT(Message(SnapshotFile::Read(rank.program, bytes)), HasSubstr(other));
  World element;
  element.program->schema.enums[0].values.push_back("blue");
  EXPECT_THAT(Message(SnapshotFile::Read(element.program, bytes)), HasSubstr(other));
  World constant;
  constant.AddConstant(Value::String("another name"));
  NameConstants(constant.program.get());
  EXPECT_THAT(Message(SnapshotFile::Read(constant.program, bytes)), HasSubstr(other));
  World pattern;
  pattern.program->stored_matches.push_back({0, kThing, 12});
  EXPECT_THAT(Message(SnapshotFile::Read(pattern.program, bytes)), HasSubstr(other));
  World quantifier;
  quantifier.program->quantifiers.push_back({});
  EXPECT_THAT(Message(SnapshotFile::Read(quantifier.program, bytes)), HasSubstr(other));
}

TEST(SnapshotFile, TextGoesWithTheFacts) {
  World w;
  const auto facts = Build(w.program, Records());
  const std::string path = testing::TempDir() + "/with_text.ztpf";
  for (const std::string& text : {std::string(), std::string("x"), std::string(1000, 'y')}) {
    ASSERT_TRUE(SnapshotFile::Write(*facts, path, text).ok());
    const auto file = MapFile(path, kMaxFactsFileBytes, "a facts file", MapFor::kOnePass);
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(SnapshotFile::Evidence(file->bytes), text);
    const auto read = SnapshotFile::Open(w.program, path);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ((*read)->version(), facts->version());
    EXPECT_EQ(SnapshotFile::Bytes(**read), SnapshotFile::Bytes(*facts)) << "without it";
    EXPECT_EQ(SnapshotFile::Info(file->bytes)->evidence_bytes, text.size());
    std::string cut(file->bytes.substr(0, file->bytes.size() - 64));
    SealFactsFile(&cut);
    EXPECT_FALSE(SnapshotFile::Read(w.program, cut).ok());
  }
}

TEST(SnapshotFile, SaysWhatIsWrong) {
  World w;
  const std::string bytes = SnapshotFile::Bytes(*Build(w.program, Records()));
  auto message = [&](std::string changed) {
    return Message(SnapshotFile::Read(w.program, changed));
  };
  EXPECT_THAT(message("{\"uid\": {}}"), HasSubstr("no facts file"));
  EXPECT_THAT(message(bytes.substr(0, 100)), HasSubstr("it is cut off"));
  EXPECT_THAT(message(bytes.substr(0, bytes.size() - 1)), HasSubstr("it is cut off"));
  EXPECT_THAT(message(bytes + "x"), HasSubstr("something follows it"));
  std::string changed = bytes;
  changed[8] = 3;
  EXPECT_TRUE(absl::IsUnimplemented(SnapshotFile::Read(w.program, changed).status()));
  // Evidence is of format 2, and format 2 has evidence.
  for (const auto& [at, value] : {std::pair(size_t{8}, 2), std::pair(size_t{104}, 1)}) {
    changed = bytes;
    changed[at] = static_cast<char>(value);
    SealFactsFile(&changed);
    EXPECT_THAT(message(changed), HasSubstr("its evidence is not of its format"));
    EXPECT_EQ(SnapshotFile::Evidence(changed), "");
  }
  for (size_t at : {size_t{70}, size_t{200}, bytes.size() / 2, bytes.size() - 1}) {
    changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    EXPECT_THAT(message(changed), HasSubstr("damaged")) << at;
  }
}

TEST(SnapshotFile, InfoNeedsNoPolicy) {
  World w;
  const auto built = Build(w.program, Records());
  const std::string bytes = SnapshotFile::Bytes(*built);
  const auto info = SnapshotFile::Info(bytes);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->version, built->version());
  EXPECT_EQ(info->stored_count, built->stored_count());
  EXPECT_EQ(info->absent_count, built->absent_count());
  EXPECT_EQ(info->file_bytes, bytes.size());
  EXPECT_THAT(info->program, ::testing::StartsWith("sha256:"));
  EXPECT_TRUE(LooksLikeFactsFile(bytes));
  EXPECT_FALSE(LooksLikeFactsFile(bytes.substr(0, 7)));
  for (size_t size = 0; size < sizeof(FactsFileHeader) + 16; ++size) {
    EXPECT_FALSE(SnapshotFile::Info(bytes.substr(0, size)).ok());
  }
}

// Any one byte changed, and made to look whole: refused, or read and changed without harm. Run
// under the sanitizers, this is the test of every check in facts_checker*.cc.
TEST(SnapshotFile, AnyByteChanged) {
  World w;
  std::vector<EntityRecord> records;
  for (int i = 0; i < 12; ++i) records.push_back(Thing(i));
  for (int i = 0; i < 5; ++i) records.push_back(Group(i));
  for (int i = 0; i < 10; ++i) records.push_back(Model(i));
  const std::string bytes = SnapshotFile::Bytes(*Build(w.program, records));
  int refused = 0, read = 0, succeeded = 0;
  const size_t set_hash_end = sizeof(FactsFileHeader) + 2 * SetHash::kLanes;
  for (size_t i = kFactsSealedFrom; i < bytes.size(); ++i) {
    // Any state of the set hash is one.
    if (i == sizeof(FactsFileHeader)) i = set_hash_end;
    static constexpr uint8_t kMasks[] = {0x01, 0x02, 0x04, 0x80, 0xff, 0x03, 0x10};
    const uint8_t mask = kMasks[i % std::size(kMasks)];
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ mask);
    SealFactsFile(&changed);
    const auto made = SnapshotFile::Read(w.program, changed);
    if (!made.ok()) {
      ++refused;
      continue;
    }
    ++read;
    ReadAll(**made);
    SnapshotBuilder builder(*made);
    EntityRecord group = Group(2);
    group.parents.push_back(Uid(kGroup, "more"));
    bool good = builder.Upsert(group).ok();
    good = good && builder.Delete(Uid(kModel, "m1")).ok() && builder.Add(Model(40)).ok();
    if (!good) continue;
    const auto next = builder.Build();
    if (!next.ok()) continue;
    ++succeeded;
    ReadAll(**next);
    if (i % 16 == 0) {
      EXPECT_TRUE(SnapshotFile::Read(w.program, SnapshotFile::Bytes(**next)).ok());
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(read, 1000);
  EXPECT_GT(succeeded, 1000);
}

TEST(SnapshotFile, CutShortAtAnyPlace) {
  World w;
  const std::string bytes = SnapshotFile::Bytes(*Build(w.program, {Thing(1), Group(0), Model(3)}));
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::string changed = bytes.substr(0, size);
    SealFactsFile(&changed);
    EXPECT_FALSE(SnapshotFile::Read(w.program, changed).ok()) << size;
  }
}

}  // namespace
}  // namespace ztp
