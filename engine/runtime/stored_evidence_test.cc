// Evidence about stored entities: what it proves counts for as long as it does and is about the
// entity's own value, and is gone when anything voids it.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/status.h"
#include "engine/driver/compiler.h"
#include "engine/eval/decide.h"
#include "engine/evidence/trust_testing.h"
#include "engine/facts/snapshot_builder.h"
#include "engine/facts/snapshot_file.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/load_facts.h"
#include "engine/runtime/stored_proofs.h"

namespace ztp {
namespace {

using evidence::kNow;
using evidence::Trust;
using evidence::testing::After;
using evidence::testing::Document;
using evidence::testing::KeyFor;
using evidence::testing::KeySetText;
using evidence::testing::MakeTrust;
using evidence::testing::SignInClaims;
using evidence::testing::SignInSource;

constexpr char kPolicy[] = R"(ztp 1
package acme.console
import std.ai

entity Team
entity User in Team {
  login: String
  signin?: SignIn proven for login
  role: String = "none"
}
entity Guest { host: User  signin?: SignIn proven for host.login }
entity Chain { badge?: String proven  signin?: SignIn proven for badge }
entity Visitor carried vouched { login: String  signin?: SignIn proven for login }
entity Model

input user?: SignIn proven

action read on Model by User, Visitor

permit known {
  principal u: User
  action    read
  resource  Model
  when      u has signin and u.signin.subject == u.login
}
)";

class StoredEvidenceTest : public ::testing::Test {
 protected:
  StoredEvidenceTest() {
    auto world = MakeWorld(named_, Load(Ann() + "\n" + Bob()), trust_);
    EXPECT_TRUE(world.ok()) << world.status();
    engine_ = std::make_unique<Engine>(*world, nullptr);
  }

  static std::shared_ptr<const NamedPolicy> Compile(std::string text) {
    driver::Compiler compiler;
    compiler.AddText("console.ztp", std::move(text));
    EXPECT_TRUE(compiler.Check());
    return *NamedPolicy::Make(compiler.Lower());
  }
  static std::string Replaced(std::string text, std::string_view from, std::string_view to) {
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }
  std::string SourceFor(std::string_view proves, std::string_view more = "") const {
    return Replaced(SignInSource(key_, more), R"("proves":["user"])",
                    Cat(R"("proves":[")", proves, R"("])"));
  }
  std::string TokenOf(std::string_view sub, std::string_view more = "") const {
    return key_.TokenOf(SignInClaims(sub, more));
  }
  // A user with evidence; `from`: its source or kind, as members of JSON.
  static std::string User(std::string_view id, std::string_view login, std::string_view evidence,
                          std::string_view from = R"("kind":"sign-in")") {
    return Cat(R"({"uid":{"type":"User","id":")", id, R"("},"attrs":{"login":")", login,
               R"("},"evidence":[{"attr":"signin",)", from, R"(,"value":")", evidence, R"("}]})");
  }
  std::string Ann() const { return User("ann", "u-ann", TokenOf("u-ann")); }
  std::string Bob() const { return User("bob", "u-bob", TokenOf("u-bob")); }

  std::shared_ptr<const evidence::PolicyTrust> Met() const {
    return *evidence::PolicyTrust::Make(trust_, named_->policy->schema());
  }
  // Null: *error is what was wrong first.
  std::shared_ptr<const Snapshot> Load(const std::string& json, Time now = kNow,
                                       std::string* error = nullptr) const {
    LoadFactsOptions options;
    options.trust = Met();
    options.now = now;
    FactsLoader loader(*named_->policy, std::move(options));
    EXPECT_TRUE(loader.AddJson("", json).ok());
    if (error != nullptr && !loader.errors().empty()) *error = FormatJsonError(loader.errors()[0]);
    auto facts = loader.Finish();
    EXPECT_EQ(facts.ok(), error == nullptr || error->empty());
    return facts.ok() ? *facts : nullptr;
  }
  Decision Decide(std::string_view user, Time now = kNow) {
    const auto world = engine_->world();
    const Schema& schema = world->schema();
    Request request;
    request.principal = {*schema.FindEntityType("User"), std::string(user)};
    request.action = *schema.FindAction("read");
    request.resource = {*schema.FindEntityType("Model"), "m"};
    request.inputs.assign(schema.inputs.size(), Fact::Missing());
    request.now = now;
    return ztp::Decide(world->policy(), *world->facts, request, scratch_);
  }
  bool Allowed(std::string_view user, Time now = kNow) { return Decide(user, now).allow; }
  size_t Proofs() const { return engine_->world()->facts->proofs().count(); }
  absl::Status Upsert(const std::string& json) {
    FactsChange change(engine_->world());
    std::vector<JsonError> errors;
    if (!change.UpsertJson(json, false, kNow, &errors)) {
      return InvalidArgument(FormatJsonError(errors[0]));
    }
    return engine_->Commit(change);
  }

  const evidence::testing::SigningKey& key_ = KeyFor(evidence::JwsAlgorithm::kEs256);
  const evidence::testing::SigningKey& strong_ = KeyFor(evidence::JwsAlgorithm::kEdDsa);
  std::shared_ptr<Trust> trust_ = MakeTrust(
      Document(Cat(R"("sso":)", SourceFor("User.signin"), R"(,"inputs":)", SourceFor("user"))));
  std::shared_ptr<const NamedPolicy> named_ = Compile(kPolicy);
  std::unique_ptr<Engine> engine_;
  Scratch scratch_;
};

TEST_F(StoredEvidenceTest, ProvesAnAttributeWithinItsTime) {
  const Decision decision = Decide("ann");
  EXPECT_TRUE(decision.allow);
  EXPECT_EQ(decision.valid_until, After(3600)) << "the token's end";
  EXPECT_FALSE(Allowed("ann", After(3600)));
  EXPECT_FALSE(Allowed("ann", After(-1))) << "it was not issued yet";
  EXPECT_EQ(Decide("ann", After(-1)).valid_until, kNow);
  EXPECT_EQ(Proofs(), 2u);
}

TEST_F(StoredEvidenceTest, ThatIsRefusedIsAnErrorAndNothingIsTaken) {
  std::string tampered = TokenOf("u-ann");
  tampered.back() = tampered.back() == 'A' ? 'Q' : 'A';
  const int64_t later = kNow.micros / kMicrosPerSecond + 60;
  const struct {
    std::string json, error;
    Time now = kNow;
  } kCases[] = {
      {User("ann", "u-ann", tampered), "(signature): "},
      {User("ann", "u-bob", TokenOf("u-ann")),
       "(subject): it is about 'u-ann', which is not the entity's `login`"},
      {User("ann", "u-ann", TokenOf("u-ann")), "(expired): ", After(3600)},
      {User("ann", "u-ann", TokenOf("u-ann")), "(issued in the future): ", After(-60)},
      {User("ann", "u-ann", TokenOf("u-ann", Cat(R"("nbf":)", later))), "(not yet valid): "},
      {User("ann", "u-ann", TokenOf("u-ann", Cat(R"("nbf":)", later))),
       "(not yet valid): it says that it counts later than it was issued", After(90)},
      {User("ann", "u-ann", strong_.TokenOf(SignInClaims("u-ann"))), "(algorithm): "},
      {User("ann", "u-ann", "x"), "(form): "},
      {User("ann", "u-ann", TokenOf("u-ann"), R"("source":"inputs")"),
       "(source): source 'inputs' may not prove 'User.signin'"},
      {User("ann", "u-ann", TokenOf("u-ann"), R"("source":"nowhere")"), "(source): "},
      {User("ann", "u-ann", TokenOf("u-ann"), R"("kind":"ear")"), "(source): "},
      {User("ann", "u-ann", TokenOf("u-ann"), R"("kind":"ear","source":"sso")"), "(source): "},
      {Replaced(Ann(), R"("attr":"signin")", R"("attr":"role")"), "is not proven"},
      {Replaced(Ann(), R"("attr":"signin")", R"("attr":"signn")"), "did you mean `signin`?"},
  };
  for (const auto& c : kCases) {
    std::string error;
    const std::string bob = R"({"uid":"User::\"bob\"","attrs":{"login":"u-bob"}})";
    EXPECT_EQ(Load(bob + "\n" + c.json, c.now, &error), nullptr) << c.error;
    EXPECT_NE(error.find(c.error), std::string::npos) << error;
    if (c.error[0] != '(') continue;
    // Which entity, which attribute, where, which check.
    EXPECT_NE(error.find("ZTP3025"), std::string::npos) << error;
    EXPECT_NE(error.find("attribute `signin` of User::\"ann\" was refused"), std::string::npos);
    EXPECT_NE(error.find("$[1].evidence[0]"), std::string::npos) << error;
  }
}

TEST_F(StoredEvidenceTest, AConfigurationMustFitTheEntitiesItMeets) {
  const auto meets = [&](std::string_view proves, std::string_view kind = "") {
    std::string source = SourceFor(proves);
    if (!kind.empty()) {
      source = Cat(R"({"kind":"jwt-svid","proves":")", proves,
                   R"(","trust_domain":"acme.org","audiences":"us","bundle":)",
                   KeySetText({key_.JwkText(R"("use":"jwt-svid","kid":"k")")}), "}");
    }
    const auto met = evidence::PolicyTrust::Make(MakeTrust(Document(Cat(R"("a":)", source))),
                                                 named_->policy->schema());
    if (met.ok()) return std::string("fits");
    const std::string text(Message(met.status()));
    return text.substr(text.find(": ") + 2);
  };
  EXPECT_EQ(meets("User.signin"), "fits");
  EXPECT_EQ(meets("Usr.signin"), "the policy has no such entity type; did you mean `User`?");
  EXPECT_EQ(meets("User.signn"), "User has no such attribute; did you mean `signin`?");
  EXPECT_EQ(meets("User.role"), "it is not declared `proven`");
  EXPECT_EQ(meets("Visitor.signin"),
            "such entities come with a request, and evidence is taken for stored ones");
  for (const char* attribute : {"Guest.signin", "Chain.signin"}) {
    EXPECT_NE(meets(attribute).find("a proof is kept only about a value of the entity's own"),
              std::string::npos)
        << meets(attribute);
  }
  EXPECT_EQ(meets("User.signin", "jwt-svid"),
            "field `authenticated_at` is nothing that such evidence says");
}

TEST_F(StoredEvidenceTest, IsVoidedWithWhatItIsAbout) {
  const auto before = engine_->world();
  // Another value, with the evidence of the first, or with none; and the same without evidence.
  EXPECT_FALSE(Upsert(User("ann", "u-eve", TokenOf("u-ann"))).ok());
  EXPECT_TRUE(Allowed("ann"));
  ASSERT_TRUE(Upsert(R"({"uid":"User::\"ann\"","attrs":{"login":"u-eve"}})").ok());
  EXPECT_FALSE(Allowed("ann"));
  ASSERT_TRUE(Upsert(R"({"uid":"User::\"bob\"","attrs":{"login":"u-bob"}})").ok());
  EXPECT_FALSE(Allowed("bob"));
  EXPECT_EQ(Proofs(), 0u);
  EXPECT_EQ(before->facts->proofs().count(), 2u) << "who still reads it is not disturbed";
  ASSERT_TRUE(Upsert(User("ann", "u-eve", TokenOf("u-eve"))).ok());
  EXPECT_TRUE(Allowed("ann"));
  // Edges are not what it is about.
  FactsChange edge(engine_->world());
  ASSERT_TRUE(edge.AddParent("User", "ann", "Team", "red").ok());
  ASSERT_TRUE(engine_->Commit(edge).ok());
  EXPECT_TRUE(Allowed("ann"));
  EXPECT_EQ(Proofs(), 1u);
  FactsChange gone(engine_->world());
  ASSERT_TRUE(gone.Delete("User", "ann").ok());
  ASSERT_TRUE(engine_->Commit(gone).ok());
  EXPECT_EQ(Proofs(), 0u);
}

TEST_F(StoredEvidenceTest, IsVoidedByWhateverVoidsItsProof) {
  const std::string same =
      Document(Cat(R"("sso":)", SourceFor("User.signin"), R"(,"inputs":)", SourceFor("user")));
  std::vector<JsonError> errors;
  // What does not touch its source leaves it be; every lease ends all the same.
  uint64_t generation = engine_->generation().value();
  ASSERT_TRUE(trust_->Replace("inputs", "keys", KeySetText({strong_.JwkText()}), &errors));
  ASSERT_TRUE(trust_->Revoke({.subject = "u-zoe"}, kNow).ok());
  EXPECT_TRUE(Allowed("ann") && Allowed("bob"));
  EXPECT_GT(engine_->generation().value(), generation);

  // A revocation: of one of them.
  generation = engine_->generation().value();
  const std::string version = engine_->world()->facts->version();
  ASSERT_TRUE(trust_->Revoke({.subject = "u-ann"}, kNow).ok());
  EXPECT_FALSE(Allowed("ann"));
  EXPECT_TRUE(Allowed("bob"));
  EXPECT_EQ(Proofs(), 1u);
  EXPECT_GT(engine_->generation().value(), generation);
  EXPECT_NE(engine_->world()->facts->version(), version) << "they are other facts";
  EXPECT_FALSE(Upsert(Ann()).ok()) << "and stays so";

  // The same keys, written otherwise, are another state of the source.
  ASSERT_TRUE(trust_->Replace("sso", "keys", KeySetText({key_.JwkText()}) + " ", &errors));
  EXPECT_FALSE(Allowed("bob"));
  EXPECT_EQ(Proofs(), 0u);
  ASSERT_TRUE(Upsert(Bob()).ok());
  EXPECT_TRUE(Allowed("bob")) << "verified anew";

  // A document that takes the source's word about it away, and one that has no such source.
  for (const std::string& document :
       {Document(Cat(R"("sso":)", SourceFor("user"))), Document("")}) {
    ASSERT_TRUE(trust_->Reload(same, &errors));
    ASSERT_TRUE(Upsert(Bob()).ok());
    EXPECT_TRUE(Allowed("bob"));
    ASSERT_TRUE(trust_->Reload(document, &errors));
    EXPECT_FALSE(Allowed("bob"));
  }
  // Another trust with the same document did not verify it; nor does nobody.
  for (const std::shared_ptr<Trust>& other : {MakeTrust(same), std::shared_ptr<Trust>()}) {
    ASSERT_TRUE(trust_->Reload(same, &errors));
    ASSERT_TRUE(engine_->UseTrust(trust_).ok());
    ASSERT_TRUE(Upsert(Bob()).ok());
    EXPECT_TRUE(Allowed("bob"));
    ASSERT_TRUE(engine_->UseTrust(other).ok());
    EXPECT_FALSE(Allowed("bob"));
  }
  EXPECT_FALSE(Upsert(Bob()).ok()) << "nobody verifies it";
}

TEST_F(StoredEvidenceTest, WhatWasVoidedBeforeItIsInForceDoesNotComeIntoForce) {
  // In a change that was begun before.
  FactsChange change(engine_->world());
  std::vector<JsonError> errors;
  ASSERT_TRUE(change.UpsertJson(User("eve", "u-eve", TokenOf("u-eve")), false, kNow, &errors));
  const auto loaded = Load(User("eve", "u-eve", TokenOf("u-eve")) + "\n" + Bob());
  ASSERT_TRUE(trust_->Revoke({.subject = "u-eve"}, kNow).ok());
  const absl::Status status = engine_->Commit(change);
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_NE(status.message().find("attribute `signin` of User::\"eve\" no longer counts (revoked)"),
            std::string::npos)
      << status;
  // In facts that were loaded before: for an engine that has them already, and for a new one.
  ASSERT_TRUE(engine_->Replace(nullptr, loaded).ok());
  EXPECT_FALSE(Allowed("eve"));
  EXPECT_TRUE(Allowed("bob"));
  const auto world = MakeWorld(named_, loaded, trust_);
  ASSERT_TRUE(world.ok());
  EXPECT_EQ((*world)->facts->proofs().count(), 1u);
  EXPECT_EQ((*MakeWorld(named_, loaded))->facts->proofs().count(), 0u) << "nobody is believed";
}

TEST_F(StoredEvidenceTest, AnotherPolicyTakesOnlyWhatIsProvenForTheSame) {
  ASSERT_TRUE(
      engine_->Replace(Compile(Replaced(kPolicy, "permit known", "permit by_name")), {}).ok());
  EXPECT_TRUE(Allowed("ann"));
  EXPECT_EQ(Proofs(), 2u);
  // The same types, but for what the evidence must be about.
  ASSERT_TRUE(
      engine_->Replace(Compile(Replaced(kPolicy, "proven for login", "proven for role")), {}).ok());
  EXPECT_FALSE(Allowed("ann"));
  EXPECT_EQ(Proofs(), 0u);
}

TEST_F(StoredEvidenceTest, FactsThatEnginesShareAreVoidedInAllOfThem) {
  Engine other(*MakeWorld(named_, engine_->world()->facts, trust_), nullptr);
  Engine third(other.world(), nullptr);
  const auto before = engine_->world();
  ASSERT_TRUE(trust_->Revoke({.subject = "u-ann"}, kNow).ok());
  for (const Engine* engine : {engine_.get(), &other, &third}) {
    EXPECT_EQ(engine->world()->facts->proofs().count(), 1u);
    EXPECT_EQ(engine->world()->facts->version(), engine_->world()->facts->version());
    EXPECT_EQ(engine->world()->facts->stored_count(), 2u);
  }
  EXPECT_EQ(before->facts->proofs().count(), 2u);
}

// A file of facts, loaded: its first mistake, or how many proofs it came to.
std::string Loaded(const Policy& policy, const std::string& path, LoadFactsOptions options) {
  FactsLoader loader(policy, std::move(options));
  const absl::Status status = loader.AddFile(path);
  if (!status.ok()) return std::string(Message(status));
  const auto facts = loader.Finish();
  if (!loader.errors().empty()) {
    EXPECT_FALSE(facts.ok());
    return FormatJsonError(loader.errors()[0]);
  }
  return facts.ok() ? Cat((*facts)->proofs().count(), " proofs, ", (*facts)->version())
                    : std::string(Message(facts.status()));
}

TEST_F(StoredEvidenceTest, AFactsFileHasEvidenceAndNotWhatItProved) {
  const std::string path = ::testing::TempDir() + "/stored_evidence.ztpf";
  const Policy& policy = *named_->policy;
  LoadFactsOptions options;
  options.trust = Met();
  options.now = kNow;
  options.keep_evidence = true;
  FactsLoader loader(policy, options);
  ASSERT_TRUE(loader.AddJson("", Ann() + "\n" + Bob()).ok());
  const auto facts = *loader.Finish();
  ASSERT_TRUE(WriteFacts(policy, facts, path).ok());
  EXPECT_EQ(Loaded(policy, path, options), Cat("2 proofs, ", facts->version()));
  EXPECT_EQ(facts->proofs().count(), 2u) << "they are as they were";
  // By another clock, after a revocation, and by nobody.
  const auto says = [&](std::string_view part) {
    const std::string loaded = Loaded(policy, path, options);
    EXPECT_NE(loaded.find(part), std::string::npos) << loaded;
  };
  options.now = After(3600);
  says("of User::\"ann\" was refused (expired)");
  options.now = kNow;
  ASSERT_TRUE(trust_->Revoke({.subject = "u-bob"}, kNow).ok());
  says("of User::\"bob\" was refused (revoked)");
  options.trust = nullptr;
  says("which nobody here verifies");
  options.trust = Met();
  // What was not kept cannot be written; what it proved counts for nothing without it.
  EXPECT_TRUE(absl::IsFailedPrecondition(WriteFacts(policy, Load(Ann()), path)));
  ASSERT_TRUE(SnapshotFile::Write(*Load(Ann()), path).ok());
  says("it counts only from evidence");
  // Evidence for what is not there, twice, with more, or nothing that could be.
  const auto stored = Load(R"({"uid":"User::\"ann\"","attrs":{"login":"u-ann"}})");
  const std::string ann = R"({"uid":"User::\"ann\"","evidence":[]})";
  const std::pair<std::string, const char*> kCases[] = {
      {ann, "0 proofs"},
      {Replaced(ann, "ann", "x"), "evidence for User::\"x\", which is not stored"},
      {ann + "\n" + ann, "evidence for User::\"ann\" is here twice"},
      {Replaced(ann, "evidence", "attrs"), "only `uid` and `evidence` stand here"},
      {"{}", "`uid` is missing"},
      {"[", "ZTP3005"},
      {"7", "`uid` is missing"}};
  for (const auto& [text, part] : kCases) {
    ASSERT_TRUE(SnapshotFile::Write(*stored, path, text).ok());
    says(part);
  }
}

TEST_F(StoredEvidenceTest, NothingIsAllowedOnceARevocationIsDone) {
  std::atomic<bool> revoked = false, stop = false;
  std::atomic<int> late = 0, allowed = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      Engine::Reader reader(*engine_);
      Scratch scratch;
      while (!stop) {
        const bool after = revoked;
        const World& world = reader.Get();
        const Schema& schema = world.schema();
        Request request;
        request.principal = {*schema.FindEntityType("User"), "ann"};
        request.action = *schema.FindAction("read");
        request.resource = {*schema.FindEntityType("Model"), "m"};
        request.inputs.assign(schema.inputs.size(), Fact::Missing());
        request.now = kNow;
        const bool allow = ztp::Decide(world.policy(), *world.facts, request, scratch).allow;
        allowed += allow;
        late += after && allow;
      }
    });
  }
  while (allowed == 0) std::this_thread::yield();
  // Meanwhile somebody changes facts, and somebody else the trust that is used.
  std::thread writer([&] {
    for (int i = 0; i < 20; ++i) {
      EXPECT_TRUE(Upsert(R"({"uid":"User::\"zoe\"","attrs":{"login":"u-zoe"}})").ok());
      EXPECT_TRUE(engine_->UseTrust(trust_).ok());
    }
  });
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(trust_->Revoke({.subject = Cat("u-", i)}, kNow).ok());
  }
  ASSERT_TRUE(trust_->Revoke({.subject = "u-ann"}, kNow).ok());
  revoked = true;
  writer.join();
  for (int i = 0; i < 100; ++i) std::this_thread::yield();
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(late, 0);
  EXPECT_TRUE(Allowed("bob"));
  EXPECT_FALSE(Allowed("ann"));
}

}  // namespace
}  // namespace ztp
