// The bundles of ossf/model-signing-spec and the models of sigstore/model-transparency
// (Apache-2.0): each is taken or refused as its name says. Where they are: spiffe_fixtures_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/evidence/oms.h"
#include "engine/evidence/private_key.h"
#include "engine/evidence/sigstore_public_testing.h"
#include "engine/evidence/tamper_testing.h"
#include "engine/evidence/trusted_root.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;
using testing::NameOfCheck;

class OmsFixtures : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* configured = std::getenv("ZTP_FIXTURES");
    folder_ = fs::path(configured != nullptr ? configured : "../shared/fixtures") / "model-signing";
    if (!fs::is_directory(folder_)) {
      const char* required = std::getenv("ZTP_REQUIRE_FIXTURES");
      if (required != nullptr && std::string_view(required) == "1") {
        FAIL() << "no folder " << folder_;
      }
      GTEST_SKIP() << "no folder " << folder_ << ": set ZTP_FIXTURES";
    }
    auto keys = ReadSignatureKeys(KeyOnly(Read("keys/signing-key-pub.pem")));
    ASSERT_TRUE(keys.ok()) << keys.refusal().message;
    policy_.keys = *keys;
    auto roots = ReadCertificates(Read("keys/ca-cert.pem"));
    ASSERT_TRUE(roots.ok()) << roots.refusal().message;
    policy_.roots = *roots;
    auto sigstore = ReadTrustedRoot(testing::kPublicSigstore);
    ASSERT_TRUE(sigstore.ok()) << sigstore.refusal().message;
    policy_.sigstore = *sigstore;
    policy_.identities = {{.issuer = kIssuer, .name = kName}};
  }
  std::string Read(const std::string& name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    EXPECT_TRUE(in.good()) << name;
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  // The file has a description before its block.
  static std::string KeyOnly(const std::string& text) {
    return text.substr(text.find("-----BEGIN"));
  }
  Verified<Oms> Verify(const std::string& name) const {
    return VerifyOms(Read(name), policy_, kNow);
  }

  static constexpr char kIssuer[] = "https://sigstore.verify.ibm.com/oauth2";
  static constexpr char kName[] = "stefanb@us.ibm.com";
  fs::path folder_;
  SignerPolicy policy_;
};

TEST_F(OmsFixtures, AreTakenOrRefusedAsTheySay) {
  struct Case {
    const char* file;
    const char* check;
    const char* signer;
    bool logged;
    const char* subject;  // the first digits
  };
  const std::string key = policy_.keys[0].id;
  constexpr char kTwo[] = "sha256:61d4849d9d90076d";
  constexpr char kOther[] = "sha256:92745110b1ab4368";
  const Case cases[] = {
      {"v1.0/valid/key.bundle.json", "accepted", key.c_str(), false, kOther},
      {"v1.0/valid/certificate.bundle.json", "accepted", "CN=intermediate-ca", false, kOther},
      {"v1.0/valid/sigstore.bundle.json", "accepted", kName, true, kTwo},
      {"models/v0.3.1-certificate/model.sig", "accepted", "CN=intermediate-ca", false, kTwo},
      {"models/v0.3.1-elliptic-key/model.sig", "accepted", key.c_str(), false,
       "sha256:afa48c8674afe334"},
      {"models/v0.3.1-sigstore/model.sig", "accepted", kName, true, kTwo},
      {"models/v1.1.0-certificate/model.sig", "accepted", "CN=intermediate-ca", false, kTwo},
      {"models/v1.1.0-elliptic-key/model.sig", "accepted", key.c_str(), false, kOther},
      {"models/v1.1.0-sigstore/model.sig", "accepted", kName, true, kTwo},
      {"v1.0/invalid/empty.bundle.json", "form", "", false, ""},
      {"v1.0/invalid/missing-envelope.bundle.json", "form", "", false, ""},
      {"v1.0/invalid/missing-tlog-entries.bundle.json", "log", "", false, ""},
      {"v1.0/invalid/missing-verification-material.bundle.json", "form", "", false, ""},
      // Its payload is another than the one that was signed; see below.
      {"v1.0/invalid-payload/wrong-predicate.bundle.json", "signature", "", false, ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.file);
    const Verified<Oms> oms = Verify(c.file);
    EXPECT_EQ(NameOfCheck(oms), c.check) << (oms.ok() ? "" : oms.refusal().message);
    if (!oms.ok()) continue;
    EXPECT_EQ(oms->signer, c.signer);
    EXPECT_EQ(oms->logged, c.logged);
    EXPECT_EQ(oms->issuer, c.logged ? std::optional<std::string>(kIssuer) : std::nullopt);
    EXPECT_EQ(oms->signed_at.has_value(), c.logged);
    EXPECT_EQ(oms->subject_digest.substr(0, 23), c.subject);
  }
}

TEST_F(OmsFixtures, AnotherPredicateIsNoModels) {
  const auto bundle = ReadSigstoreBundle(Read("v1.0/invalid-payload/wrong-predicate.bundle.json"));
  ASSERT_TRUE(bundle.ok()) << bundle.refusal().message;
  EXPECT_EQ(NameOfCheck(ReadModelStatement(bundle->envelope.payload)), "form");
}

// A keyless signature is as good as what it is verified with.
TEST_F(OmsFixtures, EveryLinkOfAKeylessSignatureIsNeeded) {
  const std::string good = Read("v1.0/valid/sigstore.bundle.json");
  const auto check = [&](const auto& change, std::string_view text, Time now = kNow) {
    SignerPolicy policy = policy_;
    change(policy);
    return NameOfCheck(VerifyOms(text, policy, now));
  };
  const std::vector<SignatureKey> others = {PrivateKey::Generate(KeyType::kP256)->public_key()};
  const auto nothing = [](SignerPolicy&) {};
  EXPECT_EQ(check(nothing, good), "accepted");
  EXPECT_EQ(check([](auto& p) { p.identities.clear(); }, good), "key");
  EXPECT_EQ(check([](auto& p) { p.sigstore.authorities.clear(); }, good), "key");
  EXPECT_EQ(check([](auto& p) { p.sigstore.intermediates.clear(); }, good), "chain");
  EXPECT_EQ(check([&](auto& p) { p.sigstore.authorities = p.roots; }, good), "chain");
  EXPECT_EQ(check([&](auto& p) { p.sigstore.log_keys = others; }, good), "log");
  EXPECT_EQ(check([&](auto& p) { p.sigstore.ct_keys = others; }, good), "log");
  EXPECT_EQ(check([](auto& p) { p.sigstore.ct_keys.clear(); }, good), "log");
  EXPECT_EQ(check([](auto& p) { p.identities[0].issuer = "https://accounts.google.com"; }, good),
            "issuer");
  EXPECT_EQ(check([](auto& p) { p.identities[0].name = "other@us.ibm.com"; }, good), "subject");
  EXPECT_EQ(check(nothing, good, At("2025-10-10T02:00:00Z")), "issued in the future");

  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const size_t at = text.find(from);
    EXPECT_NE(at, text.npos) << from;
    return text.replace(at, from.size(), to);
  };
  // Logged at another time than the log has signed, under another index, and in another tree.
  EXPECT_EQ(check(nothing, replaced("\"1760062340\"", "\"1760062341\"")), "log");
  EXPECT_EQ(check(nothing, replaced("\"598151086\"", "\"598151087\"")), "log");
  EXPECT_EQ(check(nothing, replaced("\"476246824\"", "\"476246823\"")), "log");
  EXPECT_EQ(check(nothing, replaced("\"476246825\"", "\"476246826\"")), "log");
  // Without a proof the log's promise is left: good, but not called logged.
  std::string promised = replaced("\"inclusionProof\"", "\"-\"");
  const auto oms = VerifyOms(promised, policy_, kNow);
  ASSERT_TRUE(oms.ok()) << oms.refusal().message;
  EXPECT_FALSE(oms->logged);
  // And without the promise nobody says when it was signed.
  EXPECT_EQ(check(nothing, replaced("\"inclusionPromise\"", "\"-\"")), "log");
  // The other bundle's entry is about another signature.
  const std::string other = Read("models/v0.3.1-sigstore/model.sig");
  const auto piece = [](const std::string& text, std::string_view from, std::string_view to) {
    const size_t begin = text.find(from);
    return text.substr(begin, text.find(to) - begin);
  };
  std::string swapped = good;
  const std::string entries = piece(good, "\"tlogEntries\"", "\"timestampVerificationData\"");
  swapped.replace(swapped.find(entries), entries.size(),
                  piece(other, "\"tlogEntries\"", "\"timestampVerificationData\""));
  EXPECT_NE(check(nothing, swapped), "accepted");
}

// One bit in each byte, as each takes a millisecond; accepted only where nobody signs.
TEST_F(OmsFixtures, OneBitOfAKeylessSignature) {
  const std::string good = Read("models/v1.1.0-sigstore/model.sig");
  const std::string facts = VerifyOms(good, policy_, kNow)->subject_digest;
  // The timestamp of RFC 3161 is not looked at: the log's own says when it was signed.
  const size_t stamp = good.find("\"timestampVerificationData\"");
  const size_t stamp_end = good.find("\"dsseEnvelope\"");
  std::vector<size_t> accepted;
  std::string text = good;
  for (size_t i = 0; i<good.size(); i += i> stamp && i < stamp_end ? 97 : 3) {
    text[i] = static_cast<char>(good[i] ^ (1 << (i / 3 % 8)));
    const auto oms = VerifyOms(text, policy_, kNow);
    text[i] = good[i];
    if (!oms.ok()) continue;
    EXPECT_EQ(oms->subject_digest, facts);
    EXPECT_EQ(oms->signer, kName);
    const bool unsigned_part = (i > stamp && i < stamp_end) || !oms->logged;
    if (!unsigned_part) accepted.push_back(i);
  }
  // A note's signature begins with a name and four bytes that hint at its key.
  EXPECT_THAT(testing::Outside(accepted, good, {" rekor.sigstore.dev wNI9aj"}), IsEmpty());
}

TEST_F(OmsFixtures, ACertificateIsVerifiedNow) {
  const std::string good = Read("v1.0/valid/certificate.bundle.json");
  const auto check = [&](const SignerPolicy& policy, Time now) {
    return NameOfCheck(VerifyOms(good, policy, now));
  };
  EXPECT_EQ(check(policy_, At("2035-05-01T00:00:00Z")), "expired");
  EXPECT_EQ(check(policy_, At("2025-05-02T00:00:00Z")), "not yet valid");
  SignerPolicy policy = policy_;
  policy.names = {"CN=intermediate-ca"};
  EXPECT_EQ(check(policy, kNow), "accepted");
  policy.names = {"CN=other"};
  EXPECT_EQ(check(policy, kNow), "subject");
  policy.roots = policy_.sigstore.authorities;
  EXPECT_EQ(check(policy, kNow), "chain");
}

}  // namespace
}  // namespace ztp::evidence
