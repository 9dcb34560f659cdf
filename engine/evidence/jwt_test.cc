// Each claim, right and wrong: the refusal names the check.
#include "engine/evidence/jwt.h"

#include <gtest/gtest.h>

#include "engine/evidence/jose_testing.h"

namespace ztp::evidence {
namespace {

using testing::CheckOf;
using testing::KeyFor;
using testing::KeySet;
using testing::SigningKey;

constexpr Time At(int64_t second) { return Time{second * kMicrosPerSecond}; }
constexpr Duration Seconds(int64_t n) { return Duration{n * kMicrosPerSecond}; }

class JwtTest : public ::testing::Test {
 protected:
  // The claims that every test begins with, valid from 1000 to 2000; `more` is added to them.
  static std::string Claims(std::string_view more = "") {
    return Cat(R"({"iss":"https://idp.example","sub":"alice","aud":"ztp","exp":2000)",
               more.empty() ? "" : ",", more, "}");
  }
  Verified<Jwt> Verify(std::string_view claims, int64_t now = 1500,
                       std::string_view header = "") const {
    JsonTree tree;
    return VerifyJwt(key_.TokenOf(claims, header), keys_, policy_, At(now), &tree);
  }
  std::string Check(std::string_view claims, int64_t now = 1500) const {
    return CheckOf(Verify(claims, now));
  }
  std::string CheckHeader(std::string_view header) const {
    return CheckOf(Verify(Claims(), 1500, header));
  }

  const SigningKey& key_ = KeyFor(JwsAlgorithm::kEs256);
  const JwkSet keys_ = KeySet({key_.JwkText()});
  JwtPolicy policy_{.jws = {.algorithms = {JwsAlgorithm::kEs256}},
                    .issuers = std::vector<std::string>{"https://idp.example"},
                    .audiences = std::vector<std::string>{"ztp", "ztp-staging"}};
};

TEST_F(JwtTest, SaysWhatTheTokenSays) {
  JsonTree tree;
  const std::string token =
      key_.TokenOf(Claims(R"("iat":1000,"nbf":1001,"jti":"id1","role":"admin")"));
  const auto jwt = VerifyJwt(token, keys_, policy_, At(1500), &tree);
  ASSERT_TRUE(jwt.ok()) << jwt.refusal().message;
  EXPECT_EQ(jwt->issuer, "https://idp.example");
  EXPECT_EQ(jwt->subject, "alice");
  EXPECT_EQ(jwt->audiences, std::vector<std::string>{"ztp"});
  EXPECT_EQ(jwt->expires_at, At(2000));
  EXPECT_EQ(jwt->issued_at, At(1000));
  EXPECT_EQ(jwt->not_before, At(1001));
  EXPECT_EQ(jwt->id, "id1");
  EXPECT_EQ(jwt->algorithm, JwsAlgorithm::kEs256);
  EXPECT_EQ(jwt->key_thumbprint, keys_.keys[0].thumbprint);
  EXPECT_TRUE(jwt->digest.starts_with("sha256:"));
  ASSERT_NE(tree.Find(tree.root(), "role"), nullptr);
  EXPECT_EQ(tree.Find(tree.root(), "role")->text, "admin");
}

TEST_F(JwtTest, APolicyThatSaysNothingAcceptsNothing) {
  policy_ = JwtPolicy();
  EXPECT_EQ(Check(Claims()), "algorithm");
  policy_.jws.algorithms = JwsAlgorithms::All();
  EXPECT_EQ(Check(Claims()), "issuer");
  policy_.issuers = std::nullopt;
  EXPECT_EQ(Check(Claims()), "audience");
  policy_.audiences = std::nullopt;
  EXPECT_EQ(Check(Claims()), "accepted");
}

TEST_F(JwtTest, TheSignatureComesBeforeTheClaims) {
  JsonTree tree;
  const SigningKey other(JwsAlgorithm::kEs256);
  EXPECT_EQ(CheckOf(VerifyJwt(other.TokenOf(R"({"exp":1})"), keys_, policy_, At(1500), &tree)),
            "signature");
}

TEST_F(JwtTest, Issuer) {
  EXPECT_EQ(Check(R"({"iss":"https://evil.example","sub":"a","aud":"ztp","exp":2000})"), "issuer");
  EXPECT_EQ(Check(R"({"iss":"https://idp.example/","sub":"a","aud":"ztp","exp":2000})"), "issuer");
  EXPECT_EQ(Check(R"({"iss":"HTTPS://idp.example","sub":"a","aud":"ztp","exp":2000})"), "issuer");
  EXPECT_EQ(Check(R"({"sub":"a","aud":"ztp","exp":2000})"), "issuer");
  EXPECT_EQ(Check(R"({"iss":["https://idp.example"],"sub":"a","aud":"ztp","exp":2000})"), "claim");
}

TEST_F(JwtTest, Subject) {
  constexpr char kNobody[] = R"({"iss":"https://idp.example","aud":"ztp","exp":2000})";
  EXPECT_EQ(Check(kNobody), "subject");
  EXPECT_EQ(Check(R"({"iss":"https://idp.example","sub":"","aud":"ztp","exp":2000})"), "subject");
  EXPECT_EQ(Check(R"({"iss":"https://idp.example","sub":7,"aud":"ztp","exp":2000})"), "claim");
  policy_.subject_required = false;
  EXPECT_EQ(Check(kNobody), "accepted");
}

TEST_F(JwtTest, Audience) {
  const auto check = [&](std::string_view aud) {
    return Check(Cat(R"({"iss":"https://idp.example","sub":"a","exp":2000)", aud, "}"));
  };
  EXPECT_EQ(check(R"(,"aud":"ztp")"), "accepted");
  EXPECT_EQ(check(R"(,"aud":["other","ztp-staging"])"), "accepted");
  EXPECT_EQ(check(R"(,"aud":"other")"), "audience");
  EXPECT_EQ(check(R"(,"aud":"ZTP")"), "audience");
  EXPECT_EQ(check(R"(,"aud":"ztp,other")"), "audience");
  EXPECT_EQ(check(R"(,"aud":[])"), "audience");
  EXPECT_EQ(check(""), "audience");
  EXPECT_EQ(check(R"(,"aud":7)"), "claim");
  EXPECT_EQ(check(R"(,"aud":["ztp",7])"), "claim");
  EXPECT_EQ(check(R"(,"aud":["ztp","ztp"])"), "claim");
  std::string many = R"(,"aud":["ztp")";
  for (size_t i = 0; i < kMaxAudiences; ++i) Append(many, ",\"", i, '"');
  EXPECT_EQ(check(many + "]"), "claim");
}

TEST_F(JwtTest, Expiry) {
  EXPECT_EQ(Check(Claims(), 1999), "accepted");
  EXPECT_EQ(Check(Claims(), 2000), "expired");
  policy_.leeway = Seconds(30);
  EXPECT_EQ(Check(Claims(), 2029), "accepted");
  EXPECT_EQ(Check(Claims(), 2030), "expired");
  policy_.leeway = Seconds(3600);  // a minute is the most
  EXPECT_EQ(Check(Claims(), 2059), "accepted");
  EXPECT_EQ(Check(Claims(), 2060), "expired");
  policy_.leeway = Seconds(-3600);  // and none the least
  EXPECT_EQ(Check(Claims(), 1999), "accepted");
  EXPECT_EQ(Check(R"({"iss":"https://idp.example","sub":"a","aud":"ztp"})"), "claim");
}

TEST_F(JwtTest, NotYet) {
  EXPECT_EQ(Check(Claims(R"("nbf":1500)"), 1500), "accepted");
  EXPECT_EQ(Check(Claims(R"("nbf":1501)"), 1500), "not yet valid");
  EXPECT_EQ(Check(Claims(R"("iat":1500)"), 1500), "accepted");
  EXPECT_EQ(Check(Claims(R"("iat":1501)"), 1500), "issued in the future");
  policy_.leeway = Seconds(10);
  EXPECT_EQ(Check(Claims(R"("nbf":1510,"iat":1510)"), 1500), "accepted");
  EXPECT_EQ(Check(Claims(R"("nbf":1511)"), 1500), "not yet valid");
  EXPECT_EQ(Check(Claims(R"("iat":1511)"), 1500), "issued in the future");
}

TEST_F(JwtTest, Age) {
  policy_.max_age = Seconds(100);
  EXPECT_EQ(Check(Claims(R"("iat":1400)"), 1500), "accepted");
  EXPECT_EQ(Check(Claims(R"("iat":1399)"), 1500), "age");
  EXPECT_EQ(Check(Claims(), 1500), "claim");
  policy_.leeway = Seconds(1);
  EXPECT_EQ(Check(Claims(R"("iat":1399)"), 1500), "accepted");
}

TEST_F(JwtTest, DatesAreNumbersOfSeconds) {
  for (const char* exp : {"1501", "1500.5", "1.501e3", "253402300799"}) {
    EXPECT_EQ(Check(Cat(R"({"iss":"https://idp.example","sub":"a","aud":"ztp","exp":)", exp, "}")),
              "accepted")
        << exp;
  }
  for (const char* exp : {"\"2000\"", "true", "null", "[2000]", "-1", "-0.5", "253402300800",
                          "1e30", "1e400", "9223372036854775808", "99999999999999999999999"}) {
    EXPECT_EQ(Check(Cat(R"({"iss":"https://idp.example","sub":"a","aud":"ztp","exp":)", exp, "}")),
              "claim")
        << exp;
  }
  EXPECT_EQ(Check(Claims(R"("nbf":"1")")), "claim");
  EXPECT_EQ(Check(Claims(R"("iat":null)")), "claim");
}

TEST_F(JwtTest, AClockBeyondReasonAcceptsNothing) {
  JsonTree tree;
  const std::string token = key_.TokenOf(Claims());
  for (const int64_t micros : {INT64_MIN, int64_t{-1}, INT64_MAX}) {
    EXPECT_EQ(CheckOf(VerifyJwt(token, keys_, policy_, Time{micros}, &tree)), "expired");
  }
}

TEST_F(JwtTest, Nonce) {
  policy_.nonce = "n1";
  EXPECT_EQ(Check(Claims(R"("nonce":"n1")")), "accepted");
  EXPECT_EQ(Check(Claims(R"("nonce":"n2")")), "nonce");
  EXPECT_EQ(Check(Claims()), "nonce");
  EXPECT_EQ(Check(Claims(R"("nonce":7)")), "claim");
  policy_.nonce = "";  // an empty one that was given out is not the same as none
  EXPECT_EQ(Check(Claims()), "nonce");
}

TEST_F(JwtTest, RequiredClaims) {
  policy_.required_claims = {"acr"};
  EXPECT_EQ(Check(Claims(R"("acr":"aal2")")), "accepted");
  EXPECT_EQ(Check(Claims()), "claim");
  EXPECT_EQ(Check(Claims(R"("acr":null)")), "claim");
}

TEST_F(JwtTest, Type) {
  EXPECT_EQ(CheckHeader(R"("typ":"whatever")"), "accepted");
  policy_.types = {"at+jwt"};
  EXPECT_EQ(CheckHeader(R"("typ":"at+jwt")"), "accepted");
  EXPECT_EQ(CheckHeader(R"("typ":"AT+JWT")"), "accepted");
  EXPECT_EQ(CheckHeader(R"("typ":"application/at+jwt")"), "accepted");
  EXPECT_EQ(CheckHeader(R"("typ":"JWT")"), "form");
  EXPECT_EQ(CheckHeader(R"("typ":"")"), "form");
  EXPECT_EQ(CheckHeader(""), "accepted");
  policy_.type_required = true;
  EXPECT_EQ(CheckHeader(""), "form");
}

TEST_F(JwtTest, ClaimsThatAreNone) {
  for (const std::string& bad :
       {std::string(), std::string("[]"), std::string("7"), Claims() + "x",
        Claims(R"("sub":"bob")"), Claims(R"("x":{"a":1,"a":2})"), Claims(R"("\u0073ub":"bob")"),
        Claims(Cat(R"("x":)", std::string(1000, '['), std::string(1000, ']'))),
        Claims("\"x\":\"\xff\"")}) {
    EXPECT_EQ(Check(bad), "form") << bad;
  }
  EXPECT_EQ(Check(Claims(Cat(R"("jti":")", std::string(5000, 'x'), '"'))), "claim");
  EXPECT_EQ(Check(Claims(Cat(R"("x":")", std::string(70'000, 'x'), '"'))), "size");
}

}  // namespace
}  // namespace ztp::evidence
