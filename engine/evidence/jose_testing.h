// Keys and tokens for tests, made by OpenSSL on the spot.
#pragma once

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>
#include <string_view>

#include "engine/base/str.h"
#include "engine/evidence/base64.h"
#include "engine/evidence/jwk.h"
#include "engine/evidence/jws_algorithm.h"
#include "engine/evidence/openssl_ptr.h"

namespace ztp::evidence::testing {

// A private key for one algorithm.
class SigningKey {
 public:
  explicit SigningKey(JwsAlgorithm algorithm, int rsa_bits = 2048) : algorithm_(algorithm) {
    EVP_PKEY* key = nullptr;
    switch (KeyTypeOf(algorithm)) {
      case KeyType::kRsa:
        key = EVP_RSA_gen(static_cast<unsigned>(rsa_bits));
        break;
      case KeyType::kP256:
        key = EVP_EC_gen("P-256");
        break;
      case KeyType::kP384:
        key = EVP_EC_gen("P-384");
        break;
      case KeyType::kP521:
        key = EVP_EC_gen("P-521");
        break;
      case KeyType::kEd25519:
        key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
        break;
    }
    key_ = SharedKey(key, EVP_PKEY_free);
  }

  // The same key, for another algorithm of its type.
  SigningKey For(JwsAlgorithm algorithm) const {
    SigningKey other = *this;
    other.algorithm_ = algorithm;
    return other;
  }

  JwsAlgorithm algorithm() const { return algorithm_; }

  // The public key's members, without braces: `"kty":"EC","crv":…`.
  std::string PublicMembers() const {
    switch (KeyTypeOf(algorithm_)) {
      case KeyType::kRsa:
        return Cat(R"("kty":"RSA","n":")", EncodeBase64url(Number(OSSL_PKEY_PARAM_RSA_N)),
                   R"(","e":")", EncodeBase64url(Number(OSSL_PKEY_PARAM_RSA_E)), '"');
      case KeyType::kP256:
        return EcMembers("P-256");
      case KeyType::kP384:
        return EcMembers("P-384");
      case KeyType::kP521:
        return EcMembers("P-521");
      case KeyType::kEd25519:
        break;
    }
    std::string x(32, '\0');
    size_t size = x.size();
    EXPECT_EQ(EVP_PKEY_get_raw_public_key(key_.get(), Bytes(x), &size), 1);
    return Cat(R"("kty":"OKP","crv":"Ed25519","x":")", EncodeBase64url(x), '"');
  }
  // `more`: members such as R"("kid":"k1")".
  std::string JwkText(std::string_view more = "") const {
    return Cat("{", PublicMembers(), more.empty() ? "" : ",", more, "}");
  }

  // JOSE's form of a signature.
  std::string Sign(std::string_view input) const {
    const MdCtxPtr context(EVP_MD_CTX_new());
    const std::string_view name = NameOf(algorithm_);
    const EVP_MD* hash = name.ends_with("256")   ? EVP_sha256()
                         : name.ends_with("384") ? EVP_sha384()
                         : name.ends_with("512") ? EVP_sha512()
                                                 : nullptr;
    EVP_PKEY_CTX* parameters = nullptr;
    EXPECT_EQ(EVP_DigestSignInit(context.get(), &parameters, hash, nullptr, key_.get()), 1);
    if (name.starts_with("PS")) {
      EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, pss_salt_);
    }
    std::string out(1024, '\0');
    size_t size = out.size();
    EXPECT_EQ(EVP_DigestSign(context.get(), Bytes(out), &size,
                             reinterpret_cast<const unsigned char*>(input.data()), input.size()),
              1);
    out.resize(size);
    return name.starts_with("ES") ? RawEcdsa(out) : out;
  }
  void set_pss_salt(int bytes) { pss_salt_ = bytes; }

  // The compact token over these texts as they are.
  std::string Token(std::string_view header, std::string_view payload) const {
    std::string text = Cat(EncodeBase64url(header), ".", EncodeBase64url(payload));
    return Cat(text, ".", EncodeBase64url(Sign(text)));
  }
  // With a header of `alg` and `more` members.
  std::string TokenOf(std::string_view payload, std::string_view more = "") const {
    return Token(Cat(R"({"alg":")", NameOf(algorithm_), '"', more.empty() ? "" : ",", more, "}"),
                 payload);
  }

 private:
  static unsigned char* Bytes(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
  }
  std::string Number(const char* name, size_t size = 0) const {
    BIGNUM* number = nullptr;
    EXPECT_EQ(EVP_PKEY_get_bn_param(key_.get(), name, &number), 1);
    std::string bytes(size != 0 ? size : static_cast<size_t>(BN_num_bytes(number)), '\0');
    BN_bn2binpad(number, Bytes(bytes), static_cast<int>(bytes.size()));
    BN_free(number);
    return bytes;
  }
  std::string EcMembers(std::string_view curve) const {
    const size_t size = FieldBytesOf(KeyTypeOf(algorithm_));
    return Cat(R"("kty":"EC","crv":")", curve, R"(","x":")",
               EncodeBase64url(Number(OSSL_PKEY_PARAM_EC_PUB_X, size)), R"(","y":")",
               EncodeBase64url(Number(OSSL_PKEY_PARAM_EC_PUB_Y, size)), '"');
  }
  std::string RawEcdsa(const std::string& der) const {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* sig = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    const size_t size = FieldBytesOf(KeyTypeOf(algorithm_));
    std::string raw(2 * size, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), Bytes(raw), static_cast<int>(size));
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), Bytes(raw) + size, static_cast<int>(size));
    ECDSA_SIG_free(sig);
    return raw;
  }

  JwsAlgorithm algorithm_;
  SharedKey key_;
  int pss_salt_ = RSA_PSS_SALTLEN_DIGEST;
};

// One key an algorithm, made once: RSA keys take their time. Those of RSA are one key.
inline const SigningKey& KeyFor(JwsAlgorithm algorithm) {
  static const SigningKey* const keys = [] {
    static const SigningKey rsa(JwsAlgorithm::kRs256);
    static SigningKey all[] = {SigningKey(JwsAlgorithm::kEs256), SigningKey(JwsAlgorithm::kEs384),
                               SigningKey(JwsAlgorithm::kEs512), rsa.For(JwsAlgorithm::kRs256),
                               rsa.For(JwsAlgorithm::kRs384),    rsa.For(JwsAlgorithm::kRs512),
                               rsa.For(JwsAlgorithm::kPs256),    rsa.For(JwsAlgorithm::kPs384),
                               rsa.For(JwsAlgorithm::kPs512),    SigningKey(JwsAlgorithm::kEdDsa)};
    return all;
  }();
  return keys[static_cast<size_t>(algorithm)];
}

inline std::string KeySetText(std::initializer_list<std::string> jwks) {
  std::string text = R"({"keys":[)";
  for (const std::string& jwk : jwks) Append(text, text.back() == '[' ? "" : ",", jwk);
  return text + "]}";
}

inline JwkSet KeySet(std::initializer_list<std::string> jwks) {
  Verified<JwkSet> set = ParseJwkSet(KeySetText(jwks));
  if (!set.ok()) {
    ADD_FAILURE() << set.refusal().message;
    return {};
  }
  return *std::move(set);
}

// "signature", or "accepted".
template <typename T>
std::string CheckOf(const Verified<T>& verified) {
  return verified.ok() ? "accepted" : std::string(NameOf(verified.refusal().check));
}

}  // namespace ztp::evidence::testing
