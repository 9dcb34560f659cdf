// See x5c_key.h.
#include "engine/evidence/x5c_key.h"

#include <openssl/core_names.h>

#include <optional>
#include <string>
#include <string_view>

#include "engine/evidence/base64.h"

namespace ztp::evidence {
namespace {

class JwkMembers {
 public:
  JwkMembers(const JsonTree& tree, const JsonNode& jwk) : tree_(tree), jwk_(jwk) {}

  bool Is(std::string_view name, std::string_view text) const {
    const JsonNode* node = Find(name);
    return node != nullptr && node->text == text;
  }
  // Is the member the bytes, in base64url without padding?
  bool IsBytes(std::string_view name, const std::optional<std::string>& bytes) const {
    const JsonNode* node = Find(name);
    if (node == nullptr || !bytes.has_value() || node->text.size() > bytes->size() * 2)
      return false;
    return DecodeBase64url(node->text) == bytes;
  }

 private:
  const JsonNode* Find(std::string_view name) const {
    const JsonNode* node = tree_.Find(jwk_, name);
    return node != nullptr && node->kind == JsonKind::kString ? node : nullptr;
  }

  const JsonTree& tree_;
  const JsonNode& jwk_;
};

// A number of the key, big-endian: in `size` bytes, or in as few as it needs if that is 0.
std::optional<std::string> NumberOf(const EVP_PKEY* key, const char* name, int size) {
  BIGNUM* read = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &read) != 1) return std::nullopt;
  const BnPtr number(read);
  if (size == 0) size = BN_num_bytes(number.get());
  std::string bytes(static_cast<size_t>(size), '\0');
  if (BN_bn2binpad(number.get(), reinterpret_cast<unsigned char*>(bytes.data()), size) != size) {
    return std::nullopt;
  }
  return bytes;
}

bool IsCurveKey(const JwkMembers& jwk, const EVP_PKEY* key) {
  struct Curve {
    std::string_view openssl;
    std::string_view jwk;
    int bytes;
  };
  constexpr Curve kCurves[] = {
      {SN_X9_62_prime256v1, "P-256", 32}, {SN_secp384r1, "P-384", 48}, {SN_secp521r1, "P-521", 66}};
  char name[64];
  size_t size = 0;
  if (EVP_PKEY_get_group_name(key, name, sizeof(name), &size) != 1) return false;
  for (const Curve& curve : kCurves) {
    if (curve.openssl != std::string_view(name, size)) continue;
    return jwk.Is("kty", "EC") && jwk.Is("crv", curve.jwk) &&
           jwk.IsBytes("x", NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_X, curve.bytes)) &&
           jwk.IsBytes("y", NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_Y, curve.bytes));
  }
  return false;
}

bool IsEd25519Key(const JwkMembers& jwk, const EVP_PKEY* key) {
  std::string bytes(32, '\0');
  size_t size = bytes.size();
  return EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(bytes.data()), &size) ==
             1 &&
         size == bytes.size() && jwk.Is("kty", "OKP") && jwk.Is("crv", "Ed25519") &&
         jwk.IsBytes("x", bytes);
}

}  // namespace

bool IsKeyOf(const JsonTree& tree, const JsonNode& jwk, const Certificate& certificate) {
  const ErrorQueueScope errors;
  const JwkMembers members(tree, jwk);
  const EVP_PKEY* key = X509_get0_pubkey(certificate.x509());
  if (key == nullptr) return false;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC:
      return IsCurveKey(members, key);
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      return members.Is("kty", "RSA") &&
             members.IsBytes("n", NumberOf(key, OSSL_PKEY_PARAM_RSA_N, 0)) &&
             members.IsBytes("e", NumberOf(key, OSSL_PKEY_PARAM_RSA_E, 0));
    case EVP_PKEY_ED25519:
      return IsEd25519Key(members, key);
    default:
      return false;
  }
}

}  // namespace ztp::evidence
