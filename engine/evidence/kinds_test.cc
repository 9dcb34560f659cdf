// Each kind of evidence, from its source's settings to its normal form.
#include "engine/evidence/kind.h"

#include <gtest/gtest.h>

#include "engine/base/sha256.h"
#include "engine/evidence/trust_testing.h"

namespace ztp::evidence {
namespace {

using testing::CheckOf;
using testing::Document;
using testing::JsonText;
using testing::KeyFor;
using testing::KeySetText;
using testing::MakeTrust;

// What a good piece of evidence proves, as a policy's author would write it.
std::string Proven(Trust& trust, std::string_view evidence) {
  const auto fact = trust.Verify("s", evidence, kNow);
  if (!fact.ok()) return Cat(NameOf(fact.refusal().check), ": ", fact.refusal().message);
  const NormalForm& form = (*fact)->kind->form();
  return FormatValue(form.schema(), form.type(), (*fact)->value);
}

std::string TokenSource(std::string_view kind, const testing::SigningKey& key,
                        std::string_view issuer, std::string_view more = "") {
  return Document(Cat(R"("s":{"kind":")", kind, R"(","proves":"x","issuers":")", issuer,
                      R"(","audiences":"us","algorithms":")", NameOf(key.algorithm()),
                      R"(","keys":)", KeySetText({key.JwkText()}), more, "}"));
}

std::string Dates() {
  const int64_t now = kNow.micros / kMicrosPerSecond;
  return Cat(R"("aud":"us","iat":)", now - 60, R"(,"exp":)", now + 60);
}

class KindsTest : public ::testing::Test {
 protected:
  const testing::SigningKey& key_ = KeyFor(JwsAlgorithm::kEs256);
};

TEST_F(KindsTest, X509Svid) {
  const Identity root = Issue(SignerSpec("root"), nullptr);
  const Identity leaf = Issue(LeafSpec(), &root);
  const std::string document = Document(Cat(
      R"("s":{"kind":"x509-svid","proves":"x","host_checks_binding":true,"trust_domain":"example.org","bundle":)",
      JsonText(Pem({root.certificate})), "}"));
  const auto trust = MakeTrust(document);
  for (const std::string& evidence : {Pem({leaf.certificate}), leaf.certificate.der()}) {
    EXPECT_EQ(Proven(*trust, evidence), R"({ id: "spiffe://example.org/trainer", kind: x509 })");
  }
  const auto fact = trust->Verify("s", leaf.certificate.der(), kNow);
  EXPECT_EQ((*fact)->subjects.front(), "spiffe://example.org/trainer");
  EXPECT_EQ((*fact)->issued_at, leaf.certificate.not_before());
  EXPECT_EQ((*fact)->expires_at, leaf.certificate.not_after());
  EXPECT_EQ((*fact)->anchor, root.certificate.sha256());

  // A list that comes later, and has the leaf.
  std::vector<JsonError> errors;
  ASSERT_TRUE(trust->Replace("s", "crls", CrlDer({.revoked = {1}}, root), &errors))
      << testing::ErrorsOf(errors);
  EXPECT_EQ(CheckOf(trust->Verify("s", leaf.certificate.der(), kNow)), "revoked");
}

TEST_F(KindsTest, X509SvidWhereRevocationMustBeKnown) {
  const Identity root = Issue(SignerSpec("root"), nullptr);
  const Identity leaf = Issue(LeafSpec(), &root);
  const auto trust = MakeTrust(Document(Cat(
      R"("s":{"kind":"x509-svid","proves":"x","host_checks_binding":true,"trust_domain":"example.org","revocation":)",
      R"("required","bundle":)", JsonText(Pem({root.certificate})), "}")));
  EXPECT_EQ(CheckOf(trust->Verify("s", leaf.certificate.der(), kNow)), "revoked");
  std::vector<JsonError> errors;
  ASSERT_TRUE(trust->Replace("s", "crls", CrlDer({.next_update = At("2026-11-28T12:30:00Z")}, root),
                             &errors));
  const auto fact = trust->Verify("s", leaf.certificate.der(), kNow);
  ASSERT_TRUE(fact.ok()) << fact.refusal().message;
  EXPECT_EQ((*fact)->expires_at, At("2026-11-28T12:30:00Z")) << "nobody knows further";
}

TEST_F(KindsTest, JwtSvid) {
  const auto trust = MakeTrust(Document(
      Cat(R"("s":{"kind":"jwt-svid","proves":"x","trust_domain":"acme.org","audiences":["us"],)",
          R"("bundle":)", KeySetText({key_.JwkText(R"("use":"jwt-svid","kid":"k1")")}), "}")));
  EXPECT_EQ(Proven(*trust, key_.TokenOf(Cat(R"({"sub":"spiffe://acme.org/agent",)", Dates(), "}"))),
            R"({ id: "spiffe://acme.org/agent", kind: jwt })");
}

TEST_F(KindsTest, WitSvid) {
  const testing::SigningKey& workload = KeyFor(JwsAlgorithm::kEs384);
  const auto source = [&](std::string_view more) {
    return MakeTrust(
        Document(Cat(R"("s":{"kind":"wit-svid","proves":"x","trust_domain":"acme.org","bundle":)",
                     KeySetText({key_.JwkText(R"("use":"wit-svid","kid":"k1")")}), more, "}")));
  };
  const int64_t now = kNow.micros / kMicrosPerSecond;
  const std::string wit =
      key_.TokenOf(Cat(R"({"sub":"spiffe://acme.org/agent","exp":)", now + 600, R"(,"cnf":{"jwk":)",
                       workload.JwkText(R"("alg":"ES384")"), "}}"),
                   R"("typ":"wit+jwt","kid":"k1")");
  const auto shown = [&](std::string_view id, std::string_view more = "") {
    const std::string proof =
        workload.TokenOf(Cat(R"({"aud":"us","exp":)", now + 60, R"(,"jti":")", id, R"(","wth":")",
                             EncodeBase64url(Sha256Bytes(wit)), '"', more, "}"),
                         R"("typ":"wpt+jwt")");
    return Cat(R"({"wit":")", wit, R"(","wpt":")", proof, R"("})");
  };
  constexpr char kProven[] = R"({ id: "spiffe://acme.org/agent", kind: wit })";
  const auto trust = source(R"(,"audiences":"us","leeway":"5s")");
  EXPECT_EQ(Proven(*trust, shown("p-1")), kProven);
  EXPECT_EQ(CheckOf(trust->Verify("s", shown("p-1"), kNow)), "replay");
  const auto fact = trust->Verify("s", shown("p-2"), kNow);
  ASSERT_TRUE(fact.ok()) << fact.refusal().message;
  EXPECT_EQ((*fact)->subjects.size(), 2u);
  EXPECT_EQ((*fact)->subjects[0], "spiffe://acme.org/agent");
  EXPECT_EQ((*fact)->expires_at, testing::After(65)) << "no longer than its proof";
  EXPECT_EQ(CheckOf(trust->Verify("s", wit, kNow)), "binding");
  EXPECT_EQ(CheckOf(trust->Verify("s", R"({"wpt":"x"})", kNow)), "form");
  EXPECT_EQ(CheckOf(trust->Verify("s", R"({"wit":"x","other":"y"})", kNow)), "form");

  const auto many = source(R"(,"audiences":"us","proof_reuse_allowed":true)");
  EXPECT_EQ(Proven(*many, shown("p-1")), kProven);
  EXPECT_EQ(Proven(*many, shown("p-1")), kProven);
  EXPECT_EQ(CheckOf(many->Verify("s", shown("p-1"), testing::After(60))), "expired");

  const auto host = source(R"(,"host_checks_binding":true)");
  EXPECT_EQ(Proven(*host, wit), kProven);
  EXPECT_EQ(CheckOf(host->Verify("s", shown("p-1"), kNow)), "audience");

  const auto fresh = source(R"(,"audiences":"us","nonce":"required")");
  EXPECT_EQ(CheckOf(fresh->Verify("s", shown("p-1"), kNow)), "nonce");
  const std::string nonce = fresh->nonces().Make(kNow, Duration{60 * kMicrosPerSecond});
  EXPECT_EQ(Proven(*fresh, shown("p-1", Cat(R"(,"nonce":")", nonce, '"'))), kProven);

  std::vector<JsonError> errors;
  EXPECT_EQ(
      Trust::Read(
          Document(Cat(R"("s":{"kind":"wit-svid","proves":"x","trust_domain":"a",)", R"("bundle":)",
                       KeySetText({key_.JwkText(R"("use":"jwt-svid","kid":"k")")}), "}")),
          {}, &errors),
      nullptr);
  EXPECT_EQ(testing::ErrorsOf(errors),
            "$.sources.s.bundle: it has no key of an authority that signs such tokens\n"
            "$.sources.s: `audiences` is missing");
}

TEST_F(KindsTest, KubernetesToken) {
  const auto trust = MakeTrust(Document(
      Cat(R"("s":{"kind":"kubernetes-token","proves":"x","issuer":"https://k8s","audiences":"us",)",
          R"("pod_required":true,"keys":)", KeySetText({key_.JwkText()}), "}")));
  const std::string claims =
      Cat(R"({"iss":"https://k8s","sub":"system:serviceaccount:ml:trainer",)", Dates(),
          R"(,"kubernetes.io":{"namespace":"ml","serviceaccount":{"name":"trainer","uid":"u-1"},)",
          R"("pod":{"name":"trainer-0","uid":"u-2"}}})");
  EXPECT_EQ(Proven(*trust, key_.TokenOf(claims)),
            R"({ issuer: "https://k8s", name: "trainer", namespace: "ml", pod: "trainer-0", )"
            R"(pod_uid: "u-2", uid: "u-1" })");
}

TEST_F(KindsTest, AccessToken) {
  const std::string claims =
      Cat(R"({"iss":"https://as","sub":"ann","client_id":"app","jti":"t","scope":"a b",)", Dates(),
          R"(,"act":{"sub":"agent","act":{"sub":"tool","iss":"https://other"}},)",
          R"("amr":["mfa"],"auth_time":1795867100,)",
          R"("cnf":{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}})");
  const std::string token = key_.TokenOf(claims, R"("typ":"at+jwt")");
  const auto proven = [](std::string_view bound) {
    return Cat(R"({ actors: [{ issuer: "https://as", subject: "agent" }, )",
               R"({ issuer: "https://other", subject: "tool" }], audience: { "us" }, )",
               R"(authenticated_at: "2026-11-28T11:58:20Z", bound: )", bound,
               R"(, client: "app", issuer: "https://as", mfa: true, phishing_resistant: false, )",
               R"(scopes: { "a", "b" }, subject: "ann" })");
  };
  EXPECT_EQ(Proven(*MakeTrust(TokenSource("access-token", key_, "https://as")), token),
            proven("false"))
      << "that it names a key does not say that its presenter has the key";
  EXPECT_EQ(Proven(*MakeTrust(TokenSource("access-token", key_, "https://as",
                                          R"(,"host_checks_binding":true)")),
                   token),
            proven("true"));
}

TEST_F(KindsTest, SignIn) {
  const std::string claims =
      Cat(R"({"iss":"https://login","sub":"u-17","roles":["ml"],"amr":["hwk"],)", Dates(),
          R"(,"email":"ann@acme.org","email_verified":true,"auth_time":1795867100})");
  const auto trust =
      MakeTrust(TokenSource("sign-in", key_, "https://login", R"(,"groups_claim":"roles")"));
  EXPECT_EQ(Proven(*trust, key_.TokenOf(claims)),
            R"({ authenticated_at: "2026-11-28T11:58:20Z", email: "ann@acme.org", )"
            R"(groups: { "ml" }, issuer: "https://login", mfa: false, phishing_resistant: true, )"
            R"(subject: "u-17" })");
}

TEST_F(KindsTest, PipelineToken) {
  const std::string claims =
      Cat(R"({"iss":"https://ci","sub":"repo:acme/vision","repository":"acme/vision","ref":"r",)",
          R"("workflow_ref":"w","sha":"0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",)",
          R"("runner_environment":"self-hosted",)", Dates(), "}");
  const auto trust = MakeTrust(TokenSource("pipeline-token", key_, "https://ci"));
  EXPECT_EQ(Proven(*trust, key_.TokenOf(claims)),
            R"({ commit: "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", issuer: "https://ci", )"
            R"(ref: "r", repository: "acme/vision", runner: self_hosted, workflow: "w" })");
  const auto fact = trust->Verify("s", key_.TokenOf(claims), kNow);
  EXPECT_EQ((*fact)->subjects,
            (std::vector<std::string>{"repo:acme/vision", "acme/vision",
                                      "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"}));
}

}  // namespace
}  // namespace ztp::evidence
