// Where memory runs out, at whichever allocation: a change of facts leaves the facts as they were,
// and nothing is given back twice. The allocations of this program go through here.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "engine/facts/json_sink.h"
#include "engine/facts/snapshot.h"
#include "engine/facts/snapshot_builder.h"

namespace {
// How many allocations of this thread still succeed; -1: all.
thread_local int64_t allocations_left = -1;
// Those of pages alone fail, which are the large ones. (The hash tables of Abseil do not outlive an
// allocation that fails, which is why not all are tried where there are such.)
thread_local bool pages_only = false;
void* Allocate(size_t size, size_t alignment) {
  if (!pages_only || alignment > __STDCPP_DEFAULT_NEW_ALIGNMENT__) {
    if (allocations_left == 0) throw std::bad_alloc();
    if (allocations_left > 0) --allocations_left;
  }
  void* const memory =
      std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

void* operator new(size_t size) { return Allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

namespace ztp {
namespace {

// Calls `body` with ever more allocations that succeed, until all do. How many failed.
template <typename Body>
int FailAtEach(const Body& body) {
  for (int failed = 0;; ++failed) {
    allocations_left = failed;
    try {
      body();
      allocations_left = -1;
      return failed;
    } catch (const std::bad_alloc&) {
      allocations_left = -1;
    }
  }
}

EntityRecord Node(int number, int parent) {
  EntityRecord record;
  record.uid = {EntityTypeId{0}, "node-" + std::to_string(number)};
  record.attributes = {Fact::Of(Value::String(std::string(100, 'a')))};
  if (parent >= 0) record.parents = {{EntityTypeId{0}, "node-" + std::to_string(parent)}};
  return record;
}

TEST(NoMemory, FactsThatCouldNotBeChangedAreAsTheyWere) {
  auto program = std::make_shared<DecisionProgram>();
  EntityType& node = program->schema.entities.emplace_back();
  node.name = node.json_name = "Node";
  node.parents = {EntityTypeId{0}};
  node.attributes = {{.name = "text", .type = program->schema.types.Scalar(TypeKind::kString)}};

  std::shared_ptr<const Snapshot> facts;
  pages_only = true;
  const int of_making = FailAtEach([&] {
    SnapshotBuilder builder(program);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(builder.Add(Node(i, i - 1)).ok());
    auto made = builder.Build();
    ASSERT_TRUE(made.ok());
    facts = *std::move(made);
  });
  EXPECT_GT(of_making, 2);

  // A builder that could not be made has not taken the only successor's place.
  pages_only = false;
  EXPECT_GT(FailAtEach([&] {
              SnapshotBuilder builder(facts);
              const int64_t left = std::exchange(allocations_left, -1);
              EXPECT_TRUE(builder.FindStored(Node(2, 1).uid).has_value());
              allocations_left = left;
            }),
            10);

  // So many that pages and the table by name are replaced and grow.
  pages_only = true;
  constexpr int kMore = 400;
  const std::string before = facts->version();
  std::shared_ptr<const Snapshot> next;
  const int of_changing = FailAtEach([&] {
    EXPECT_EQ(facts->version(), before);
    EXPECT_EQ(facts->stored_count(), 3u);
    SnapshotBuilder builder(facts);
    for (int i = 0; i < kMore; ++i) ASSERT_TRUE(builder.Upsert(Node(i, i - 1)).ok());
    ASSERT_TRUE(builder.Delete(Node(kMore - 1, 0).uid).ok());
    auto made = builder.Build();
    ASSERT_TRUE(made.ok());
    next = *std::move(made);
  });
  EXPECT_GT(of_changing, 5);
  EXPECT_EQ(next->stored_count(), size_t{kMore} - 1);
  EXPECT_EQ(facts->Record(*facts->Find(EntityTypeId{0}, "node-2")), Node(2, 1));
  // In whichever order they end.
  facts.reset();
  EXPECT_EQ(next->Record(*next->Find(EntityTypeId{0}, "node-2")), Node(2, 1));
}

TEST(NoMemory, JsonThatCouldNotBeWrittenIsToldOf) {
  std::string out;
  pages_only = false;
  EXPECT_EQ(FailAtEach([&] {
              out = std::string();
              JsonSink sink(&out);
              sink.PutText(std::string_view("more than a string has room for in itself"));
            }),
            1);
  EXPECT_EQ(out, "\"more than a string has room for in itself\"");
}

}  // namespace
}  // namespace ztp
