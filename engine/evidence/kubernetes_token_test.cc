// Projected service account tokens as a cluster issues them, and with one thing wrong.
#include "engine/evidence/kubernetes_token.h"

#include <gtest/gtest.h>

#include "engine/evidence/jose_testing.h"

namespace ztp::evidence {
namespace {

using testing::CheckOf;
using testing::KeyFor;
using testing::KeySet;

class KubernetesTokenTest : public ::testing::Test {
 protected:
  static constexpr char kAccount[] =
      R"("namespace":"ml","serviceaccount":{"name":"trainer","uid":"5c1e8e8a-1f0e-4f9d-9d54-3f4f0d6d1a11"})";
  static constexpr char kPod[] =
      R"(,"pod":{"name":"trainer-0","uid":"0b9f1a6e-0000-4c1e-8a3e-d1d7a1a7b001"},"node":{"name":"gpu-7","uid":"0b9f1a6e-0000-4c1e-8a3e-d1d7a1a7b002"},"warnafter":1800)";
  static std::string Claims(std::string_view cluster,
                            std::string_view sub = "system:serviceaccount:ml:trainer") {
    return Cat(R"({"iss":"https://kubernetes.default.svc","aud":["ztp"],"exp":2000,"iat":1000,)",
               R"("nbf":1000,"jti":"id1","sub":")", sub, R"(","kubernetes.io":)", cluster, "}");
  }
  Verified<KubernetesToken> Verify(std::string_view claims) const {
    return VerifyKubernetesToken(key_.TokenOf(claims, R"("kid":"k1")"), keys_, policy_,
                                 Time{int64_t{1500} * kMicrosPerSecond});
  }
  std::string Check(std::string_view claims) const { return CheckOf(Verify(claims)); }

  const testing::SigningKey& key_ = KeyFor(JwsAlgorithm::kRs256);
  const JwkSet keys_ = KeySet({key_.JwkText(R"("kid":"k1","use":"sig","alg":"RS256")")});
  KubernetesTokenPolicy policy_{.issuer = "https://kubernetes.default.svc", .audiences = {"ztp"}};
};

TEST_F(KubernetesTokenTest, SaysWhichPodOfWhichAccount) {
  const auto token = Verify(Claims(Cat("{", kAccount, kPod, "}")));
  ASSERT_TRUE(token.ok()) << token.refusal().message;
  EXPECT_EQ(token->name_space, "ml");
  EXPECT_EQ(token->service_account,
            (KubernetesObject{"trainer", "5c1e8e8a-1f0e-4f9d-9d54-3f4f0d6d1a11"}));
  ASSERT_TRUE(token->pod && token->node);
  EXPECT_EQ(token->pod->name, "trainer-0");
  EXPECT_EQ(token->node->name, "gpu-7");
}

TEST_F(KubernetesTokenTest, APodMayBeRequired) {
  const std::string claims = Claims(Cat("{", kAccount, "}"));
  EXPECT_EQ(Check(claims), "accepted");
  policy_.pod_required = true;
  EXPECT_EQ(Check(claims), "binding");
}

TEST_F(KubernetesTokenTest, TheSubjectIsTheServiceAccount) {
  const std::string cluster = Cat("{", kAccount, "}");
  for (const char* sub : {"system:serviceaccount:ml:admin", "system:serviceaccount:other:trainer",
                          "system:serviceaccount:ml:trainer:x", "trainer", ""}) {
    EXPECT_EQ(Check(Claims(cluster, sub)), "subject") << sub;
  }
}

TEST_F(KubernetesTokenTest, TheClusterAndTheAudienceAreTheExpectedOnes) {
  const std::string claims = Claims(Cat("{", kAccount, "}"));
  policy_.audiences = {"vault"};
  EXPECT_EQ(Check(claims), "audience");
  policy_.issuer = "https://other.cluster";
  EXPECT_EQ(Check(claims), "issuer");
}

TEST_F(KubernetesTokenTest, WhatTheClusterSaysIsWellFormed) {
  for (const char* cluster :
       {"{}", "null", "[]", R"({"namespace":"ml"})", R"({"namespace":"ml","serviceaccount":{}})",
        R"({"namespace":"ml","serviceaccount":{"name":"trainer"}})",
        R"({"namespace":"m:l","serviceaccount":{"name":"trainer","uid":"u"}})",
        R"({"namespace":"ml","serviceaccount":{"name":"Trainer","uid":"u"}})",
        R"({"namespace":"ml","serviceaccount":{"name":"trainer","uid":"u"},"pod":{"name":"p"}})",
        R"({"namespace":"ml","serviceaccount":{"name":"trainer","uid":"u"},"pod":"p"})"}) {
    EXPECT_EQ(Check(Claims(cluster)), "claim") << cluster;
  }
  EXPECT_EQ(Check(R"({"iss":"https://kubernetes.default.svc","aud":["ztp"],"exp":2000,"iat":1000,)"
                  R"("sub":"system:serviceaccount:ml:trainer"})"),
            "claim");
}

}  // namespace
}  // namespace ztp::evidence
