// What a revocation hits, and what it leaves alone.
#include "engine/evidence/revocations.h"

#include <gtest/gtest.h>

#include "engine/base/status.h"

namespace ztp::evidence {
namespace {

constexpr Time kNow{int64_t{1'000'000} * kMicrosPerSecond};

ProvenFact Fact() {
  ProvenFact fact;
  fact.subjects = {"u-17", "ann@acme.org"};
  fact.issuer = "https://login.acme.org";
  fact.id = "t-1";
  fact.session = "s-1";
  fact.issued_at = Time{900};
  fact.digest = "sha256:00";
  return fact;
}

bool Hits(RevocationEntry entry, const ProvenFact& fact = Fact()) {
  Revocations revocations;
  EXPECT_TRUE(revocations.Add(std::move(entry), kNow).ok());
  return revocations.Find(fact).has_value();
}

TEST(Revocations, HitByEachName) {
  EXPECT_TRUE(Hits({.digest = "sha256:00"}));
  EXPECT_TRUE(Hits({.id = "t-1"}));
  EXPECT_TRUE(Hits({.session = "s-1"}));
  EXPECT_TRUE(Hits({.subject = "u-17"}));
  EXPECT_TRUE(Hits({.subject = "ann@acme.org"}));
  EXPECT_TRUE(Hits({.issuer = "https://login.acme.org"}));
  EXPECT_FALSE(Hits({.digest = "sha256:01"}));
  EXPECT_FALSE(Hits({.id = "t-10"}));
  EXPECT_FALSE(Hits({.session = "u-17"}));
  EXPECT_FALSE(Hits({.subject = "ann"}));
  EXPECT_FALSE(Hits({.issuer = "https://login.acme.com"}));
}

TEST(Revocations, EveryNameMustFit) {
  EXPECT_TRUE(Hits({.subject = "u-17", .issuer = "https://login.acme.org"}));
  EXPECT_FALSE(Hits({.subject = "u-17", .issuer = "https://evil.org"}));
  EXPECT_FALSE(Hits({.session = "s-1", .subject = "u-18"}));
}

TEST(Revocations, WhatIsIssuedLaterCounts) {
  EXPECT_TRUE(Hits({.subject = "u-17", .issued_until = Time{900}}));
  EXPECT_FALSE(Hits({.subject = "u-17", .issued_until = Time{899}}));
  ProvenFact timeless = Fact();
  timeless.issued_at.reset();
  EXPECT_TRUE(Hits({.subject = "u-17", .issued_until = Time{899}}, timeless));
}

TEST(Revocations, SayWhy) {
  Revocations revocations;
  ASSERT_TRUE(revocations.Add({.id = "t-1", .reason = "laptop stolen"}, kNow).ok());
  const auto refusal = revocations.Find(Fact());
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->check, Check::kRevoked);
  EXPECT_EQ(refusal->message, "it was revoked: laptop stolen");
}

TEST(Revocations, AreBoundedAndForgetWhatHasExpired) {
  Revocations revocations(2);
  EXPECT_TRUE(absl::IsInvalidArgument(revocations.Add({.issued_until = kNow}, kNow)));
  ASSERT_TRUE(revocations.Add({.id = "t-1", .forget_at = Time{kNow.micros + 1}}, kNow).ok());
  ASSERT_TRUE(revocations.Add({.id = "t-2"}, kNow).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(revocations.Add({.id = "t-3"}, kNow)));
  EXPECT_TRUE(revocations.Find(Fact()));
  EXPECT_TRUE(revocations.Add({.id = "t-3"}, Time{kNow.micros + 1}).ok());
  EXPECT_FALSE(revocations.Find(Fact())) << "t-1 is forgotten";
  EXPECT_EQ(revocations.size(), 2u);
}

}  // namespace
}  // namespace ztp::evidence
