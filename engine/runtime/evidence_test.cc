// From signed bytes to a decision: what evidence proves lets a request in, and nothing else does.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "engine/base/status.h"
#include "engine/driver/compiler.h"
#include "engine/eval/decide.h"
#include "engine/evidence/trust_testing.h"
#include "engine/runtime/allocations_testing.h"
#include "engine/runtime/engine.h"

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

entity User { login: String }
entity Model

input user: SignIn proven for principal.login
/// A record of this policy's own: a sign-in has these fields, too.
input step_up?: { subject: String, mfa: Bool, amr?: String } proven

action read on Model by User
action delete on Model by User
action list on Model by User

permit signed_in {
  principal User
  action    read
  resource  Model
  when      user.fresh(10m)
}
permit stepped_up {
  principal User
  action    delete
  resource  Model
  when      has step_up and step_up.mfa and step_up.subject == user.subject
}
permit anybody {
  principal User
  action    list
  resource  Model
}
)";

class EvidenceTest : public ::testing::Test {
 protected:
  EvidenceTest() {
    named_ = Compile(kPolicy);
    std::vector<EntityRecord> records;
    for (const char* who : {"ann", "bob"}) {
      records.push_back(
          {.uid = Uid("User", who), .attributes = {Fact::Of(Value::String(Cat("u-", who)))}});
    }
    facts_ = *MakeSnapshot(*named_->policy, records);
    world_ = *MakeWorld(named_, facts_, trust_);
    engine_ = std::make_unique<Engine>(*MakeWorld(named_, facts_), nullptr);
    EXPECT_TRUE(engine_->UseTrust(trust_).ok());
  }

  static std::shared_ptr<const NamedPolicy> Compile(std::string text) {
    driver::Compiler compiler;
    compiler.AddText("console.ztp", std::move(text));
    EXPECT_TRUE(compiler.Check());
    return *NamedPolicy::Make(compiler.Lower());
  }
  std::string SourcesFor(std::string_view input, std::string_view more = "") const {
    std::string source = SignInSource(key_, more);
    const std::string_view kUser = R"("proves":["user"])";
    source.replace(source.find(kUser), kUser.size(), Cat(R"("proves":[")", input, R"("])"));
    return source;
  }
  EntityUid Uid(std::string_view type, std::string_view id) const {
    return {*named_->policy->schema().FindEntityType(type), std::string(id)};
  }
  Request Of(std::string_view user, std::string_view action, Time now) const {
    const Schema& schema = named_->policy->schema();
    Request request;
    request.principal = Uid("User", user);
    request.action = *schema.FindAction(action);
    request.resource = Uid("Model", "m");
    request.inputs.assign(schema.inputs.size(), Fact::Missing());
    request.now = now;
    return request;
  }
  std::string TokenOf(std::string_view sub, std::string_view more = "") const {
    return key_.TokenOf(SignInClaims(sub, more));
  }
  struct Answer {
    Decision decision;
    std::vector<EvidenceOutcome> outcomes;
    std::string check() const { return outcomes.at(0).check; }
  };
  // A decision on what evidence alone says.
  Answer Decide(std::string_view user, std::string_view action, Time now,
                const std::vector<EvidenceItem>& items) {
    Request request = Of(user, action, now);
    Answer answer;
    answer.outcomes = world_->trust->Prove(items, *facts_, &request);
    answer.decision = ztp::Decide(*named_->policy, *facts_, request, scratch_);
    return answer;
  }

  const evidence::testing::SigningKey& key_ = KeyFor(evidence::JwsAlgorithm::kEs256);
  const evidence::testing::SigningKey& strong_ = KeyFor(evidence::JwsAlgorithm::kEdDsa);
  std::shared_ptr<Trust> trust_ = MakeTrust(
      Document(Cat(R"("sso":)", SourcesFor("user"), R"(,"again":)", SourcesFor("step_up"))));
  std::shared_ptr<const NamedPolicy> named_;
  std::shared_ptr<const Snapshot> facts_;
  std::shared_ptr<const World> world_;
  std::unique_ptr<Engine> engine_;
  Scratch scratch_;
};

TEST_F(EvidenceTest, ProvesAnInputAndLimitsTheLease) {
  const auto answer = Decide("ann", "read", kNow, {{"user", "sign-in", "", TokenOf("u-ann")}});
  EXPECT_TRUE(answer.decision.allow);
  EXPECT_EQ(answer.check(), "");
  EXPECT_EQ(answer.outcomes[0].source, "sso");
  EXPECT_EQ(answer.outcomes[0].subject, "u-ann");
  EXPECT_EQ(answer.decision.valid_until, After(600)) << "no longer fresh";
  EXPECT_FALSE(Decide("ann", "read", After(600), {{"user", "sign-in", "", TokenOf("u-ann")}})
                   .decision.allow);
}

TEST_F(EvidenceTest, ThatIsRefusedLeavesTheInputUnbound) {
  std::string tampered = TokenOf("u-ann");
  tampered.back() = tampered.back() == 'A' ? 'Q' : 'A';
  const struct {
    std::string user, evidence, source, check;
  } kCases[] = {
      {"bob", TokenOf("u-ann"), "", "subject"},
      {"nobody", TokenOf("u-ann"), "", "subject"},
      {"ann", tampered, "", "signature"},
      {"ann", TokenOf("u-ann", R"("nbf":1795870000)"), "", "not yet valid"},
      {"ann", strong_.TokenOf(SignInClaims("u-ann")), "", "algorithm"},
      {"ann", TokenOf("u-ann"), "again", "source"},  // whose word on `user` does not count
      {"ann", TokenOf("u-ann"), "nowhere", "source"},
      {"ann", "", "", "form"},
  };
  for (const auto& c : kCases) {
    const auto answer = Decide(c.user, "read", kNow, {{"user", "sign-in", c.source, c.evidence}});
    EXPECT_FALSE(answer.decision.allow) << c.check;
    EXPECT_EQ(answer.check(), c.check);
    EXPECT_NE(answer.outcomes[0].message, "");
    EXPECT_EQ(answer.outcomes[0].digest.empty(), c.source == "nowhere") << c.check;
    EXPECT_NE(std::count(answer.decision.unknown.begin(), answer.decision.unknown.end(), "user"), 0)
        << "the denial says that `user` is missing";
  }
}

// A principal that a token named is nobody once the token is over, whatever the rules read.
TEST_F(EvidenceTest, ThatIsCriticalHoldsTheWholeDecision) {
  const auto asked = [&](bool critical, Time now, std::string evidence) {
    return Decide("ann", "list", now, {{"user", "sign-in", "", std::move(evidence), critical}})
        .decision;
  };
  const std::string token = TokenOf("u-ann");
  const Time end =
      *Decide("ann", "list", kNow, {{"user", "sign-in", "", token}}).outcomes[0].expires_at;
  EXPECT_TRUE(asked(false, kNow, token).allow);
  EXPECT_FALSE(asked(false, kNow, token).valid_until) << "no rule reads it";
  EXPECT_TRUE(asked(false, kNow, TokenOf("u-bob")).allow);
  EXPECT_TRUE(asked(true, kNow, token).allow);
  EXPECT_EQ(asked(true, kNow, token).valid_until, end);
  EXPECT_FALSE(asked(true, end, token).allow);
  EXPECT_FALSE(asked(true, kNow, TokenOf("u-bob")).allow) << "it is somebody else's";
  EXPECT_FALSE(asked(true, kNow, strong_.TokenOf(SignInClaims("u-ann"))).allow);
}

TEST_F(EvidenceTest, FitsAPolicysOwnRecords) {
  const std::string strong = TokenOf("u-ann", R"("amr":["mfa"])");
  EXPECT_TRUE(Decide("ann", "delete", kNow,
                     {{"user", "sign-in", "", strong}, {"step_up", "sign-in", "", strong}})
                  .decision.allow);
  EXPECT_FALSE(
      Decide("ann", "delete", kNow,
             {{"user", "sign-in", "", strong}, {"step_up", "sign-in", "", TokenOf("u-ann")}})
          .decision.allow);
}

TEST_F(EvidenceTest, AConfigurationMustFitThePolicyItMeets) {
  const auto meets = [&](const std::string& sources) {
    const auto world = MakeWorld(named_, facts_, MakeTrust(Document(sources)));
    return world.ok() ? "fits" : std::string(Message(world.status()));
  };
  EXPECT_EQ(meets(Cat(R"("a":)", SourcesFor("user"))), "fits");
  EXPECT_EQ(meets(Cat(R"("a":)", SourcesFor("usr"))),
            "source 'a' (sign-in) cannot prove input 'usr': the policy has no such input; did you "
            "mean `user`?");
  EXPECT_EQ(meets(Cat(R"("a":{"kind":"jwt-svid","proves":"user","trust_domain":"acme.org",)",
                      R"("audiences":"us","bundle":)",
                      KeySetText({key_.JwkText(R"("use":"jwt-svid","kid":"k")")}), "}")),
            "source 'a' (jwt-svid) cannot prove input 'user': field `authenticated_at` is nothing "
            "that such evidence says");
  // A policy that does not fit the configuration in force does not come into force.
  const auto other = Compile("ztp 1\npackage p\nentity U\naction a on U by U\n");
  EXPECT_FALSE(engine_->Replace(other, nullptr).ok());
  EXPECT_EQ(engine_->world()->named, named_);
  EXPECT_TRUE(engine_->UseTrust(nullptr).ok());
  EXPECT_EQ(engine_->world()->trust, nullptr);
}

TEST_F(EvidenceTest, ARevocationEndsLeasesAndFacts) {
  const auto fact = trust_->Verify("sso", TokenOf("u-ann"), kNow);
  Request request = Of("ann", "read", kNow);
  const auto input = *named_->policy->schema().FindInput("user");
  EXPECT_FALSE(world_->trust->Bind(**fact, input, *facts_, &request));
  EXPECT_TRUE(ztp::Decide(*named_->policy, *facts_, request, scratch_).allow);
  const uint64_t before = engine_->generation().value();
  ASSERT_TRUE(trust_->Revoke({.subject = "u-ann"}, kNow).ok());
  EXPECT_GT(engine_->generation().value(), before) << "every lease has ended";
  const auto refusal = world_->trust->Bind(**fact, input, *facts_, &request);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->check, evidence::Check::kRevoked);
  EXPECT_FALSE(ztp::Decide(*named_->policy, *facts_, request, scratch_).allow);
}

TEST_F(EvidenceTest, BindingAFactThatIsVerifiedAllocatesNothing) {
  const auto fact =
      trust_->Verify("sso", TokenOf("u-ann", R"("groups":["research","europe"])"), kNow);
  ASSERT_TRUE(fact.ok()) << fact.refusal().message;
  const InputId input = *named_->policy->schema().FindInput("user");
  Request request = Of("ann", "read", kNow);
  ASSERT_FALSE(world_->trust->Bind(**fact, input, *facts_, &request));
  BoundRequest bound;
  ASSERT_TRUE(bound.Bind(*named_->policy, *facts_, request).ok());
  BoundRequest::Changes changes;
  changes.inputs = BoundRequest::Changes::Bit(input.index);
  bool allowed = true;
  uint64_t before = 0;
  for (int round = 0; round < 3; ++round) {  // the first makes room
    before = AllocationsSoFar();
    allowed &= !world_->trust->Bind(**fact, input, *facts_, &request).has_value();
    allowed &= bound.Rebind(request, changes).ok();
    allowed &= Evaluate(bound, scratch_).allow;
  }
  EXPECT_TRUE(allowed);
  EXPECT_EQ(AllocationsSoFar(), before);
}

// Each kind's normal form is std.ai's type of it, field by field and in both directions.
TEST_F(EvidenceTest, NormalFormsAreThoseOfTheStandardVocabulary) {
  const std::pair<const char*, const char*> kTypes[] = {{"x509-svid", "Svid"},
                                                        {"jwt-svid", "Svid"},
                                                        {"wit-svid", "Svid"},
                                                        {"sign-in", "SignIn"},
                                                        {"access-token", "AccessToken"},
                                                        {"kubernetes-token", "ServiceAccount"},
                                                        {"pipeline-token", "PipelineRun"},
                                                        {"ear", "Device"},
                                                        {"nvidia-token", "Device"},
                                                        {"nvidia-report", "Device"},
                                                        {"sev-snp", "Device"},
                                                        {"tdx", "Device"},
                                                        {"tpm-quote", "Device"},
                                                        {"gpu-and-host", "Device"},
                                                        {"oms", "Oms"},
                                                        {"slsa", "Slsa"},
                                                        {"bom", "Bom"}};
  EXPECT_EQ(std::size(kTypes), evidence::AllKinds().size()) << "one is missing here";
  for (const auto& [kind_name, type_name] : kTypes) {
    const auto named =
        Compile(Cat("ztp 1\npackage p\nimport std.ai\nentity U\ninput x: ", type_name,
                    " proven\naction a on U by U\n",
                    "permit p { principal U action a resource U when bound(x) }\n"));
    const Schema& schema = named->policy->schema();
    const TypeId type = schema.inputs[0].type;
    const evidence::NormalForm& form = evidence::FindKind(kind_name)->form();
    const auto fit = evidence::FormFit::Make(form, schema, type);
    EXPECT_TRUE(fit.ok()) << kind_name << ": " << fit.status();
    for (const Field& field : form.schema().types[form.type()].fields) {
      const auto& fields = schema.types[type].fields;
      EXPECT_TRUE(std::any_of(fields.begin(), fields.end(),
                              [&](const Field& f) { return f.name == field.name; }))
          << type_name << " has no " << field.name;
    }
  }
}

}  // namespace
}  // namespace ztp
