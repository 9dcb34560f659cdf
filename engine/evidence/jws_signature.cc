// See jws_signature.h.
#include "engine/evidence/jws_signature.h"

#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include <optional>
#include <string>

#include "engine/evidence/openssl_ptr.h"

namespace ztp::evidence {
namespace {

const EVP_MD* HashOf(JwsAlgorithm algorithm) {
  switch (algorithm) {
    case JwsAlgorithm::kEs256:
    case JwsAlgorithm::kRs256:
    case JwsAlgorithm::kPs256:
      return EVP_sha256();
    case JwsAlgorithm::kEs384:
    case JwsAlgorithm::kRs384:
    case JwsAlgorithm::kPs384:
      return EVP_sha384();
    case JwsAlgorithm::kEs512:
    case JwsAlgorithm::kRs512:
    case JwsAlgorithm::kPs512:
      return EVP_sha512();
    case JwsAlgorithm::kEdDsa:
      break;
  }
  return nullptr;  // Ed25519 has its own inside
}

bool IsPss(JwsAlgorithm algorithm) {
  return algorithm == JwsAlgorithm::kPs256 || algorithm == JwsAlgorithm::kPs384 ||
         algorithm == JwsAlgorithm::kPs512;
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool Verify(JwsAlgorithm algorithm, EVP_PKEY* key, std::string_view input,
            std::string_view signature) {
  const MdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // owned by the context
  if (context == nullptr ||
      EVP_DigestVerifyInit(context.get(), &parameters, HashOf(algorithm), nullptr, key) != 1) {
    return false;
  }
  if (IsPss(algorithm) &&
      (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, HashOf(algorithm)) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return false;
  }
  return EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(input),
                          input.size()) == 1;
}

}  // namespace

std::optional<std::string> EcdsaToDer(std::string_view raw, size_t field_bytes) {
  if (raw.size() != 2 * field_bytes) return std::nullopt;
  const EcdsaSigPtr sig(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(Bytes(raw), static_cast<int>(field_bytes), nullptr);
  BIGNUM* s = BN_bin2bn(Bytes(raw) + field_bytes, static_cast<int>(field_bytes), nullptr);
  if (sig == nullptr || r == nullptr || s == nullptr || ECDSA_SIG_set0(sig.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return std::nullopt;
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(sig.get(), &der);
  if (size <= 0) return std::nullopt;
  std::string out(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return out;
}

bool IsSignatureOf(JwsAlgorithm algorithm, const SharedKey& key, std::string_view input,
                   std::string_view signature) {
  const ErrorQueueScope errors;
  bool good = false;
  if (const size_t field_bytes = FieldBytesOf(KeyTypeOf(algorithm)); field_bytes != 0) {
    const std::optional<std::string> der = EcdsaToDer(signature, field_bytes);
    good = der && Verify(algorithm, key.get(), input, *der);
  } else {
    // RFC 8017 sections 8.1.2 and 8.2.2: exactly as long as the modulus. Ed25519: 64 bytes.
    const size_t size = KeyTypeOf(algorithm) == KeyType::kRsa
                            ? static_cast<size_t>(EVP_PKEY_get_size(key.get()))
                            : size_t{64};
    good = signature.size() == size && Verify(algorithm, key.get(), input, signature);
  }
  return good;
}

}  // namespace ztp::evidence
