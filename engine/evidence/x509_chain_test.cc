// Paths that are right, and paths that are wrong in one way each, with the check that says so.
#include "engine/evidence/x509_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/evidence/x509_testing.h"

namespace ztp::evidence {
namespace {

using ::testing::HasSubstr;

// root, which is trusted, has signed middle, which has signed the leaf.
class X509Chain : public ::testing::Test {
 protected:
  Verified<VerifiedPath> Verify(const Certificate& leaf, const PathOptions& options) const {
    const Certificate intermediates[] = {middle_.certificate};
    const Certificate anchors[] = {root_.certificate};
    return VerifyPath(leaf, intermediates, anchors, options);
  }
  Verified<VerifiedPath> Verify(const Certificate& leaf) const {
    return Verify(leaf, PathOptions{.now = kNow});
  }
  // A leaf of `spec`, whose signing certificate is made of `signer`.
  Verified<VerifiedPath> VerifyUnder(const CertificateSpec& signer, const CertificateSpec& spec,
                                     TestKey signer_key = nullptr) const {
    const Identity middle = Issue(signer, &root_, std::move(signer_key));
    const Certificate intermediates[] = {middle.certificate};
    const Certificate anchors[] = {root_.certificate};
    return VerifyPath(Issue(spec, &middle).certificate, intermediates, anchors,
                      PathOptions{.now = kNow});
  }
  // Of a leaf with serial number 7 under the lists.
  Verified<VerifiedPath> VerifyRevocation(std::vector<Crl> crls, bool required,
                                          std::optional<Duration> max_age = std::nullopt) const {
    CertificateSpec spec = LeafSpec();
    spec.serial = 7;
    return Verify(
        Issue(spec, &middle_).certificate,
        PathOptions{.now = kNow,
                    .revocation = {.crls = crls, .required = required, .max_age = max_age}});
  }

  const Identity root_ = Issue(SignerSpec("root"), nullptr);
  const Identity middle_ = Issue(SignerSpec("middle"), &root_);
};

void ExpectRefused(const Verified<VerifiedPath>& result, Check check, std::string_view says) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(NameOf(result.refusal().check), NameOf(check)) << result.refusal().message;
  EXPECT_THAT(result.refusal().message, HasSubstr(std::string(says)));
}

TEST_F(X509Chain, SaysWhatItProves) {
  CertificateSpec spec = LeafSpec();
  spec.serial = 0x1a2b;
  const Identity leaf = Issue(spec, &middle_);
  const auto path = Verify(leaf.certificate);
  ASSERT_TRUE(path.ok()) << path.refusal().message;
  EXPECT_EQ(path->leaf_serial, "1a2b");
  EXPECT_EQ(path->leaf_spki_sha256, leaf.certificate.spki_sha256());
  EXPECT_EQ(path->anchor_sha256, root_.certificate.sha256());
  EXPECT_EQ(path->not_before, At("2026-11-28T11:00:00Z"));
  EXPECT_EQ(path->not_after, At("2026-11-28T13:00:00Z"));
  EXPECT_EQ(path->valid_until(), path->not_after);
  EXPECT_EQ(path->path.size(), 3u);
}

TEST_F(X509Chain, IsValidWhileAllOfItsCertificatesAre) {
  CertificateSpec signer = SignerSpec("middle");
  signer.not_before = At("2026-11-28T11:30:00Z");
  signer.not_after = At("2026-11-28T12:30:00Z");
  const auto path = VerifyUnder(signer, LeafSpec());
  ASSERT_TRUE(path.ok()) << path.refusal().message;
  EXPECT_EQ(path->not_before, At("2026-11-28T11:30:00Z"));
  EXPECT_EQ(path->not_after, At("2026-11-28T12:30:00Z"));
}

TEST_F(X509Chain, TakesTheKindsOfKeysThatAreStrong) {
  for (const TestKey& key :
       {EcKey("P-256"), EcKey("P-384"), EcKey("P-521"), RsaKey(2048), Ed25519Key()}) {
    const auto path = VerifyUnder(SignerSpec("middle"), LeafSpec(), key);
    EXPECT_TRUE(path.ok()) << path.refusal().message;
  }
}

TEST_F(X509Chain, RefusesWeakKeys) {
  for (const TestKey& key :
       {RsaKey(1024), RsaKey(2048, 3), EcKey("P-224"), EcKey("secp256k1"), ExplicitCurveKey()}) {
    ExpectRefused(Verify(Issue(LeafSpec(), &middle_, key).certificate), Check::kAlgorithm,
                  "certificate 'CN=trainer' (serial 01)");
    ExpectRefused(VerifyUnder(SignerSpec("weak"), LeafSpec(), key), Check::kAlgorithm, "CN=weak");
    const Identity anchor = Issue(SignerSpec("anchor"), nullptr, key);
    const Certificate anchors[] = {anchor.certificate};
    ExpectRefused(VerifyPath(Issue(LeafSpec(), &anchor).certificate, {}, anchors, {.now = kNow}),
                  Check::kAlgorithm, "CN=anchor");
  }
}

TEST_F(X509Chain, RefusesBrokenDigests) {
  CertificateSpec spec = LeafSpec();
  for (const EVP_MD* digest : {EVP_sha1(), EVP_sha224()}) {
    spec.digest = digest;
    ExpectRefused(Verify(Issue(spec, &middle_).certificate), Check::kAlgorithm, "is signed with");
  }
  const TestKey rsa = RsaKey(2048);
  const Identity middle = Issue(SignerSpec("rsa"), &root_, rsa);
  const Certificate intermediates[] = {middle.certificate};
  const Certificate anchors[] = {root_.certificate};
  for (const EVP_MD* digest : {EVP_sha1(), EVP_md5()}) {
    spec.digest = digest;
    ExpectRefused(
        VerifyPath(Issue(spec, &middle).certificate, intermediates, anchors, {.now = kNow}),
        Check::kAlgorithm, "is signed with");
  }
  // OpenSSL's security level would let SHA-224 pass.
  CertificateSpec signer = SignerSpec("signed weakly");
  signer.digest = EVP_sha224();
  ExpectRefused(VerifyUnder(signer, LeafSpec()), Check::kAlgorithm, "CN=signed weakly");
  // What an anchor is signed with proves nothing, so it does not count.
  CertificateSpec old = SignerSpec("old root");
  old.digest = EVP_sha1();
  const Identity anchor = Issue(old, nullptr);
  const Certificate old_anchors[] = {anchor.certificate};
  EXPECT_TRUE(
      VerifyPath(Issue(LeafSpec(), &anchor).certificate, {}, old_anchors, {.now = kNow}).ok());
}

TEST_F(X509Chain, RefusesWhatIsExpired) {
  CertificateSpec spec = LeafSpec();
  spec.not_after = At("2026-11-28T11:59:59Z");
  ExpectRefused(Verify(Issue(spec, &middle_).certificate), Check::kExpired, "CN=trainer");
  // At not_after it no longer holds; a second earlier it does.
  spec.not_after = kNow;
  ExpectRefused(Verify(Issue(spec, &middle_).certificate), Check::kExpired, "CN=trainer");
  spec.not_after = At("2026-11-28T12:00:01Z");
  EXPECT_TRUE(Verify(Issue(spec, &middle_).certificate).ok());

  CertificateSpec signer = SignerSpec("past");
  signer.not_after = At("2026-11-28T11:59:59Z");
  ExpectRefused(VerifyUnder(signer, LeafSpec()), Check::kExpired, "CN=past");
}

TEST_F(X509Chain, RefusesWhatIsNotYetValid) {
  CertificateSpec spec = LeafSpec();
  spec.not_before = At("2026-11-28T12:00:01Z");
  ExpectRefused(Verify(Issue(spec, &middle_).certificate), Check::kNotYetValid, "CN=trainer");
  spec.not_before = kNow;
  EXPECT_TRUE(Verify(Issue(spec, &middle_).certificate).ok());

  CertificateSpec signer = SignerSpec("future");
  signer.not_before = At("2026-11-28T12:00:01Z");
  ExpectRefused(VerifyUnder(signer, LeafSpec()), Check::kNotYetValid, "CN=future");
}

TEST_F(X509Chain, RefusesAMissingLink) {
  const Identity leaf = Issue(LeafSpec(), &middle_);
  const Certificate anchors[] = {root_.certificate};
  ExpectRefused(VerifyPath(leaf.certificate, {}, anchors, {.now = kNow}), Check::kChain,
                "CN=trainer");
  const Certificate intermediates[] = {middle_.certificate};
  ExpectRefused(VerifyPath(leaf.certificate, intermediates, {}, {.now = kNow}), Check::kChain,
                "CN=middle");
}

TEST_F(X509Chain, RefusesAWrongLink) {
  // Another signer of the same name: its key is another one, so its key identifier is too.
  const Identity other = Issue(SignerSpec("middle"), &root_);
  const Certificate intermediates[] = {other.certificate};
  const Certificate anchors[] = {root_.certificate};
  ExpectRefused(
      VerifyPath(Issue(LeafSpec(), &middle_).certificate, intermediates, anchors, {.now = kNow}),
      Check::kChain, "CN=trainer");
}

TEST_F(X509Chain, RefusesASignatureWithAnotherKey) {
  // Issued in the name of middle and with its key identifier, signed with the leaf's own key.
  const Identity swapped{middle_.certificate, EcKey()};
  ExpectRefused(Verify(Issue(LeafSpec(), &swapped).certificate), Check::kSignature, "CN=trainer");
}

TEST_F(X509Chain, TrustsNothingThatComesWithTheEvidence) {
  const Identity own_root = Issue(SignerSpec("own root"), nullptr);
  const Identity own_leaf = Issue(LeafSpec(), &own_root);
  const Certificate intermediates[] = {own_root.certificate};
  const Certificate anchors[] = {root_.certificate};
  ExpectRefused(VerifyPath(own_leaf.certificate, intermediates, anchors, {.now = kNow}),
                Check::kChain, "self");
  const Identity alone = Issue(LeafSpec(), nullptr);
  ExpectRefused(Verify(alone.certificate), Check::kChain, "self");
}

TEST_F(X509Chain, AnAnchorProvesNothingAboutItself) {
  const Identity leaf = Issue(LeafSpec(), &middle_);
  const Certificate anchors[] = {leaf.certificate};
  ExpectRefused(VerifyPath(leaf.certificate, {}, anchors, {.now = kNow}), Check::kChain,
                "is a trust anchor");
}

TEST_F(X509Chain, AnAnchorNeedNotHaveSignedItself) {
  const Identity leaf = Issue(LeafSpec(), &middle_);
  const Certificate anchors[] = {middle_.certificate};
  const auto path = VerifyPath(leaf.certificate, {}, anchors, {.now = kNow});
  ASSERT_TRUE(path.ok()) << path.refusal().message;
  EXPECT_EQ(path->anchor_sha256, middle_.certificate.sha256());
}

TEST_F(X509Chain, RefusesSignersThatMayNotSign) {
  CertificateSpec signer = SignerSpec("no ca");
  signer.basic_constraints = "critical,CA:FALSE";
  signer.key_usage = "critical,digitalSignature";
  ExpectRefused(VerifyUnder(signer, LeafSpec()), Check::kUsage, "CN=no ca");

  signer = SignerSpec("no key usage for it");
  signer.key_usage = "critical,digitalSignature,cRLSign";
  const auto result = VerifyUnder(signer, LeafSpec());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(NameOf(result.refusal().check), NameOf(Check::kUsage)) << result.refusal().message;
}

TEST_F(X509Chain, BasicConstraintsOfASignerAreCritical) {
  CertificateSpec signer = SignerSpec("not critical");
  signer.basic_constraints = "CA:TRUE";
  ExpectRefused(VerifyUnder(signer, LeafSpec()), Check::kUsage, "CN=not critical");
}

TEST_F(X509Chain, RefusesAPathThatIsTooLong) {
  CertificateSpec signer = SignerSpec("short");
  signer.basic_constraints = "critical,CA:TRUE,pathlen:0";
  const Identity first = Issue(signer, &root_);
  const Identity second = Issue(SignerSpec("second"), &first);
  const Certificate intermediates[] = {first.certificate, second.certificate};
  const Certificate anchors[] = {root_.certificate};
  ExpectRefused(
      VerifyPath(Issue(LeafSpec(), &second).certificate, intermediates, anchors, {.now = kNow}),
      Check::kChain, "path length");
}

TEST_F(X509Chain, HoldsNamesAgainstTheConstraintsOfTheirIssuers) {
  CertificateSpec signer = SignerSpec("constrained");
  signer.name_constraints = "critical,permitted;URI:example.org";
  EXPECT_TRUE(VerifyUnder(signer, LeafSpec()).ok());
  signer.name_constraints = "critical,permitted;URI:other.org";
  ExpectRefused(VerifyUnder(signer, LeafSpec()), Check::kSubject, "CN=trainer");
  signer.name_constraints = "critical,excluded;URI:example.org";
  ExpectRefused(VerifyUnder(signer, LeafSpec()), Check::kSubject, "CN=trainer");
}

TEST_F(X509Chain, RefusesACriticalExtensionThatItDoesNotKnow) {
  CertificateSpec spec = LeafSpec();
  spec.unknown_critical = "what is this";
  ExpectRefused(Verify(Issue(spec, &middle_).certificate), Check::kUsage, "critical extension");
}

TEST_F(X509Chain, AsksForThePurposesThatTheCallerNames) {
  CertificateSpec spec = LeafSpec();
  spec.purposes = "codeSigning";
  const Certificate leaf = Issue(spec, &middle_).certificate;
  EXPECT_TRUE(Verify(leaf, {.now = kNow, .purposes = {KeyPurpose::kCodeSigning}}).ok());
  ExpectRefused(Verify(leaf, {.now = kNow, .purposes = {KeyPurpose::kServerAuth}}), Check::kUsage,
                "serverAuth");

  spec.purposes = "anyExtendedKeyUsage";
  ExpectRefused(Verify(Issue(spec, &middle_).certificate,
                       {.now = kNow, .purposes = {KeyPurpose::kCodeSigning}}),
                Check::kUsage, "codeSigning");

  spec.purposes = "";
  const Certificate silent = Issue(spec, &middle_).certificate;
  EXPECT_TRUE(Verify(silent, {.now = kNow, .purposes = {KeyPurpose::kCodeSigning}}).ok());
  ExpectRefused(Verify(silent, {.now = kNow,
                                .purposes = {KeyPurpose::kCodeSigning},
                                .purposes_must_be_stated = true}),
                Check::kUsage, "does not say");
}

TEST_F(X509Chain, ASignerCanExcludePurposes) {
  CertificateSpec signer = SignerSpec("signs code");
  signer.purposes = "codeSigning";
  const Identity middle = Issue(signer, &root_);
  const Certificate intermediates[] = {middle.certificate};
  const Certificate anchors[] = {root_.certificate};
  ExpectRefused(VerifyPath(Issue(LeafSpec(), &middle).certificate, intermediates, anchors,
                           {.now = kNow, .purposes = {KeyPurpose::kClientAuth}}),
                Check::kUsage, "CN=signs code");
  signer.purposes = "anyExtendedKeyUsage";
  const Identity any = Issue(signer, &root_);
  const Certificate any_intermediates[] = {any.certificate};
  EXPECT_TRUE(VerifyPath(Issue(LeafSpec(), &any).certificate, any_intermediates, anchors,
                         {.now = kNow, .purposes = {KeyPurpose::kClientAuth}})
                  .ok());
}

TEST_F(X509Chain, RefusesALeafWhoseKeySignsNothing) {
  CertificateSpec spec = LeafSpec();
  spec.key_usage = "critical,keyEncipherment";
  ExpectRefused(Verify(Issue(spec, &middle_).certificate), Check::kUsage, "digitalSignature");
}

TEST_F(X509Chain, RefusesMoreThanTenCertificates) {
  const Certificate leaf = Issue(LeafSpec(), &middle_).certificate;
  std::vector<Certificate> many(kMaxChainCertificates - 1, middle_.certificate);
  const Certificate anchors[] = {root_.certificate};
  EXPECT_TRUE(VerifyPath(leaf, many, anchors, {.now = kNow}).ok());
  many.push_back(middle_.certificate);
  ExpectRefused(VerifyPath(leaf, many, anchors, {.now = kNow}), Check::kTooLarge, "10");
}

// --- Revocation ---

TEST_F(X509Chain, RefusesWhatIsRevoked) {
  ExpectRefused(VerifyRevocation({MakeCrl({.revoked = {3, 7}}, middle_)}, false), Check::kRevoked,
                "certificate 'CN=trainer' (serial 07)");
  EXPECT_TRUE(VerifyRevocation({MakeCrl({.revoked = {3, 8}}, middle_)}, false).ok());
  // A signing certificate, too (SignerSpec's serial number is 1000).
  ExpectRefused(VerifyRevocation({MakeCrl({.revoked = {1000}}, root_)}, false), Check::kRevoked,
                "CN=middle");
}

TEST_F(X509Chain, ListsThatAreRequiredAreThereForEveryIssuer) {
  const Crl of_middle = MakeCrl({}, middle_);
  const Crl of_root = MakeCrl({}, root_);
  const auto path = VerifyRevocation({of_middle, of_root}, true);
  ASSERT_TRUE(path.ok()) << path.refusal().message;
  EXPECT_EQ(path->revocation_known_until, At("2026-11-28T16:00:00Z"));
  ExpectRefused(VerifyRevocation({}, true), Check::kRevoked, "CN=trainer");
  ExpectRefused(VerifyRevocation({of_root}, true), Check::kRevoked, "CN=trainer");
  ExpectRefused(VerifyRevocation({of_middle}, true), Check::kRevoked, "CN=middle");
  EXPECT_TRUE(VerifyRevocation({of_middle}, false).ok());
}

TEST_F(X509Chain, NobodyButTheCallerRevokesAnAnchor) {
  const Certificate anchors[] = {middle_.certificate};
  const std::vector<Crl> crls = {MakeCrl({}, middle_)};
  const auto path = VerifyPath(Issue(LeafSpec(), &middle_).certificate, {}, anchors,
                               {.now = kNow, .revocation = {.crls = crls, .required = true}});
  EXPECT_TRUE(path.ok()) << path.refusal().message;
}

TEST_F(X509Chain, AStaleListIsNoneWhereOneIsRequired) {
  const Crl of_root = MakeCrl({}, root_);
  const Crl stale = MakeCrl({.next_update = At("2026-11-28T11:59:59Z")}, middle_);
  ExpectRefused(VerifyRevocation({stale, of_root}, true), Check::kRevoked, "expired");
  EXPECT_TRUE(VerifyRevocation({stale, of_root}, false).ok());
  const Crl future = MakeCrl({.this_update = At("2026-11-28T12:00:01Z")}, middle_);
  ExpectRefused(VerifyRevocation({future, of_root}, true), Check::kRevoked, "not yet valid");
  // A fresh one beside it is what counts.
  const auto path = VerifyRevocation({stale, MakeCrl({}, middle_), of_root}, true);
  ASSERT_TRUE(path.ok()) << path.refusal().message;
  EXPECT_EQ(path->valid_until(), At("2026-11-28T13:00:00Z"));
  EXPECT_EQ(path->revocation_known_until, At("2026-11-28T16:00:00Z"));
  // What a stale list revokes is revoked all the same.
  const Crl stale_revoking =
      MakeCrl({.revoked = {7}, .next_update = At("2026-11-28T11:59:59Z")}, middle_);
  ExpectRefused(VerifyRevocation({stale_revoking}, false), Check::kRevoked, "revoked");
}

TEST_F(X509Chain, AListMayNotBeOlderThanTheCallerTakes) {
  const Crl of_middle = MakeCrl({}, middle_);  // issued two hours before
  const Crl of_root = MakeCrl({}, root_);
  const Duration hour{3600 * kMicrosPerSecond};
  ExpectRefused(VerifyRevocation({of_middle, of_root}, true, hour), Check::kRevoked,
                "2 of those given are too old");
  const auto path = VerifyRevocation({of_middle, of_root}, true, Duration{3 * hour.micros});
  ASSERT_TRUE(path.ok()) << path.refusal().message;
  EXPECT_EQ(path->revocation_known_until, At("2026-11-28T13:00:00Z"));
}

TEST_F(X509Chain, AListIsSignedByTheIssuer) {
  const Identity forger{middle_.certificate, EcKey()};
  ExpectRefused(VerifyRevocation({MakeCrl({}, forger), MakeCrl({}, root_)}, true),
                Check::kSignature, "CN=trainer");
}

TEST_F(X509Chain, AListIsSignedWithAKeyForLists) {
  CertificateSpec signer = SignerSpec("signs no lists");
  signer.key_usage = "critical,keyCertSign";
  const Identity middle = Issue(signer, &root_);
  const std::vector<Crl> crls = {MakeCrl({}, middle), MakeCrl({}, root_)};
  const Certificate intermediates[] = {middle.certificate};
  const Certificate anchors[] = {root_.certificate};
  ExpectRefused(VerifyPath(Issue(LeafSpec(), &middle).certificate, intermediates, anchors,
                           {.now = kNow, .revocation = {.crls = crls, .required = true}}),
                Check::kRevoked, "CRL");
}

TEST_F(X509Chain, AListSaysWhenTheNextOneComes) {
  const auto crls = ReadCrls(CrlDer({.next_update = std::nullopt}, middle_));
  ASSERT_FALSE(crls.ok());
  EXPECT_EQ(crls.refusal().check, Check::kMalformed);
}

TEST_F(X509Chain, AListIsReadWholeOrNotAtAll) {
  const std::string der = CrlDer({}, middle_);
  EXPECT_TRUE(ReadCrls(der).ok());
  for (size_t size = 0; size < der.size(); ++size) {
    const auto cut = ReadCrls(der.substr(0, size));
    ASSERT_FALSE(cut.ok()) << size;
    EXPECT_EQ(cut.refusal().check, Check::kMalformed);
  }
  EXPECT_EQ(ReadCrls(std::string(kMaxCrlBytes + 1, '0')).refusal().check, Check::kTooLarge);
}

}  // namespace
}  // namespace ztp::evidence
