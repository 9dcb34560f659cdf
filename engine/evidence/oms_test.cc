#include "engine/evidence/oms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "engine/base/sha256.h"
#include "engine/evidence/base64.h"
#include "engine/evidence/private_key.h"
#include "engine/evidence/statement.h"
#include "engine/evidence/tamper_testing.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence {
namespace {

using testing::AcceptedCuts;
using testing::AcceptedFlips;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::NameOfCheck;

const PrivateKey& Key(KeyType type = KeyType::kEd25519) {
  static const PrivateKey* const ed = new PrivateKey(*PrivateKey::Generate(KeyType::kEd25519));
  static const PrivateKey* const ec = new PrivateKey(*PrivateKey::Generate(KeyType::kP256));
  return type == KeyType::kEd25519 ? *ed : *ec;
}

std::string HexOf(std::string_view text) { return Sha256Digest(text).substr(7); }

ModelManifest Manifest() {
  return {.name = "m",
          .files = {{.name = "b", .sha256 = HexOf("b")}, {.name = "a/c", .sha256 = HexOf("c")}},
          .ignored = {"m.sig"}};
}

SignerPolicy Trusting(const PrivateKey& key) {
  SignerPolicy policy;
  policy.keys = {key.public_key()};
  return policy;
}

// A bundle around any payload, with any verification material.
std::string Bundle(std::string_view payload, std::string_view material,
                   const std::function<std::string(std::string_view)>& sign,
                   std::string_view type = kStatementPayloadType) {
  return Cat(R"({"mediaType":")", kSigstoreBundleType, R"(","verificationMaterial":{)", material,
             R"(},"dsseEnvelope":{"payload":")", EncodeBase64(payload), R"(","payloadType":")",
             type, R"(","signatures":[{"sig":")", EncodeBase64(sign(DssePae(type, payload))),
             R"("}]}})");
}

TEST(Oms, WhatAKeySignedIsVerified) {
  for (const KeyType type : {KeyType::kEd25519, KeyType::kP256}) {
    const std::string bundle = SignModel(Manifest(), Key(type));
    const auto oms = VerifyOms(bundle, Trusting(Key(type)), kNow);
    ASSERT_TRUE(oms.ok()) << oms.refusal().message;
    EXPECT_EQ(oms->signer, Key(type).public_key().id);
    EXPECT_FALSE(oms->issuer.has_value());
    EXPECT_FALSE(oms->logged);
    EXPECT_EQ(oms->subject_digest, Sha256Digest(Cat(Sha256Bytes("c"), Sha256Bytes("b"))));
    EXPECT_EQ(oms->digest, Sha256Digest(bundle));
    ASSERT_EQ(oms->manifest.files.size(), 2u);
    EXPECT_EQ(oms->manifest.files[0].name, "a/c");
    EXPECT_THAT(oms->manifest.ignored, ElementsAre("m.sig"));
    // Another key, under the right and under no hint; and nobody's.
    const PrivateKey& other = Key(type == KeyType::kEd25519 ? KeyType::kP256 : KeyType::kEd25519);
    EXPECT_EQ(NameOfCheck(VerifyOms(bundle, Trusting(other), kNow)), "signature");
    EXPECT_EQ(NameOfCheck(VerifyOms(bundle, {}, kNow)), "key");
  }
}

TEST(Oms, NoBitMayChangeAndNoByteMayLack) {
  const std::string good = SignModel(Manifest(), Key());
  const SignerPolicy policy = Trusting(Key());
  const std::string facts = VerifyOms(good, policy, kNow)->subject_digest;
  const auto accepts = [&](const std::string& text) {
    const auto oms = VerifyOms(text, policy, kNow);
    if (!oms.ok()) return false;
    EXPECT_EQ(oms->subject_digest, facts);
    EXPECT_EQ(oms->signer, Key().public_key().id);
    return true;
  };
  // What nobody signs: the hint at the key, and an empty list of logs.
  const std::string hint = HexOf(PemOf(Key().public_key()));
  EXPECT_THAT(testing::Outside(AcceptedFlips(good, accepts), good,
                               {Cat("\"hint\":\"", hint, '"'), "\"tlogEntries\"", "\"keyid\""}),
              IsEmpty());
  EXPECT_THAT(AcceptedCuts(good, accepts), IsEmpty());
}

TEST(Oms, AStatementMustBeOfAModel) {
  const std::string digest = HexOf("b");
  const auto payload = [&](std::string_view predicate_type, std::string_view serialization,
                           std::string_view resources, std::string_view subject) {
    return Cat(R"({"_type":"https://in-toto.io/Statement/v1","subject":[)", subject,
               R"(],"predicateType":")", predicate_type, R"(","predicate":{"serialization":)",
               serialization, R"(,"resources":)", resources, "}}");
  };
  const auto resource = [&](std::string_view name, std::string_view algorithm = "sha256") {
    return Cat(R"({"name":")", name, R"(","algorithm":")", algorithm, R"(","digest":")", digest,
               R"("})");
  };
  const auto subject = [&](int files) {
    std::string digests;
    for (int i = 0; i < files; ++i) digests += Sha256Bytes("b");
    return Cat(R"({"name":"m","digest":{"sha256":")", HexOf(digests), R"("}})");
  };
  constexpr char kFiles[] = R"({"method":"files","hash_type":"sha256","allow_symlinks":false})";
  const auto one = [&](std::string_view name) {
    return payload(kOmsPredicateType, kFiles, Cat("[", resource(name), "]"), subject(1));
  };
  struct Case {
    std::string payload;
    std::string_view check;
  };
  std::string deep = one("b");
  deep.insert(deep.size() - 1, Cat(",\"x\":", std::string(100, '['), std::string(100, ']')));
  std::string twice = one("b");
  twice.insert(1, R"("predicateType":"x",)");
  const Case cases[] = {
      {one("b"), "accepted"},
      {one("."), "accepted"},
      {one("a b/ä"), "accepted"},
      {one(""), "form"},
      {one("/b"), "form"},
      {one("../b"), "form"},
      {one("a/../b"), "form"},
      {one("a//b"), "form"},
      {one("./b"), "form"},
      {one("b/"), "form"},
      {one("b\\u0000"), "form"},
      {payload("https://example.com/x", kFiles, Cat("[", resource("b"), "]"), subject(1)), "form"},
      {payload(kOmsPredicateType, kFiles, "[]", subject(0)), "form"},
      {payload(kOmsPredicateType, kFiles, Cat("[", resource("b"), "]"), subject(2)), "form"},
      {payload(kOmsPredicateType, kFiles, Cat("[", resource("b"), "]"),
               Cat(subject(1), ",", subject(1))),
       "form"},
      {payload(kOmsPredicateType, kFiles, Cat("[", resource("b"), ",", resource("c"), "]"),
               subject(2)),
       "accepted"},
      {payload(kOmsPredicateType, kFiles, Cat("[", resource("b"), ",", resource("b"), "]"),
               subject(2)),
       "form"},
      {payload(kOmsPredicateType, kFiles, Cat("[", resource("."), ",", resource("b"), "]"),
               subject(2)),
       "form"},
      {payload(kOmsPredicateType, kFiles, Cat("[", resource("b", "md5"), "]"), subject(1)),
       "algorithm"},
      {payload(kOmsPredicateType, R"({"method":"files","hash_type":"md5"})",
               Cat("[", resource("b"), "]"), subject(1)),
       "algorithm"},
      {payload(kOmsPredicateType, R"({"method":"shards","hash_type":"sha256"})",
               Cat("[", resource("b"), "]"), subject(1)),
       "algorithm"},
      {payload(kOmsPredicateType,
               R"({"method":"files","hash_type":"sha256","ignore_paths":[".."]})",
               Cat("[", resource("b"), "]"), subject(1)),
       "form"},
      {deep, "form"},
      {twice, "form"},
  };
  const auto sign = [](std::string_view text) { return Key().Sign(text); };
  for (const Case& c : cases) {
    const auto oms = VerifyOms(Bundle(c.payload, R"("publicKey":{})", sign), Trusting(Key()), kNow);
    EXPECT_EQ(NameOfCheck(oms), c.check) << c.payload;
  }
  EXPECT_EQ(NameOfCheck(VerifyOms(Bundle(one("b"), R"("publicKey":{})", sign, "text/plain"),
                                  Trusting(Key()), kNow)),
            "form");
  // Two kinds of material, or none, or of another version.
  const std::string good = Bundle(one("b"), R"("publicKey":{})", sign);
  for (const auto& [from, to] :
       {std::pair(R"("publicKey":{})", R"("x":{})"),
        std::pair(R"("publicKey":{})", R"("publicKey":{},"certificate":{})"),
        std::pair("v0.3", "v0.4")}) {
    std::string text = good;
    text.replace(text.find(from), std::string_view(from).size(), to);
    EXPECT_EQ(NameOfCheck(VerifyOms(text, Trusting(Key()), kNow)), "form") << to;
  }
}

TEST(Oms, ACertificateMustBeForSigningAndLeadToARoot) {
  const Identity root = Issue({.name = "root",
                               .basic_constraints = "critical,CA:TRUE",
                               .key_usage = "critical,keyCertSign,cRLSign",
                               .purposes = ""},
                              nullptr);
  const std::string payload = [] {
    const auto bundle = ReadSigstoreBundle(SignModel(Manifest(), Key()));
    return bundle->envelope.payload;
  }();
  const auto verify = [&](const CertificateSpec& spec, const auto& change, Time now = kNow) {
    const Identity leaf = Issue(spec, &root);
    const auto sign = [&](std::string_view text) {
      const MdCtxPtr context(EVP_MD_CTX_new());
      std::string signature(512, '\0');
      size_t size = signature.size();
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, leaf.key.get());
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(text.data()), text.size());
      return signature.substr(0, size);
    };
    SignerPolicy policy;
    policy.roots = {root.certificate};
    change(policy);
    const auto oms =
        VerifyOms(Bundle(payload,
                         Cat(R"("x509CertificateChain":{"certificates":[{"rawBytes":")",
                             EncodeBase64(leaf.certificate.der()), R"("}]})"),
                         sign),
                  policy, now);
    return oms.ok() ? oms->signer : std::string(NameOf(oms.refusal().check));
  };
  const auto nothing = [](SignerPolicy&) {};
  const CertificateSpec good{.name = "builder", .purposes = "codeSigning"};
  const auto with = [&](const auto& change) {
    CertificateSpec spec = good;
    change(spec);
    return spec;
  };
  EXPECT_EQ(verify(good, nothing), "CN=builder");
  EXPECT_EQ(verify(with([](auto& s) { s.names = "URI:https://ci.example/1"; }), nothing),
            "https://ci.example/1");
  EXPECT_EQ(verify(with([](auto& s) { s.names = "email:a@b.example,DNS:b.example"; }), nothing),
            "a@b.example");
  EXPECT_EQ(verify(with([](auto& s) { s.names = "email:a@b.example,email:c@b.example"; }), nothing),
            "CN=builder");
  // No alternative name can be taken for a subject, and no long subject for another.
  for (const char* name :
       {"URI:CN=root", "URI:CN=root:x", "email:CN=root@b.example", "URI:plain"}) {
    EXPECT_EQ(verify(with([&](auto& s) { s.names = name; }), nothing), "CN=builder") << name;
  }
  EXPECT_EQ(verify(with([](auto& s) {
                     s.name = "";
                     s.names = "critical,DNS:b.example";
                   }),
                   nothing)
                .substr(0, 7),
            "sha256:");
  EXPECT_EQ(verify(with([](auto& s) { s.name = std::string(64, 'n'); }), nothing),
            "CN=" + std::string(64, 'n'));
  EXPECT_EQ(verify(with([](auto& s) { s.purposes = "serverAuth"; }), nothing), "usage");
  const auto silent = with([](auto& s) { s.purposes = ""; });
  EXPECT_EQ(verify(silent, nothing), "usage");
  EXPECT_EQ(verify(silent, [](auto& p) { p.purpose_may_be_missing = true; }), "CN=builder");
  EXPECT_EQ(verify(with([](auto& s) { s.key_usage = "critical,keyAgreement"; }), nothing), "usage");
  // CA:TRUE alone is taken, as OpenSSF's example has it; the right to issue is not.
  EXPECT_EQ(verify(with([](auto& s) { s.basic_constraints = "critical,CA:TRUE"; }), nothing),
            "CN=builder");
  EXPECT_EQ(verify(with([](auto& s) {
                     s.basic_constraints = "critical,CA:TRUE";
                     s.key_usage = "critical,digitalSignature,keyCertSign";
                   }),
                   nothing),
            "usage");
  EXPECT_EQ(verify(good, nothing, good.not_after), "expired");
  EXPECT_EQ(verify(good, nothing, At("2026-11-28T10:00:00Z")), "not yet valid");
  EXPECT_EQ(verify(good, [](auto& p) { p.names = {"CN=builder"}; }), "CN=builder");
  EXPECT_EQ(verify(good, [](auto& p) { p.names = std::vector<std::string>(); }), "subject");
  EXPECT_EQ(verify(good, [](auto& p) { p.roots = {Issue({.name = "root"}, nullptr).certificate}; }),
            "chain");
  const Crl crl = MakeCrl({.revoked = {1}}, root);
  EXPECT_EQ(verify(good, [&](auto& p) { p.revocation.crls = std::span(&crl, 1); }), "revoked");
}

TEST(ModelPaths, AreInTheOrderOfTheirParts) {
  EXPECT_TRUE(ModelPathLess("a/b", "a-b"));  // though '-' is before '/'
  EXPECT_TRUE(ModelPathLess("a", "a/b"));
  EXPECT_TRUE(ModelPathLess("a/b", "ab"));
  EXPECT_FALSE(ModelPathLess("b", "a/c"));
  EXPECT_FALSE(ModelPathLess("a", "a"));
  EXPECT_TRUE(ModelPathLess("a", "\xc3\xa4"));
}

}  // namespace
}  // namespace ztp::evidence
