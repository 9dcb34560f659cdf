// The trust configuration is read strictly: what is not understood is an error with its place.
#include "engine/evidence/trust_document.h"

#include <gtest/gtest.h>

#include "engine/evidence/trust_testing.h"

namespace ztp::evidence {
namespace {

using testing::Document;
using testing::ErrorsOf;
using testing::KeyFor;
using testing::SignInSource;

std::string Errors(std::string_view document, ReadFileFunction read_file = nullptr) {
  std::vector<JsonError> errors;
  const auto config = ReadTrust(document, read_file, {}, {}, &errors);
  EXPECT_EQ(config == nullptr, !errors.empty());
  return ErrorsOf(errors);
}

class TrustDocumentTest : public ::testing::Test {
 protected:
  const testing::SigningKey& key_ = KeyFor(JwsAlgorithm::kEs256);
  // A good source but for one member, which is of another text.
  std::string With(std::string_view from, std::string_view to) {
    std::string text = SignInSource(key_);
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return Document(Cat(R"("sso":)", text.replace(at, from.size(), to)));
  }
};

TEST_F(TrustDocumentTest, AGoodOneHasItsSources) {
  std::vector<JsonError> errors;
  const auto config = ReadTrust(Document(Cat(R"("sso":)", SignInSource(key_, R"("max_age":"10m",
      "leeway":"30s","nonce":"required","groups_claim":"roles")"))),
                                nullptr, {}, {}, &errors);
  ASSERT_NE(config, nullptr) << ErrorsOf(errors);
  const Source& source = **config->Find("sso");
  EXPECT_EQ(source.kind->name, "sign-in");
  EXPECT_TRUE(source.MayProve("user"));
  EXPECT_FALSE(source.MayProve("peer"));
  EXPECT_EQ(source.common.max_age, Duration{600 * kMicrosPerSecond});
  EXPECT_TRUE(source.common.nonce_required);
  EXPECT_EQ(config->Find("SSO"), nullptr);
}

TEST_F(TrustDocumentTest, MistakesAreNamedWithTheirPlace) {
  EXPECT_EQ(Errors("[]"), "$: expected a trust configuration, that is an object, found an array");
  EXPECT_EQ(Errors("{}"),
            "$: `ztp_trust` is missing: a document of this form has \"ztp_trust\": 1\n"
            "$: `sources` is missing");
  EXPECT_EQ(Errors(R"({"ztp_trust":2,"sources":{}})"), "$.ztp_trust: only version 1 is known");
  EXPECT_EQ(Errors(R"({"ztp_trust":1,"source":{},"sources":{}})"),
            "$.source: there is no member `source` here");
  EXPECT_EQ(
      Errors(Document(R"("a":{"kind":"oidc"})")),
      "$.sources.a.kind: 'oidc' is no kind of evidence: there are x509-svid, jwt-svid, wit-svid, "
      "kubernetes-token, sign-in, access-token, pipeline-token, ear, nvidia-token, "
      "nvidia-report, sev-snp, tdx, tpm-quote, gpu-and-host, oms, slsa, bom");
  EXPECT_EQ(Errors(With(R"("issuers")", R"("isuers")")),
            "$.sources.sso: `issuers` is missing\n"
            "$.sources.sso.isuers: there is no member `isuers` here");
  EXPECT_EQ(Errors(With(R"("issuers":"https://login.acme.org")", R"("issuers":[])")),
            "$.sources.sso.issuers: an empty array allows nothing");
  EXPECT_EQ(Errors(With("ES256\"]", "HS256\"]")).substr(0, 60),
            "$.sources.sso.algorithms: 'HS256' is no algorithm that is ev");
  EXPECT_EQ(Errors(With(R"("proves":["user"])", R"("proves":["user",7])")),
            "$.sources.sso.proves[1]: expected a string, found a number");
  EXPECT_EQ(Errors(With(R"("proves":)", R"("leeway":"2m","proves":)")),
            "$.sources.sso.leeway: at most 1m are forgiven");
  EXPECT_EQ(Errors(With(R"("proves":)", R"("nonce":"maybe","proves":)")),
            "$.sources.sso.nonce: 'maybe' is none of none, required");
  EXPECT_EQ(Errors(With(R"({"keys":[)", R"({"file":"k.json","keys":[)")), "accepted")
      << "an object that has more is the keys themselves";
}

TEST_F(TrustDocumentTest, AlgorithmsAreNeverLeftToTheToken) {
  EXPECT_EQ(Errors(With(R"("algorithms":["ES256"],)", "")),
            "$.sources.sso: `algorithms` is missing");
}

TEST_F(TrustDocumentTest, FilesAreRead) {
  std::string text = SignInSource(key_);
  const size_t at = text.find(R"({"keys")");
  const std::string keys = text.substr(at, text.size() - 1 - at);
  const std::string document =
      Document(Cat(R"("sso":)", text.replace(at, keys.size(), R"({"file":"jwks.json"})")));
  EXPECT_EQ(Errors(document),
            "$.sources.sso.keys: this configuration may name no files: it was not read from one");
  EXPECT_EQ(Errors(document,
                   [&](const std::string& name) -> absl::StatusOr<std::string> {
                     EXPECT_EQ(name, "jwks.json");
                     return keys;
                   }),
            "accepted");
  EXPECT_EQ(Errors(document,
                   [](const std::string&) -> absl::StatusOr<std::string> {
                     return absl::NotFoundError("jwks.json: no such file");
                   }),
            "$.sources.sso.keys: jwks.json: no such file");
  EXPECT_EQ(
      Errors(document, [](const std::string&) -> absl::StatusOr<std::string> { return "{}"; }),
      "$.sources.sso.keys: a set of keys must be an object with an array `keys`");
}

TEST_F(TrustDocumentTest, EveryKindWantsItsOwnMembers) {
  for (const EvidenceKind* kind : AllKinds()) {
    const std::string errors =
        Errors(Document(Cat(R"("a":{"kind":")", kind->name, R"(","proves":"x"})")));
    EXPECT_NE(errors.find("is missing"), std::string::npos) << kind->name << "\n" << errors;
    EXPECT_EQ(FindKind(kind->name), kind);
  }
}

}  // namespace
}  // namespace ztp::evidence
