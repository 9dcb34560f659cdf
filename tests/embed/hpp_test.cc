// ztp.hpp, as a C++17 program sees it: every class with good calls, and how each way to fail comes
// out.
#include "bindings/c/ztp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#if __cplusplus >= 202002L
#error "compiled as C++17, so that nothing newer gets into the header"
#endif

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kNoon = 1893456000000000;  // 2030-01-01
constexpr int64_t kDay = 86400000000;

constexpr std::string_view kPolicy = R"(ztp 1
package shop
enum Stage { dev, prod }
entity Team
entity User in Team { level: Int }
entity Doc derives Doc { open: Bool = false, until?: Time }
entity Robot carried vouched { model: String }
input stage?: Stage
input score?: Decimal
input since?: Time
input wait?: Duration
input vpn?: Bool
input quota?: Map<String, Int>
input device?: Int proven
action read on Doc by User with { why: String, count: Int = 0 }
action drive on Doc by Robot
obligation audit(level: String, times: Int)
permit work {
  principal u: User action read resource d: Doc
  when u.level > 2 and trust(action.why) == "work"
  when not (d has until) or now < d.until
  oblige audit("full", 3)
  because "it is work"
}
permit members { principal u: User action read resource d: Doc when u in Team::"red" and d.open }
permit staged { principal any action read resource any when has stage and stage == prod }
permit scored { principal any action read resource any when has score and score >= 0.5 }
permit timed { principal any action read resource any when has since and now < since + 10m }
permit waits { principal any action read resource any when has wait and wait > 1h }
permit tunnelled { principal any action read resource any when has vpn and vpn }
permit quotas { principal any action read resource any when has quota and (quota["gpu"] ?? 0) > 3 }
permit attested { principal any action read resource any when has device and device > 3 }
permit robots { principal r: Robot action drive resource any when r.model == "m1" }
forbid often { principal any action read resource any when trust(action.count) > 99 because "too often" }
)";

constexpr std::string_view kFacts = R"(
{"uid": {"type": "Team", "id": "red"}}
{"uid": {"type": "User", "id": "ann"}, "attrs": {"level": 3}}
{"uid": {"type": "User", "id": "bob"}, "attrs": {"level": 1}, "parents": [{"type": "Team", "id": "red"}]}
{"uid": {"type": "Doc", "id": "plan"}, "attrs": {"open": true, "until": "2030-01-02T00:00:00Z"}}
{"uid": {"type": "Doc", "id": "memo"}}
)";

ztp::Policy ThePolicy() { return ztp::Bundle::Compile({{"shop.ztp", kPolicy}}).Read(); }
ztp::Engine TheEngine(const ztp::Options& options = {}) {
  const ztp::Policy policy = ThePolicy();
  return ztp::Engine(
      policy, ztp::Facts::ReadJson(policy, kFacts, options.flags & ZTP_ASSUME_PROVEN), options);
}

// A path below the test's temporary folder that no other process has.
std::string Path(const std::string& name) {
  return ::testing::TempDir() + "ztp_hpp_" + std::to_string(getpid()) + "_" + name;
}

// The code of the error that `body` throws; ZTP_OK: it throws none.
template <typename Body>
ztp_code CodeOf(const Body& body) {
  try {
    body();
  } catch (const ztp::Error& error) {
    EXPECT_FALSE(error.problems().empty());
    EXPECT_FALSE(std::string_view(error.what()).empty());
    return error.code();
  }
  return ZTP_OK;
}

// An engine, a session and a request that is allowed by `work`.
class HppTest : public ::testing::Test {
 protected:
  ztp::Engine engine_ = TheEngine();
  ztp::Session session_{engine_};
  ztp_attr why_ = engine_.Attr("why");
  ztp_attr count_ = engine_.Attr("count");

  ztp::Request Read(std::string_view user, std::string_view doc, std::string_view why = "work") {
    ztp::Request request(session_, "read");
    request.Principal("User", user).Resource("Doc", doc).Text(why_, why);
    return request;
  }
};

template <typename... Types>
void ExpectMoveOnly() {
  static_assert((std::is_nothrow_move_constructible_v<Types> && ...));
  static_assert((std::is_nothrow_move_assignable_v<Types> && ...));
  static_assert((!std::is_copy_constructible_v<Types> && ...));
  static_assert((!std::is_copy_assignable_v<Types> && ...));
}

TEST_F(HppTest, OwnersAreMovedOnly) {
  ExpectMoveOnly<ztp::Policy, ztp::Facts, ztp::Epoch, ztp::Engine, ztp::Change, ztp::Session,
                 ztp::Request, ztp::Batch, ztp::Bundle>();
  static_assert(std::is_nothrow_copy_constructible_v<ztp::Error>);
  static_assert(std::is_trivially_copyable_v<ztp::Decision>);
  static_assert(std::is_trivially_copyable_v<ztp::Lease>);
}

TEST_F(HppTest, ADecisionSaysWhy) {
  ztp::Request request = Read("ann", "plan");
  const ztp::Decision decision = request.Decide(kNoon);
  EXPECT_TRUE(decision.allow());
  EXPECT_EQ(decision.decided_at(), kNoon);
  EXPECT_EQ(decision.valid_until(), kNoon + kDay);
  EXPECT_EQ(decision.generation(), engine_.generation());
  EXPECT_FALSE(decision.on_unknown() || decision.limit() || decision.halted());
  ASSERT_EQ(decision.rules().size(), 1u);
  const ztp::Rule rule = decision.rule(0);
  EXPECT_EQ(rule.name, "shop.work");
  EXPECT_EQ(rule.because, "it is work");
  EXPECT_EQ(rule.file, "shop.ztp");
  EXPECT_EQ(rule.line, 18u);
  EXPECT_FALSE(rule.forbid);
  const std::vector<ztp::Obligation> obligations = decision.obligations();
  ASSERT_EQ(obligations.size(), 1u);
  EXPECT_EQ(obligations[0].name, "audit");
  ASSERT_EQ(obligations[0].arguments.size(), 2u);
  EXPECT_EQ(obligations[0].arguments[0].name, "level");
  EXPECT_EQ(std::string_view(obligations[0].arguments[0].value->as.text,
                             obligations[0].arguments[0].value->size),
            "full");
  EXPECT_EQ(obligations[0].arguments[1].value->kind, ztp_kind{ZTP_INT});
  EXPECT_EQ(obligations[0].arguments[1].value->as.number, 3);
  EXPECT_THAT(std::string(decision.Json()), HasSubstr("\"shop.work\""));
  EXPECT_GT(decision.Json(true).size(), decision.raw().rules);
  EXPECT_TRUE(decision.unknown().empty());
}

TEST_F(HppTest, ADenialSaysWhatIsNotKnown) {
  ztp::Request request = Read("nobody", "plan");
  const ztp::Decision decision = request.Decide(kNoon);
  EXPECT_FALSE(decision.allow());
  EXPECT_TRUE(decision.on_unknown());
  EXPECT_THAT(decision.unknown(), ElementsAre("User::\"nobody\""));
  EXPECT_FALSE(decision.lease().Check(kNoon));
}

TEST_F(HppTest, AForbidWins) {
  ztp::Request request = Read("ann", "plan");
  request.Int(count_, 100);
  const ztp::Decision decision = request.Decide(kNoon);
  EXPECT_FALSE(decision.allow());
  ASSERT_EQ(decision.rule_count(), 1u);
  EXPECT_TRUE(decision.rule(0).forbid);
  request.Unset(count_);
  EXPECT_TRUE(request.Decide(kNoon).allow());
}

TEST_F(HppTest, EachKindOfValue) {
  ztp::Request request = Read("nobody", "memo", "fun");
  const auto only = [&](const char* input, const auto& set) {
    const ztp_attr attr = engine_.Attr(input);
    EXPECT_FALSE(request.Decide(kNoon).allow()) << input;
    set(attr);
    EXPECT_TRUE(request.Decide(kNoon).allow()) << input;
    request.Unset(attr);
  };
  only("stage", [&](ztp_attr a) { request.Text(a, "prod"); });
  only("score", [&](ztp_attr a) { request.Decimal(a, 500000000); });
  only("since", [&](ztp_attr a) { request.Time(a, kNoon); });
  only("wait", [&](ztp_attr a) { request.Duration(a, 3600000001); });
  only("vpn", [&](ztp_attr a) { request.Bool(a, true); });
  only("quota", [&](ztp_attr a) { request.Json(a, R"({"gpu": 4})"); });
  only("quota", [&](ztp_attr a) {
    ztp_value entry[2] = {};
    entry[0].kind = ZTP_STRING;
    entry[0].size = 3;
    entry[0].as.text = "gpu";
    entry[1].kind = ZTP_INT;
    entry[1].as.number = 4;
    ztp_value map = {};
    map.kind = ZTP_MAP;
    map.size = 1;
    map.as.items = entry;
    request.Value(a, map);
  });
}

TEST_F(HppTest, EntitiesByReferenceAndCarried) {
  ztp::Request request = Read("bob", "memo");
  request.Principal(session_.Entity("User", "ann")).Resource(session_.Entity("Doc", "plan"));
  EXPECT_TRUE(request.Decide(kNoon).allow());
  EXPECT_EQ(CodeOf([&] { session_.Entity("User", "nobody"); }), ZTP_NOT_FOUND);

  ztp::Request drive(session_, "drive");
  drive.Resource("Doc", "memo");
  drive.PrincipalJson(R"({"type": "Robot", "id": "r", "properties": {"model": "m1"}})");
  EXPECT_TRUE(drive.Decide(kNoon).allow());
  EXPECT_EQ(CodeOf([&] { drive.ResourceJson("[]"); }), ZTP_BAD_REQUEST);
}

TEST_F(HppTest, WhatTheCallerCanCarryOut) {
  ztp::Request request = Read("ann", "plan");
  EXPECT_FALSE(request.Can({}).Decide(kNoon).allow());
  EXPECT_FALSE(request.Can({"other", "another"}).Decide(kNoon).allow());
  EXPECT_TRUE(request.Can(std::vector<std::string>{"audit"}).Decide(kNoon).allow());
  EXPECT_TRUE(request.Can({}).CanAll().Decide(kNoon).allow());
}

TEST_F(HppTest, LeasesEnd) {
  ztp::Request request = Read("ann", "plan");
  ztp::Lease lease = request.Decide(kNoon).lease();
  ztp::Lease copy = lease;
  EXPECT_EQ(lease.valid_until(), kNoon + kDay);
  EXPECT_TRUE(lease.Check(kNoon + 1));
  EXPECT_FALSE(lease.Check(kNoon)) << "the clock went back";
  EXPECT_TRUE(copy.Check(kNoon + kDay - 1));
  EXPECT_FALSE(copy.Check(kNoon + kDay));
  lease = request.Decide(kNoon).lease();
  EXPECT_TRUE(lease.Check(kNoon));
  engine_.Revoke();
  EXPECT_FALSE(lease.Check(kNoon));
  EXPECT_FALSE(ztp::Lease().Check(kNoon));

  lease = Read("ann", "memo").Decide(ztp::Now()).lease();
  EXPECT_TRUE(lease.Check());
}

TEST_F(HppTest, JsonInAndOut) {
  const std::string request =
      R"({"subject": {"type": "User", "id": "ann"}, "action": {"name": "read", "properties": )"
      R"({"why": "work"}}, "resource": {"type": "Doc", "id": "plan"}})";
  ztp::Decision decision;
  EXPECT_THAT(std::string(session_.DecideJson(request, kNoon, true, &decision)),
              HasSubstr("\"decision\":true"));
  EXPECT_TRUE(decision.allow());
  EXPECT_EQ(decision.rule(0).name, "shop.work");
  EXPECT_THAT(std::string(session_.DecideJson("{", kNoon, false, &decision)),
              HasSubstr("\"decision\":false"));
  EXPECT_FALSE(decision.allow());
}

TEST_F(HppTest, ADecisionIsAnsweredForUntilTheNext) {
  ztp::Request request = Read("ann", "plan");
  const ztp::Decision first = request.Decide(kNoon);
  EXPECT_EQ(CodeOf([&] { first.rule(7); }), ZTP_NOT_FOUND);
  (void)request.Decide(kNoon);
  EXPECT_TRUE(first.allow());
  EXPECT_EQ(CodeOf([&] { first.rule(0); }), ZTP_STALE);
  EXPECT_EQ(CodeOf([&] { first.obligation(0); }), ZTP_STALE);
  EXPECT_EQ(CodeOf([&] { first.unknown(); }), ZTP_STALE);
  EXPECT_EQ(CodeOf([&] { first.Json(); }), ZTP_STALE);
}

TEST_F(HppTest, ChangesComeTogether) {
  ztp::Request request = Read("bob", "plan", "fun");
  EXPECT_TRUE(request.Decide(kNoon).allow());
  const uint64_t before = engine_.generation();
  {
    ztp::Change never(engine_);
    never.Delete("User", "bob");
  }
  EXPECT_EQ(engine_.generation(), before);
  ztp::Change change(engine_);
  change.Delete("Doc", "plan")
      .UpsertJson(R"({"uid": {"type": "User", "id": "eve"}, "attrs": {"level": 1}})")
      .AddParent("User", "eve", "Team", "red")
      .AddOrigin("Doc", "memo", "Doc", "plan");
  change.Commit();
  EXPECT_NE(engine_.generation(), before);
  EXPECT_FALSE(request.Decide(kNoon).allow());
  EXPECT_EQ(engine_.facts().size(), 5u);

  ztp::Change wrong(engine_);
  wrong.Delete("User", "nobody");
  EXPECT_EQ(CodeOf([&] { wrong.Commit(); }), ZTP_NOT_FOUND);
}

TEST_F(HppTest, PolicyAndFactsAreReplaced) {
  ztp::Request request = Read("ann", "memo");
  EXPECT_TRUE(request.Decide(kNoon).allow());
  const std::string digest(engine_.policy().digest());
  const std::string version(engine_.facts().version());
  engine_.Replace(ztp::Facts::ReadJson(engine_.policy(), ""));
  EXPECT_FALSE(request.Decide(kNoon).allow());
  EXPECT_NE(engine_.facts().version(), version);

  std::string text(kPolicy);
  text.replace(text.find("u.level > 2"), 11, "u.level > 9");
  const ztp::Policy stricter = ztp::Bundle::Compile({{"shop.ztp", text}}).Read();
  engine_.Replace(stricter, ztp::Facts::ReadJson(stricter, kFacts));
  EXPECT_FALSE(request.Decide(kNoon).allow());
  EXPECT_NE(engine_.policy().digest(), digest);
  engine_.Replace(ThePolicy());
  EXPECT_TRUE(request.Decide(kNoon).allow());
  EXPECT_EQ(engine_.policy().digest(), digest);
}

TEST_F(HppTest, Files) {
  const std::string bundle_path = Path("policy.ztpb");
  const std::string facts_path = Path("facts.ztpf");
  const std::string source_path = Path("shop.ztp");
  const auto write = [](const std::string& path, std::string_view bytes) {
    FILE* file = fopen(path.c_str(), "wb");
    ASSERT_NE(file, nullptr);
    ASSERT_EQ(fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
    ASSERT_EQ(fclose(file), 0);
  };
  write(source_path, kPolicy);
  const ztp::Bundle bundle = ztp::Bundle::CompilePaths({source_path});
  EXPECT_EQ(bundle.warnings(), "");
  write(bundle_path, bundle.bytes());
  const ztp::Policy policy = ztp::Policy::Open(bundle_path);
  EXPECT_EQ(policy.digest(), bundle.Read().digest());
  ztp::Facts::ReadJson(policy, kFacts).Write(facts_path);
  EXPECT_EQ(ztp::Facts::Load(policy, {facts_path}).size(), 5u);

  ztp::Engine engine = ztp::Engine::Load(bundle_path, {facts_path});
  ztp::Session session(engine);
  ztp::Request request(session, "read");
  request.Principal("User", "ann").Resource("Doc", "memo").Text(engine.Attr("why"), "work");
  EXPECT_TRUE(request.Decide(kNoon).allow());
  ztp::Facts::ReadJson(policy, "").Write(facts_path);
  engine.Reload();
  EXPECT_FALSE(request.Decide(kNoon).allow());
  unlink(bundle_path.c_str());
  EXPECT_EQ(CodeOf([&] { engine.Reload(); }), ZTP_NOT_FOUND);
  EXPECT_EQ(CodeOf([&] { ztp::Policy::Open(bundle_path); }), ZTP_NOT_FOUND);
  unlink(facts_path.c_str());
  unlink(source_path.c_str());
}

TEST_F(HppTest, TheEpochPage) {
  const std::string path = Path("epoch");
  ztp::Epoch writer = ztp::Epoch::Create(path, 0600);
  std::optional<ztp::Epoch> reader = ztp::Epoch::Open(path);
  ztp::Options options;
  options.epoch = &*reader;
  ztp::Engine engine = TheEngine(options);
  reader.reset();
  ztp::Session session(engine);
  ztp::Request request(session, "read");
  request.Principal("User", "ann").Resource("Doc", "memo").Text(engine.Attr("why"), "work");
  ztp::Lease lease = request.Decide(kNoon).lease();
  EXPECT_TRUE(lease.Check(kNoon));
  const uint64_t before = writer.value();
  writer.Revoke();
  EXPECT_NE(writer.value(), before);
  EXPECT_FALSE(lease.Check(kNoon));
  writer.Halt(true);
  EXPECT_TRUE(request.Decide(kNoon).halted());
  writer.Halt(false);
  EXPECT_TRUE(request.Decide(kNoon).allow());
  writer.KeepUntil(kNoon);
  EXPECT_FALSE(request.Decide(kNoon).allow());
  writer.KeepUntil(ztp::kForever);
  EXPECT_TRUE(request.Decide(kNoon).allow());
  EXPECT_EQ(CodeOf([&] { ztp::Epoch::Open(path).Revoke(); }), ZTP_ENVIRONMENT);
  unlink(path.c_str());
}

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The tool server of policies/examples; tests run in the repository's root.
TEST_F(HppTest, EvidenceFillsProvenInputs) {
  const std::string example = "policies/examples/tool-server/";
  const ztp::Policy policy = ztp::Bundle::CompilePaths({example + "tools.ztp"}).Read();
  ztp::Engine engine(policy, ztp::Facts::Load(policy, {example + "facts.json"}));
  ztp::Trust trust = ztp::Trust::Load(example + "trust.json");
  engine.Use(trust);
  const ztp::Proof peer =
      trust.Verify("mesh", Content(example + "evidence/helper.svid.pem"), kNoon);
  const ztp::Proof token =
      trust.Verify("tokens", Content(example + "evidence/ann.access-token.jwt"), kNoon);
  EXPECT_EQ(ztp::ToView(peer.info().subject), "spiffe://acme.org/agents/helper");
  EXPECT_THAT(std::string(token.Json()), HasSubstr("\"client\":\"helper\""));

  ztp::Session session(engine);
  ztp::Request request(session, "call");
  request.Principal("Agent", "helper").Resource("Tool", "search");
  request.Evidence(engine.Attr("peer"), peer).Evidence(engine.Attr("token"), token);
  ztp::Decision decision = request.Decide(kNoon);
  EXPECT_TRUE(decision.allow());
  ztp::Lease lease = decision.lease();
  EXPECT_TRUE(lease.Check(kNoon));

  EXPECT_EQ(trust.Receive(Content(example + "evidence/ann.signed-out.jwt"), kNoon), 1u);
  EXPECT_FALSE(lease.Check(kNoon));
  EXPECT_FALSE(request.Decide(kNoon).allow());
  peer.Check(kNoon);
  ztp::Revocation revocation;
  revocation.subject = ztp::ToView(peer.info().subject);
  trust.Revoke(revocation, kNoon);
  try {
    peer.Check(kNoon);
    ADD_FAILURE() << "revoked";
  } catch (const ztp::Error& error) {
    EXPECT_EQ(error.code(), ZTP_REFUSED);
    EXPECT_EQ(error.problems().front().id, "revoked");
  }

  EXPECT_EQ(trust.Nonce(kNoon, kDay).size(), 43u);
  trust.ExpectNonce("n", kNoon, kNoon + 1);
  trust.Reload();
  EXPECT_THROW(trust.Replace("tokens", "keys", "{}"), ztp::Error);
  EXPECT_THROW(ztp::Trust::Read("{}"), ztp::Error);
  engine.UseNoTrust();
  EXPECT_THROW(request.Evidence(engine.Attr("peer"), peer), ztp::Error);
}

// The released model of policies/examples/weights-release.
TEST_F(HppTest, EvidenceProvesAttributesAndRows) {
  const std::string example = "policies/examples/weights-release/";
  const ztp::Policy policy = ztp::Bundle::CompilePaths({example + "weights.ztp"}).Read();
  ztp::Trust trust = ztp::Trust::Load(example + "trust.json");
  const std::string json = Content(example + "facts.json");
  ztp::FactsOptions taking;
  taking.trust = trust.get();
  taking.now = kNoon;
  const ztp::Facts facts = ztp::Facts::Load(policy, {example + "facts.json"}, taking);
  EXPECT_EQ(facts.version(), ztp::Facts::ReadJson(policy, json, taking).version());
  EXPECT_EQ(CodeOf([&] { ztp::Facts::ReadJson(policy, json); }), ZTP_BAD_FACTS);
  EXPECT_EQ(CodeOf([&] { ztp::Engine(policy, facts); }), ZTP_NOT_PROVEN);
  ztp::Options options;
  options.trust = &trust;
  ztp::Engine engine(policy, options);
  ztp::Change change(engine);
  change.UpsertJson(json, kNoon).Commit();
  EXPECT_EQ(engine.facts().version(), facts.version());

  trust.ExpectNonce("nonce-1-of-the-example", kNoon, kNoon + kDay);
  const ztp::Proof device =
      trust.Verify("verifier", Content(example + "evidence/node.ear.jwt"), kNoon);
  ztp::Session session(engine);
  ztp::Request request(session, "unwrap");
  request.Resource("Model", "vision-7b");
  ztp::Batch batch(request, 2);
  batch.Principals("Node", {"fra-1", "fra-1"});
  EXPECT_THAT(batch.Evidence(engine.Attr("device"), {&device, nullptr}).Decide(kNoon).allow,
              ElementsAre(1, 0));
  EXPECT_THAT(batch.Evidence(engine.Attr("device"), {&device}, {0, 0}).Decide(kNoon).allow,
              ElementsAre(1, 1));
  EXPECT_EQ(CodeOf([&] { batch.Evidence(engine.Attr("device"), {&device}); }), ZTP_MISUSE);
}

TEST_F(HppTest, OptionsReachTheEngine) {
  int calls = 0;
  ztp::Options options;
  options.flags = ZTP_ASSUME_PROVEN;
  options.context = &calls;
  options.on_decision = [](void* context, const ztp_decision* decision) {
    if (decision->allow) ++*static_cast<int*>(context);
  };
  ztp::Engine engine = TheEngine(options);
  ztp::Session session(engine);
  ztp::Request request(session, "read");
  request.Principal("User", "bob").Resource("Doc", "memo").Text(engine.Attr("why"), "fun");
  request.Int(engine.Attr("device"), 4);
  EXPECT_TRUE(request.Decide(kNoon).allow());
  EXPECT_EQ(calls, 1);

  ztp::Request plain = Read("bob", "memo");
  EXPECT_EQ(CodeOf([&] { plain.Int(engine_.Attr("device"), 4); }), ZTP_NOT_PROVEN);
}

TEST_F(HppTest, BatchesAnswerAsRequestsDo) {
  ztp::Request shared(session_, "read");
  shared.Resource("Doc", "plan").Text(why_, "work");
  const std::vector<std::string> users = {"ann", "bob", "nobody", "ann"};
  ztp::Batch batch(shared, users.size());
  batch.Principals("User", users).Numbers(count_, {1, 2, 3, 100});
  ztp::Answers answers = batch.Decide(kNoon);
  EXPECT_THAT(answers.allow, ElementsAre(1, 1, 0, 0));
  EXPECT_THAT(answers.on_unknown, ElementsAre(0, 0, 1, 0));
  EXPECT_EQ(answers.valid_until[0], kNoon + kDay);
  EXPECT_EQ(batch.rule(answers.rule[0]).name, "shop.work");
  EXPECT_EQ(batch.rule(answers.rule[1]).name, "shop.members");
  EXPECT_EQ(batch.rule(answers.rule[3]).because, "too often");
  EXPECT_TRUE(answers.lease.Check(kNoon));

  batch.Resources("Doc", {"memo", "memo", "memo", "memo"});
  batch.Column(why_, {"work", "work", "work", "fun"});
  const ztp_value one = {ZTP_INT, 0, {1}};
  const uint32_t codes[4] = {0, 0, 0, 0};
  batch.Values(count_, &one, 1, codes, 4);
  EXPECT_THAT(batch.Decide(kNoon).allow, ElementsAre(1, 0, 0, 0));
  EXPECT_NE(CodeOf([&] { batch.Principals("User", {"ann"}); }), ZTP_OK) << "a wrong count";
  EXPECT_EQ(CodeOf([&] { batch.rule(4711); }), ZTP_NOT_FOUND);
}

TEST_F(HppTest, DestroyedInAnyOrder) {
  std::optional<ztp::Engine> engine(TheEngine());
  std::optional<ztp::Session> session(*engine);
  std::optional<ztp::Request> request(std::in_place, *session, "read");
  request->Principal("User", "ann").Resource("Doc", "memo").Text(engine->Attr("why"), "work");
  std::optional<ztp::Batch> batch(std::in_place, *request, 2);
  session.reset();
  engine.reset();
  EXPECT_TRUE(request->Decide(kNoon).allow());
  ztp::Request moved = std::move(*request);
  request.reset();
  EXPECT_TRUE(moved.Decide(kNoon).allow());
  moved = Read("bob", "memo", "fun");  // of another session: the first one's goes
  EXPECT_FALSE(moved.Decide(kNoon).allow());
  EXPECT_THAT(batch->Decide(kNoon).allow, ElementsAre(1, 1));
}

TEST_F(HppTest, WhatWasMovedFromIsMisuse) {
  ztp::Request request = Read("ann", "plan");
  ztp::Request taken = std::move(request);
  EXPECT_TRUE(taken.Decide(kNoon).allow());
  EXPECT_EQ(CodeOf([&] { (void)request.Decide(kNoon); }), ZTP_MISUSE);
  EXPECT_EQ(CodeOf([&] { request.Text(why_, "work"); }), ZTP_MISUSE);

  // Not "none": an engine without facts or epoch page would be another.
  ztp::Policy policy = ThePolicy();
  ztp::Facts facts = ztp::Facts::ReadJson(policy, kFacts);
  const ztp::Facts kept = std::move(facts);
  EXPECT_EQ(CodeOf([&] { ztp::Engine(policy, facts); }), ZTP_MISUSE);
  EXPECT_EQ(CodeOf([&] { engine_.Replace(facts); }), ZTP_MISUSE);
  const ztp::Policy other = std::move(policy);
  EXPECT_EQ(CodeOf([&] { engine_.Replace(policy, kept); }), ZTP_MISUSE);
  const std::string path = Path("moved_epoch");
  ztp::Epoch epoch = ztp::Epoch::Create(path);
  const ztp::Epoch page = std::move(epoch);
  ztp::Options options;
  options.epoch = &epoch;
  EXPECT_EQ(CodeOf([&] { ztp::Engine(other, kept, options); }), ZTP_MISUSE);
  unlink(path.c_str());
  const ztp::Engine away = std::move(engine_);
  EXPECT_EQ(CodeOf([&] { engine_.facts(); }), ZTP_MISUSE);
}

TEST_F(HppTest, ErrorsHaveEveryProblem) {
  try {
    ztp::Bundle::Compile(
        {{"a.ztp", "ztp 1\npackage a\nentity User { x: Strin }\nentity Doc { y: Boo }\n"}});
    FAIL() << "it compiled";
  } catch (const ztp::Error& error) {
    const ztp::Error copy = error;
    EXPECT_EQ(copy.code(), ZTP_BAD_POLICY);
    ASSERT_EQ(copy.problems().size(), 2u);
    const ztp::Problem& problem = copy.problems()[1];
    EXPECT_THAT(problem.id, HasSubstr("ZTP"));
    EXPECT_EQ(problem.file, "a.ztp");
    EXPECT_EQ(problem.line, 4u);
    EXPECT_EQ(problem.column, 17u);
    EXPECT_EQ(problem.end_column, 20u);
    EXPECT_THAT(problem.help, HasSubstr("Bool"));
    EXPECT_THAT(std::string(copy.what()), HasSubstr(problem.message));
  }
  EXPECT_EQ(CodeOf([] { ztp::Policy::Read("no bundle"); }), ZTP_BAD_POLICY);
  EXPECT_EQ(CodeOf([] { ztp::Facts::ReadJson(ThePolicy(), "[{}]"); }), ZTP_BAD_FACTS);
  EXPECT_EQ(CodeOf([&] { engine_.Attr("nothing"); }), ZTP_NOT_FOUND);
  EXPECT_EQ(CodeOf([&] { ztp::Request(session_, "nothing"); }), ZTP_BAD_REQUEST);
  EXPECT_EQ(CodeOf([&] { Read("ann", "plan").Principal("Doc", "plan"); }), ZTP_BAD_REQUEST);
}

TEST_F(HppTest, SmallThings) {
  EXPECT_EQ(ztp::Version(), ZTP_VERSION);
  EXPECT_EQ(ztp::Micros(std::chrono::system_clock::from_time_t(1)), 1000000);
  EXPECT_EQ(ztp::Micros(std::chrono::minutes(1)), 60000000);
  EXPECT_EQ(ztp::ToView({nullptr, 0}), "");
  const ztp_text raw[] = {ZTP_TEXT("a")};
  EXPECT_EQ(ztp::Texts(raw, 1).data(), raw);
  const ztp::Texts two{"a", "bc"};
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(ztp::ToView(two.data()[1]), "bc");
  EXPECT_EQ(ztp::Texts().size(), 0u);
}

}  // namespace
