// SVIDs that are right, and SVIDs that are wrong in one way each, with the check that says so.
#include "engine/evidence/x509_svid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "engine/evidence/x509_testing.h"

namespace ztp::evidence {
namespace {

using ::testing::HasSubstr;

SpiffeBundle BundleOf(std::string_view trust_domain, const std::vector<Identity>& anchors) {
  SpiffeBundle bundle;
  bundle.trust_domain = trust_domain;
  for (const Identity& anchor : anchors) bundle.x509_authorities.push_back(anchor.certificate);
  return bundle;
}

template <typename T>
void ExpectRefused(const Verified<T>& result, Check check, std::string_view says = "") {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(NameOf(result.refusal().check), NameOf(check)) << result.refusal().message;
  EXPECT_THAT(result.refusal().message, HasSubstr(std::string(says)));
}

// The bundle of example.org has root, which has signed middle. Ours is example.org.
class X509SvidTest : public ::testing::Test {
 protected:
  Verified<X509Svid> Verify(const std::vector<Certificate>& chain) const {
    return VerifyX509Svid(chain, bundles_, options_);
  }
  Verified<X509Svid> VerifyLeaf(const CertificateSpec& spec) const {
    return Verify({Issue(spec, &middle_).certificate, middle_.certificate});
  }
  // A good leaf under a signing certificate of `spec`.
  Verified<X509Svid> VerifySigner(const CertificateSpec& spec) const {
    const Identity signer = Issue(spec, &root_);
    return Verify({Issue(LeafSpec(), &signer).certificate, signer.certificate});
  }

  const Identity root_ = Issue(SignerSpec("root"), nullptr);
  const Identity middle_ = Issue(SignerSpec("middle"), &root_);
  std::vector<SpiffeBundle> bundles_ = {BundleOf("example.org", {root_})};
  SvidOptions options_{.now = kNow, .trust_domain = "example.org"};
};

TEST_F(X509SvidTest, SaysWhoItIs) {
  const Identity leaf = Issue(LeafSpec(), &middle_);
  const auto svid = Verify({leaf.certificate, middle_.certificate});
  ASSERT_TRUE(svid.ok()) << svid.refusal().message;
  EXPECT_EQ(svid->spiffe_id, "spiffe://example.org/trainer");
  EXPECT_EQ(svid->trust_domain(), "example.org");
  EXPECT_EQ(svid->path.leaf_spki_sha256, leaf.certificate.spki_sha256());
  EXPECT_EQ(svid->path.anchor_sha256, root_.certificate.sha256());
  EXPECT_EQ(svid->path.not_after, At("2026-11-28T13:00:00Z"));
}

TEST_F(X509SvidTest, TakesWhatTheSpecificationAllows) {
  CertificateSpec spec = LeafSpec();
  spec.names = "DNS:trainer.example.org,URI:spiffe://example.org/trainer,email:a@example.org";
  EXPECT_TRUE(VerifyLeaf(spec).ok());
  spec = LeafSpec();
  spec.purposes = "";
  EXPECT_TRUE(VerifyLeaf(spec).ok());
  spec.purposes = "critical,clientAuth,serverAuth,codeSigning";
  EXPECT_TRUE(VerifyLeaf(spec).ok());
  spec = LeafSpec();
  spec.key_usage = "critical,digitalSignature,keyEncipherment,keyAgreement";
  EXPECT_TRUE(VerifyLeaf(spec).ok());
  spec = LeafSpec();
  spec.basic_constraints = "";
  EXPECT_TRUE(VerifyLeaf(spec).ok());
  spec = LeafSpec();
  spec.name = "";
  spec.names = "critical,URI:spiffe://example.org/trainer";
  EXPECT_TRUE(VerifyLeaf(spec).ok());

  // A signing certificate may be no SVID; then its key usage need not be critical.
  CertificateSpec signer = SignerSpec("middle");
  signer.names = "";
  signer.key_usage = "keyCertSign";
  EXPECT_TRUE(VerifySigner(signer).ok());
}

TEST_F(X509SvidTest, ALeafHasOneUriWhichIsASpiffeIdWithAPath) {
  const std::map<std::string, std::string> wrong = {
      {"", "0 URIs"},
      {"DNS:example.org", "0 URIs"},
      {"URI:spiffe://example.org/a,URI:spiffe://example.org/b", "2 URIs"},
      {"URI:spiffe://example.org/a,URI:https://example.org/", "2 URIs"},
      {"URI:https://example.org/trainer", "no SPIFFE ID"},
      {"URI:spiffe://example.org/", "no SPIFFE ID"},
      {"URI:spiffe://Example.org/trainer", "no SPIFFE ID"},
      {"URI:spiffe://example.org/a//b", "no SPIFFE ID"},
      {"URI:spiffe://example.org/../b", "no SPIFFE ID"},
      {"URI:spiffe://example.org:80/b", "no SPIFFE ID"},
      {"URI:spiffe://example.org/a?b", "no SPIFFE ID"},
      {"URI:SPIFFE://example.org/a", "no SPIFFE ID"},
      {"URI:spiffe://example.org", "no workload"},
  };
  for (const auto& [names, says] : wrong) {
    CertificateSpec spec = LeafSpec();
    spec.names = names;
    SCOPED_TRACE(names);
    ExpectRefused(VerifyLeaf(spec), Check::kSubject, says);
  }
}

TEST_F(X509SvidTest, ALeafWithoutASubjectHasCriticalNames) {
  CertificateSpec spec = LeafSpec();
  spec.name = "";
  const Certificate leaf = Issue(spec, &middle_).certificate;
  ExpectRefused(ReadSvidForm({&leaf, 1}), Check::kMalformed, "critical");
}

TEST_F(X509SvidTest, ALeafIsNoSigner) {
  CertificateSpec spec = LeafSpec();
  spec.basic_constraints = "critical,CA:TRUE";
  ExpectRefused(VerifyLeaf(spec), Check::kUsage, "is of a CA");
  for (const char* usage :
       {"critical,digitalSignature,keyCertSign", "critical,digitalSignature,cRLSign",
        "critical,keyEncipherment", "digitalSignature", ""}) {
    spec = LeafSpec();
    spec.key_usage = usage;
    SCOPED_TRACE(usage);
    ExpectRefused(VerifyLeaf(spec), Check::kUsage, "key");
  }
}

TEST_F(X509SvidTest, ALeafThatStatesPurposesStatesBoth) {
  for (const char* purposes : {"serverAuth", "clientAuth", "codeSigning", "anyExtendedKeyUsage"}) {
    CertificateSpec spec = LeafSpec();
    spec.purposes = purposes;
    SCOPED_TRACE(purposes);
    ExpectRefused(VerifyLeaf(spec), Check::kUsage, "serverAuth and clientAuth");
  }
}

TEST_F(X509SvidTest, ASignerIsACaForSigningCertificates) {
  CertificateSpec spec = SignerSpec("wrong");
  spec.basic_constraints = "critical,CA:FALSE";
  ExpectRefused(VerifySigner(spec), Check::kUsage, "is not of a CA");
  for (const char* usage : {"critical,digitalSignature,cRLSign", "", "keyCertSign"}) {
    spec = SignerSpec("wrong");
    spec.key_usage = usage;
    SCOPED_TRACE(usage);
    ExpectRefused(VerifySigner(spec), Check::kUsage, "CN=wrong");
  }
  spec = SignerSpec("wrong");
  spec.purposes = "codeSigning";
  ExpectRefused(VerifySigner(spec), Check::kUsage, "CN=wrong");
}

TEST_F(X509SvidTest, ASignersSpiffeIdIsItsTrustDomain) {
  CertificateSpec spec = SignerSpec("wrong");
  spec.names = "URI:spiffe://example.org/signer";
  ExpectRefused(VerifySigner(spec), Check::kSubject, "with a path");
  spec.names = "URI:spiffe://example.org,URI:spiffe://other.org";
  ExpectRefused(VerifySigner(spec), Check::kSubject, "2 URIs");
  spec.names = "URI:https://example.org";
  ExpectRefused(VerifySigner(spec), Check::kSubject, "no SPIFFE ID");
  spec.names = "URI:spiffe://other.org";
  ExpectRefused(VerifySigner(spec), Check::kIssuer, "is of trust domain 'other.org'");
}

TEST_F(X509SvidTest, AnAnchorIsASignerToo) {
  CertificateSpec spec = SignerSpec("anchor");
  spec.names = "URI:spiffe://example.org/anchor";
  const Identity anchor = Issue(spec, nullptr);
  bundles_ = {BundleOf("example.org", {anchor})};
  ExpectRefused(Verify({Issue(LeafSpec(), &anchor).certificate}), Check::kSubject, "with a path");
}

TEST_F(X509SvidTest, OnlyItsOwnTrustDomainVouchesForAWorkload) {
  const Identity other = Issue(SignerSpec("other root"), nullptr);
  bundles_ = {BundleOf("example.org", {root_}), BundleOf("other.org", {other})};
  CertificateSpec spec = LeafSpec();
  spec.names = "URI:spiffe://other.org/trainer";
  const Certificate good = Issue(spec, &other).certificate;

  ExpectRefused(Verify({good}), Check::kIssuer, "'other.org' is neither ours nor federated");
  options_.federated = {"other.org"};
  const auto svid = Verify({good});
  ASSERT_TRUE(svid.ok()) << svid.refusal().message;
  EXPECT_EQ(svid->trust_domain(), "other.org");

  // Federated or not: other.org does not sign for example.org, nor the other way round.
  ExpectRefused(Verify({Issue(LeafSpec(), &other).certificate}), Check::kChain, "CN=trainer");
  ExpectRefused(Verify({Issue(spec, &root_).certificate}), Check::kChain, "CN=trainer");

  options_.federated = {"unknown.org"};
  spec.names = "URI:spiffe://unknown.org/trainer";
  ExpectRefused(Verify({Issue(spec, &other).certificate}), Check::kKeyUnknown, "unknown.org");
  bundles_.push_back(bundles_[0]);
  ExpectRefused(VerifyLeaf(LeafSpec()), Check::kKeyUnknown, "more than one bundle");
}

TEST_F(X509SvidTest, APathIsVerified) {
  const Certificate leaf = Issue(LeafSpec(), &middle_).certificate;
  ExpectRefused(Verify({leaf}), Check::kChain, "CN=trainer");
  ExpectRefused(Verify({leaf, Issue(SignerSpec("middle"), &root_).certificate}), Check::kChain,
                "CN=trainer");
  const Identity swapped{middle_.certificate, EcKey()};
  ExpectRefused(Verify({Issue(LeafSpec(), &swapped).certificate, middle_.certificate}),
                Check::kSignature, "CN=trainer");
  ExpectRefused(Verify({Issue(LeafSpec(), nullptr).certificate}), Check::kChain, "CN=trainer");
  ExpectRefused(Verify({}), Check::kMalformed, "without a certificate");

  options_.now = At("2026-11-28T13:00:00Z");
  ExpectRefused(Verify({leaf, middle_.certificate}), Check::kExpired, "CN=trainer");
  options_.now = At("2026-11-28T10:59:59Z");
  ExpectRefused(Verify({leaf, middle_.certificate}), Check::kNotYetValid, "CN=trainer");
}

TEST_F(X509SvidTest, KeysAndSignaturesAreStrong) {
  const Certificate weak = Issue(LeafSpec(), &middle_, RsaKey(1024)).certificate;
  ExpectRefused(Verify({weak, middle_.certificate}), Check::kAlgorithm, "1024 bits");
  CertificateSpec spec = LeafSpec();
  spec.digest = EVP_sha1();
  ExpectRefused(VerifyLeaf(spec), Check::kAlgorithm, "SHA1");
}

TEST_F(X509SvidTest, RevocationIsAskedFor) {
  const std::vector<Crl> revoking = {MakeCrl({.revoked = {1}}, middle_), MakeCrl({}, root_)};
  options_.revocation = {.crls = revoking, .required = true};
  ExpectRefused(VerifyLeaf(LeafSpec()), Check::kRevoked, "revoked");
  const std::vector<Crl> clean = {MakeCrl({}, middle_), MakeCrl({}, root_)};
  options_.revocation = {.crls = clean, .required = true};
  EXPECT_TRUE(VerifyLeaf(LeafSpec()).ok());
  const std::vector<Crl> stale = {MakeCrl({.next_update = kNow}, middle_), MakeCrl({}, root_)};
  options_.revocation = {.crls = stale, .required = true};
  ExpectRefused(VerifyLeaf(LeafSpec()), Check::kRevoked, "expired");
}

TEST_F(X509SvidTest, ElevenCertificatesAreTooMany) {
  std::vector<Certificate> chain(kMaxChainCertificates, middle_.certificate);
  chain[0] = Issue(LeafSpec(), &middle_).certificate;
  EXPECT_TRUE(ReadCertificates(Pem(chain)).ok());
  EXPECT_TRUE(Verify(chain).ok());
  chain.push_back(middle_.certificate);
  ExpectRefused(Verify(chain), Check::kTooLarge, "10");
  ExpectRefused(ReadCertificates(Pem(chain)), Check::kTooLarge, "10");
  std::string der;
  for (const Certificate& certificate : chain) der += certificate.der();
  ExpectRefused(ReadCertificates(der), Check::kTooLarge, "10");
}

// --- Damage ---

// No bit of a certificate is free: X.509 signs the body, the algorithm outside of it is the same as
// the one within, ECDSA signatures are held to DER, and so is the rest.
TEST_F(X509SvidTest, NoBitOfALeafCanBeChanged) {
  const std::string good = Issue(LeafSpec(), &root_).certificate.der();
  ASSERT_TRUE(Verify(*ReadCertificates(good)).ok());
  std::map<std::string_view, size_t> refused;
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    const auto chain = ReadCertificates(bad);
    if (!chain.ok()) {
      ++refused[NameOf(chain.refusal().check)];
      continue;
    }
    const auto svid = Verify(*chain);
    ASSERT_FALSE(svid.ok()) << "bit " << bit % 8 << " of byte " << bit / 8;
    ++refused[NameOf(svid.refusal().check)];
  }
  // Most bits are in what is signed or in the signature; damage to the form is seen before.
  EXPECT_GT(refused["signature"], good.size());
  EXPECT_GT(refused["form"], 0u);
  EXPECT_GT(refused["subject"], 0u);
}

TEST_F(X509SvidTest, NothingCanBeCutOffOrAdded) {
  const std::string good = Issue(LeafSpec(), &root_).certificate.der();
  for (size_t size = 0; size < good.size(); ++size) {
    ExpectRefused(ReadCertificates(good.substr(0, size)), Check::kMalformed);
  }
  ExpectRefused(ReadCertificates(good + '\0'), Check::kMalformed);
  ExpectRefused(ReadCertificates(good + good.substr(0, 100)), Check::kMalformed);
  EXPECT_EQ(ReadCertificates(good + good)->size(), 2u);

  const std::string pem = Pem(*ReadCertificates(good));
  for (size_t size = 0; size + 1 < pem.size(); ++size) {
    ExpectRefused(ReadCertificates(pem.substr(0, size)), Check::kMalformed);
  }
}

TEST_F(X509SvidTest, ACertificateIsInDer) {
  // The length of the whole in three bytes instead of two: BER, and OpenSSL would read it.
  std::string ber = Issue(LeafSpec(), &root_).certificate.der();
  ASSERT_EQ(ber.substr(0, 2), "0\x82");
  ber[1] = '\x83';
  ber.insert(2, 1, '\0');
  ExpectRefused(Certificate::FromDer(ber), Check::kMalformed, "not in DER");
  ExpectRefused(ReadCertificates(ber), Check::kMalformed);
}

TEST_F(X509SvidTest, AnExtensionIsThereOnce) {
  // Two extensions of names: the one behind the other, of the same kind.
  const X509Ptr twice(X509_dup(Issue(LeafSpec(), &root_).certificate.x509()));
  const int at = X509_get_ext_by_NID(twice.get(), NID_subject_alt_name, -1);
  ASSERT_EQ(X509_add_ext(twice.get(), X509_get_ext(twice.get(), at), -1), 1);
  ASSERT_GT(X509_sign(twice.get(), root_.key.get(), EVP_sha256()), 0);
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(twice.get(), &bytes);
  ASSERT_GT(size, 0);
  const std::string der(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  ExpectRefused(Certificate::FromDer(der), Check::kMalformed, "more than once");
}

TEST_F(X509SvidTest, ACertificateIsOfBoundedSize) {
  CertificateSpec spec = LeafSpec();
  spec.unknown_critical = std::string(kMaxCertificateBytes, 'x');
  const std::string der = IssueDer(spec, &root_);
  ExpectRefused(Certificate::FromDer(der), Check::kTooLarge, "65536");
  ExpectRefused(ReadCertificates(der), Check::kTooLarge, "65536");
}

TEST_F(X509SvidTest, RefusalsLeaveNoErrorsOfOpensslBehind) {
  ERR_clear_error();
  ExpectRefused(ReadCertificates("0\x03\x02\x01\x01"), Check::kMalformed);
  const Identity swapped{middle_.certificate, EcKey()};
  ExpectRefused(Verify({Issue(LeafSpec(), &swapped).certificate, middle_.certificate}),
                Check::kSignature);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace ztp::evidence
