// A transmitter's signed word that a session is over comes to a revocation of just that.
#include "engine/evidence/security_event.h"

#include <gtest/gtest.h>

#include "engine/evidence/jose_testing.h"

namespace ztp::evidence {
namespace {

using testing::CheckOf;
using testing::KeyFor;
using testing::KeySet;

constexpr char kCaep[] = "https://schemas.openid.net/secevent/caep/event-type/";
constexpr char kUser[] = R"({"format":"iss_sub","iss":"https://login.acme.org","sub":"u-17"})";

class SecurityEventTest : public ::testing::Test {
 protected:
  static constexpr Time kNow{int64_t{1500} * kMicrosPerSecond};
  static std::string Claims(std::string_view type, std::string_view event,
                            std::string_view sub_id = kUser, std::string_view aud = "ztp") {
    return Cat(R"({"iss":"https://signals.acme.org","aud":")", aud,
               R"(","jti":"e-1","iat":1400,"sub_id":)", sub_id, R"(,"events":{")", kCaep, type,
               R"(":)", event, "}}");
  }
  Verified<SecurityEvent> Verify(const std::string& claims,
                                 std::string_view header = R"("typ":"secevent+jwt")") const {
    return VerifySecurityEvent(key_.TokenOf(claims, header), keys_, policy_, kNow);
  }
  // The one revocation that it comes to.
  RevocationEntry Entry(const std::string& claims) const {
    const auto event = Verify(claims);
    if (!event.ok() || event->revocations.size() != 1) {
      ADD_FAILURE() << (event.ok() ? "not one revocation" : event.refusal().message);
      return {};
    }
    return event->revocations.front();
  }
  const testing::SigningKey& key_ = KeyFor(JwsAlgorithm::kEs256);
  const JwkSet keys_ = KeySet({key_.JwkText()});
  const SecurityEventPolicy policy_{.issuers = {"https://signals.acme.org"},
                                    .audiences = {"ztp"},
                                    .algorithms = {JwsAlgorithm::kEs256}};
};

TEST_F(SecurityEventTest, ARevokedSessionEndsWhatTheUserHadUntilThen) {
  const RevocationEntry entry = Entry(Claims("session-revoked", R"({"event_timestamp":1390})"));
  EXPECT_EQ(entry.subject, "u-17");
  EXPECT_EQ(entry.issuer, "https://login.acme.org");
  EXPECT_EQ(entry.session, "");
  EXPECT_EQ(entry.issued_until, Time{int64_t{1390} * kMicrosPerSecond});
  EXPECT_EQ(Entry(Claims("session-revoked", "{}")).issued_until,
            Time{int64_t{1400} * kMicrosPerSecond})
      << "without a time of its own, that of the event's token";
}

TEST_F(SecurityEventTest, OfAComplexSubjectTheNarrowestPartCounts) {
  const RevocationEntry entry = Entry(Claims("session-revoked", "{}",
                                             Cat(R"({"format":"complex","user":)", kUser,
                                                 R"(,"session":{"format":"opaque","id":"s-1"}})")));
  EXPECT_EQ(entry.session, "s-1");
  EXPECT_EQ(entry.subject, "");
}

TEST_F(SecurityEventTest, ADeviceThatNoLongerCompliesIsRevokedOneThatDoesIsNot) {
  const std::string_view device = R"({"format":"uri","uri":"spiffe://acme.org/node-7"})";
  const auto claims = [&](std::string_view now) {
    return Claims("device-compliance-change",
                  Cat(R"({"previous_status":"x","current_status":")", now, R"("})"), device);
  };
  EXPECT_EQ(Entry(claims("not-compliant")).subject, "spiffe://acme.org/node-7");
  EXPECT_EQ(Entry(claims("who knows")).subject, "spiffe://acme.org/node-7");
  EXPECT_TRUE(Verify(claims("compliant"))->revocations.empty());
  EXPECT_TRUE(Verify(Claims("assurance-level-change", "{}"))->revocations.empty());
}

TEST_F(SecurityEventTest, IsRefused) {
  const std::string good = Claims("session-revoked", "{}");
  EXPECT_EQ(CheckOf(Verify(good)), "accepted");
  EXPECT_EQ(CheckOf(Verify(good, R"("typ":"JWT")")), "form");
  EXPECT_EQ(CheckOf(Verify(good, "")), "form");
  EXPECT_EQ(CheckOf(Verify(Claims("session-revoked", "{}", kUser, "another"))), "audience");
  EXPECT_EQ(CheckOf(Verify(Claims("session-revoked", "{}", R"({"format":"aliases"})"))), "claim");
  EXPECT_EQ(CheckOf(Verify(Claims("session-revoked", "{}", "null"))), "claim");
  EXPECT_EQ(CheckOf(Verify(Claims("device-compliance-change", "{}"))), "claim");
  EXPECT_EQ(
      CheckOf(Verify(R"({"iss":"https://evil.org","aud":"ztp","jti":"e","iat":1,"events":{}})")),
      "issuer");
  EXPECT_EQ(
      CheckOf(Verify(
          R"({"iss":"https://signals.acme.org","aud":"ztp","jti":"e","iat":1561,"events":{}})")),
      "issued in the future");
  const auto& other = KeyFor(JwsAlgorithm::kEdDsa);
  EXPECT_EQ(CheckOf(VerifySecurityEvent(other.TokenOf(good, R"("typ":"secevent+jwt")"), keys_,
                                        policy_, kNow)),
            "algorithm");
}

}  // namespace
}  // namespace ztp::evidence
