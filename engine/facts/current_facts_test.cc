// Readers while a writer changes: each sees one snapshot at a time, whole, and newer ones later.
// Under ThreadSanitizer this is the test that a successor writes to nothing that is read.
#include "engine/facts/current_facts.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "engine/facts/snapshot_builder.h"
#include "engine/facts/snapshot_file.h"

namespace ztp {
namespace {

enum : uint32_t { kItem, kGroup };
enum : uint32_t { kNumber, kText, kTags };
constexpr int kItems = 300;
constexpr int kTogether = 40;  // items that one change gives the same number

std::shared_ptr<const DecisionProgram> MakeProgram() {
  auto program = std::make_shared<DecisionProgram>();
  Schema& schema = program->schema;
  const TypeId string = schema.types.Scalar(TypeKind::kString);
  schema.entities.resize(2);
  EntityType& item = schema.entities[kItem];
  item.name = item.json_name = "Item";
  item.parents = {EntityTypeId{kGroup}};
  item.attributes = {{.name = "number", .type = schema.types.Scalar(TypeKind::kInt)},
                     {.name = "text", .type = string},
                     {.name = "tags", .type = schema.types.Set(string)}};
  EntityType& group = schema.entities[kGroup];
  group.name = group.json_name = "Group";
  group.parents = {EntityTypeId{kGroup}};
  return program;
}

EntityRecord Item(int i, int number) {
  const std::string text = "text of " + std::to_string(number);
  EntityRecord record;
  record.uid = {EntityTypeId{kItem}, "i" + std::to_string(i)};
  record.attributes = {
      Fact::Of(Value::Int(number)), Fact::Of(Value::String(text)),
      Fact::Of(Value::Set({Value::String(text), Value::String("tag" + std::to_string(i))}))};
  // Every number has a group of its own, which is in the group of all.
  record.parents = {{EntityTypeId{kGroup}, "g" + std::to_string(number)}};
  return record;
}
EntityRecord Group(int number) {
  EntityRecord record;
  record.uid = {EntityTypeId{kGroup}, "g" + std::to_string(number)};
  record.parents = {{EntityTypeId{kGroup}, "all"}};
  return record;
}

// The number that all of the items of the change have; -1: they do not agree.
int64_t NumberOfAll(const Snapshot& s) {
  const auto all = s.Find(EntityTypeId{kGroup}, "all");
  int64_t number = -1;
  for (int i = 0; i < kTogether; ++i) {
    const auto item = s.Find(EntityTypeId{kItem}, "i" + std::to_string(i));
    if (!item || !all || !s.IsStored(*item)) return -1;
    const int64_t own = s.Attribute(*item, kNumber).number;
    if (number == -1) number = own;
    const std::string text = "text of " + std::to_string(own);
    const Val tags = s.Attribute(*item, kTags);
    const auto group = s.Find(EntityTypeId{kGroup}, "g" + std::to_string(own));
    if (own != number || s.Attribute(*item, kText).text() != text || tags.size != 2 ||
        !ContainsItem(tags, Val::Text(TypeKind::kString, text)) || !group) {
      return -1;
    }
    const auto above = s.List(s.Memberships(*item).members);
    if (above.size() != 2 || !std::binary_search(above.begin(), above.end(), *group) ||
        !std::binary_search(above.begin(), above.end(), *all)) {
      return -1;
    }
  }
  return number;
}

void ReadWhileChanging(std::shared_ptr<const Snapshot> first) {
  CurrentFacts facts(std::move(first));
  std::atomic<bool> stop = false;
  std::atomic<int> torn = 0, backwards = 0, seen = 0;
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      CurrentFacts::Reader reader(facts);
      int64_t last = 0;
      while (!stop) {
        const Snapshot& snapshot = reader.Get();
        const int64_t number = NumberOfAll(snapshot);
        torn += number < 0;
        backwards += number < last;
        // Whatever is published meanwhile, this one stays as it is.
        torn += NumberOfAll(snapshot) != number;
        if (number != last) ++seen;
        last = number;
      }
    });
  }
  constexpr int kChanges = 60;
  for (int change = 1; change <= kChanges; ++change) {
    SnapshotBuilder builder(facts.Newest());
    ASSERT_TRUE(builder.Add(Group(change)).ok());
    for (int i = 0; i < kTogether; ++i) ASSERT_TRUE(builder.Upsert(Item(i, change)).ok());
    // Others come and go, so that tables grow and rows are used again.
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(builder.Add(Item(1000 + 20 * change + i, change)).ok());
    }
    if (change > 1) {
      ASSERT_TRUE(builder.Delete(Item(1000 + 20 * (change - 1), 0).uid).ok());
    }
    const auto next = builder.Build();
    ASSERT_TRUE(next.ok()) << next.status();
    facts.Publish(*next);
    std::this_thread::yield();
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(backwards, 0);
  EXPECT_EQ(NumberOfAll(*facts.Newest()), kChanges);
}

std::shared_ptr<const Snapshot> First() {
  SnapshotBuilder builder(MakeProgram());
  EXPECT_TRUE(builder.Add(Group(0)).ok());
  EntityRecord all;
  all.uid = {EntityTypeId{kGroup}, "all"};
  EXPECT_TRUE(builder.Add(all).ok());
  for (int i = 0; i < kItems; ++i) EXPECT_TRUE(builder.Add(Item(i, 0)).ok());
  return *builder.Build();
}

TEST(CurrentFacts, ReadersSeeOneSnapshotWhileAWriterMakesOthers) { ReadWhileChanging(First()); }

TEST(CurrentFacts, TheSameOfAMappedFile) {
  const auto first = First();
  const auto mapped = SnapshotFile::Read(first->program(), SnapshotFile::Bytes(*first));
  ASSERT_TRUE(mapped.ok()) << mapped.status();
  ReadWhileChanging(*mapped);
}

// A snapshot is written while its successor is made.
TEST(CurrentFacts, IsWrittenWhileItIsChanged) {
  const auto first = First();
  const std::string expected = SnapshotFile::Bytes(*first);
  std::atomic<bool> done = false;
  std::thread writer([&] {
    std::shared_ptr<const Snapshot> newest = first;
    for (int change = 1; change <= 30; ++change) {
      SnapshotBuilder builder(newest);
      EXPECT_TRUE(builder.Add(Group(change)).ok());
      for (int i = 0; i < kItems; ++i) EXPECT_TRUE(builder.Upsert(Item(i, change)).ok());
      newest = *builder.Build();
    }
    done = true;
  });
  int written = 0;
  do {
    EXPECT_EQ(SnapshotFile::Bytes(*first), expected);
    ++written;
  } while (!done);
  writer.join();
  EXPECT_GT(written, 0);
}

// What nobody reads any more is let go of by who publishes, not by a reader.
TEST(CurrentFacts, OldSnapshotsAreLetGoOf) {
  CurrentFacts facts(First());
  std::weak_ptr<const Snapshot> first = facts.Newest();
  CurrentFacts::Reader reader(facts);
  EXPECT_EQ(NumberOfAll(reader.Get()), 0);
  for (int change = 1; change <= 2; ++change) {
    SnapshotBuilder builder(facts.Newest());
    ASSERT_TRUE(builder.Add(Group(change)).ok());
    for (int i = 0; i < kTogether; ++i) ASSERT_TRUE(builder.Upsert(Item(i, change)).ok());
    facts.Publish(*builder.Build());
    EXPECT_FALSE(first.expired()) << "the reader still has it";
  }
  EXPECT_EQ(NumberOfAll(reader.Get()), 2);
  SnapshotBuilder builder(facts.Newest());
  facts.Publish(*builder.Build());
  EXPECT_TRUE(first.expired());
}

}  // namespace
}  // namespace ztp
