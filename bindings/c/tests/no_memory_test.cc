// Where memory runs out, at whichever allocation: a change of facts leaves the facts as they were,
// nothing is given back twice, and a batch denies. The allocations of this program go through here.
#include <gtest/gtest.h>

// GCC sees memory of `new` freed, and not that this `new` has it from malloc.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "bindings/c/ztp.h"
#include "bindings/c/ztp_compile.h"
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
// Sanitizers have one of their own that does not come here.
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  try {
    return Allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
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

ztp_text Text(std::string_view text) { return {text.data(), text.size()}; }
void Works(ztp_error* error) {
  EXPECT_EQ(error, nullptr) << ztp_error_message(error).data;
  ztp_error_free(error);
}

// A column that could not be set is not left out: no row of that batch is allowed any more.
TEST(NoMemory, ABatchWithoutAColumnDenies) {
  const ztp_source source = {
      Text("no_memory.ztp"),
      Text("ztp 1\npackage p\nentity User\ninput tries: Int\naction read on User by User\n"
           "permit few { principal any action read resource any when tries < 10 }\n")};
  ztp_bundle* bundle = nullptr;
  ztp_policy* policy = nullptr;
  ztp_engine* engine = nullptr;
  ztp_session* session = nullptr;
  ztp_request* request = nullptr;
  ztp_attr count;
  Works(ztp_compile(&source, 1, &bundle));
  const ztp_text bytes = ztp_bundle_bytes(bundle);
  Works(ztp_policy_read(bytes.data, bytes.size, &policy));
  Works(ztp_engine_new(policy, nullptr, nullptr, &engine));
  Works(ztp_session_new(engine, &session));
  Works(ztp_request_new(session, Text("read"), &request));
  Works(ztp_set_principal(request, Text("User"), Text("ann")));
  Works(ztp_set_resource(request, Text("User"), Text("ann")));
  Works(ztp_engine_attr(engine, Text("tries"), &count));
  Works(ztp_set_int(request, count, 1));  // what rows without the column would be allowed by

  const int64_t counts[3] = {1, 50, 9};
  uint8_t allow[3] = {};
  ztp_answers answers = ZTP_ANSWERS_INIT;
  answers.allow = allow;
  pages_only = false;
  int failed = 0;
  for (bool done = false; !done && failed < 1000; ++failed) {
    ztp_batch* batch = nullptr;
    Works(ztp_batch_new(request, 3, &batch));
    allocations_left = failed;
    ztp_error* const error = ztp_batch_numbers(batch, count, counts, 3);
    allocations_left = -1;
    done = error == nullptr;
    EXPECT_EQ(ztp_error_code(error), done ? ZTP_OK : ZTP_NO_MEMORY);
    ztp_error_free(error);
    ztp_error* const decided = ztp_batch_decide(batch, 0, &answers, nullptr);
    EXPECT_EQ(ztp_error_code(decided), done ? ZTP_OK : ZTP_NO_MEMORY);
    ztp_error_free(decided);
    EXPECT_EQ(std::string(allow, allow + 3), done ? std::string("\1\0\1", 3) : std::string(3, 0));
    ztp_batch_free(batch);
  }
  EXPECT_GT(failed, 2);
  ztp_request_free(request);
  ztp_session_free(session);
  ztp_engine_free(engine);
  ztp_policy_free(policy);
  ztp_bundle_free(bundle);
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

// The facts without what was revoked cannot be made: then what was revoked counts no more either,
// in any engine of that trust.
TEST(NoMemory, WhatIsRevokedIsGoneWhereTheFactsWithoutItCannotBeMade) {
  const std::string example = ZTP_EXAMPLES "/weights-release/";
  const auto text = [](const std::string& of) { return ztp_text{of.data(), of.size()}; };
  const std::string source = example + "weights.ztp", facts_path = example + "facts.json",
                    trust_path = example + "trust.json";
  const ztp_text source_text = text(source), facts_text = text(facts_path);
  pages_only = true;
  int failed = 0;
  for (bool done = false; !done; ++failed) {
    ztp_bundle* bundle = nullptr;
    ztp_policy* policy = nullptr;
    ztp_trust* trust = nullptr;
    ztp_facts* facts = nullptr;
    ztp_engine* engine = nullptr;
    ztp_session* session = nullptr;
    ASSERT_EQ(ztp_compile_paths(&source_text, 1, &bundle), nullptr);
    const ztp_text bytes = ztp_bundle_bytes(bundle);
    ASSERT_EQ(ztp_policy_read(bytes.data, bytes.size, &policy), nullptr);
    ASSERT_EQ(ztp_trust_load(text(trust_path), &trust), nullptr);
    ztp_facts_options taking = ZTP_FACTS_OPTIONS_INIT;
    taking.trust = trust;
    ASSERT_EQ(ztp_facts_load_with(policy, &facts_text, 1, &taking, &facts), nullptr);
    ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
    options.trust = trust;
    ASSERT_EQ(ztp_engine_new(policy, facts, &options, &engine), nullptr);
    ASSERT_EQ(ztp_session_new(engine, &session), nullptr);
    const auto model = [&] {
      ztp_text json = {nullptr, 0};
      ztp_error_free(
          ztp_session_entity_json(session, ZTP_TEXT("Model"), ZTP_TEXT("vision-7b"), &json));
      return std::string(json.data, json.size);
    };
    const std::string json = model();
    ASSERT_NE(json.find("\"signature\""), std::string::npos);
    const std::string digest = json.substr(json.find("sha256:"), 71);
    ztp_revocation revocation = ZTP_REVOCATION_INIT;
    revocation.subject = text(digest);
    allocations_left = failed;
    ztp_error* error = ztp_trust_revoke(trust, &revocation, 0);
    allocations_left = -1;
    done = error == nullptr;
    ztp_error_free(error);
    EXPECT_EQ(model().find("\"signature\""), std::string::npos) << failed;
    EXPECT_EQ(model().empty(), !done) << "nothing is known then";
    ztp_session_free(session);
    ztp_engine_free(engine);
    ztp_facts_free(facts);
    ztp_trust_free(trust);
    ztp_policy_free(policy);
    ztp_bundle_free(bundle);
  }
  EXPECT_GT(failed, 2);
  pages_only = false;
}

}  // namespace
}  // namespace ztp
