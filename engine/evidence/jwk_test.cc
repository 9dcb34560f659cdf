// Keys that are good, those that are not keys, and those that nobody should use.
#include "engine/evidence/jwk.h"

#include <gtest/gtest.h>

#include "engine/evidence/jose_testing.h"

namespace ztp::evidence {
namespace {

using testing::CheckOf;
using testing::KeyFor;
using testing::KeySetText;
using testing::SigningKey;

std::string ParseOne(const std::string& text) { return CheckOf(ParseJwk(text)); }

// RFC 7638 section 3.1.
constexpr char kRsaModulus[] =
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
    "BJECPebWK"
    "RXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
    "FDW2QvzqY368QQMic"
    "AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"
    "bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3"
    "XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

std::string Rsa(std::string_view n, std::string_view e, std::string_view more = "") {
  return Cat(R"({"kty":"RSA","n":")", n, R"(","e":")", e, '"', more, "}");
}

TEST(Jwk, ThumbprintsAreThoseOfTheSpecifications) {
  const auto rsa = ParseJwk(Rsa(kRsaModulus, "AQAB", R"(,"alg":"RS256","kid":"2011-04-29")"));
  ASSERT_TRUE(rsa.ok()) << rsa.refusal().message;
  EXPECT_EQ(rsa->thumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  EXPECT_EQ(rsa->kid, "2011-04-29");
  EXPECT_EQ(rsa->alg, "RS256");
  // RFC 8037 appendix A.3.
  const auto ed = ParseJwk(
      R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})");
  ASSERT_TRUE(ed.ok()) << ed.refusal().message;
  EXPECT_EQ(ed->thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST(Jwk, EveryTypeIsRead) {
  for (int i = 0; i < kJwsAlgorithmCount; ++i) {
    const auto algorithm = static_cast<JwsAlgorithm>(i);
    const auto jwk = ParseJwk(KeyFor(algorithm).JwkText());
    ASSERT_TRUE(jwk.ok()) << NameOf(algorithm) << ": " << jwk.refusal().message;
    EXPECT_EQ(jwk->type, KeyTypeOf(algorithm));
  }
}

TEST(Jwk, PrivateAndSymmetricKeysAreRefused) {
  EXPECT_EQ(ParseOne(R"({"kty":"oct","k":"AAAA"})"), "usage");
  EXPECT_EQ(ParseOne(R"({"kty":"oct"})"), "usage");
  for (const char* name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}) {
    EXPECT_EQ(ParseOne(KeyFor(JwsAlgorithm::kRs256).JwkText(Cat('"', name, R"(":"AQ")"))), "usage")
        << name;
  }
  EXPECT_EQ(ParseOne(KeyFor(JwsAlgorithm::kEs256).JwkText(R"("d":"AQ")")), "usage");
  // Also where only one of a set is.
  EXPECT_EQ(CheckOf(ParseJwkSet(KeySetText(
                {KeyFor(JwsAlgorithm::kEs256).JwkText(), R"({"kty":"oct","k":"AAAA"})"}))),
            "usage");
}

TEST(Jwk, WeakRsaKeysAreRefused) {
  EXPECT_EQ(ParseOne(SigningKey(JwsAlgorithm::kRs256, 1024).JwkText()), "usage");
  EXPECT_EQ(ParseOne(SigningKey(JwsAlgorithm::kRs256, 2040).JwkText()), "usage");
  EXPECT_EQ(ParseOne(Rsa(kRsaModulus, "Aw")), "accepted");    // 3
  EXPECT_EQ(ParseOne(Rsa(kRsaModulus, "AQ")), "usage");       // 1
  EXPECT_EQ(ParseOne(Rsa(kRsaModulus, "AQAA")), "usage");     // even
  EXPECT_EQ(ParseOne(Rsa(kRsaModulus, "AQAAAAE")), "usage");  // 33 bits
  EXPECT_EQ(ParseOne(Rsa(kRsaModulus, "AAEAAQ")), "form");    // leading zero
  EXPECT_EQ(ParseOne(Rsa(kRsaModulus, "")), "form");
  std::string even = *DecodeBase64url(kRsaModulus);
  even.back() &= '\xfe';
  EXPECT_EQ(ParseOne(Rsa(EncodeBase64url(even), "AQAB")), "usage");
  EXPECT_EQ(ParseOne(Rsa(EncodeBase64url(std::string(1025, '\xff')), "AQAB")), "usage");
}

TEST(Jwk, APointMustBeOnItsCurve) {
  const std::string good = KeyFor(JwsAlgorithm::kEs256).JwkText();
  ASSERT_EQ(ParseOne(good), "accepted");
  const size_t x = good.find(R"("x":")") + 5;
  std::string off = good;
  off[x] = off[x] == 'A' ? 'B' : 'A';
  EXPECT_EQ(ParseOne(off), "usage");
  std::string longer = good;
  longer.insert(x, "AAAA");
  EXPECT_EQ(ParseOne(longer), "form");
  std::string other = good;
  other.replace(other.find("P-256"), 5, "P-384");
  EXPECT_EQ(ParseOne(other), "form");
  EXPECT_EQ(ParseOne(R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"})"), "form");
}

TEST(Jwk, TextThatIsNoKey) {
  for (const char* text : {"", "[]", "7", "{}", R"({"kty":7})", R"({"kty":"RSA"})",
                           R"({"kty":"EC"})", R"({"kty":"RSA","n":"!","e":"AQAB"})",
                           R"({"kty":"RSA","kty":"EC"})", "{\"kty\":\"\xff\"}"}) {
    EXPECT_EQ(ParseOne(text), "form") << text;
  }
  const SigningKey& key = KeyFor(JwsAlgorithm::kEs256);
  for (const char* more :
       {R"("kid":7)", R"("use":[])", R"("alg":null)", R"("key_ops":"verify")", R"("key_ops":[7])",
        R"("key_ops":["verify","verify"])", R"("kid":"a","kid":"b")"}) {
    EXPECT_EQ(ParseOne(key.JwkText(more)), "form") << more;
  }
  EXPECT_EQ(ParseOne(key.JwkText(Cat(R"("kid":")", std::string(kMaxKeyIdBytes + 1, 'a'), '"'))),
            "size");
  EXPECT_EQ(ParseOne(R"({"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"})"), "usage");
}

TEST(JwkSet, LeavesOutKeysOfUnknownKinds) {
  const auto set = ParseJwkSet(KeySetText({R"({"kty":"XYZ"})", R"({"kty":"EC","crv":"secp256k1"})",
                                           R"({"kty":"OKP","crv":"X25519","x":"AA"})",
                                           KeyFor(JwsAlgorithm::kEdDsa).JwkText()}));
  ASSERT_TRUE(set.ok()) << set.refusal().message;
  ASSERT_EQ(set->keys.size(), 1u);
  EXPECT_EQ(set->keys[0].type, KeyType::kEd25519);
}

TEST(JwkSet, IsBounded) {
  EXPECT_EQ(CheckOf(ParseJwkSet(R"({"keys":[]})")), "accepted");
  EXPECT_EQ(CheckOf(ParseJwkSet(R"({"keys":{}})")), "form");
  EXPECT_EQ(CheckOf(ParseJwkSet(R"({})")), "form");
  EXPECT_EQ(CheckOf(ParseJwkSet("[]")), "form");
  EXPECT_EQ(CheckOf(ParseJwkSet(R"({"keys":[],"keys":[]})")), "form");
  EXPECT_EQ(CheckOf(ParseJwkSet(std::string(100'000, '['))), "form");
  EXPECT_EQ(CheckOf(ParseJwkSet(std::string(kMaxJwkSetBytes + 1, ' '))), "size");
  std::string many = R"({"keys":[{"kty":"x"})";
  for (size_t i = 0; i < kMaxJwkSetKeys; ++i) many += R"(,{"kty":"x"})";
  EXPECT_EQ(CheckOf(ParseJwkSet(many + "]}")), "size");
}

}  // namespace
}  // namespace ztp::evidence
