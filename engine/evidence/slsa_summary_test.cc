#include "engine/evidence/slsa_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/sha256.h"
#include "engine/evidence/private_key.h"
#include "engine/evidence/slsa.h"
#include "engine/evidence/tamper_testing.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence {
namespace {

using ::testing::ElementsAre;
using testing::NameOfCheck;

SlsaSummary Good() {
  return {.subject_name = "vision \"7b\"",
          .subject_digest = Sha256Digest("artefact"),
          .verifier = "https://acme.org/gate",
          .verifier_version = "1",
          .verified_at = At("2026-11-28T11:00:00Z"),
          .resource_uri = "https://registry.acme.org/vision-7b",
          .policy_uri = "urn:ztp:policy:acme.gate",
          .policy_digest = Sha256Digest("policy"),
          .input_attestations = {{.uri = "vision-7b.sig", .digest = Sha256Digest("signature")}},
          .passed_level = 3};
}

TEST(SlsaSummary, TheNextStageTakesItFromThisVerifierOnly) {
  const PrivateKey key = *PrivateKey::Generate(KeyType::kEd25519);
  SlsaPolicy next;
  next.signers.keys = {key.public_key()};
  next.verifiers = {"https://acme.org/gate"};
  const auto taken = [&](const SlsaSummary& summary) {
    auto envelope = MakeSlsaSummary(summary);
    EXPECT_TRUE(envelope.ok()) << envelope.refusal().message;
    EXPECT_TRUE(SignDsse(key, &*envelope));
    return VerifySlsa(WriteDsse(*envelope), next, kNow);
  };
  const auto slsa = taken(Good());
  ASSERT_TRUE(slsa.ok()) << slsa.refusal().message;
  EXPECT_EQ(slsa->level, 3);
  EXPECT_TRUE(slsa->is_summary);
  EXPECT_THAT(slsa->subject_digests, ElementsAre(Good().subject_digest));
  EXPECT_EQ(slsa->issued_at, Good().verified_at);

  SlsaSummary failed = Good();
  failed.passed_level.reset();
  EXPECT_EQ(NameOfCheck(taken(failed)), "status");
  SlsaSummary anothers = Good();
  anothers.verifier = "https://acme.org/other";
  EXPECT_EQ(NameOfCheck(taken(anothers)), "issuer");
}

TEST(SlsaSummary, WhatNoReaderWouldTakeIsNotMade) {
  using Change = void (*)(SlsaSummary&);
  for (const Change change : std::initializer_list<Change>{
           [](SlsaSummary& s) { s.subject_name.clear(); },
           [](SlsaSummary& s) { s.subject_digest = "sha256:ab"; },
           [](SlsaSummary& s) { s.policy_digest.clear(); },
           [](SlsaSummary& s) { s.verifier = "gate"; },
           [](SlsaSummary& s) { s.verifier = "7https://x"; },
           [](SlsaSummary& s) { s.verifier = "https://a b"; },
           [](SlsaSummary& s) { s.resource_uri = ":x"; },
           [](SlsaSummary& s) { s.resource_uri = "https:"; },
           [](SlsaSummary& s) { s.policy_uri.clear(); }, [](SlsaSummary& s) { s.passed_level = 4; },
           [](SlsaSummary& s) { s.passed_level = -1; },
           [](SlsaSummary& s) { s.input_attestations[0].digest = "md5:"; }}) {
    SlsaSummary summary = Good();
    change(summary);
    EXPECT_EQ(NameOfCheck(MakeSlsaSummary(summary)), "usage");
  }
}

}  // namespace
}  // namespace ztp::evidence
