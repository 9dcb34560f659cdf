// A sign-in is what the provider says of who, how and when; everything doubtful is refused or left
// out.
#include "engine/evidence/sign_in.h"

#include <gtest/gtest.h>

#include "engine/evidence/jose_testing.h"

namespace ztp::evidence {
namespace {

using testing::CheckOf;
using testing::KeyFor;
using testing::KeySet;

class SignInTest : public ::testing::Test {
 protected:
  static constexpr Time kNow{int64_t{1500} * kMicrosPerSecond};
  // A good token's claims, but for `more`, which come first.
  static std::string Claims(std::string_view more, std::string_view aud = R"("console")") {
    return Cat("{", more, more.empty() ? "" : ",",
               R"("iss":"https://login.acme.org","sub":"u-17","aud":)", aud,
               R"(,"exp":2000,"iat":1400)",
               more.find("auth_time") == std::string_view::npos ? R"(,"auth_time":1300})" : "}");
  }
  Verified<SignIn> Verify(const std::string& claims, std::string_view header = "") const {
    return VerifySignIn(key_.TokenOf(claims, header), keys_, policy_, kNow);
  }
  const testing::SigningKey& key_ = KeyFor(JwsAlgorithm::kEs256);
  const JwkSet keys_ = KeySet({key_.JwkText()});
  SignInPolicy policy_{.issuers = {"https://login.acme.org"},
                       .audiences = {"console"},
                       .algorithms = {JwsAlgorithm::kEs256}};
};

TEST_F(SignInTest, SaysWhoHowAndWhen) {
  const auto sign_in = Verify(Claims(
      R"("email":"ann@acme.org","email_verified":true,"groups":["ml","eu"],"amr":["pwd","hwk","mfa"])"));
  ASSERT_TRUE(sign_in.ok()) << sign_in.refusal().message;
  EXPECT_EQ(sign_in->jwt.subject, "u-17");
  EXPECT_EQ(sign_in->email, "ann@acme.org");
  EXPECT_EQ(sign_in->groups, (std::vector<std::string>{"ml", "eu"}));
  EXPECT_TRUE(sign_in->authentication.mfa);
  EXPECT_TRUE(sign_in->authentication.phishing_resistant);
  EXPECT_EQ(sign_in->authentication.at, Time{int64_t{1300} * kMicrosPerSecond});
}

TEST_F(SignInTest, WhatIsNotSaidIsNotSo) {
  const auto sign_in = Verify(Claims(R"("amr":["pwd"],"acr":"1")"));
  ASSERT_TRUE(sign_in.ok()) << sign_in.refusal().message;
  EXPECT_FALSE(sign_in->authentication.mfa);
  EXPECT_FALSE(sign_in->authentication.phishing_resistant);
  EXPECT_TRUE(sign_in->groups.empty());
  for (const char* verified : {"false", "\"true\"", "1", "null"}) {
    const auto other = Verify(Claims(Cat(R"("email":"ann@acme.org","email_verified":)", verified)));
    ASSERT_TRUE(other.ok()) << other.refusal().message;
    EXPECT_EQ(other->email, std::nullopt) << verified;
  }
  EXPECT_TRUE(Verify(Claims(R"("acr":"phr")"))->authentication.phishing_resistant);
}

TEST_F(SignInTest, IsRefused) {
  const struct {
    std::string claims;
    const char* check;
  } kCases[] = {
      {Claims("", R"("another")"), "audience"},
      {Claims("", R"(["console","another"])"), "audience"},  // whose, nobody says
      {Claims(R"("azp":"another")", R"(["console","another"])"), "audience"},
      {Claims(R"("azp":"another")"), "audience"},
      {Claims(R"("azp":"console")", R"(["console","another"])"), "accepted"},
      {Claims(R"("auth_time":1401)"), "claim"},  // later than `iat`
      {Claims(R"("auth_time":"1300")"), "claim"},
      {R"({"iss":"https://login.acme.org","sub":"u","aud":"console","exp":2000,"iat":1400})",
       "claim"},
      {R"({"iss":"https://login.acme.org","sub":"u","aud":"console","exp":2000,"auth_time":1})",
       "claim"},
      {R"({"iss":"https://evil.org","sub":"u","aud":"console","exp":2000,"iat":1,"auth_time":1})",
       "issuer"},
      {R"({"iss":"https://login.acme.org","aud":"console","exp":2000,"iat":1,"auth_time":1})",
       "subject"},
      {R"({"iss":"https://login.acme.org","sub":"u","aud":"console","exp":1500,"iat":1,"auth_time":1})",
       "expired"},
      {Claims(R"("groups":["a",1])"), "claim"},
      {Claims(R"("amr":{})"), "claim"},
  };
  for (const auto& c : kCases) EXPECT_EQ(CheckOf(Verify(c.claims)), c.check) << c.claims;
  EXPECT_EQ(CheckOf(Verify(Claims(""), R"("typ":"at+jwt")")), "form") << "an access token is none";
}

}  // namespace
}  // namespace ztp::evidence
