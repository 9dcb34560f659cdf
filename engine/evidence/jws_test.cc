// Tokens of every algorithm are accepted as they are, and refused however they are changed.
#include "engine/evidence/jws.h"

#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include "engine/base/sha256.h"
#include "engine/evidence/jose_testing.h"

namespace ztp::evidence {
namespace {

using testing::CheckOf;
using testing::KeyFor;
using testing::KeySet;
using testing::SigningKey;

constexpr std::string_view kPayload("pay\0load", 8);
const JwsPolicy kAnyAlgorithm{.algorithms = JwsAlgorithms::All()};

std::string Check(const std::string& token, const JwkSet& keys,
                  const JwsPolicy& policy = kAnyAlgorithm) {
  return CheckOf(VerifyJws(token, keys, policy));
}

class EveryAlgorithm : public ::testing::TestWithParam<int> {
 protected:
  const JwsAlgorithm algorithm_ = static_cast<JwsAlgorithm>(GetParam());
  const SigningKey& key_ = KeyFor(algorithm_);
  const JwkSet keys_ = KeySet({key_.JwkText(R"("kid":"k1")")});
};
INSTANTIATE_TEST_SUITE_P(Jws, EveryAlgorithm, ::testing::Range(0, kJwsAlgorithmCount),
                         [](const auto& param) {
                           return std::string(NameOf(static_cast<JwsAlgorithm>(param.param)));
                         });

TEST_P(EveryAlgorithm, SaysWhatWasSigned) {
  const std::string token = key_.TokenOf(kPayload, R"("kid":"k1","typ":"JWT","cty":"x")");
  const auto jws = VerifyJws(token, keys_, kAnyAlgorithm);
  ASSERT_TRUE(jws.ok()) << jws.refusal().message;
  EXPECT_EQ(jws->algorithm, algorithm_);
  EXPECT_EQ(jws->payload, kPayload);
  EXPECT_EQ(jws->kid, "k1");
  EXPECT_EQ(jws->type, "JWT");
  EXPECT_EQ(jws->content_type, "x");
  EXPECT_EQ(jws->key_thumbprint, keys_.keys[0].thumbprint);
  EXPECT_EQ(jws->digest, Sha256Digest(token));
}

TEST_P(EveryAlgorithm, EveryFlippedBitIsSeen) {
  const std::string token = key_.TokenOf("p");
  ASSERT_EQ(Check(token, keys_), "accepted");
  for (size_t i = 0; i < token.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = token;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      EXPECT_NE(Check(flipped, keys_), "accepted") << "byte " << i << ", bit " << bit;
    }
  }
}

TEST_P(EveryAlgorithm, EveryTruncationIsSeen) {
  const std::string token = key_.TokenOf("p");
  for (size_t size = 0; size < token.size(); ++size) {
    EXPECT_NE(Check(token.substr(0, size), keys_), "accepted") << size;
    EXPECT_NE(Check(token.substr(token.size() - size), keys_), "accepted") << size;
  }
  for (const char* more : {"A", "AAAA", ".", "=", "\n", " "}) {
    EXPECT_NE(Check(token + more, keys_), "accepted") << more;
    EXPECT_NE(Check(more + token, keys_), "accepted") << more;
  }
}

TEST_P(EveryAlgorithm, AnotherKeyOfTheSameTypeIsNotTheKey) {
  const SigningKey other(algorithm_);
  EXPECT_EQ(Check(other.TokenOf("p"), keys_), "signature");
  EXPECT_EQ(Check(key_.TokenOf("p"), KeySet({other.JwkText()})), "signature");
}

TEST_P(EveryAlgorithm, MustBeAmongThoseOfTheSourceAndTheKeys) {
  for (int i = 0; i < kJwsAlgorithmCount; ++i) {
    const auto allowed = static_cast<JwsAlgorithm>(i);
    const std::string expected = allowed == algorithm_ ? "accepted" : "algorithm";
    EXPECT_EQ(Check(key_.TokenOf("p"), keys_, {.algorithms = {allowed}}), expected);
    const JwkSet one = KeySet({key_.JwkText(Cat(R"("alg":")", NameOf(allowed), '"'))});
    EXPECT_EQ(Check(key_.TokenOf("p"), one), expected) << NameOf(allowed);
  }
  EXPECT_EQ(Check(key_.TokenOf("p"), keys_, JwsPolicy{}), "algorithm");
}

// The header says one algorithm, the key does another.
TEST_P(EveryAlgorithm, TheHeadersAlgorithmIsTheOneThatIsChecked) {
  for (int i = 0; i < kJwsAlgorithmCount; ++i) {
    const auto claimed = static_cast<JwsAlgorithm>(i);
    if (claimed == algorithm_) continue;
    const std::string token = key_.Token(Cat(R"({"alg":")", NameOf(claimed), "\"}"), "p");
    EXPECT_EQ(Check(token, keys_),
              KeyTypeOf(claimed) == KeyTypeOf(algorithm_) ? "signature" : "algorithm")
        << NameOf(claimed);
  }
}

const SigningKey& Es256() { return KeyFor(JwsAlgorithm::kEs256); }
const SigningKey& Rs256() { return KeyFor(JwsAlgorithm::kRs256); }

TEST(Jws, NoneAndHmacAreNoAlgorithms) {
  const JwkSet keys = KeySet({Rs256().JwkText()});
  for (const char* name : {"none", "None", "NONE", "", "HS256", "HS384", "HS512", "es256", "RS1",
                           "ES256K", "A128KW", "RSA-OAEP"}) {
    const std::string header = EncodeBase64url(Cat(R"({"alg":")", name, "\"}"));
    EXPECT_EQ(Check(Cat(header, ".cA."), keys), "algorithm") << name;
    EXPECT_EQ(Check(Cat(header, ".cA.AAAA"), keys), "algorithm") << name;
  }
  // The old confusion: an HMAC whose secret is the text of the public key.
  const std::string text = Cat(EncodeBase64url(R"({"alg":"HS256"})"), ".", EncodeBase64url("p"));
  for (const std::string& secret : {Rs256().JwkText(), Rs256().PublicMembers()}) {
    unsigned char mac[32];
    unsigned int size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
    const std::string_view bytes(reinterpret_cast<const char*>(mac), size);
    EXPECT_EQ(Check(Cat(text, ".", EncodeBase64url(bytes)), keys), "algorithm");
  }
}

TEST(Jws, TheSaltOfPssIsAsLongAsTheHash) {
  SigningKey key = KeyFor(JwsAlgorithm::kPs256);
  const JwkSet keys = KeySet({key.JwkText()});
  key.set_pss_salt(32);
  EXPECT_EQ(Check(key.TokenOf("p"), keys), "accepted");
  for (const int salt : {0, 20, 31, 33, 64}) {
    key.set_pss_salt(salt);
    EXPECT_EQ(Check(key.TokenOf("p"), keys), "signature") << salt;
  }
}

TEST(Jws, AnEcdsaSignatureHasExactlyItsLength) {
  const std::string text = Cat(EncodeBase64url(R"({"alg":"ES256"})"), ".cA");
  const JwkSet keys = KeySet({Es256().JwkText()});
  const std::string raw = Es256().Sign(text);
  EXPECT_EQ(Check(Cat(text, ".", EncodeBase64url(raw)), keys), "accepted");
  const std::string zero(1, '\0');
  const std::string longer = zero + raw.substr(0, 32) + zero + raw.substr(32);
  EXPECT_EQ(Check(Cat(text, ".", EncodeBase64url(longer)), keys), "signature");
  EXPECT_EQ(Check(Cat(text, ".", EncodeBase64url(std::string(64, '\0'))), keys), "signature");
}

// RFC 8037 appendix A.4.
TEST(Jws, TheExampleOfEd25519IsAccepted) {
  const JwkSet keys = KeySet(
      {R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})"});
  const auto jws = VerifyJws(
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
      "09PGcvMg3"
      "AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
      keys, kAnyAlgorithm);
  ASSERT_TRUE(jws.ok()) << jws.refusal().message;
  EXPECT_EQ(jws->payload, "Example of Ed25519 signing");
}

TEST(Jws, TheKeyIsTheOneThatIsNamed) {
  const SigningKey other(JwsAlgorithm::kEs256);
  const JwkSet both = KeySet({Es256().JwkText(R"("kid":"k1")"), other.JwkText(R"("kid":"k2")")});
  EXPECT_EQ(Check(Es256().TokenOf("p", R"("kid":"k1")"), both), "accepted");
  EXPECT_EQ(Check(other.TokenOf("p", R"("kid":"k2")"), both), "accepted");
  EXPECT_EQ(Check(Es256().TokenOf("p", R"("kid":"k2")"), both), "signature");
  EXPECT_EQ(Check(Es256().TokenOf("p", R"("kid":"k3")"), both), "key");
  EXPECT_EQ(Check(Es256().TokenOf("p", R"("kid":"")"), both), "key");
  EXPECT_EQ(Check(Es256().TokenOf("p"), both), "key");  // which of them?
  EXPECT_EQ(Check(Es256().TokenOf("p"), JwkSet{}), "key");
  // Without a name the only one that fits is taken.
  const JwkSet mixed = KeySet({Es256().JwkText(R"("kid":"k1")"), Rs256().JwkText()});
  EXPECT_EQ(Check(Es256().TokenOf("p"), mixed), "accepted");
  // Two keys of one name: no guessing.
  const JwkSet twice = KeySet({Es256().JwkText(R"("kid":"k1")"), other.JwkText(R"("kid":"k1")")});
  EXPECT_EQ(Check(Es256().TokenOf("p", R"("kid":"k1")"), twice), "key");
}

TEST(Jws, TheKeyIsForThis) {
  const std::string token = Es256().TokenOf("p");
  const auto check = [&](const char* more, const JwsPolicy& policy = kAnyAlgorithm) {
    return Check(token, KeySet({Es256().JwkText(more)}), policy);
  };
  EXPECT_EQ(check(R"("use":"sig")"), "accepted");
  EXPECT_EQ(check(R"("use":"enc")"), "usage");
  EXPECT_EQ(check(R"("key_ops":["sign","verify"])"), "accepted");
  EXPECT_EQ(check(R"("key_ops":["encrypt"])"), "usage");
  EXPECT_EQ(check(R"("key_ops":[])"), "usage");
  EXPECT_EQ(check(R"("use":"sig","key_ops":["encrypt"])"), "usage");
  EXPECT_EQ(check(R"("use":"enc","key_ops":["verify"])"), "usage");
  const JwsPolicy spiffe{
      .algorithms = JwsAlgorithms::All(), .key_use = "jwt-svid", .key_use_required = true};
  EXPECT_EQ(check(R"("use":"jwt-svid")", spiffe), "accepted");
  EXPECT_EQ(check(R"("use":"x509-svid")", spiffe), "usage");
  EXPECT_EQ(check("", spiffe), "usage");
}

TEST(Jws, NothingInTheHeaderIsAKey) {
  const SigningKey attacker(JwsAlgorithm::kEs256);
  const JwkSet keys = KeySet({Es256().JwkText()});
  for (const std::string& more :
       {Cat(R"("jwk":)", attacker.JwkText()), std::string(R"("jku":"https://evil.example/keys")"),
        std::string(R"("x5u":"https://evil.example/chain")"), std::string(R"("x5c":["AAAA"])")}) {
    EXPECT_EQ(Check(attacker.TokenOf("p", more), keys), "signature") << more;
    EXPECT_EQ(Check(attacker.TokenOf("p", more), JwkSet{}), "key") << more;
    EXPECT_EQ(Check(Es256().TokenOf("p", more), keys), "accepted") << more;
  }
}

// All of them rightly signed.
TEST(Jws, HeadersThatAreRefused) {
  const JwkSet keys = KeySet({Es256().JwkText()});
  const auto check = [&](const std::string& header) {
    return Check(Es256().Token(header, "p"), keys);
  };
  EXPECT_EQ(check(R"( { "alg" : "ES256" } )"), "accepted");
  for (const char* header : {"",
                             "[]",
                             "7",
                             "{}",
                             R"({"alg":7})",
                             R"({"alg":["ES256"]})",
                             R"({"alg":null})",
                             R"({"alg":"ES256","alg":"ES256"})",
                             R"({"alg":"none","alg":"ES256"})",
                             R"({"alg":"ES256","\u0061lg":"none"})",
                             R"({"alg":"ES256","kid":7})",
                             R"({"alg":"ES256","typ":{}})",
                             R"({"alg":"ES256","cty":null})",
                             R"({"alg":"ES256"} x)",
                             R"({"alg":"ES256","crit":["exp"]})",
                             R"({"alg":"ES256","crit":[]})",
                             R"({"alg":"ES256","b64":true})",
                             R"({"alg":"ES256","b64":false,"crit":["b64"]})",
                             R"({"alg":"ES256",})",
                             "\xef\xbb\xbf{\"alg\":\"ES256\"}",
                             "{\"alg\":\"ES256\",\"x\":\"\xff\"}"}) {
    EXPECT_EQ(check(header), "form") << header;
  }
  const std::string deep =
      Cat(R"({"alg":"ES256","x":)", std::string(2000, '['), std::string(2000, ']'), "}");
  EXPECT_EQ(check(deep), "form");
}

TEST(Jws, SizesAreBoundedBeforeAnythingIsRead) {
  const JwkSet keys = KeySet({Es256().JwkText()});
  const std::string long_header =
      Cat(R"({"alg":"ES256","x":")", std::string(kMaxJwsHeaderBytes, 'x'), "\"}");
  EXPECT_EQ(Check(Es256().Token(long_header, "p"), keys), "size");
  JwsPolicy policy = kAnyAlgorithm;
  const std::string token = Es256().TokenOf(std::string(1000, 'p'));
  policy.max_bytes = token.size();
  EXPECT_EQ(Check(token, keys, policy), "accepted");
  policy.max_bytes = token.size() - 1;
  EXPECT_EQ(Check(token, keys, policy), "size");
  policy.max_bytes = SIZE_MAX;  // a policy cannot ask for more than kMaxJwsBytes
  EXPECT_EQ(Check(std::string(kMaxJwsBytes + 1, 'x'), keys, policy), "size");
}

TEST(Jws, PartsThatAreRefused) {
  const JwkSet keys = KeySet({Es256().JwkText()});
  const std::string token = Es256().TokenOf("p");
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string("..."), token + ".",
        token + ".AAAA", "." + token, token + "=", token + "\n", " " + token,
        std::string(R"({"payload":"cA","signatures":[]})"), "Bearer " + token}) {
    EXPECT_EQ(Check(bad, keys), "form") << bad;
  }
}

}  // namespace
}  // namespace ztp::evidence
