// Trust bundles that are right, and what is refused or ignored in others.
#include "engine/evidence/spiffe_bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>

#include <algorithm>

#include "engine/evidence/x509_testing.h"

namespace ztp::evidence {
namespace {

using ::testing::HasSubstr;

const Identity& Root() {
  static const Identity root = Issue(SignerSpec("root"), nullptr);
  return root;
}

std::string Base64Url(std::string_view bytes) {
  std::string text = Base64(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

// A number of the key in base64url; `size`: of its bytes, 0 for as many as it needs.
std::string Number(const Identity& identity, const char* name, int size) {
  BIGNUM* read = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(identity.key.get(), name, &read), 1);
  const BnPtr number(read);
  if (size == 0) size = BN_num_bytes(number.get());
  std::string bytes(static_cast<size_t>(size), '\0');
  BN_bn2binpad(number.get(), reinterpret_cast<unsigned char*>(bytes.data()), size);
  return Base64Url(bytes);
}

// The members of a P-256 key.
std::string KeyMembers(const Identity& identity) {
  return Cat(R"("kty": "EC", "crv": "P-256", "x": ")",
             Number(identity, OSSL_PKEY_PARAM_EC_PUB_X, 32), R"(", "y": ")",
             Number(identity, OSSL_PKEY_PARAM_EC_PUB_Y, 32), "\"");
}

std::string X509Key(const std::string& members, const Identity& identity) {
  return Cat(R"({"use": "x509-svid", )", members, R"(, "x5c": [")",
             Base64(identity.certificate.der()), R"("]})");
}
std::string X509Key(const Identity& identity) { return X509Key(KeyMembers(identity), identity); }

constexpr std::string_view kJwtKey =
    R"({"use": "jwt-svid", "kty": "EC", "kid": "a}\"{b", "crv": "P-256", "x": ["}"], "y": {}})";

Verified<SpiffeBundle> ReadKeys(std::string_view keys) {
  return ReadSpiffeBundle("example.org", Cat(R"({"keys": [)", keys, "]}"));
}

void ExpectRefused(const Verified<SpiffeBundle>& bundle, Check check, std::string_view says) {
  ASSERT_FALSE(bundle.ok());
  EXPECT_EQ(NameOf(bundle.refusal().check), NameOf(check)) << bundle.refusal().message;
  EXPECT_THAT(bundle.refusal().message, HasSubstr(std::string(says)));
}

TEST(SpiffeBundle, HasTheKeysOfBothKinds) {
  const auto bundle = ReadSpiffeBundle(
      "example.org", Cat(R"({"spiffe_sequence": 18446744073709551615, "spiffe_refresh_hint": 60,
                             "keys": [)",
                         X509Key(Root()), ", ", kJwtKey, R"(], "other": null})"));
  ASSERT_TRUE(bundle.ok()) << bundle.refusal().message;
  EXPECT_EQ(bundle->trust_domain, "example.org");
  ASSERT_EQ(bundle->x509_authorities.size(), 1u);
  EXPECT_EQ(bundle->x509_authorities[0].sha256(), Root().certificate.sha256());
  ASSERT_EQ(bundle->jwt_authorities.size(), 1u);
  EXPECT_EQ(bundle->jwt_authorities[0].kid, "a}\"{b");
  EXPECT_EQ(bundle->jwt_authorities[0].jwk, kJwtKey);
  EXPECT_EQ(bundle->sequence, UINT64_MAX);
  EXPECT_EQ(bundle->refresh_hint, Duration{60 * kMicrosPerSecond});
  EXPECT_EQ(bundle->ignored_keys, 0u);
}

TEST(SpiffeBundle, KeysOfTokensAreOfOneKindAndEachHasItsOwnName) {
  const auto key = [](const char* use, const char* kid) {
    return Cat(R"({"use": ")", use, R"(", "kty": "EC", "kid": ")", kid, R"("})");
  };
  const auto bundle = ReadKeys(Cat(key("jwt-svid", "a"), ",", key("wit-svid", "b")));
  ASSERT_TRUE(bundle.ok()) << bundle.refusal().message;
  ASSERT_EQ(bundle->jwt_authorities.size(), 1u);
  ASSERT_EQ(bundle->wit_authorities.size(), 1u);
  EXPECT_EQ(bundle->jwt_authorities[0].kid, "a");
  EXPECT_EQ(bundle->wit_authorities[0].jwk, key("wit-svid", "b"));
  ExpectRefused(ReadKeys(Cat(key("jwt-svid", "a"), ",", key("wit-svid", "a"))), Check::kMalformed,
                "there twice");
  ExpectRefused(ReadKeys(R"({"use": "wit-svid", "kty": "EC"})"), Check::kMalformed, "`kid`");
}

TEST(SpiffeBundle, MayHaveNoKeysAndNoNumbers) {
  const auto bundle = ReadKeys("");
  ASSERT_TRUE(bundle.ok());
  EXPECT_TRUE(bundle->x509_authorities.empty());
  EXPECT_FALSE(bundle->sequence.has_value());
  EXPECT_FALSE(bundle->refresh_hint.has_value());
}

TEST(SpiffeBundle, IgnoresKeysThatMeanNothingHere) {
  for (const char* key :
       {R"({"use": "wit-svid", "kty": "oct", "kid": "a"})", R"({"use": "sig", "kty": "EC"})",
        R"({"use": "X509-SVID", "kty": "EC", "x5c": 1})", R"({"kty": "EC"})",
        R"({"use": "jwt-svid", "kty": "oct", "kid": "a"})", R"({"use": "x509-svid", "kty": "EC"})",
        R"({"use": "x509-svid", "kty": "EC", "x5c": []})"}) {
    const auto bundle = ReadKeys(key);
    ASSERT_TRUE(bundle.ok()) << bundle.refusal().message;
    EXPECT_EQ(bundle->ignored_keys, 1u) << key;
    EXPECT_TRUE(bundle->x509_authorities.empty() && bundle->jwt_authorities.empty()) << key;
  }
}

TEST(SpiffeBundle, RefusesOtherForms) {
  const std::string good = X509Key(Root());
  const std::string text = Base64(Root().certificate.der());
  const auto x5c = [](std::string_view certificates) {
    return Cat(R"({"use": "x509-svid", "kty": "EC", "x5c": )", certificates, "}");
  };
  ExpectRefused(ReadKeys(good + "," + good), Check::kMalformed, "more than once");
  ExpectRefused(ReadKeys(Cat(kJwtKey, ",", kJwtKey)), Check::kMalformed, "$.keys[1].kid");
  ExpectRefused(ReadKeys(R"({"use": "jwt-svid", "kty": "EC"})"), Check::kMalformed, "kid");
  ExpectRefused(ReadKeys(R"({"use": "jwt-svid", "kty": "EC", "kid": ""})"), Check::kMalformed,
                "kid");
  ExpectRefused(ReadKeys(R"({"use": "jwt-svid", "kty": "EC", "kid": 1})"), Check::kMalformed,
                "kid");
  ExpectRefused(ReadKeys(R"({"use": "jwt-svid"})"), Check::kMalformed, "kty");
  ExpectRefused(ReadKeys(R"({"use": 1, "kty": "EC"})"), Check::kMalformed, "$.keys[0].use");
  ExpectRefused(ReadKeys("1"), Check::kMalformed, "$.keys[0]");
  ExpectRefused(ReadKeys(x5c("1")), Check::kMalformed, "x5c");
  ExpectRefused(ReadKeys(x5c("[1]")), Check::kMalformed, "x5c");
  ExpectRefused(ReadKeys(x5c(R"([""])")), Check::kMalformed, "x5c");
  ExpectRefused(ReadKeys(x5c(R"(["AAAA"])")), Check::kMalformed, "x5c");
  ExpectRefused(ReadKeys(x5c(Cat("[\"", text, "\\n\"]"))), Check::kMalformed, "base64");
  ExpectRefused(ReadKeys(x5c(Cat("[\"", text, "\",\"", text, "\"]"))), Check::kMalformed,
                "more than one");
  ExpectRefused(ReadKeys(R"({"use": "sig", "use": "sig", "kty": "EC"})"), Check::kMalformed, "use");
  ExpectRefused(ReadSpiffeBundle("example.org", "{}"), Check::kMalformed, "keys");
  ExpectRefused(ReadSpiffeBundle("example.org", R"({"keys": null})"), Check::kMalformed, "keys");
  ExpectRefused(ReadSpiffeBundle("example.org", "[]"), Check::kMalformed, "object");
  ExpectRefused(ReadSpiffeBundle("example.org", ""), Check::kMalformed, "");
  for (const char* number : {"-1", "1.0", "1e3", "18446744073709551616", "\"1\"", "null"}) {
    ExpectRefused(
        ReadSpiffeBundle("example.org", Cat(R"({"keys": [], "spiffe_sequence": )", number, "}")),
        Check::kMalformed, "spiffe_sequence");
    ExpectRefused(ReadSpiffeBundle("example.org",
                                   Cat(R"({"keys": [], "spiffe_refresh_hint": )", number, "}")),
                  Check::kMalformed, "spiffe_refresh_hint");
  }
  ExpectRefused(
      ReadSpiffeBundle("example.org", R"({"keys": [], "spiffe_refresh_hint": 9223372036855})"),
      Check::kMalformed, "spiffe_refresh_hint");
}

// RFC 7517, section 4.7.
TEST(SpiffeBundle, AKeyIsTheOneOfItsCertificate) {
  const Identity other = Issue(SignerSpec("other"), nullptr);
  EXPECT_TRUE(ReadKeys(X509Key(KeyMembers(other), other)).ok());
  ExpectRefused(ReadKeys(X509Key(KeyMembers(other), Root())), Check::kMalformed, "another key");
  ExpectRefused(ReadKeys(X509Key(R"("kty": "EC")", Root())), Check::kMalformed, "another key");
  std::string longer = KeyMembers(other);
  longer.insert(longer.find("\"x\": \"") + 6, "AAAA");
  ExpectRefused(ReadKeys(X509Key(longer, other)), Check::kMalformed, "another key");

  const Identity rsa = Issue(SignerSpec("rsa"), nullptr, RsaKey(2048));
  const auto members = [&](const Identity& of, std::string_view kty) {
    return Cat(R"("kty": ")", kty, R"(", "n": ")", Number(of, OSSL_PKEY_PARAM_RSA_N, 0),
               R"(", "e": ")", Number(of, OSSL_PKEY_PARAM_RSA_E, 0), "\"");
  };
  EXPECT_TRUE(ReadKeys(X509Key(members(rsa, "RSA"), rsa)).ok());
  ExpectRefused(ReadKeys(X509Key(members(rsa, "EC"), rsa)), Check::kMalformed, "another key");
  const Identity rsa2 = Issue(SignerSpec("rsa2"), nullptr, RsaKey(2048));
  ExpectRefused(ReadKeys(X509Key(members(rsa2, "RSA"), rsa)), Check::kMalformed, "another key");

  const Identity ed = Issue(SignerSpec("ed"), nullptr, Ed25519Key());
  std::string raw(32, '\0');
  size_t size = raw.size();
  ASSERT_EQ(EVP_PKEY_get_raw_public_key(ed.key.get(), reinterpret_cast<unsigned char*>(raw.data()),
                                        &size),
            1);
  const auto okp = [&] {
    return Cat(R"("kty": "OKP", "crv": "Ed25519", "x": ")", Base64Url(raw), "\"");
  };
  EXPECT_TRUE(ReadKeys(X509Key(okp(), ed)).ok());
  raw[0] = static_cast<char>(raw[0] ^ 1);
  ExpectRefused(ReadKeys(X509Key(okp(), ed)), Check::kMalformed, "another key");
}

TEST(SpiffeBundle, IsOfBoundedSize) {
  std::string keys = R"({"kty": "EC"})";
  for (size_t i = 1; i < kMaxBundleKeys; ++i) keys += R"(,{"kty": "EC"})";
  EXPECT_TRUE(ReadKeys(keys).ok());
  ExpectRefused(ReadKeys(keys + R"(,{"kty": "EC"})"), Check::kTooLarge, "256 keys");
  const std::string large(kMaxBundleBytes + 1, ' ');
  ExpectRefused(ReadSpiffeBundle("example.org", large), Check::kTooLarge, "bytes");
  ExpectRefused(ReadX509Bundle("example.org", large), Check::kTooLarge, "bytes");
  ExpectRefused(ReadKeys(Cat(R"({"use": "jwt-svid", "kty": "EC", "kid": ")",
                             std::string(kMaxKidBytes + 1, 'k'), "\"}")),
                Check::kTooLarge, "kid");
  ExpectRefused(ReadKeys(Cat(R"({"use": "x509-svid", "kty": "EC", "x5c": [")",
                             std::string(kMaxCertificateBytes / 3 * 4 + 8, 'A'), "\"]}")),
                Check::kTooLarge, "certificate");
}

TEST(SpiffeBundle, IsCutOffNowhere) {
  const std::string good = Cat(R"({"keys": [)", X509Key(Root()), ",", kJwtKey, "]}");
  ASSERT_TRUE(ReadSpiffeBundle("example.org", good).ok());
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(ReadSpiffeBundle("example.org", good.substr(0, size)).ok()) << size;
  }
}

TEST(SpiffeBundle, IsOfATrustDomain) {
  for (const char* name :
       {"", "Example.org", "example.org/", "example.org/a", "spiffe://a", "a b"}) {
    ExpectRefused(ReadSpiffeBundle(name, R"({"keys": []})"), Check::kSubject, "no trust domain");
    ExpectRefused(ReadX509Bundle(name, Root().certificate.der()), Check::kSubject,
                  "no trust domain");
  }
}

TEST(X509Bundle, IsPemOrDerOneBehindTheOther) {
  const Identity other = Issue(SignerSpec("other"), nullptr);
  const std::string der = Cat(Root().certificate.der(), other.certificate.der());
  const std::string pem = Pem({Root().certificate, other.certificate});
  for (const std::string& bytes : {der, pem}) {
    const auto bundle = ReadX509Bundle("example.org", bytes);
    ASSERT_TRUE(bundle.ok()) << bundle.refusal().message;
    ASSERT_EQ(bundle->x509_authorities.size(), 2u);
    EXPECT_TRUE(bundle->x509_authorities[1] == other.certificate);
    ExpectRefused(ReadX509Bundle("example.org", bytes + bytes), Check::kMalformed,
                  "more than once");
    ExpectRefused(ReadX509Bundle("example.org", Cat(bytes, "?")), Check::kMalformed, "");
  }
  ExpectRefused(ReadX509Bundle("example.org", ""), Check::kMalformed, "nothing");
}

TEST(JwtBundle, TakesKeysOfAnyUse) {
  const auto bundle = ReadJwtBundle(
      "example.org", R"({"keys": [{"kty": "EC", "kid": "a"}, {"kty": "RSA", "kid": "b",
                                   "use": "sig"}, {"kty": "oct", "kid": "c"}]})");
  ASSERT_TRUE(bundle.ok()) << bundle.refusal().message;
  ASSERT_EQ(bundle->jwt_authorities.size(), 2u);
  EXPECT_EQ(bundle->jwt_authorities[0].jwk, R"({"kty": "EC", "kid": "a"})");
  EXPECT_EQ(bundle->ignored_keys, 1u);
  ExpectRefused(ReadJwtBundle("example.org", R"({"keys": [{"kty": "EC"}]})"), Check::kMalformed,
                "kid");
}

}  // namespace
}  // namespace ztp::evidence
