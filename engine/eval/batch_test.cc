// A batch says of each row what the row says as a request of its own.
#include "engine/eval/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/eval/eval_testing.h"

namespace ztp {
namespace {

using ::testing::HasSubstr;

constexpr char kPolicy[] = R"(ztp 1
package p
entity Team
entity User in Team { level: Int, tags: Set<String>, until?: Time }
entity Doc in Folder derives Doc { open: Bool, owners: Set<Team>, name: String, hold: Bool inherited any }
entity Folder
input hour?: Int
input place: String
action read, write on Doc by User with { why: String, size?: Int, note: String = "none" }
obligation audit(level: String)
permit owners {
  principal u: User action read, write resource d: Doc
  when u in d.owners and u.level > 2
  when trust(action.why) == "work" and trust(action.note) != "never"
  oblige audit("full")
}
permit open_docs { principal any action read resource d: Doc when d.open or d in Folder::"public" }
permit small { principal any action read resource any when trust((action.size ?? 99) < 10) }
permit at_home { principal u: User action read resource any when place == "home" and u.tags.contains("x") }
forbid expired { principal u: User when u has until and now >= u.until }
forbid held { resource d: Doc when d.hold }
forbid late { when has hour and hour > 20 }
test "requests" {
  entity team = Team::"t"
  entity ann = User::"ann" in Team::"t" { level: 3, tags: { "x" }, until: now + 5m }
  entity bob = User::"bob" { level: 9, tags: {} }
  entity cut = User::"cut" { .. }
  entity doc = Doc::"d" { open: false, owners: { Team::"t" }, name: "n", hold: false }
  entity pub = Doc::"p" in Folder::"public" { open: false, owners: {}, name: "p", hold: false }
  entity sad = Doc::"s" derives Doc::"h" { open: true, owners: {}, name: "s", hold: false }
  entity held = Doc::"h" { open: true, owners: {}, name: "h", hold: true }
  input place = "home"
  expect allow ann read doc with { why: "work" }
  expect deny  ann write held with { why: "work" }
}
)";

class BatchTest : public ::testing::Test {
 protected:
  BatchTest() : subject_(kPolicy) {}
  void SetUp() override {
    ASSERT_TRUE(subject_.ok());
    facts_ = subject_.FactsOf(0);
  }
  const Policy& policy() const { return *subject_.policy(); }
  EntityTypeId Type(std::string_view name) const { return *policy().schema().FindEntityType(name); }
  Request Shared() const {
    Request request = subject_.RequestOf(0);
    request.now = Time{kTestNow};
    return request;
  }
  std::unique_ptr<Batch> Make(const Request& shared, size_t rows) {
    auto batch = Batch::Make(policy(), *facts_, shared, rows);
    EXPECT_TRUE(batch.ok()) << batch.status();
    return *std::move(batch);
  }
  // Decides the batch and compares each row with the request that it stands for.
  void Expect(Batch& batch, const std::vector<Request>& requests) {
    const size_t n = requests.size();
    ASSERT_EQ(batch.rows(), n);
    std::vector<uint8_t> allow(n, 9), on_unknown(n, 9);
    std::vector<uint32_t> rule(n, 9);
    std::vector<int64_t> until(n, 9);
    std::vector<uint32_t> obligations(n, 9);
    batch.Decide(scratch_,
                 {allow.data(), rule.data(), until.data(), on_unknown.data(), obligations.data()});
    for (size_t i = 0; i < n; ++i) {
      const Decision one = Decide(policy(), *facts_, requests[i], one_scratch_);
      EXPECT_EQ(allow[i], one.allow ? 1 : 0) << i;
      EXPECT_EQ(rule[i], one.rules.empty() ? kNone32 : one.rules[0]) << i;
      EXPECT_EQ(until[i], one.valid_until ? one.valid_until->micros : kForEver) << i;
      EXPECT_EQ(on_unknown[i], one.unknown.empty() ? 0 : 1) << i;
      EXPECT_EQ(obligations[i], one.obligations.size()) << i;
    }
    // Where nobody looks at obligations, a row with any is not allowed, unless it was said that the
    // caller carries them out.
    std::vector<uint8_t> unseen(n, 9);
    batch.Decide(scratch_, {unseen.data(), rule.data()});
    for (size_t i = 0; i < n; ++i) {
      const bool is_seen = obligations[i] == 0 || requests[i].can.has_value();
      EXPECT_EQ(unseen[i], is_seen ? allow[i] : 0) << i;
    }
  }

  PolicyUnderTest subject_;
  std::shared_ptr<const Snapshot> facts_;
  Scratch scratch_;
  Scratch one_scratch_;
};

// Every principal with every document, purpose, size and hour, by columns of each kind.
TEST_F(BatchTest, RowsAreDecidedAsRequestsAre) {
  const std::vector<std::string_view> users = {"ann", "bob", "cut", "nobody", "ann"};
  const std::vector<std::string_view> docs = {"d", "p", "s", "h", "gone"};
  const std::vector<std::string_view> whys = {"work", "fun"};
  const std::vector<Fact> sizes = {Fact::Missing(), Fact::Of(Value::Int(3)),
                                   Fact::Of(Value::Int(30))};
  const std::vector<int64_t> hours = {8, 23};
  std::vector<std::string_view> principals, resources, why;
  std::vector<uint32_t> size, resource_codes;
  std::vector<int64_t> hour;
  std::vector<Request> requests;
  const Action& read = policy().schema()[Shared().action];
  for (std::string_view user : users) {
    for (uint32_t d = 0; d < docs.size(); ++d) {
      for (std::string_view w : whys) {
        for (uint32_t s = 0; s < sizes.size(); ++s) {
          for (int64_t h : hours) {
            principals.push_back(user);
            resources.push_back(docs[d]);
            resource_codes.push_back(d);
            why.push_back(w);
            size.push_back(s);
            hour.push_back(h);
            Request request = Shared();
            request.principal = {Type("User"), std::string(user)};
            request.resource = {Type("Doc"), std::string(docs[d])};
            request.params[*read.FindParam("why")] = Fact::Of(Value::String(std::string(w)));
            request.params[*read.FindParam("size")] = sizes[s];
            request.inputs[subject_.FindInput("hour").index] = Fact::Of(Value::Int(h));
            requests.push_back(request);
          }
        }
      }
    }
  }
  for (const bool by_code : {false, true}) {
    auto batch = Make(Shared(), requests.size());
    ASSERT_EQ(batch->SetPrincipals(Type("User"), principals), absl::OkStatus());
    ASSERT_EQ(by_code ? batch->SetResources(Type("Doc"), docs, resource_codes)
                      : batch->SetResources(Type("Doc"), resources),
              absl::OkStatus());
    ASSERT_EQ(batch->SetTexts("why", why), absl::OkStatus());
    ASSERT_EQ(batch->SetFacts("size", sizes, size), absl::OkStatus());
    ASSERT_EQ(batch->SetNumbers("hour", hour), absl::OkStatus());
    Expect(*batch, requests);
    Expect(*batch, requests);  // again, with everything warm
  }
}

// One principal, many resources: what is read of the principal stays, and is right.
TEST_F(BatchTest, WhatNoColumnGivesIsShared) {
  const std::vector<std::string_view> docs = {"d", "p", "h", "s", "d", "gone", "p"};
  for (const char* user : {"ann", "bob", "cut", "nobody"}) {
    Request shared = Shared();
    shared.principal.id = user;
    std::vector<Request> requests;
    for (std::string_view doc : docs) {
      requests.push_back(shared);
      requests.back().resource.id = std::string(doc);
    }
    auto batch = Make(shared, docs.size());
    ASSERT_EQ(batch->SetResources(Type("Doc"), docs), absl::OkStatus());
    Expect(*batch, requests);
  }
}

TEST_F(BatchTest, ARowThatLeavesOutAParameterGetsItsDefault) {
  const std::vector<Fact> notes = {Fact::Missing(), Fact::Of(Value::String("never"))};
  const std::vector<uint32_t> codes = {0, 1, 0};
  std::vector<Request> requests(3, Shared());
  const Action& read = policy().schema()[Shared().action];
  for (size_t i = 0; i < 3; ++i) requests[i].params[*read.FindParam("note")] = notes[codes[i]];
  auto batch = Make(Shared(), 3);
  ASSERT_EQ(batch->SetFacts("note", notes, codes), absl::OkStatus());
  Expect(*batch, requests);
}

TEST_F(BatchTest, RefusesWhatTheActionDoesNotTake) {
  auto batch = Make(Shared(), 2);
  const std::vector<std::string_view> two = {"a", "b"}, three = {"a", "b", "c"};
  const std::vector<uint32_t> beyond = {0, 5};
  const std::vector<int64_t> numbers = {1, 2};
  auto text = [](const absl::Status& status) { return std::string(status.message()); };
  EXPECT_THAT(text(batch->SetPrincipals(Type("User"), three)),
              HasSubstr("the column has 3 entries; the batch has 2 rows"));
  EXPECT_FALSE(batch->SetPrincipals(Type("Doc"), two).ok());
  EXPECT_THAT(text(batch->SetResources(Type("Doc"), two, beyond)), HasSubstr("beyond"));
  EXPECT_THAT(text(batch->SetNumbers("why", numbers)), HasSubstr("why is a String, no number"));
  EXPECT_THAT(text(batch->SetTexts("size", two)), HasSubstr("size is a Int, no String"));
  EXPECT_THAT(text(batch->SetTexts("wy", two)), HasSubstr("no parameter"));
  const std::vector<Fact> wrong = {Fact::Of(Value::Int(1))}, missing = {Fact::Missing()};
  const std::vector<uint32_t> codes = {0, 0};
  EXPECT_FALSE(batch->SetFacts("why", wrong, codes).ok());
  EXPECT_THAT(text(batch->SetFacts("why", missing, codes)), HasSubstr("parameter why is missing"));
  // None of these left a column behind.
  Expect(*batch, {Shared(), Shared()});

  Request carrying = Shared();
  carrying.carried.emplace_back();
  EXPECT_FALSE(Batch::Make(policy(), *facts_, carrying, 1).ok());
}

TEST_F(BatchTest, WhatTheCallerCarriesOutNeedsNobodyToLook) {
  Request shared = Shared();
  shared.can = {*policy().schema().FindObligation("audit")};
  auto batch = Make(shared, 2);
  Expect(*batch, {shared, shared});
}

// A batch that is kept, with columns that are set again and again: each is only what it was set to
// last, and what the others hold is theirs still.
TEST_F(BatchTest, ColumnsAreSetOver) {
  const std::vector<std::string_view> known = {"ann", "bob"};
  Request shared = Shared();
  auto batch = Make(shared, 2);
  std::vector<Request> requests(2, shared);
  for (int round = 0; round < 3; ++round) {
    const std::string number = std::to_string(round);
    const std::vector<std::string> names = {"new user " + number, "new doc " + number};
    const std::vector<std::string_view> users = {names[0], "ann"}, docs = {names[1], names[0]};
    ASSERT_EQ(batch->SetPrincipals(Type("User"), users), absl::OkStatus());
    ASSERT_EQ(batch->SetResources(Type("Doc"), docs), absl::OkStatus());
    for (size_t i = 0; i < 2; ++i) {
      requests[i].principal = {Type("User"), std::string(users[i])};
      requests[i].resource = {Type("Doc"), std::string(docs[i])};
    }
    Expect(*batch, requests);
    EXPECT_EQ(batch->stranger_count(), 3u);
  }
  ASSERT_EQ(batch->SetPrincipals(Type("User"), known), absl::OkStatus());
  EXPECT_EQ(batch->stranger_count(), 2u);

  // The times of a value go with it.
  Fact late = Fact::Of(Value::Int(23));
  late.expires_at = Time{kTestNow - 1};
  const std::vector<uint32_t> codes = {0, 0};
  const std::vector<int64_t> hours = {23, 8};
  ASSERT_EQ(batch->SetFacts("hour", std::vector<Fact>{late}, codes), absl::OkStatus());
  ASSERT_EQ(batch->SetNumbers("hour", hours), absl::OkStatus());
  for (size_t i = 0; i < 2; ++i) {
    requests[i].principal.id = std::string(known[i]);
    requests[i].inputs[subject_.FindInput("hour").index] = Fact::Of(Value::Int(hours[i]));
  }
  Expect(*batch, requests);
}

// What evidence must be about is read out of rows, and what it proves is set row by row.
TEST_F(BatchTest, RowsSayWhatEvidenceIsAbout) {
  Request shared = Shared();
  auto batch = Make(shared, 3);
  const auto why = *policy().schema()[shared.action].FindParam("why");
  Request row = shared;
  EXPECT_FALSE(batch->FillRow(0, why, &row)) << "no column says anything else";
  EXPECT_EQ(row, shared);
  ASSERT_TRUE(
      batch->SetPrincipals(Type("User"), std::vector<std::string_view>{"ann", "nobody", "nobody"})
          .ok());
  ASSERT_TRUE(batch->SetTexts("why", std::vector<std::string_view>{"work", "fun", "fun"}).ok());
  EXPECT_FALSE(batch->FillRow(0, why, &row)) << "the same in other words";
  EXPECT_TRUE(batch->FillRow(1, std::nullopt, &row));
  EXPECT_EQ(row.principal, (EntityUid{Type("User"), "nobody"}));
  EXPECT_EQ(row.params, shared.params) << "it was not asked for";
  EXPECT_TRUE(batch->FillRow(1, why, &row));
  EXPECT_EQ(row.params[why], Fact::Of(Value::String("fun")));
  EXPECT_FALSE(batch->FillRow(2, why, &row));
  EXPECT_EQ(row.resource, shared.resource);

  const InputId place = *policy().schema().FindInput("place");
  const std::vector<Fact> facts = {Fact::Missing(), Fact::Of(Value::String("home"))};
  EXPECT_FALSE(batch->SetInput(place, facts, std::vector<uint32_t>{0, 1}).ok());
  EXPECT_FALSE(batch->SetInput(place, facts, std::vector<uint32_t>{0, 1, 2}).ok());
  const std::vector<Fact> wrong = {Fact::Of(Value::Int(1))};
  EXPECT_FALSE(batch->SetInput(place, wrong, std::vector<uint32_t>{0, 0, 0}).ok());
  ASSERT_TRUE(batch->SetInput(place, facts, std::vector<uint32_t>{0, 1, 0}).ok());
  std::vector<Request> requests(3, shared);
  for (size_t i = 0; i < 3; ++i) {
    batch->FillRow(i, why, &requests[i]);
    requests[i].inputs[place.index] = facts[i == 1 ? 1 : 0];
  }
  Expect(*batch, requests);
}

TEST_F(BatchTest, NoRowsAreNoTrouble) {
  auto batch = Make(Shared(), 0);
  ASSERT_EQ(batch->SetPrincipals(Type("User"), {}), absl::OkStatus());
  Expect(*batch, {});
}

}  // namespace
}  // namespace ztp
