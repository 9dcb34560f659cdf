// A workload's token is accepted with its trust domain's keys, and with nothing else.
#include "engine/evidence/jwt_svid.h"

#include <gtest/gtest.h>

#include "engine/evidence/jose_testing.h"

namespace ztp::evidence {
namespace {

using testing::CheckOf;
using testing::KeyFor;
using testing::KeySet;

class JwtSvidTest : public ::testing::Test {
 protected:
  static constexpr Time kNow{int64_t{1500} * kMicrosPerSecond};
  static std::string Claims(std::string_view sub) {
    return Cat(R"({"sub":")", sub, R"(","aud":["ztp"],"exp":2000})");
  }
  std::string Check(const std::string& claims, std::string_view header = "") const {
    return CheckOf(VerifyJwtSvid(key_.TokenOf(claims, header), bundle_, policy_, kNow));
  }
  const testing::SigningKey& key_ = KeyFor(JwsAlgorithm::kEs256);
  const JwkSet bundle_ = KeySet({key_.JwkText(R"("use":"jwt-svid","kid":"k1")")});
  JwtSvidPolicy policy_{.trust_domain = "acme.org", .audiences = {"ztp"}};
};

TEST_F(JwtSvidTest, SaysWhoTheWorkloadIs) {
  const auto svid =
      VerifyJwtSvid(key_.TokenOf(Claims("spiffe://acme.org/trainer"), R"("typ":"JWT","kid":"k1")"),
                    bundle_, policy_, kNow);
  ASSERT_TRUE(svid.ok()) << svid.refusal().message;
  EXPECT_EQ(svid->spiffe_id, "spiffe://acme.org/trainer");
  EXPECT_EQ(svid->jwt.expires_at, Time{int64_t{2000} * kMicrosPerSecond});
  EXPECT_EQ(svid->jwt.issued_at, std::nullopt);
}

TEST_F(JwtSvidTest, TheSubjectIsAnIdOfTheTrustDomain) {
  EXPECT_EQ(Check(Claims("spiffe://acme.org/a/b")), "accepted");
  for (const char* sub :
       {"spiffe://evil.org/trainer", "spiffe://acme.org.evil.org/trainer",
        "spiffe://sub.acme.org/trainer", "spiffe://ACME.org/trainer", "spiffe://acme.org/",
        "spiffe://acme.org//x", "spiffe://acme.org/../x", "spiffe://acme.org:80/x",
        "https://acme.org/trainer", "acme.org", "spiffe://", "spiffe://acme.org/x?y", ""}) {
    EXPECT_EQ(Check(Claims(sub)), "subject") << sub;
  }
  EXPECT_EQ(Check(R"({"aud":["ztp"],"exp":2000})"), "subject");
}

TEST_F(JwtSvidTest, AudienceAndExpiryAreRequired) {
  EXPECT_EQ(Check(R"({"sub":"spiffe://acme.org/x","exp":2000})"), "audience");
  EXPECT_EQ(Check(R"({"sub":"spiffe://acme.org/x","aud":["other"],"exp":2000})"), "audience");
  EXPECT_EQ(Check(R"({"sub":"spiffe://acme.org/x","aud":["ztp"]})"), "claim");
  EXPECT_EQ(Check(R"({"sub":"spiffe://acme.org/x","aud":["ztp"],"exp":1500})"), "expired");
}

TEST_F(JwtSvidTest, TheTypeIsJwtOrJoseOrNotThere) {
  const std::string claims = Claims("spiffe://acme.org/x");
  EXPECT_EQ(Check(claims, R"("typ":"JOSE")"), "accepted");
  EXPECT_EQ(Check(claims, R"("typ":"at+jwt")"), "form");
}

TEST_F(JwtSvidTest, OnlyKeysForTokensOfTheBundleSignThem) {
  const std::string token = key_.TokenOf(Claims("spiffe://acme.org/x"));
  for (const char* use : {R"("use":"x509-svid")", R"("use":"sig")", ""}) {
    EXPECT_EQ(CheckOf(VerifyJwtSvid(token, KeySet({key_.JwkText(use)}), policy_, kNow)), "usage");
  }
  // The standard has no EdDSA.
  const auto& ed = KeyFor(JwsAlgorithm::kEdDsa);
  EXPECT_EQ(CheckOf(VerifyJwtSvid(ed.TokenOf(Claims("spiffe://acme.org/x")),
                                  KeySet({ed.JwkText(R"("use":"jwt-svid")")}), policy_, kNow)),
            "algorithm");
}

}  // namespace
}  // namespace ztp::evidence
