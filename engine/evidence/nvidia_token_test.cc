// Bundles of NVIDIA's claims, signed here; and the claims that NVIDIA tests itself with
// (github.com/NVIDIA/attestation-sdk, github.com/NVIDIA/nvtrust, Apache-2.0).
#include "engine/evidence/nvidia_token.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/base/sha256.h"
#include "engine/evidence/attestation_testing.h"
#include "engine/evidence/jose_testing.h"
#include "engine/evidence/nvidia_token_testing.h"

namespace ztp::evidence {
namespace {

using namespace nvidia_token_testing;  // NOLINT: what its evidence is made with

using nlohmann::json;
using testing::KeyFor;
using testing::KeySet;

const JwkSet& Keys() {
  static const JwkSet keys = KeySet({KeyFor(JwsAlgorithm::kEs256).JwkText()});
  return keys;
}

NvidiaTokenPolicy Policy() {
  NvidiaTokenPolicy policy;
  policy.jws.algorithms = {JwsAlgorithm::kEs256};
  policy.issuers = {"https://nras.example"};
  policy.challenge.nonce = kNonce;
  policy.attested_means_confidential = true;
  return policy;
}

Verified<NvidiaToken> Verify(const std::string& bundle, const NvidiaTokenPolicy& policy = Policy(),
                             Time now = kThen) {
  return VerifyNvidiaToken(bundle, Keys(), policy, now);
}

TEST(NvidiaToken, ASoundGpu) {
  const auto token = Verify(BundleOf({{"GPU-0", GpuClaims()}}));
  ASSERT_TRUE(token.ok()) << token.refusal().message;
  const Gpu expected{.model = "GH100 A01 GSP BROM",
                     .driver = "550.90.07",
                     .vbios = "96.00.9F.00.01",
                     .confidential = true,
                     .secure_boot = true,
                     .debug = false,
                     .measurements = Appraisal::kAffirming,
                     .nonce_matched = true};
  EXPECT_EQ(token->attested.device.gpu, expected);
  EXPECT_EQ(token->attested.device.verdict, Appraisal::kAffirming);
  EXPECT_EQ(token->attested.device.verifier, "https://nras.example");
  EXPECT_EQ(token->attested.expires_at.micros, (kSecond + 100) * kMicrosPerSecond);
  EXPECT_EQ(token->attested.device.host, Host());
}

// One thing changed in the claims of a sound GPU: what it comes to, and what a policy that wants an
// affirming appraisal says.
TEST(NvidiaToken, WhatEachClaimDoes) {
  NvidiaTokenPolicy any = Policy();
  any.worst_accepted = Appraisal::kContraindicated;
  struct Case {
    const char* patch;  // JSON merge patch, where null removes
    const char* measured;
    const char* check;
  };
  for (const Case& one : {
           Case{"{}", "affirming", "accepted"},
           Case{R"({"measres":"Success"})", "affirming", "accepted"},
           Case{R"({"measres":"fail"})", "contraindicated", "measurement"},
           Case{R"({"measres":"not-run"})", "unappraised", "measurement"},
           Case{R"({"measres":null})", "unappraised", "measurement"},
           Case{R"({"x-nvidia-gpu-driver-rim-fetched":false})", "contraindicated", "measurement"},
           Case{R"({"x-nvidia-gpu-driver-rim-fetched":null})", "contraindicated", "measurement"},
           Case{R"({"x-nvidia-gpu-vbios-rim-version-match":false})", "contraindicated",
                "measurement"},
           Case{R"({"x-nvidia-gpu-attestation-report-cert-chain-fwid-match":false})",
                "contraindicated", "measurement"},
           Case{R"({"x-nvidia-gpu-vbios-index-no-conflict":false})", "contraindicated",
                "measurement"},
           Case{R"({"x-nvidia-gpu-arch-check":"true"})", "contraindicated", "measurement"},
           Case{R"({"x-nvidia-attestation-warning":"the certificate is on hold"})", "warning",
                "measurement"},
           // Certificate chains in either form.
           Case{R"({"x-nvidia-gpu-driver-rim-cert-chain":null})", "contraindicated", "measurement"},
           Case{R"({"x-nvidia-gpu-driver-rim-cert-chain":null,
                    "x-nvidia-gpu-driver-rim-cert-validated":true})",
                "affirming", "accepted"},
           Case{R"({"x-nvidia-gpu-driver-rim-cert-validated":false})", "contraindicated",
                "measurement"},
           Case{R"({"x-nvidia-gpu-vbios-rim-cert-chain":{"x-nvidia-cert-ocsp-status":"revoked"}})",
                "contraindicated", "measurement"},
           Case{R"({"x-nvidia-gpu-vbios-rim-cert-chain":{"x-nvidia-cert-ocsp-status":"unknown"}})",
                "warning", "measurement"},
           Case{R"({"x-nvidia-gpu-vbios-rim-cert-chain":{"x-nvidia-cert-status":"expired"}})",
                "contraindicated", "measurement"},
           // Claims that are no such claims.
           Case{R"({"measres":"yes"})", "claim", "claim"},
           Case{R"({"measres":1})", "claim", "claim"},
           Case{R"({"secboot":"true"})", "claim", "claim"},
           Case{R"({"dbgstat":"off"})", "claim", "claim"},
           Case{R"({"x-nvidia-gpu-driver-version":"new"})", "claim", "claim"},
           Case{R"({"x-nvidia-gpu-vbios-version":"96.00.XX"})", "claim", "claim"},
           Case{R"({"hwmodel":null})", "claim", "claim"},
           // Of one token only.
           Case{R"({"iss":"https://other.example"})", "issuer", "issuer"},
           Case{R"({"eat_nonce":"00"})", "nonce", "nonce"},
           Case{R"({"exp":1749601900})", "expired", "expired"},
           Case{R"({"nbf":1749601901})", "not yet valid", "not yet valid"},
           Case{R"({"iat":1749601901})", "issued in the future", "issued in the future"},
           Case{R"({"iat":null})", "claim", "claim"},
       }) {
    SCOPED_TRACE(one.patch);
    json claims = GpuClaims();
    claims.merge_patch(json::parse(one.patch));
    const std::string bundle = BundleOf({{"GPU-0", claims}});
    const auto token = Verify(bundle, any);
    EXPECT_EQ(
        token.ok() ? NameOf(token->devices[0].gpu.measurements) : NameOf(token.refusal().check),
        one.measured);
    EXPECT_EQ(CheckOfResult(Verify(bundle)), one.check);
  }
  // Null, or not there: the value that lets a policy do less.
  for (const bool there : {true, false}) {
    json claims = GpuClaims();
    claims["secboot"] = claims["dbgstat"] = nullptr;
    if (!there) claims.erase("secboot"), claims.erase("dbgstat");
    const auto token = Verify(BundleOf({{"GPU-0", claims}}), any);
    ASSERT_TRUE(token.ok()) << token.refusal().message;
    EXPECT_FALSE(token->attested.device.gpu->secure_boot);
    EXPECT_TRUE(token->attested.device.gpu->debug);
    EXPECT_EQ(token->attested.device.verdict, Appraisal::kContraindicated);
  }
}

TEST(NvidiaToken, TheBundleIsWhatWasSigned) {
  const std::string gpu = Sign(GpuClaims());
  const std::vector<std::pair<std::string, std::string>> devices = {{"GPU-0", gpu}};
  const json overall = OverallClaims(devices);
  EXPECT_EQ(CheckOfResult(Verify(Bundle(overall, devices))), "accepted");
  // Another token of the same key; a device more or less; another name.
  EXPECT_EQ(CheckOfResult(Verify(Bundle(overall, {{"GPU-0", Sign(GpuClaims())}}))), "signature");
  EXPECT_EQ(CheckOfResult(Verify(Bundle(overall, {}))), "signature");
  EXPECT_EQ(CheckOfResult(Verify(Bundle(overall, {{"GPU-1", gpu}}))), "signature");
  EXPECT_EQ(CheckOfResult(Verify(Bundle(overall, {{"GPU-0", gpu}, {"GPU-1", gpu}}))), "signature");
  struct Case {
    const char* patch;
    const char* check;
  };
  for (const Case& one : {
           Case{R"({"x-nvidia-overall-att-result":false})", "status"},
           Case{R"({"x-nvidia-overall-att-result":null})", "claim"},
           Case{R"({"x-nvidia-ver":"1.0"})", "claim"},
           Case{R"({"sub":"somebody"})", "subject"},
           Case{R"({"submods":null})", "claim"},
           Case{R"({"submods":{"GPU-0":["DIGEST",["SHA-512","00"]]}})", "claim"},
           Case{R"({"submods":{"GPU-0":["JWT","x"]}})", "claim"},
           Case{R"({"eat_nonce":null})", "nonce"},
       }) {
    json claims = overall;
    claims.merge_patch(json::parse(one.patch));
    EXPECT_EQ(CheckOfResult(Verify(Bundle(claims, devices))), one.check) << one.patch;
  }
  const std::string token = Sign(overall);
  std::string deep = "1";
  for (int i = 0; i < 100; ++i) deep = Cat("[", deep, "]");
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]"), token, deep,
        Cat(R"([["JWT",")", token, R"("]])"), Cat(R"([["CWT",")", token, R"("],{}])"),
        Cat(R"([["JWT",")", token, R"("],{"GPU-0":1}])"),
        Cat(R"([["JWT",")", token, R"("],{"GPU-0":"a","GPU-0":"a"}])")}) {
    EXPECT_EQ(CheckOfResult(Verify(text)), "form") << text;
  }
}

TEST(NvidiaToken, KeysNoncesAndTime) {
  const std::string bundle = BundleOf({{"GPU-0", GpuClaims()}});
  const JwkSet others = KeySet({testing::SigningKey(JwsAlgorithm::kEs256).JwkText()});
  EXPECT_EQ(CheckOfResult(VerifyNvidiaToken(bundle, others, Policy(), kThen)), "signature");
  EXPECT_EQ(CheckOfResult(Verify(bundle, NvidiaTokenPolicy())), "algorithm");
  NvidiaTokenPolicy policy = Policy();
  policy.challenge.nonce = Sha256Bytes("another");
  EXPECT_EQ(CheckOfResult(Verify(bundle, policy)), "nonce");
  policy.challenge.nonce.reset();
  EXPECT_EQ(CheckOfResult(Verify(bundle, policy)), "nonce");
  policy.challenge.without_nonce_allowed = true;
  EXPECT_EQ(CheckOfResult(Verify(bundle, policy)), "accepted");
  policy = Policy();
  policy.challenge.given_out_at = Time{(kSecond - 100) * kMicrosPerSecond};
  policy.challenge.max_age = Duration{99 * kMicrosPerSecond};
  EXPECT_EQ(CheckOfResult(Verify(bundle, policy)), "age");
  // The nonce has the channel's key in it, or has not.
  policy = Policy();
  policy.challenge.channel_key = Sha256Digest("a key");
  EXPECT_EQ(CheckOfResult(Verify(bundle, policy)), "binding");
  const std::string answer = *AnswerTo(policy.challenge);
  json claims = GpuClaims();
  claims["eat_nonce"] = Hex(answer);
  const std::vector<std::pair<std::string, std::string>> devices = {{"GPU-0", Sign(claims)}};
  json overall = OverallClaims(devices);
  overall["eat_nonce"] = Hex(answer);
  const auto bound = Verify(Bundle(overall, devices), policy);
  ASSERT_TRUE(bound.ok()) << bound.refusal().message;
  EXPECT_EQ(bound->attested.bound_key, policy.challenge.channel_key);
}

TEST(NvidiaToken, SeveralGpusAndSwitches) {
  json tampered = GpuClaims();
  tampered["measres"] = "fail";
  tampered["hwmodel"] = "another";
  const std::string bundle = BundleOf({{"GPU-0", GpuClaims()}, {"GPU-1", tampered}});
  NvidiaTokenPolicy any = Policy();
  any.worst_accepted = Appraisal::kContraindicated;
  EXPECT_EQ(CheckOfResult(Verify(bundle)), "measurement");
  EXPECT_EQ(CheckOfResult(Verify(bundle, any)), "subject");  // which of the two?
  any.gpu = "GPU-0";
  const auto chosen = Verify(bundle, any);
  ASSERT_TRUE(chosen.ok()) << chosen.refusal().message;
  EXPECT_EQ(chosen->attested.device.gpu->measurements, Appraisal::kAffirming);
  EXPECT_EQ(chosen->attested.device.verdict, Appraisal::kContraindicated);
  any.gpu = "GPU-2";
  EXPECT_EQ(CheckOfResult(Verify(bundle, any)), "subject");
  EXPECT_EQ(CheckOfResult(Verify(BundleOf({{"DPU-0", GpuClaims()}}))), "subject");
}

TEST(NvidiaToken, NoBitCanBeChanged) {
  const std::string bundle = BundleOf({{"GPU-0", GpuClaims()}});
  const auto verify = [](const std::string& bytes) { return Verify(bytes); };
  const auto good = verify(bundle);
  ASSERT_TRUE(good.ok()) << good.refusal().message;
  Tally tally = FlipEveryBit(bundle, verify, *good,
                             [](const NvidiaToken&, const NvidiaToken&) { return false; });
  EXPECT_EQ(tally.accepted, 0u) << tally.accepted_at;
  EXPECT_GT(8 * tally.refused["signature"], tally.tried);
  ExpectNoPrefixIsTaken(bundle, verify);
}

class NvidiaFixtures : public OtherPeoplesFiles {
 protected:
  void SetUp() override { FindFixtures("nvidia"); }
  // The claims of a file as a service with our key and the file's nonce would have sent them.
  Verified<NvidiaToken> Resigned(const std::string& name, const json& claims) {
    NvidiaTokenPolicy policy = Policy();
    policy.issuers = {claims.at("iss").get<std::string>()};
    policy.challenge.nonce = *FromHex(claims.at("eat_nonce").get<std::string>());
    policy.worst_accepted = Appraisal::kContraindicated;
    const std::vector<std::pair<std::string, std::string>> devices = {{name, Sign(claims)}};
    json overall = OverallClaims(devices);
    for (const char* same : {"iss", "eat_nonce", "iat", "nbf", "exp"}) overall[same] = claims[same];
    return VerifyNvidiaToken(Bundle(overall, devices), Keys(), policy,
                             Time{claims.at("iat").get<int64_t>() * kMicrosPerSecond});
  }
};

TEST_F(NvidiaFixtures, WhatTheirClaimsComeTo) {
  struct Case {
    const char* file;
    const char* device;
    const char* measured;
    const char* driver;
  };
  for (const Case& one : {
           Case{"hopperClaimsv3_decoded.json", "GPU-0", "affirming", "550.90.07"},
           Case{"nras-detached_claims_remote.json", "", "affirming", "570.00"},
           Case{"nras-detached_granular_claims_remote.json", "", "warning", "570.44"},
           Case{"switch_decoded.json", "SWITCH-0", "affirming", ""},
       }) {
    SCOPED_TRACE(one.file);
    json claims = json::parse(Read(one.file));
    const std::string name = *one.device == '\0' ? "GPU-0" : one.device;
    if (*one.device != '\0') claims = claims.at(one.device);
    const auto token = Resigned(name, claims);
    ASSERT_TRUE(token.ok()) << token.refusal().message;
    const Gpu& gpu = token->devices.at(0).gpu;
    EXPECT_EQ(NameOf(gpu.measurements), one.measured);
    EXPECT_EQ(gpu.driver, one.driver);
    EXPECT_TRUE(gpu.secure_boot);
    EXPECT_FALSE(gpu.debug);
    EXPECT_EQ(token->attested.device.gpu.has_value(), name == "GPU-0");
  }
}

// NVIDIA's own signatures: the keys are not kept with the files, so that the tokens prove nothing;
// the digests that bind them can be looked at all the same.
TEST_F(NvidiaFixtures, TheirBundles) {
  for (const char* file : {"hopperClaimsv3_detached_eat.json", "switch_detached_eat.json"}) {
    NvidiaTokenPolicy policy = Policy();
    policy.jws.algorithms = {JwsAlgorithm::kEs384};
    EXPECT_EQ(CheckOfResult(VerifyNvidiaToken(Read(file), Keys(), policy, kThen)), "key") << file;
    const json bundle = json::parse(Read(file));
    const std::string overall = bundle[0][1];
    const std::string payload = *DecodeBase64url(
        overall.substr(overall.find('.') + 1, overall.rfind('.') - overall.find('.') - 1));
    const json submods = json::parse(payload)["submods"];
    for (const auto& [name, token] : bundle[1].items()) {
      EXPECT_EQ(submods[name][1][1], Hex(Sha256Bytes(token.get<std::string>()))) << name;
    }
  }
}

}  // namespace
}  // namespace ztp::evidence
