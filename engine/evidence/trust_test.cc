// Evidence is verified once, and what it proves counts as long as time, keys and revocations let
// it.
#include "engine/evidence/trust.h"

#include <gtest/gtest.h>

#include <thread>

#include "engine/base/status.h"
#include "engine/evidence/trust_testing.h"

namespace ztp::evidence {
namespace {

using testing::After;
using testing::CheckOf;
using testing::Document;
using testing::ErrorsOf;
using testing::KeyFor;
using testing::KeySetText;
using testing::MakeTrust;
using testing::SignInClaims;
using testing::SignInSource;

std::string CheckAgain(const Trust& trust, const ProvenFact& fact, Time now) {
  const auto refusal = trust.Check(fact, now);
  return refusal ? std::string(NameOf(refusal->check)) : "accepted";
}

class TrustTest : public ::testing::Test {
 protected:
  std::shared_ptr<Trust> Sso(std::string_view more = "") {
    return MakeTrust(Document(Cat(R"("sso":)", SignInSource(key_, more))));
  }
  const testing::SigningKey& key_ = KeyFor(JwsAlgorithm::kEs256);
  const std::string token_ = key_.TokenOf(SignInClaims("u-17", R"("sid":"s-1","jti":"t-1")"));
};

TEST_F(TrustTest, AFactHasAllThatDecisionsAndAuditsNeed) {
  const auto fact = Sso()->Verify("sso", token_, kNow);
  ASSERT_TRUE(fact.ok()) << fact.refusal().message;
  const ProvenFact& f = **fact;
  EXPECT_EQ(f.source, "sso");
  EXPECT_EQ(f.kind->name, "sign-in");
  EXPECT_EQ(f.subjects, std::vector<std::string>{"u-17"});
  EXPECT_EQ(f.issuer, "https://login.acme.org");
  EXPECT_EQ(f.session, "s-1");
  EXPECT_EQ(f.issued_at, kNow);
  EXPECT_EQ(f.expires_at, After(3600));
  EXPECT_EQ(f.digest.substr(0, 7), "sha256:");
  EXPECT_FALSE(f.anchor.empty());
}

TEST_F(TrustTest, TheSecondTimeItIsTheSameFact) {
  const auto trust = Sso();
  const auto first = trust->Verify("sso", token_, kNow);
  const auto second = trust->Verify("sso", Cat(token_, "\n"), After(10));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->get(), second->get());
  EXPECT_EQ(CheckOf(trust->Verify("sso", token_, After(3600))), "expired");
  EXPECT_EQ(CheckOf(trust->Verify("sso", token_, After(-1))), "issued in the future");
  EXPECT_EQ(CheckOf(trust->Verify("other", token_, kNow)), "source");
  std::string bad = token_;
  bad[bad.size() / 2] ^= 1;
  EXPECT_NE(CheckOf(trust->Verify("sso", bad, kNow)), "accepted");
}

TEST_F(TrustTest, TheMaximumAgeEndsAFactBeforeItExpires) {
  const auto trust = Sso(R"("max_age":"10m")");
  const auto fact = trust->Verify("sso", token_, kNow);
  ASSERT_TRUE(fact.ok());
  EXPECT_EQ((*fact)->expires_at, After(600)) << "so that a lease ends then";
  EXPECT_EQ(CheckOf(trust->Verify("sso", token_, After(600))), "age");
}

TEST_F(TrustTest, TheLeewayIsInTheWindowOfAFact) {
  const auto trust = Sso(R"("leeway":"30s")");
  const auto fact = trust->Verify("sso", key_.TokenOf(SignInClaims("u-17", "", 20)), kNow);
  ASSERT_TRUE(fact.ok()) << "its issuer's clock is 20 s ahead: " << fact.refusal().message;
  EXPECT_LE((*fact)->issued_at, kNow) << "it is bound at once";
  EXPECT_EQ((*fact)->expires_at, After(20 + 3600 + 30));
}

TEST_F(TrustTest, AKeyThatIsWithdrawnTakesItsFactsAlong) {
  const auto trust = Sso();
  const auto fact = trust->Verify("sso", token_, kNow);
  ASSERT_TRUE(fact.ok());
  const uint64_t before = trust->generation();
  const testing::SigningKey next(JwsAlgorithm::kEs256);
  std::vector<JsonError> errors;
  ASSERT_TRUE(trust->Replace("sso", "keys", KeySetText({next.JwkText()}), &errors))
      << ErrorsOf(errors);
  EXPECT_GT(trust->generation(), before);
  EXPECT_EQ(CheckAgain(*trust, **fact, kNow), "key");
  EXPECT_EQ(CheckOf(trust->Verify("sso", token_, kNow)), "signature");
  // Back to the document's.
  ASSERT_TRUE(trust->Reload(Document(Cat(R"("sso":)", SignInSource(key_))), &errors));
  EXPECT_EQ(CheckOf(trust->Verify("sso", token_, kNow)), "accepted");
}

TEST_F(TrustTest, ABadReplacementLeavesAllAsItWas) {
  const auto trust = Sso();
  const auto fact = trust->Verify("sso", token_, kNow);
  std::vector<JsonError> errors;
  EXPECT_FALSE(trust->Replace("sso", "keys", "{", &errors));
  EXPECT_EQ(errors.front().path, "$.sources.sso.keys");
  EXPECT_FALSE(trust->Replace("sso", "bundle", "x", &errors));
  EXPECT_EQ(ErrorsOf(errors), "$.sources.sso: it has no `bundle` that could be replaced");
  EXPECT_FALSE(trust->Replace("sso", "issuers", "https://evil.org", &errors));
  EXPECT_FALSE(trust->Replace("mesh", "keys", "{}", &errors));
  EXPECT_FALSE(trust->Reload("{", &errors));
  EXPECT_EQ(CheckAgain(*trust, **fact, kNow), "accepted");
}

TEST_F(TrustTest, AReloadKeepsWhatIsAsItWas) {
  const auto trust = Sso();
  const auto fact = trust->Verify("sso", token_, kNow);
  std::vector<JsonError> errors;
  const std::string other = SignInSource(KeyFor(JwsAlgorithm::kEdDsa));
  ASSERT_TRUE(
      trust->Reload(Document(Cat(R"("sso":)", SignInSource(key_), R"(,"more":)", other)), &errors));
  EXPECT_EQ(CheckAgain(*trust, **fact, kNow), "accepted");
  ASSERT_TRUE(
      trust->Reload(Document(Cat(R"("sso":)", SignInSource(key_, R"("max_age":"1h")"))), &errors));
  EXPECT_EQ(CheckAgain(*trust, **fact, kNow), "key");
}

TEST_F(TrustTest, ARevocationHitsWhatWasProvenAndWhatComesAgain) {
  const RevocationEntry kEntries[] = {
      {.session = "s-1"}, {.subject = "u-17"}, {.id = "t-1", .issuer = "https://login.acme.org"}};
  for (const RevocationEntry& entry : kEntries) {
    const auto trust = Sso();
    const auto fact = trust->Verify("sso", token_, kNow);
    ASSERT_TRUE(trust->Revoke(entry, kNow).ok());
    EXPECT_EQ(CheckAgain(*trust, **fact, kNow), "revoked");
    EXPECT_EQ(CheckOf(trust->Verify("sso", token_, kNow)), "revoked");
    EXPECT_EQ(CheckOf(trust->Verify("sso", key_.TokenOf(SignInClaims("u-18")), kNow)), "accepted");
  }
}

TEST_F(TrustTest, ASecurityEventRevokesAndIsHeard) {
  const auto& signals = KeyFor(JwsAlgorithm::kEdDsa);
  const auto trust = MakeTrust(Document(
      Cat(R"("sso":)", SignInSource(key_)),
      Cat(R"(,"transmitters":{"idp":{"issuers":"https://signals.acme.org","audiences":"ztp",)",
          R"("algorithms":"EdDSA","keys":)", KeySetText({signals.JwkText()}), "}}")));
  const auto fact = trust->Verify("sso", token_, kNow);
  ASSERT_TRUE(fact.ok());
  int heard = 0;
  auto listening = Trust::Listen(trust, [&] { ++heard; });
  const std::string event = signals.TokenOf(
      Cat(R"({"iss":"https://signals.acme.org","aud":"ztp","jti":"e","iat":)",
          kNow.micros / kMicrosPerSecond,
          R"(,"sub_id":{"format":"iss_sub","iss":"https://login.acme.org","sub":"u-17"},"events":)",
          R"({"https://schemas.openid.net/secevent/caep/event-type/session-revoked":{}}})"),
      R"("typ":"secevent+jwt")");
  EXPECT_EQ(CheckOf(trust->Receive(token_, kNow)), "algorithm") << "no event";
  EXPECT_EQ(heard, 0);
  const auto received = trust->Receive(event, kNow);
  ASSERT_TRUE(received.ok()) << received.refusal().message;
  EXPECT_EQ(*received, 1u);
  EXPECT_EQ(heard, 1);
  EXPECT_EQ(CheckAgain(*trust, **fact, kNow), "revoked");
  EXPECT_EQ(CheckOf(trust->Verify("sso", key_.TokenOf(SignInClaims("u-17", "", 1)), After(1))),
            "accepted")
      << "whoever signs in again is in";
  listening.reset();
  ASSERT_TRUE(trust->Revoke({.id = "x"}, kNow).ok());
  EXPECT_EQ(heard, 1);
  EXPECT_EQ(CheckOf(Sso()->Receive(event, kNow)), "source");
}

TEST_F(TrustTest, ANonceIsDemandedAndUsedUp) {
  const auto trust = Sso(R"("nonce":"required")");
  EXPECT_EQ(CheckOf(trust->Verify("sso", token_, kNow)), "nonce");
  const std::string nonce = trust->nonces().Make(kNow, Duration{60 * kMicrosPerSecond});
  const std::string good = key_.TokenOf(SignInClaims("u-17", Cat(R"("nonce":")", nonce, R"(")")));
  EXPECT_EQ(CheckOf(trust->Verify("sso", good, After(60))), "nonce") << "too late, and not used up";
  const auto fact = trust->Verify("sso", good, kNow);
  ASSERT_TRUE(fact.ok()) << fact.refusal().message;
  EXPECT_EQ(CheckOf(trust->Verify("sso", good, kNow)), "replay") << "cached or not";
  EXPECT_EQ(CheckAgain(*trust, **fact, After(120)), "accepted") << "who has the fact keeps it";
  EXPECT_EQ(
      CheckOf(trust->Verify("sso", key_.TokenOf(SignInClaims("u-17", R"("nonce":"guess")")), kNow)),
      "nonce");
}

TEST_F(TrustTest, OfSeveralSourcesTheOneThatKnowsTheKeyAnswers) {
  const auto& other = KeyFor(JwsAlgorithm::kEs384);
  const auto trust =
      MakeTrust(Document(Cat(R"("a":)", SignInSource(other), R"(,"b":)", SignInSource(key_))));
  const auto fact = trust->VerifyFor("user", "sign-in", token_, kNow);
  ASSERT_TRUE(fact.ok()) << fact.refusal().message;
  EXPECT_EQ((*fact)->source, "b");
  EXPECT_EQ(CheckOf(trust->VerifyFor("user", "sign-in", token_, After(7200))), "expired");
  EXPECT_EQ(CheckOf(trust->VerifyFor("peer", "sign-in", token_, kNow)), "source");
  EXPECT_EQ(CheckOf(trust->VerifyFor("user", "jwt-svid", token_, kNow)), "source");
}

TEST_F(TrustTest, TheCacheIsBounded) {
  FactCache cache(4);
  const auto fact = [](uint64_t serial) {
    auto made = std::make_shared<ProvenFact>();
    made->source_serial = serial;
    return made;
  };
  const std::string sha(32, 's');
  for (uint64_t i = 0; i < 100; ++i) {
    cache.Add(sha, fact(i));
    EXPECT_LE(cache.size(), 6u);
    EXPECT_NE(cache.Find(sha, i), nullptr);
    EXPECT_NE(cache.Find(sha, i / 2 * 2), nullptr) << "what was asked for meanwhile stays";
  }
  EXPECT_EQ(cache.Find(sha, 3), nullptr);
}

TEST_F(TrustTest, ThreadsVerifyWhileKeysRotateAndSessionsEnd) {
  const auto trust = Sso();
  const std::string keys = KeySetText({key_.JwkText()});
  std::atomic<int> accepted = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const auto fact = trust->Verify("sso", token_, kNow);
        if (!fact.ok()) continue;
        ++accepted;
        static_cast<void>(trust->Check(**fact, kNow));
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    std::vector<JsonError> errors;
    EXPECT_TRUE(trust->Replace("sso", "keys", Cat(keys, std::string(i % 2 + 1, ' ')), &errors));
    EXPECT_TRUE(trust->Revoke({.session = Cat("other-", i)}, kNow).ok());
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(accepted, 150) << "the keys were always the same";
}

}  // namespace
}  // namespace ztp::evidence
