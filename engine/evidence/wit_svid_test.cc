// A WIT-SVID is accepted with its trust domain's keys and a proof by the workload's own, and with
// nothing else.
#include "engine/evidence/wit_svid.h"

#include <gtest/gtest.h>

#include "engine/base/sha256.h"
#include "engine/evidence/jose_testing.h"
#include "engine/evidence/tamper_testing.h"

namespace ztp::evidence {
namespace {

using testing::CheckOf;
using testing::KeyFor;
using testing::KeySet;
using testing::SigningKey;

constexpr char kWitHeader[] = R"("typ":"wit+jwt","kid":"k1")";
constexpr char kWptHeader[] = R"("typ":"wpt+jwt")";

std::string HashOf(std::string_view token) { return EncodeBase64url(Sha256Bytes(token)); }

// Members of an object, some of them in the place of those of the same name; "" takes one away.
using Members = std::vector<std::pair<std::string, std::string>>;
std::string Object(Members members, const Members& changes) {
  for (const auto& [name, value] : changes) {
    std::erase_if(members, [&](const auto& member) { return member.first == name; });
    if (!value.empty()) members.emplace_back(name, value);
  }
  std::string text = "{";
  for (const auto& [name, value] : members) {
    Append(text, text.size() == 1 ? "" : ",", '"', name, "\":", value);
  }
  return text + "}";
}

class WitSvidTest : public ::testing::Test {
 protected:
  static constexpr Time kNow{int64_t{1500} * kMicrosPerSecond};

  std::string Wit(const Members& changes = {}, std::string_view header = kWitHeader) const {
    return authority_.TokenOf(
        Object({{"sub", R"("spiffe://acme.org/trainer")"},
                {"exp", "2000"},
                {"cnf", Cat(R"({"jwk":)", workload_.JwkText(R"("alg":"ES384")"), "}")}},
               changes),
        header);
  }
  std::string Proof(std::string_view wit, const Members& changes = {},
                    std::string_view header = kWptHeader) const {
    return workload_.TokenOf(Object({{"aud", R"("https://gate.acme.org/")"},
                                     {"exp", "1560"},
                                     {"jti", R"("p-1")"},
                                     {"wth", Cat('"', HashOf(wit), '"')}},
                                    changes),
                             header);
  }
  Verified<WitSvid> Verify(const PresentedWit& presented) const {
    return VerifyWitSvid(presented, bundle_, policy_, kNow);
  }
  std::string Check(const std::string& wit) const {
    const std::string proof = Proof(wit);
    return CheckOf(Verify({.wit = wit, .proof = proof}));
  }
  std::string CheckProof(const Members& changes, std::string_view header = kWptHeader) const {
    const std::string wit = Wit(), proof = Proof(wit, changes, header);
    return CheckOf(Verify({.wit = wit, .proof = proof}));
  }

  const SigningKey& authority_ = KeyFor(JwsAlgorithm::kEs256);
  const SigningKey& workload_ = KeyFor(JwsAlgorithm::kEs384);
  const JwkSet bundle_ = KeySet({authority_.JwkText(R"("use":"wit-svid","kid":"k1")")});
  WitSvidPolicy policy_{.trust_domain = "acme.org", .audiences = {"https://gate.acme.org/"}};
};

TEST_F(WitSvidTest, SaysWhoTheWorkloadIsAndWhichKeyItHas) {
  const std::string wit = Wit({{"jti", R"("t-1")"}}), proof = Proof(wit);
  const auto svid = Verify({.wit = wit, .proof = proof});
  ASSERT_TRUE(svid.ok()) << svid.refusal().message;
  EXPECT_EQ(svid->spiffe_id, "spiffe://acme.org/trainer");
  EXPECT_EQ(svid->jwt.id, "t-1");
  EXPECT_EQ(svid->key_thumbprint, ParseJwk(workload_.JwkText())->thumbprint);
  EXPECT_EQ(svid->key_sha256, KeyDigest(ParseJwk(workload_.JwkText())->key));
  EXPECT_EQ(svid->expires_at, Time{int64_t{1560} * kMicrosPerSecond}) << "with its proof";
  EXPECT_EQ(svid->once.size(), 32u);
}

TEST_F(WitSvidTest, WhatTheTokenMustBe) {
  const auto jwk = [&](const SigningKey& key, std::string_view more) {
    return Cat(R"({"jwk":)", key.JwkText(more), "}");
  };
  const SigningKey& ed = KeyFor(JwsAlgorithm::kEdDsa);
  const std::string secret = R"({"jwk":{"kty":"oct","k":"AAAA","alg":"HS256"}})";
  for (const auto& [changes, check] : std::initializer_list<std::pair<Members, std::string>>{
           {{}, "accepted"},
           {{{"iss", R"("https://issuer.acme.org")"}, {"iat", "1400"}}, "accepted"},
           {{{"sub", R"("spiffe://evil.org/trainer")"}}, "subject"},
           {{{"sub", R"("wimse://acme.org/trainer")"}}, "subject"},
           {{{"sub", ""}}, "subject"},
           {{{"aud", R"("https://gate.acme.org/")"}}, "audience"},
           {{{"aud", "[]"}}, "audience"},
           {{{"exp", ""}}, "claim"},
           {{{"exp", "1500"}}, "expired"},
           {{{"nbf", "1501"}}, "not yet valid"},
           {{{"cnf", ""}}, "claim"},
           {{{"cnf", "{}"}}, "claim"},
           {{{"cnf", "null"}}, "claim"},
           {{{"cnf", R"({"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})"}}, "claim"},
           {{{"cnf", jwk(workload_, R"("alg":"ES384","d":"AAAA")")}}, "claim"},
           {{{"cnf", secret}}, "claim"},
           {{{"cnf", jwk(workload_, "")}}, "algorithm"},
           {{{"cnf", jwk(workload_, R"("alg":"none")")}}, "algorithm"},
           {{{"cnf", jwk(workload_, R"("alg":"ES256")")}}, "algorithm"},
           {{{"cnf", jwk(workload_, R"("alg":"ES384","use":"enc")")}}, "usage"},
           {{{"cnf", jwk(ed, R"("alg":"EdDSA")")}}, "algorithm"},
           {{{"cnf", jwk(authority_, R"("alg":"ES256")")}}, "algorithm"},  // another key's proof
       }) {
    EXPECT_EQ(Check(Wit(changes)), check) << Object({}, changes);
  }
  for (const auto& [header, check] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"("typ":"application/wit+jwt","kid":"k1")", "accepted"},
           {R"("kid":"k1")", "form"},
           {R"("typ":"JWT","kid":"k1")", "form"},
           {R"("typ":"wpt+jwt","kid":"k1")", "form"},
           {R"("typ":"wit+jwt")", "form"},  // no kid
           {R"("typ":"wit+jwt","kid":"K1")", "key"}}) {
    EXPECT_EQ(Check(Wit({}, header)), check) << header;
  }
}

TEST_F(WitSvidTest, OnlyKeysForWitSvidsOfTheBundleSignThem) {
  const std::string wit = Wit(), proof = Proof(wit);
  for (const char* use : {R"("use":"jwt-svid","kid":"k1")", R"("kid":"k1")"}) {
    EXPECT_EQ(CheckOf(VerifyWitSvid({.wit = wit, .proof = proof}, KeySet({authority_.JwkText(use)}),
                                    policy_, kNow)),
              "usage");
  }
  const SigningKey& ed = KeyFor(JwsAlgorithm::kEdDsa);
  EXPECT_EQ(CheckOf(VerifyWitSvid(
                {.wit = ed.TokenOf(R"({"sub":"spiffe://acme.org/x","exp":2000})", kWitHeader)},
                KeySet({ed.JwkText(R"("use":"wit-svid","kid":"k1")")}), policy_, kNow)),
            "algorithm");
}

TEST_F(WitSvidTest, WhatTheProofMustBe) {
  for (const auto& [changes, check] : std::initializer_list<std::pair<Members, std::string>>{
           {{}, "accepted"},
           {{{"aud", R"(["https://other/","https://gate.acme.org/"])"}}, "accepted"},
           {{{"aud", R"("https://other/")"}}, "audience"},
           {{{"aud", ""}}, "audience"},
           {{{"exp", ""}}, "claim"},
           {{{"exp", "1500"}}, "expired"},
           {{{"exp", "1800"}}, "accepted"},
           {{{"exp", "1801"}}, "claim"},  // for too long
           {{{"jti", ""}}, "claim"},
           {{{"jti", R"("")"}}, "claim"},
           {{{"wth", ""}}, "binding"},
           {{{"wth", "7"}}, "claim"},
           {{{"wth", Cat('"', HashOf("another token"), '"')}}, "binding"},
           {{{"ath", Cat('"', HashOf("t"), '"')}}, "binding"},  // of a token that is not here
           {{{"oth", "{}"}}, "binding"},
           {{{"oth", "null"}}, "binding"},
       }) {
    EXPECT_EQ(CheckProof(changes), check) << Object({}, changes);
  }
  EXPECT_EQ(CheckProof({}, R"("typ":"JWT")"), "form");
  EXPECT_EQ(CheckProof({}, R"("typ":"wit+jwt")"), "form");
  EXPECT_EQ(CheckProof({}, ""), "form");
  // By another key, and by the workload's with an algorithm that its token does not name.
  const std::string wit = Wit();
  const std::string other = SigningKey(JwsAlgorithm::kEs384)
                                .TokenOf(Object({{"aud", R"("https://gate.acme.org/")"},
                                                 {"exp", "1560"},
                                                 {"jti", R"("p-1")"},
                                                 {"wth", Cat('"', HashOf(wit), '"')}},
                                                {}),
                                         kWptHeader);
  EXPECT_EQ(CheckOf(Verify({.wit = wit, .proof = other})), "signature");
  EXPECT_EQ(CheckOf(Verify({.wit = wit, .proof = wit})), "algorithm");
}

TEST_F(WitSvidTest, ATokenAloneIsTakenWhereTheHostHasSeenItsKey) {
  EXPECT_EQ(CheckOf(Verify({.wit = Wit()})), "binding");
  policy_.host_checks_binding = true;
  const auto svid = Verify({.wit = Wit()});
  ASSERT_TRUE(svid.ok()) << svid.refusal().message;
  EXPECT_TRUE(svid->once.empty());
  EXPECT_EQ(svid->expires_at, Time{int64_t{2000} * kMicrosPerSecond});
  EXPECT_EQ(CheckProof({{"wth", ""}}), "binding") << "a proof that is there must hold";
}

TEST_F(WitSvidTest, AProofNamesTheTokensBesideIt) {
  const std::string wit = Wit();
  const auto check = [&](const Members& changes, const std::string& access) {
    const std::string proof = Proof(wit, changes);
    return CheckOf(Verify({.wit = wit, .proof = proof, .access_token = access}));
  };
  EXPECT_EQ(check({{"ath", Cat('"', HashOf("at"), '"')}}, "at"), "accepted");
  EXPECT_EQ(check({{"ath", Cat('"', HashOf("at"), '"')}}, "AT"), "binding");
  EXPECT_EQ(check({}, "at"), "binding");
  const std::string proof = Proof(wit, {{"tth", Cat('"', HashOf("tt"), '"')}});
  EXPECT_EQ(CheckOf(Verify({.wit = wit, .proof = proof, .transaction_token = "tt"})), "accepted");
  EXPECT_EQ(CheckOf(Verify({.wit = wit, .proof = proof, .access_token = "tt"})), "binding");
}

TEST_F(WitSvidTest, NoBitOfEitherCanBeChangedAndNothingCutOff) {
  const std::string wit = Wit(), proof = Proof(wit);
  const auto takes_wit = [&](const std::string& text) {
    return Verify({.wit = text, .proof = proof}).ok();
  };
  const auto takes_proof = [&](const std::string& text) {
    return Verify({.wit = wit, .proof = text}).ok();
  };
  ASSERT_TRUE(takes_wit(wit));
  EXPECT_EQ(testing::AcceptedFlips(wit, takes_wit), std::vector<size_t>());
  EXPECT_EQ(testing::AcceptedCuts(wit, takes_wit), std::vector<size_t>());
  EXPECT_EQ(testing::AcceptedFlips(proof, takes_proof), std::vector<size_t>());
  EXPECT_EQ(testing::AcceptedCuts(proof, takes_proof), std::vector<size_t>());
  // Without its proof, too, so that it is the token's own signature that refuses.
  policy_.host_checks_binding = true;
  const auto takes_alone = [&](const std::string& text) { return Verify({.wit = text}).ok(); };
  ASSERT_TRUE(takes_alone(wit));
  EXPECT_EQ(testing::AcceptedFlips(wit, takes_alone), std::vector<size_t>());
}

}  // namespace
}  // namespace ztp::evidence
