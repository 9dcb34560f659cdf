// See key_strength.h.
#include "engine/evidence/key_strength.h"

#include <openssl/core_names.h>

#include <string_view>

namespace ztp::evidence {
namespace {

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;  // the time that a signature takes grows with the square
constexpr int kMinRsaExponentBits = 17;
constexpr int kMaxRsaExponentBits = 64;

Refusal Weak(const Certificate& certificate, std::string_view what) {
  return Refuse(Check::kAlgorithm, certificate.Describe(), " ", what);
}

std::optional<Refusal> RefuseRsa(const Certificate& certificate, const EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < kMinRsaBits || bits > kMaxRsaBits) {
    return Weak(certificate, Cat("has an RSA key of ", bits, " bits; it takes ", kMinRsaBits,
                                 " to ", kMaxRsaBits));
  }
  BIGNUM* read = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &read) != 1) {
    return Weak(certificate, "has an RSA key without an exponent");
  }
  const BnPtr exponent(read);
  const int exponent_bits = BN_num_bits(exponent.get());
  if (BN_is_odd(exponent.get()) == 0 || exponent_bits < kMinRsaExponentBits ||
      exponent_bits > kMaxRsaExponentBits) {
    return Weak(certificate, "has an RSA key whose exponent is even, below 65537 or too large");
  }
  return std::nullopt;
}

std::optional<Refusal> RefuseCurve(const Certificate& certificate, const EVP_PKEY* key) {
  char name[64];
  size_t size = 0;
  int is_explicit = 1;
  if (EVP_PKEY_get_group_name(key, name, sizeof(name), &size) != 1 ||
      EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_explicit) !=
          1 ||
      is_explicit != 0) {
    return Weak(certificate, "has an elliptic key that describes a curve of its own");
  }
  const std::string_view curve(name, size);
  if (curve == SN_X9_62_prime256v1 || curve == SN_secp384r1 || curve == SN_secp521r1) {
    return std::nullopt;
  }
  return Weak(certificate, Cat("has a key on the curve ", curve, "; it takes P-256, P-384, P-521"));
}

}  // namespace

std::optional<Refusal> RefuseKey(const Certificate& certificate) {
  const ErrorQueueScope errors;
  const EVP_PKEY* key = X509_get0_pubkey(certificate.x509());
  if (key == nullptr) return Weak(certificate, "has a key of an unknown kind or form");
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      return RefuseRsa(certificate, key);
    case EVP_PKEY_EC:
      return RefuseCurve(certificate, key);
    case EVP_PKEY_ED25519:
      return std::nullopt;
    default:
      return Weak(certificate, "has a key that is neither RSA, elliptic nor Ed25519");
  }
}

std::optional<Refusal> RefuseSignatureAlgorithm(const Certificate& certificate) {
  const ErrorQueueScope errors;
  int digest = NID_undef;
  int key = NID_undef;
  if (X509_get_signature_info(certificate.x509(), &digest, &key, nullptr, nullptr) != 1) {
    return Weak(certificate, "is signed with an unknown algorithm");
  }
  if (key == EVP_PKEY_ED25519) return std::nullopt;
  const bool known_key = key == EVP_PKEY_RSA || key == EVP_PKEY_RSA_PSS || key == EVP_PKEY_EC;
  if (known_key && (digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512)) {
    return std::nullopt;
  }
  const char* name = OBJ_nid2sn(X509_get_signature_nid(certificate.x509()));
  return Weak(certificate, Cat("is signed with ", name == nullptr ? "an unknown algorithm" : name,
                               "; it takes SHA-256, SHA-384 or SHA-512, or Ed25519"));
}

}  // namespace ztp::evidence
