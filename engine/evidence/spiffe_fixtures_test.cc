// The SVIDs and bundles that go-spiffe (github.com/spiffe/go-spiffe, Apache-2.0) tests itself with:
// each is taken or refused as its name says.
//
// They are no part of this repository. The folder with spiffe/ in it is named by ZTP_FIXTURES, or
// is ../shared/fixtures beside the repository; without it these tests say that they were skipped,
// and with ZTP_REQUIRE_FIXTURES=1 they fail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "engine/evidence/spiffe_bundle.h"
#include "engine/evidence/x509_svid.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class SpiffeFixtures : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* configured = std::getenv("ZTP_FIXTURES");
    folder_ = fs::path(configured != nullptr ? configured : "../shared/fixtures") / "spiffe";
    if (fs::is_directory(folder_)) return;
    const char* required = std::getenv("ZTP_REQUIRE_FIXTURES");
    if (required != nullptr && std::string_view(required) == "1") {
      FAIL() << "no folder " << folder_;
    }
    GTEST_SKIP() << "no folder " << folder_ << ": set ZTP_FIXTURES";
  }
  std::string Read(const std::string& name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    EXPECT_TRUE(in.good()) << name;
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  // The certificates have to be there; what they are is asked by the tests.
  std::vector<Certificate> Chain(const std::string& name) const {
    auto chain = ReadCertificates(Read("x509svid/" + name));
    EXPECT_TRUE(chain.ok()) << name << ": " << (chain.ok() ? "" : chain.refusal().message);
    return chain.ok() ? *std::move(chain) : std::vector<Certificate>();
  }

  fs::path folder_;
};

template <typename T>
void ExpectRefused(const Verified<T>& result, Check check, std::string_view says) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(NameOf(result.refusal().check), NameOf(check)) << result.refusal().message;
  EXPECT_THAT(result.refusal().message, HasSubstr(std::string(says)));
}

TEST_F(SpiffeFixtures, GoodSvidsSayWhoTheyAre) {
  for (const char* name : {"good-leaf-and-intermediate.pem", "good-leaf-only.pem"}) {
    const auto id = ReadSvidForm(Chain(name));
    ASSERT_TRUE(id.ok()) << name << ": " << id.refusal().message;
    EXPECT_EQ(*id, "spiffe://example.org/workload-1");
  }
}

TEST_F(SpiffeFixtures, AGoodSvidLeadsToItsSigner) {
  const std::vector<Certificate> chain = Chain("good-leaf-and-intermediate.pem");
  ASSERT_EQ(chain.size(), 2u);
  SpiffeBundle bundle;
  bundle.trust_domain = "example.org";
  bundle.x509_authorities = {chain[1]};
  const std::vector<SpiffeBundle> bundles = {bundle};
  SvidOptions options{.now = At("2020-03-24T14:30:00Z"), .trust_domain = "example.org"};
  const std::span<const Certificate> leaf(chain.data(), 1);
  const auto svid = VerifyX509Svid(leaf, bundles, options);
  ASSERT_TRUE(svid.ok()) << svid.refusal().message;
  EXPECT_EQ(svid->spiffe_id, "spiffe://example.org/workload-1");
  EXPECT_EQ(svid->path.leaf_serial, "9e1363cf3700a4335b8804cf14cfe5e9");
  EXPECT_EQ(svid->path.not_after, At("2020-03-24T15:07:40Z"));

  options.now = At("2020-03-24T15:07:41Z");
  ExpectRefused(VerifyX509Svid(leaf, bundles, options), Check::kExpired, "O=SPIRE");
  options.now = At("2020-03-24T14:07:29Z");
  ExpectRefused(VerifyX509Svid(leaf, bundles, options), Check::kNotYetValid, "O=SPIRE");
}

TEST_F(SpiffeFixtures, ASelfSignedLeafIsNobodysWord) {
  const std::vector<Certificate> chain = Chain("good-leaf-only.pem");
  SpiffeBundle bundle;
  bundle.trust_domain = "example.org";
  bundle.x509_authorities = chain;
  const std::vector<SpiffeBundle> bundles = {bundle};
  ExpectRefused(VerifyX509Svid(chain, bundles,
                               {.now = At("2021-01-01T00:00:00Z"), .trust_domain = "example.org"}),
                Check::kChain, "is a trust anchor");
}

TEST_F(SpiffeFixtures, WrongSvidsAreRefused) {
  struct Wrong {
    const char* name;
    Check check;
    const char* says;
  };
  for (const Wrong& wrong : {
           Wrong{"wrong-intermediate-no-ca.pem", Check::kUsage, "is not of a CA"},
           Wrong{"wrong-leaf-ca-true.pem", Check::kUsage, "is of a CA"},
           Wrong{"wrong-leaf-cert-sign.pem", Check::kUsage, "keyCertSign"},
           Wrong{"wrong-leaf-crl-sign.pem", Check::kUsage, "cRLSign"},
           Wrong{"wrong-leaf-empty-id.pem", Check::kSubject, "0 URIs"},
           Wrong{"wrong-leaf-no-digital-signature.pem", Check::kUsage, "digitalSignature"},
       }) {
    SCOPED_TRACE(wrong.name);
    ExpectRefused(ReadSvidForm(Chain(wrong.name)), wrong.check, wrong.says);
  }
  ExpectRefused(ReadCertificates(Read("x509svid/corrupt-cert.pem")), Check::kMalformed,
                "not a certificate");
  ExpectRefused(ReadCertificates(Read("x509svid/not-pem")), Check::kMalformed, "");
}

TEST_F(SpiffeFixtures, SpiffeBundles) {
  const auto read = [&](const char* name) {
    return ReadSpiffeBundle("domain.test", Read(Cat("bundle/spiffebundle/", name)));
  };
  const auto one = read("spiffebundle_valid_1.json");
  ASSERT_TRUE(one.ok()) << one.refusal().message;
  EXPECT_EQ(one->x509_authorities.size(), 1u);
  ASSERT_EQ(one->jwt_authorities.size(), 1u);
  EXPECT_EQ(one->jwt_authorities[0].kid, "C6vs25welZOx6WksNYfbMfiw9l96pMnD");
  EXPECT_FALSE(one->sequence.has_value());

  const auto two = read("spiffebundle_valid_2.json");
  ASSERT_TRUE(two.ok()) << two.refusal().message;
  EXPECT_EQ(two->x509_authorities.size(), 1u);
  EXPECT_EQ(two->jwt_authorities.size(), 6u);
  EXPECT_EQ(two->sequence, 1u);
  EXPECT_EQ(two->refresh_hint, Duration{60 * kMicrosPerSecond});

  const auto wit = read("spiffebundle_valid_with_wit.json");
  ASSERT_TRUE(wit.ok()) << wit.refusal().message;
  EXPECT_EQ(wit->jwt_authorities.size(), 2u);
  EXPECT_EQ(wit->wit_authorities.size(), 2u);
  EXPECT_EQ(wit->ignored_keys, 0u);

  ExpectRefused(read("spiffebundle_missing_kid.json"), Check::kMalformed, "without a `kid`");
  ExpectRefused(read("spiffebundle_multiple_x509.json"), Check::kMalformed,
                "more than one certificate");
  ExpectRefused(read("spiffebundle_no_keys.json"), Check::kMalformed, "no `keys`");
}

TEST_F(SpiffeFixtures, JwtBundles) {
  const auto read = [&](const char* name) {
    return ReadJwtBundle("domain.test", Read(Cat("bundle/jwtbundle/", name)));
  };
  EXPECT_EQ(read("jwks_valid_1.json")->jwt_authorities.size(), 1u);
  EXPECT_EQ(read("jwks_valid_2.json")->jwt_authorities.size(), 2u);
  ExpectRefused(read("jwks_missing_kid.json"), Check::kMalformed, "without a `kid`");
}

TEST_F(SpiffeFixtures, X509Bundles) {
  const auto read = [&](const char* name) {
    return ReadX509Bundle("domain.test", Read(Cat("bundle/x509bundle/", name)));
  };
  EXPECT_EQ(read("cert.pem")->x509_authorities.size(), 1u);
  EXPECT_EQ(read("certs.pem")->x509_authorities.size(), 2u);
  ExpectRefused(read("corrupted.pem"), Check::kMalformed, "");
  ExpectRefused(read("empty.pem"), Check::kMalformed, "nothing");
  ExpectRefused(read("not-pem.pem"), Check::kMalformed, "");
}

// A file that is added is looked at, not passed over.
TEST_F(SpiffeFixtures, AllOfThemAreTested) {
  size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    if (entry.is_regular_file()) ++files;
  }
  EXPECT_EQ(files, 10u + 6u + 3u + 5u);
}

}  // namespace
}  // namespace ztp::evidence
