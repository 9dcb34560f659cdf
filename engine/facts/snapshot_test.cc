#include "engine/facts/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/facts/snapshot_builder.h"

namespace ztp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Group in Group; Model derives Model, with a name, and tags and a hold that are inherited; Tag is
// always there; Session is carried.
enum : uint32_t { kGroup, kModel, kTag, kSession };
enum : uint32_t { kName, kTags, kHold };

std::shared_ptr<const DecisionProgram> MakeProgram() {
  auto program = std::make_shared<DecisionProgram>();
  Schema& schema = program->schema;
  const TypeId string = schema.types.Scalar(TypeKind::kString);
  const TypeId boolean = schema.types.Scalar(TypeKind::kBool);
  schema.entities.resize(4);
  EntityType& group = schema.entities[kGroup];
  group.name = group.json_name = "Group";
  group.parents = {EntityTypeId{kGroup}};
  EntityType& model = schema.entities[kModel];
  model.name = model.json_name = "Model";
  model.derives = {EntityTypeId{kModel}};
  model.attributes = {
      {.name = "name", .type = string, .optional = true},
      {.name = "tags", .type = schema.types.Set(string), .inherit = Inherit::kUnion},
      {.name = "hold", .type = boolean, .inherit = Inherit::kAny}};
  schema.entities[kTag].name = schema.entities[kTag].json_name = "Tag";
  EntityType& session = schema.entities[kSession];
  session.name = session.json_name = "Session";
  session.carried = Carried::kClaimed;
  return program;
}

EntityUid Uid(uint32_t type, std::string id) { return {EntityTypeId{type}, std::move(id)}; }
EntityRecord Group(std::string id, std::vector<std::string> parents = {}) {
  EntityRecord record;
  record.uid = Uid(kGroup, std::move(id));
  for (std::string& parent : parents) record.parents.push_back(Uid(kGroup, std::move(parent)));
  return record;
}
EntityRecord Model(std::string id, std::vector<std::string> derives, std::vector<std::string> tags,
                   bool hold = false) {
  EntityRecord record;
  record.uid = Uid(kModel, std::move(id));
  for (std::string& from : derives) record.derives.push_back(Uid(kModel, std::move(from)));
  std::vector<Value> values;
  for (std::string& tag : tags) values.push_back(Value::String(std::move(tag)));
  record.attributes = {Fact::Missing(), Fact::Of(Value::Set(std::move(values))),
                       Fact::Of(Value::Bool(hold))};
  return record;
}

absl::StatusOr<std::shared_ptr<const Snapshot>> Build(const std::vector<EntityRecord>& records) {
  SnapshotBuilder builder(MakeProgram());
  for (const EntityRecord& record : records) ZTP_RETURN_IF_ERROR(builder.Add(record));
  return builder.Build();
}

std::vector<std::string> Ids(const Snapshot& snapshot, std::span<const uint32_t> entities) {
  std::vector<std::string> ids;
  for (uint32_t entity : entities) ids.emplace_back(snapshot.IdOf(entity));
  std::sort(ids.begin(), ids.end());
  return ids;
}

Value Read(const Snapshot& snapshot, std::string_view id, uint32_t attribute) {
  return Decode(snapshot.Attribute(*snapshot.Find(EntityTypeId{kModel}, id), attribute), snapshot);
}

TEST(Snapshot, ClosesMembershipAndNamesWhatIsAbsent) {
  const auto built = Build({Group("a", {"b", "gone"}), Group("b", {"c"}), Group("c")});
  ASSERT_TRUE(built.ok()) << built.status();
  const Snapshot& s = **built;
  const Snapshot::Closure closure = s.Memberships(*s.Find(EntityTypeId{kGroup}, "a"));
  EXPECT_THAT(Ids(s, s.List(closure.members)), ElementsAre("b", "c", "gone"));
  EXPECT_THAT(Ids(s, s.List(closure.absent)), ElementsAre("gone"));
  const Snapshot::Closure top = s.Memberships(*s.Find(EntityTypeId{kGroup}, "c"));
  EXPECT_THAT(s.List(top.members), IsEmpty());
  EXPECT_EQ(s.stored_count(), 3u);
  EXPECT_EQ(s.absent_count(), 1u);
  EXPECT_FALSE(s.IsStored(*s.Find(EntityTypeId{kGroup}, "gone")));
  EXPECT_EQ(s.Find(EntityTypeId{kGroup}, "never"), std::nullopt);
}

TEST(Snapshot, InheritsFromAllAncestorsOwnParts) {
  const auto built = Build({Model("tuned", {"base"}, {"t"}), Model("base", {"raw"}, {"b", "t"}),
                            Model("raw", {}, {"r"}, true)});
  ASSERT_TRUE(built.ok()) << built.status();
  const Snapshot& s = **built;
  auto set = [](std::vector<std::string> texts) {
    std::vector<Value> values;
    for (std::string& text : texts) values.push_back(Value::String(std::move(text)));
    return Value::Set(std::move(values));
  };
  EXPECT_EQ(Read(s, "tuned", kTags), set({"b", "r", "t"}));
  EXPECT_EQ(Read(s, "raw", kTags), set({"r"}));
  EXPECT_TRUE(Read(s, "tuned", kHold).boolean());
  const uint32_t tuned = *s.Find(EntityTypeId{kModel}, "tuned");
  EXPECT_EQ(Decode(s.OwnPart(tuned, kTags), s), set({"t"}));
  EXPECT_FALSE(s.OwnPart(tuned, kHold).boolean());
}

TEST(Snapshot, AnAbsentAncestorMakesInheritedAttributesUnknown) {
  const auto built = Build({Model("tuned", {"base"}, {"t"}), Model("base", {"gone"}, {"b"}, true)});
  ASSERT_TRUE(built.ok()) << built.status();
  const Snapshot& s = **built;
  const Val& hold = s.Attribute(*s.Find(EntityTypeId{kModel}, "tuned"), kHold);
  EXPECT_TRUE(hold.is_none());
  EXPECT_NE(hold.flags & Val::kNotKnown, 0) << "even where it is already decided";
  EXPECT_THAT(Ids(s, s.List(hold.size)), ElementsAre("gone"));
}

TEST(Snapshot, KeepsMissingAndUnknownApart) {
  EntityRecord record = Model("m", {}, {});
  const auto missing = Build({record});
  record.attributes[kName] = Fact::Unknown();
  const auto unknown = Build({record});
  ASSERT_TRUE(missing.ok() && unknown.ok());
  for (const auto* snapshot : {&*missing, &*unknown}) {
    EXPECT_TRUE((*snapshot)->Attribute(0, kName).is_none());
  }
  EXPECT_EQ((*missing)->Attribute(0, kName).flags & Val::kNotKnown, 0);
  EXPECT_NE((*unknown)->Attribute(0, kName).flags & Val::kNotKnown, 0);
}

TEST(Snapshot, CyclesAreErrorsThatNameThem) {
  const auto lineage = Build({Model("a", {"b"}, {}), Model("b", {"a"}, {})});
  EXPECT_EQ(lineage.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Message(lineage.status())),
              HasSubstr("Model::\"a\" -> Model::\"b\" -> Model::\"a\""));
  const auto membership = Build({Group("x", {"y"}), Group("y", {"z"}), Group("z", {"y"})});
  EXPECT_EQ(membership.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Message(membership.status())),
              HasSubstr("Group::\"y\" -> Group::\"z\" -> Group::\"y\""));
  const auto itself = Build({Model("a", {"a"}, {})});
  EXPECT_THAT(std::string(Message(itself.status())), HasSubstr("Model::\"a\" -> Model::\"a\""));
}

TEST(Snapshot, ADiamondIsNoCycle) {
  const auto built = Build({Model("top", {"left", "right"}, {}), Model("left", {"root"}, {}),
                            Model("right", {"root"}, {}), Model("root", {}, {})});
  ASSERT_TRUE(built.ok()) << built.status();
  const Snapshot& s = **built;
  const Snapshot::Closure closure = s.Lineage(*s.Find(EntityTypeId{kModel}, "top"));
  EXPECT_THAT(Ids(s, s.List(closure.members)), ElementsAre("left", "right", "root"));
}

TEST(Snapshot, RefusesWhatCannotBeStored) {
  EXPECT_THAT(std::string(Message(Build({Group("a"), Group("a")}).status())),
              HasSubstr("Group::\"a\" is there twice"));
  EntityRecord session;
  session.uid = Uid(kSession, "s");
  EXPECT_EQ(Build({session}).status().code(), absl::StatusCode::kInvalidArgument);
  EntityRecord edge = Group("a");
  edge.parents.push_back(Uid(kModel, "m"));
  EXPECT_EQ(Build({edge}).status().code(), absl::StatusCode::kInvalidArgument);
  EntityRecord bare;
  bare.uid = Uid(kModel, "m");
  EXPECT_EQ(Build({bare}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Snapshot, TheVersionIsOfTheContentWhateverItsOrder) {
  const EntityRecord a = Model("a", {"b"}, {"x", "y"}), b = Model("b", {}, {});
  const auto one = Build({a, b}), other = Build({b, a});
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_EQ((*one)->version(), (*other)->version());
  EXPECT_THAT((*one)->version(), ::testing::StartsWith("sha256:"));
  EXPECT_EQ((*one)->version().size(), 7u + 64u);
  const auto changed = Build({Model("a", {"b"}, {"x", "y"}, true), b});
  ASSERT_TRUE(changed.ok());
  EXPECT_NE((*one)->version(), (*changed)->version());
}

TEST(Snapshot, ALongChainNeedsNoStack) {
  std::vector<EntityRecord> chain;
  constexpr int kLength = 3000;
  for (int i = 0; i < kLength; ++i) {
    chain.push_back(i + 1 < kLength ? Group(Cat("g", i), {Cat("g", i + 1)}) : Group(Cat("g", i)));
  }
  const auto built = Build(chain);
  ASSERT_TRUE(built.ok()) << built.status();
  const Snapshot& s = **built;
  const Snapshot::Closure closure = s.Memberships(*s.Find(EntityTypeId{kGroup}, "g0"));
  EXPECT_EQ(s.List(closure.members).size(), size_t{kLength - 1});
}

}  // namespace
}  // namespace ztp
