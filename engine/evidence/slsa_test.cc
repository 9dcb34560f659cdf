#include "engine/evidence/slsa.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/sha256.h"
#include "engine/evidence/base64.h"
#include "engine/evidence/private_key.h"
#include "engine/evidence/statement.h"
#include "engine/evidence/tamper_testing.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::NameOfCheck;

const PrivateKey& Key() {
  static const PrivateKey* const key = new PrivateKey(*PrivateKey::Generate(KeyType::kEd25519));
  return *key;
}
constexpr char kBuilder[] = "https://github.com/actions/runner/github-hosted";
constexpr char kVerifier[] = "https://verifier.example/v1";

SlsaPolicy Policy() {
  SlsaPolicy policy;
  policy.signers.keys = {Key().public_key()};
  policy.builders = {{.id = "https://other.example", .level = 1}, {.id = kBuilder, .level = 3}};
  policy.verifiers = {kVerifier};
  return policy;
}

const std::string& Subject() {
  static const std::string subject = Sha256Digest("artefact");
  return subject;
}

std::string Payload(std::string_view type, std::string_view predicate) {
  return Cat(R"({"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":)",
             R"({"sha256":")", Subject().substr(7), R"("}}],"predicateType":")", type,
             R"(","predicate":)", predicate, "}");
}
std::string Sign(std::string_view payload, std::string_view type = kStatementPayloadType) {
  DsseEnvelope envelope{.payload_type = std::string(type), .payload = std::string(payload)};
  EXPECT_TRUE(SignDsse(Key(), &envelope));
  return WriteDsse(envelope);
}

constexpr char kDependency[] =
    R"({"uri":"git+https://github.com/acme/vision@refs/tags/v1","digest":{"gitCommit":"0123456789abcdef0123456789abcdef01234567"}})";

std::string Provenance(std::string_view builder = kBuilder,
                       std::string_view dependencies = kDependency,
                       std::string_view finished = "2026-11-28T11:00:00Z") {
  return Payload(
      kProvenancePredicateType,
      Cat(R"({"buildDefinition":{"buildType":"https://build.example/v1","externalParameters":{},)",
          R"("resolvedDependencies":[)", dependencies, R"(]},"runDetails":{"builder":{"id":")",
          builder, R"("},"metadata":{"finishedOn":")", finished, R"("}}})"));
}
std::string Summary(std::string_view verifier = kVerifier, std::string_view result = "PASSED",
                    std::string_view levels = R"("SLSA_BUILD_LEVEL_2","SLSA_SOURCE_LEVEL_3")",
                    std::string_view at = "2026-11-28T11:00:00Z") {
  return Payload(kSummaryPredicateType,
                 Cat(R"({"verifier":{"id":")", verifier, R"("},"timeVerified":")", at,
                     R"(","resourceUri":"pkg:a","verificationResult":")", result,
                     R"(","verifiedLevels":[)", levels, "]}"));
}

TEST(Slsa, ALevelIsWhatThePolicySaysOfTheBuilder) {
  const auto slsa = VerifySlsa(Sign(Provenance()), Policy(), kNow);
  ASSERT_TRUE(slsa.ok()) << slsa.refusal().message;
  EXPECT_EQ(slsa->level, 3);
  EXPECT_EQ(slsa->builder, kBuilder);
  EXPECT_EQ(slsa->source, "git+https://github.com/acme/vision@refs/tags/v1");
  EXPECT_EQ(slsa->commit, "0123456789abcdef0123456789abcdef01234567");
  EXPECT_EQ(slsa->build_type, "https://build.example/v1");
  EXPECT_THAT(slsa->subject_digests, ElementsAre(Subject()));
  EXPECT_FALSE(slsa->is_summary);
  EXPECT_EQ(slsa->issued_at, At("2026-11-28T11:00:00Z"));
  EXPECT_EQ(slsa->signer.name, Key().public_key().id);
  EXPECT_EQ(VerifySlsa(Sign(Provenance("https://other.example")), Policy(), kNow)->level, 1);
  // Of two git sources, or none, it does not say which one was built.
  for (const std::string& dependencies :
       {std::string(), Cat(kDependency, ",", kDependency), std::string(R"({"uri":"pkg:x"})")}) {
    const auto other = VerifySlsa(Sign(Provenance(kBuilder, dependencies)), Policy(), kNow);
    ASSERT_TRUE(other.ok()) << other.refusal().message;
    EXPECT_FALSE(other->source.has_value());
    EXPECT_FALSE(other->commit.has_value());
  }
}

TEST(Slsa, ASummaryIsWorthWhatItsVerifierIs) {
  const auto slsa = VerifySlsa(Sign(Summary()), Policy(), kNow);
  ASSERT_TRUE(slsa.ok()) << slsa.refusal().message;
  EXPECT_EQ(slsa->level, 2);
  EXPECT_TRUE(slsa->is_summary);
  EXPECT_EQ(slsa->builder, kVerifier);
  for (const char* levels : {"", R"("SLSA_SOURCE_LEVEL_3")", R"("SLSA_BUILD_LEVEL_9")",
                             R"("SLSA_BUILD_LEVEL_33","SLSA_BUILD_LEVEL_")"}) {
    EXPECT_EQ(VerifySlsa(Sign(Summary(kVerifier, "PASSED", levels)), Policy(), kNow)->level, 0);
  }
}

// Its digest says which bytes were verified; `resourceUri` as what. (SLSA, "How to verify" of a
// VSA.)
TEST(Slsa, ASummaryIsOfWhatIsExpected) {
  SlsaPolicy policy = Policy();
  const auto check = [&](std::vector<std::string> resources, const std::string& evidence) {
    policy.resources = std::move(resources);
    return std::string(NameOfCheck(VerifySlsa(evidence, policy, kNow)));
  };
  const std::string good = Sign(Summary());
  EXPECT_EQ(check({"pkg:a"}, good), "accepted");
  EXPECT_EQ(check({"https://x.example/**", "pkg:*"}, good), "accepted");
  for (const char* pattern : {"pkg:b", "pkg:", "pkg:a/**", "PKG:a", "*:aa"}) {
    EXPECT_EQ(check({pattern}, good), "subject") << pattern;
  }
  EXPECT_EQ(check({}, good), "subject");
  std::string without = Summary();
  without.replace(without.find("resourceUri"), 11, "resourceurl");
  EXPECT_EQ(check({"**"}, Sign(without)), "claim");
  EXPECT_EQ(check({"pkg:b"}, Sign(Provenance())), "accepted");  // which has no such member
}

TEST(Slsa, IsRefusedForWhatItLacks) {
  struct Case {
    std::string evidence;
    std::string_view check;
  };
  const Case cases[] = {
      {Sign(Provenance("https://unknown.example")), "issuer"},
      {Sign(Provenance(Cat(kBuilder, "/"))), "issuer"},
      {Sign(Provenance(kBuilder, kDependency, "2026-11-28T13:00:00Z")), "issued in the future"},
      {Sign(Provenance(kBuilder, kDependency, "yesterday")), "claim"},
      {Sign(Provenance(kBuilder, "7")), "claim"},
      {Sign(Summary("https://unknown.example")), "issuer"},
      {Sign(Summary(kBuilder)), "issuer"},  // a builder is no verifier
      {Sign(Provenance(kVerifier)), "issuer"},
      {Sign(Summary(kVerifier, "FAILED")), "status"},
      {Sign(Summary(kVerifier, "passed")), "status"},
      {Sign(Summary(kVerifier, "PASSED", "3")), "claim"},
      {Sign(Summary(kVerifier, "PASSED", "", "2026-11-28T13:00:00Z")), "issued in the future"},
      {Sign(Payload("https://slsa.dev/provenance/v0.2", "{}")), "form"},
      {Sign(Payload(kProvenancePredicateType, "{}")), "claim"},
      {Sign(Payload(kProvenancePredicateType, R"({"runDetails":{},"runDetails":{}})")), "form"},
      {Sign(Payload(kProvenancePredicateType,
                    Cat(R"({"x":)", std::string(100, '['), std::string(100, ']'), "}"))),
       "form"},
      {Sign(Provenance(), "application/json"), "form"},
      {"", "form"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(NameOfCheck(VerifySlsa(c.evidence, Policy(), kNow)), c.check) << c.evidence;
  }
  SlsaPolicy policy = Policy();
  policy.signers.keys = {PrivateKey::Generate(KeyType::kEd25519)->public_key()};
  EXPECT_EQ(NameOfCheck(VerifySlsa(Sign(Provenance()), policy, kNow)), "signature");
  policy.signers.keys.clear();
  EXPECT_EQ(NameOfCheck(VerifySlsa(Sign(Provenance()), policy, kNow)), "key");
}

TEST(Slsa, NoBitMayChangeAndNoByteMayLack) {
  const std::string good = Sign(Summary());
  const auto accepts = [&](const std::string& text) {
    const auto slsa = VerifySlsa(text, Policy(), kNow);
    if (!slsa.ok()) return false;
    EXPECT_EQ(slsa->level, 2);
    return true;
  };
  EXPECT_TRUE(accepts(good));
  EXPECT_THAT(testing::Outside(testing::AcceptedFlips(good, accepts), good,
                               {"\"keyid\"", Key().public_key().id}),
              IsEmpty());
  EXPECT_THAT(testing::AcceptedCuts(good, accepts), IsEmpty());
}

}  // namespace
}  // namespace ztp::evidence
