// EAT Attestation Results, of this test's own making and those that veraison/ear tests itself with.
#include "engine/evidence/ear.h"

#include <gtest/gtest.h>

#include <sstream>

#include "engine/base/scalar_text.h"
#include "engine/evidence/attestation_testing.h"
#include "engine/evidence/jose_testing.h"

namespace ztp::evidence {
namespace {

using testing::KeyFor;
using testing::KeySet;

constexpr Time kThen{int64_t{1666091373} * kMicrosPerSecond};

const JwkSet& Keys() {
  static const JwkSet keys = KeySet({KeyFor(JwsAlgorithm::kEs256).JwkText()});
  return keys;
}

EarPolicy Policy() {
  EarPolicy policy;
  policy.eat.jws.algorithms = {JwsAlgorithm::kEs256};
  policy.eat.issuers = std::nullopt;
  policy.eat.max_age = Duration{int64_t{3600} * kMicrosPerSecond};
  policy.verifiers = {"Acme"};
  return policy;
}

std::string Claims(std::string_view submods, std::string_view more = "") {
  return Cat(R"({"eat_profile":"tag:ietf.org,2026:rats/ear#04","iat":1666091373,)",
             R"("ear_verifier_id":{"developer":"Acme","build":"1"},"submods":)", submods, more,
             "}");
}

Verified<Ear> Verify(std::string_view claims, const EarPolicy& policy = Policy(),
                     Time now = kThen) {
  return VerifyEar(KeyFor(JwsAlgorithm::kEs256).TokenOf(claims), Keys(), policy, now);
}

TEST(Ear, BothSpellingsSayTheSame) {
  const std::string ietf =
      Claims(R"({"cpu":{"ear_status":"affirming","ear_trustworthiness_vector":{"hardware":2},)"
             R"("ear_appraisal_policy_ids":["p1","p2"]}})");
  std::string veraison = ietf;
  for (const auto& [from, to] : std::initializer_list<std::pair<std::string, std::string>>{
           {"tag:ietf.org,2026:rats/ear#04", "tag:github.com,2023:veraison/ear"},
           {"ear_verifier_id", "ear.verifier-id"},
           {"ear_status", "ear.status"},
           {"ear_trustworthiness_vector", "ear.trustworthiness-vector"},
           {"ear_appraisal_policy_ids", "ear.appraisal-policy-ids"}}) {
    veraison.replace(veraison.find(from), from.size(), to);
  }
  for (const std::string& claims : {ietf, veraison}) {
    const auto ear = Verify(claims);
    ASSERT_TRUE(ear.ok()) << ear.refusal().message;
    EXPECT_EQ(ear->attested.device.verdict, Appraisal::kAffirming);
    EXPECT_EQ(ear->attested.device.verifier, "Acme");
    EXPECT_EQ(ear->attested.issued_at, kThen);
    EXPECT_EQ(ear->attested.expires_at.micros, kThen.micros + 3600 * kMicrosPerSecond);
    ASSERT_EQ(ear->submodules.size(), 1u);
    EXPECT_EQ(ear->submodules[0].policies, (std::vector<std::string>{"p1", "p2"}));
  }
  // A spelling belongs to its profile.
  std::string mixed = ietf;
  mixed.replace(mixed.find("ear_status"), 10, "ear.status");
  EXPECT_EQ(CheckOfResult(Verify(mixed)), "claim");
}

// What is said, and what a policy that takes any verdict is told.
TEST(Ear, TheVerdictIsTheWorstThatIsSaid) {
  struct Case {
    const char* submods;
    const char* verdict;
  };
  EarPolicy any = Policy();
  any.worst_accepted = Appraisal::kContraindicated;
  for (const Case& one : {
           Case{R"({"a":{"ear_status":2}})", "affirming"},
           Case{R"({"a":{"ear_status":32}})", "warning"},
           Case{R"({"a":{"ear_status":96}})", "contraindicated"},
           Case{R"({"a":{"ear_status":0}})", "unappraised"},
           Case{R"({"a":{"ear_status":"none"}})", "unappraised"},
           Case{R"({"a":{"ear_status":"affirming"},"b":{"ear_status":"warning"}})", "warning"},
           Case{R"({"a":{"ear_status":"none"},"b":{"ear_status":"affirming"}})", "unappraised"},
           // The vector says worse than the status does; a claim of 0 says nothing.
           Case{R"({"a":{"ear_status":2,"ear_trustworthiness_vector":{"hardware":97}}})",
                "contraindicated"},
           Case{R"({"a":{"ear_status":2,"ear_trustworthiness_vector":{"hardware":-33}}})",
                "warning"},
           Case{R"({"a":{"ear_status":2,"ear_trustworthiness_vector":{"hardware":0}}})",
                "affirming"},
           Case{R"({"a":{"ear_status":32,"ear_trustworthiness_vector":{"hardware":2}}})",
                "warning"},
       }) {
    SCOPED_TRACE(one.submods);
    const auto ear = Verify(Claims(one.submods), any);
    ASSERT_TRUE(ear.ok()) << ear.refusal().message;
    EXPECT_EQ(NameOf(ear->attested.device.verdict), one.verdict);
    EXPECT_EQ(CheckOfResult(Verify(Claims(one.submods))),
              std::string_view(one.verdict) == "affirming" ? "accepted" : "status");
  }
  const auto whole = Verify(Claims(R"({"a":{"ear_status":2}})", R"(,"ear_status":"warning")"));
  EXPECT_EQ(CheckOfResult(whole), "status");
}

TEST(Ear, WhatIsWrongIsRefused) {
  const std::string good = R"({"cpu":{"ear_status":"affirming"}})";
  std::string deep = "1";
  for (int i = 0; i < 100; ++i) deep = Cat("[", deep, "]");
  struct Case {
    std::string claims;
    const char* check;
  };
  for (const Case& one : {
           Case{Claims(good, R"(,"submods":{"cpu":{"ear_status":"affirming"}})"), "form"},
           Case{Claims(good, Cat(R"(,"x":)", deep)), "form"},
           Case{"[]", "form"},
           Case{Claims("{}"), "claim"},
           Case{Claims("[]"), "claim"},
           Case{Claims(R"({"cpu":{"ear_status":3}})"), "claim"},
           Case{Claims(R"({"cpu":{"ear_status":"Affirming"}})"), "claim"},
           Case{Claims(R"({"cpu":{"ear_status":null}})"), "claim"},
           Case{Claims(R"({"cpu":{}})"), "claim"},
           Case{Claims(R"({"cpu":["JWT","x"]})"), "claim"},
           Case{Claims(R"({"a":{"ear_status":2,"ear_trustworthiness_vector":{"hardware":128}}})"),
                "claim"},
           Case{Claims(R"({"a":{"ear_status":2,"ear_veraison_key_attestation":{}}})"), "claim"},
           Case{Claims(good, R"(,"exp":1666091373)"), "expired"},
           Case{Claims(good, R"(,"nbf":1666091374)"), "not yet valid"},
           Case{R"({"eat_profile":"x","iat":1666091373})", "claim"},
           Case{R"({"iat":1666091373})", "claim"},
           Case{R"({"eat_profile":"tag:ietf.org,2026:rats/ear#04"})", "claim"},
       }) {
    EXPECT_EQ(CheckOfResult(Verify(one.claims)), one.check) << one.claims;
  }
  EXPECT_EQ(CheckOfResult(Verify(Claims(good))), "accepted");
  const auto at = [&](int64_t seconds) { return Time{kThen.micros + seconds * kMicrosPerSecond}; };
  EXPECT_EQ(CheckOfResult(Verify(Claims(good), Policy(), at(-1))), "issued in the future");
  EXPECT_EQ(CheckOfResult(Verify(Claims(good), Policy(), at(3601))), "age");

  EarPolicy policy = Policy();
  policy.eat.max_age.reset();
  EXPECT_EQ(CheckOfResult(Verify(Claims(good), policy)), "claim");  // it would never expire
  policy = Policy();
  policy.eat.nonce = "12345678";
  EXPECT_EQ(CheckOfResult(Verify(Claims(good), policy)), "nonce");
  EXPECT_EQ(CheckOfResult(Verify(Claims(good, R"(,"eat_nonce":"12345679")"), policy)), "nonce");
  EXPECT_EQ(CheckOfResult(Verify(Claims(good, R"(,"eat_nonce":["x","12345678"])"), policy)),
            "accepted");
  policy = Policy();
  policy.verifiers = {"Somebody else"};
  EXPECT_EQ(CheckOfResult(Verify(Claims(good), policy)), "issuer");
  policy = Policy();
  policy.required_submodules = {"gpu"};
  EXPECT_EQ(CheckOfResult(Verify(Claims(good), policy)), "claim");
  policy = Policy();
  policy.channel_key = Cat("sha256:", std::string(64, '0'));
  EXPECT_EQ(CheckOfResult(Verify(Claims(good), policy)), "binding");
  policy = Policy();
  policy.profiles = {std::string(kEarVeraisonProfile)};
  EXPECT_EQ(CheckOfResult(Verify(Claims(good), policy)), "claim");

  // Another key, another algorithm, and a source that may use none.
  const std::string token = KeyFor(JwsAlgorithm::kEs256).TokenOf(Claims(good));
  const JwkSet others = KeySet({testing::SigningKey(JwsAlgorithm::kEs256).JwkText()});
  EXPECT_EQ(CheckOfResult(VerifyEar(token, others, Policy(), kThen)), "signature");
  EXPECT_EQ(CheckOfResult(VerifyEar(KeyFor(JwsAlgorithm::kEs384).TokenOf(Claims(good)), Keys(),
                                    Policy(), kThen)),
            "algorithm");
  EXPECT_EQ(CheckOfResult(VerifyEar(token, Keys(), EarPolicy(), kThen)), "algorithm");
}

TEST(Ear, NoBitCanBeChanged) {
  const std::string token =
      KeyFor(JwsAlgorithm::kEs256).TokenOf(Claims(R"({"cpu":{"ear_status":"affirming"}})"));
  const auto verify = [](const std::string& bytes) {
    return VerifyEar(bytes, Keys(), Policy(), kThen);
  };
  const auto good = verify(token);
  ASSERT_TRUE(good.ok()) << good.refusal().message;
  Tally tally = FlipEveryBit(token, verify, *good, [](const Ear&, const Ear&) { return false; });
  EXPECT_EQ(tally.accepted, 0u) << tally.accepted_at;
  EXPECT_GT(8 * tally.refused["signature"], tally.tried);
  ExpectNoPrefixIsTaken(token, verify);
}

class EarFixtures : public OtherPeoplesFiles {
 protected:
  void SetUp() override { FindFixtures("ear"); }
};

TEST_F(EarFixtures, TokensOfVeraison) {
  const auto keys = ParseJwkSet(Cat(R"({"keys":[)", Read("pkey.json"), "]}"));
  ASSERT_TRUE(keys.ok()) << keys.refusal().message;
  EarPolicy policy = Policy();
  policy.verifiers = {"Acme Inc."};
  std::vector<std::string> tokens;
  std::istringstream lines(Read("signed.jwt"));
  for (std::string line; std::getline(lines, line);) tokens.push_back(line);
  ASSERT_EQ(tokens.size(), 3u);
  for (int i = 0; i < 2; ++i) {
    const auto ear = VerifyEar(tokens[static_cast<size_t>(i)], *keys, policy, kThen);
    ASSERT_TRUE(ear.ok()) << ear.refusal().message;
    EXPECT_EQ(ear->attested.device.verdict, Appraisal::kAffirming);
    EXPECT_EQ(ear->build, "rrtrap-v1.0.0");
    ASSERT_EQ(ear->submodules.size(), 1u);
    EXPECT_EQ(ear->submodules[0].name, "test");
    EXPECT_EQ(ear->submodules[0].trust_vector.size(), 8u);
  }
  // The third brings its own key, which is nobody's.
  EXPECT_EQ(CheckOfResult(VerifyEar(tokens[2], *keys, policy, kThen)), "signature");
}

TEST_F(EarFixtures, ClaimsOfVeraison) {
  EarPolicy policy = Policy();
  policy.verifiers = std::nullopt;
  policy.eat.max_age = Duration{int64_t{10'000'000} * kMicrosPerSecond};
  policy.worst_accepted = Appraisal::kContraindicated;
  const Time now{int64_t{1666529184} * kMicrosPerSecond};
  const auto verify = [&](const char* name) { return Verify(Read(name), policy, now); };
  for (const char* name :
       {"ear-claims.json", "ear-claims-tv-ok.json", "ear-claims-extension-ok.json"}) {
    const auto ear = verify(name);
    ASSERT_TRUE(ear.ok()) << name << ": " << ear.refusal().message;
    EXPECT_EQ(ear->attested.device.verdict, Appraisal::kAffirming);
  }
  EXPECT_EQ(CheckOfResult(verify("ear-claims-key-attestation-ko.json")), "claim");
  const auto key = verify("ear-claims-key-attestation-ok.json");
  ASSERT_TRUE(key.ok()) << key.refusal().message;
  ASSERT_TRUE(key->submodules.at(0).key_sha256.has_value());
  policy.channel_key = key->submodules[0].key_sha256;
  const auto bound = verify("ear-claims-key-attestation-ok.json");
  ASSERT_TRUE(bound.ok()) << bound.refusal().message;
  EXPECT_EQ(bound->attested.bound_key, policy.channel_key);
}

}  // namespace
}  // namespace ztp::evidence
