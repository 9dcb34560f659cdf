// Access tokens: what RFC 9068 requires, who acts for whom, and what a token is bound to.
#include "engine/evidence/access_token.h"

#include <gtest/gtest.h>

#include "engine/evidence/jose_testing.h"

namespace ztp::evidence {
namespace {

using testing::CheckOf;
using testing::KeyFor;
using testing::KeySet;

constexpr char kType[] = R"("typ":"at+jwt")";

class AccessTokenTest : public ::testing::Test {
 protected:
  static std::string Claims(std::string_view more = "") {
    return Cat(R"({"iss":"https://as.example","sub":"alice","aud":"ztp","exp":2000,"iat":1000,)",
               R"("jti":"id1","client_id":"app")", more.empty() ? "" : ",", more, "}");
  }
  Verified<AccessToken> Verify(std::string_view claims, std::string_view header = kType) const {
    return VerifyAccessToken(key_.TokenOf(claims, header), keys_, policy_,
                             Time{int64_t{1500} * kMicrosPerSecond});
  }
  std::string Check(std::string_view claims, std::string_view header = kType) const {
    return CheckOf(Verify(claims, header));
  }
  const testing::SigningKey& key_ = KeyFor(JwsAlgorithm::kEdDsa);
  const JwkSet keys_ = KeySet({key_.JwkText()});
  AccessTokenPolicy policy_{.issuers = {"https://as.example"},
                            .audiences = {"ztp"},
                            .algorithms = {JwsAlgorithm::kEdDsa}};
};

TEST_F(AccessTokenTest, SaysWhoAsksThroughWhat) {
  const auto token = Verify(Claims(R"("scope":"read write")"));
  ASSERT_TRUE(token.ok()) << token.refusal().message;
  EXPECT_EQ(token->jwt.subject, "alice");
  EXPECT_EQ(token->client_id, "app");
  EXPECT_EQ(token->scopes, (std::vector<std::string>{"read", "write"}));
  EXPECT_TRUE(token->actors.empty());
  EXPECT_EQ(token->certificate_thumbprint, std::nullopt);
  EXPECT_EQ(token->proof_key_thumbprint, std::nullopt);
}

TEST_F(AccessTokenTest, HowTheUserSignedIn) {
  const auto authentication = [&](std::string_view claims) {
    const auto token = Verify(Claims(claims));
    EXPECT_TRUE(token.ok()) << token.refusal().message;
    return token.ok() ? token->authentication : Authentication();
  };
  EXPECT_EQ(authentication(""), Authentication());
  EXPECT_EQ(authentication(R"("amr":["pwd","otp","mfa"],"auth_time":900,"acr":"1")"),
            (Authentication{.mfa = true, .at = Time{int64_t{900} * kMicrosPerSecond}}));
  EXPECT_EQ(authentication(R"("acr":"phrh")"), (Authentication{.phishing_resistant = true}));
  EXPECT_EQ(Check(Claims(R"("auth_time":1001)")), "claim") << "after the token was issued";
  EXPECT_EQ(Check(Claims(R"("amr":"mfa","acr":1)")), "claim");
}

// Else an ID token of the same issuer could be presented for an access token.
TEST_F(AccessTokenTest, TheTypeIsRequired) {
  EXPECT_EQ(Check(Claims(), R"("typ":"application/at+jwt")"), "accepted");
  EXPECT_EQ(Check(Claims(), R"("typ":"JWT")"), "form");
  EXPECT_EQ(Check(Claims(), ""), "form");
}

TEST_F(AccessTokenTest, EveryClaimOfTheSpecificationIsRequired) {
  const std::pair<const char*, const char*> members[] = {
      {R"("iss":"https://as.example",)", "issuer"},
      {R"("sub":"alice",)", "subject"},
      {R"("aud":"ztp",)", "audience"},
      {R"("exp":2000,)", "claim"},
      {R"("iat":1000,)", "claim"},
      {R"("jti":"id1",)", "claim"},
      {R"(,"client_id":"app")", "claim"}};
  for (const auto& [member, check] : members) {
    std::string claims = Claims();
    claims.erase(claims.find(member), std::string_view(member).size());
    EXPECT_EQ(Check(claims), check) << member;
  }
  std::string empty = Claims();
  empty.replace(empty.find("id1"), 3, "");
  EXPECT_EQ(Check(empty), "claim");
}

TEST_F(AccessTokenTest, Scopes) {
  EXPECT_EQ(Check(Claims(R"("scope":"")")), "accepted");
  for (const char* scope : {R"(" read")", R"("read ")", R"("a  b")", R"(["read"])", "7"}) {
    EXPECT_EQ(Check(Claims(Cat(R"("scope":)", scope))), "claim") << scope;
  }
  std::string many = "a";
  for (size_t i = 1; i < kMaxScopes; ++i) many += " a";
  EXPECT_EQ(Check(Claims(Cat(R"("scope":")", many, '"'))), "accepted");
  EXPECT_EQ(Check(Claims(Cat(R"("scope":")", many, " a\""))), "claim");
}

TEST_F(AccessTokenTest, ActorsAreListedFromTheOneWhoActsNow) {
  const auto token = Verify(
      Claims(R"("act":{"sub":"agent","iss":"https://agents.example","act":{"sub":"planner"}})"));
  ASSERT_TRUE(token.ok()) << token.refusal().message;
  EXPECT_EQ(token->actors,
            (std::vector<Actor>{{"agent", "https://agents.example"}, {"planner", ""}}));
}

TEST_F(AccessTokenTest, AnActorIsNeverLeftOut) {
  for (const char* act : {"{}", R"({"iss":"x"})", R"({"sub":""})", R"({"sub":7})", "null", "[]",
                          R"("agent")", R"({"sub":"a","act":7})", R"({"sub":"a","act":{}})"}) {
    EXPECT_EQ(Check(Claims(Cat(R"("act":)", act))), "claim") << act;
  }
  const auto chain = [](size_t n) {
    std::string act;
    for (size_t i = 0; i < n; ++i) {
      act = Cat(R"("act":{"sub":"a")", act.empty() ? "" : ",", act, "}");
    }
    return act;
  };
  EXPECT_EQ(Check(Claims(chain(kMaxActors))), "accepted");
  EXPECT_EQ(Check(Claims(chain(kMaxActors + 1))), "claim");
}

TEST_F(AccessTokenTest, Bindings) {
  const std::string print = EncodeBase64url(std::string(32, 'x'));
  const auto token =
      Verify(Claims(Cat(R"("cnf":{"x5t#S256":")", print, R"(","jkt":")", print, "\"}")));
  ASSERT_TRUE(token.ok()) << token.refusal().message;
  EXPECT_EQ(token->certificate_thumbprint, print);
  EXPECT_EQ(token->proof_key_thumbprint, print);
  EXPECT_EQ(Check(Claims(R"("cnf":{"jkt":"AAAA"})")), "binding");
  EXPECT_EQ(Check(Claims(R"("cnf":{"x5t#S256":"!"})")), "binding");
  EXPECT_EQ(Check(Claims(R"("cnf":{"kid":"k"})")), "binding");
  EXPECT_EQ(Check(Claims(R"("cnf":{})")), "binding");
  EXPECT_EQ(Check(Claims(R"("cnf":null)")), "claim");
  EXPECT_EQ(Check(Claims(R"("cnf":{"jkt":7})")), "claim");
}

}  // namespace
}  // namespace ztp::evidence
