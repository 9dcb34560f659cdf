// See public_key.h.
#include "engine/evidence/public_key.h"

#include <openssl/core_names.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/base/sha256.h"
#include "engine/evidence/openssl_ptr.h"

namespace ztp::evidence {
namespace {

constexpr size_t kMinModulusBits = 2048;
constexpr size_t kMaxModulusBits = 8192;
constexpr size_t kMaxExponentBytes = 4;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

size_t BitsOf(std::string_view number) {
  return number.size() * 8 -
         static_cast<size_t>(std::countl_zero(static_cast<uint8_t>(number.front())));
}
bool IsOdd(std::string_view number) { return (static_cast<unsigned char>(number.back()) & 1) != 0; }

// The key, or null.
SharedKey FromParams(const char* type, OSSL_PARAM_BLD* build) {
  const ErrorQueueScope errors;
  EVP_PKEY* key = nullptr;
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(build));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  if (params != nullptr && context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1) {
    if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
      key = nullptr;
    }
  }
  return key == nullptr ? nullptr : SharedKey(key, EVP_PKEY_free);
}

}  // namespace

Verified<SharedKey> MakeRsaKey(std::string_view modulus, std::string_view exponent) {
  for (const std::string_view number : {modulus, exponent}) {
    if (number.empty() || number.front() == '\0') {
      return Refuse(Check::kMalformed, "a number of an RSA key is empty or has leading zeros");
    }
  }
  if (const size_t bits = BitsOf(modulus); bits < kMinModulusBits || bits > kMaxModulusBits) {
    return Refuse(Check::kUsage, "an RSA modulus must have ", kMinModulusBits, " to ",
                  kMaxModulusBits, " bits, this one has ", bits);
  }
  if (!IsOdd(modulus)) return Refuse(Check::kUsage, "an RSA modulus must be odd");
  if (exponent.size() > kMaxExponentBytes || !IsOdd(exponent) ||
      (exponent.size() == 1 && exponent[0] == '\1')) {
    return Refuse(Check::kUsage, "an RSA exponent must be odd, from 3 on, and of at most ",
                  kMaxExponentBytes * 8, " bits");
  }
  const BnPtr n(BN_bin2bn(Bytes(modulus), static_cast<int>(modulus.size()), nullptr));
  const BnPtr e(BN_bin2bn(Bytes(exponent), static_cast<int>(exponent.size()), nullptr));
  const ParamBuildPtr build(OSSL_PARAM_BLD_new());
  SharedKey key;
  if (n != nullptr && e != nullptr && build != nullptr &&
      OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
      OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1) {
    key = FromParams("RSA", build.get());
  }
  if (key == nullptr) return Refuse(Check::kUsage, "OpenSSL takes no such RSA key");
  return key;
}

std::string KeyDigest(const SharedKey& key) {
  const ErrorQueueScope errors;
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  if (size <= 0) return {};
  std::string digest =
      Sha256Digest(std::string_view(reinterpret_cast<const char*>(der), static_cast<size_t>(size)));
  OPENSSL_free(der);
  return digest;
}

size_t FieldBytesOf(KeyType type) {
  switch (type) {
    case KeyType::kP256:
      return 32;
    case KeyType::kP384:
      return 48;
    case KeyType::kP521:
      return 66;
    case KeyType::kRsa:
    case KeyType::kEd25519:
      break;
  }
  return 0;
}

Verified<SharedKey> MakeEcKey(KeyType type, std::string_view x, std::string_view y) {
  const size_t size = FieldBytesOf(type);
  if (size == 0 || x.size() != size || y.size() != size) {
    return Refuse(Check::kMalformed, "a coordinate of ", NameOf(type), " must have ", size,
                  " bytes, these have ", x.size(), " and ", y.size());
  }
  const char* group = type == KeyType::kP256 ? "P-256" : type == KeyType::kP384 ? "P-384" : "P-521";
  std::string point = "\4";  // uncompressed
  point.append(x).append(y);
  const ParamBuildPtr build(OSSL_PARAM_BLD_new());
  SharedKey key;
  if (build != nullptr &&
      OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
      OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) == 1) {
    key = FromParams("EC", build.get());
  }
  bool valid = false;
  if (key != nullptr) {
    // Once more and in full: on the curve, not at infinity, of the group's order.
    const ErrorQueueScope errors;
    const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
    valid = context != nullptr && EVP_PKEY_public_check(context.get()) == 1;
  }
  if (!valid) return Refuse(Check::kUsage, "the point of ", NameOf(type), " is not on its curve");
  return key;
}

Verified<SharedKey> MakeEd25519Key(std::string_view x) {
  if (x.size() != 32) {
    return Refuse(Check::kMalformed, "an Ed25519 key must have 32 bytes, this one has ", x.size());
  }
  const ErrorQueueScope errors;
  EVP_PKEY* key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(x), x.size());
  if (key == nullptr) return Refuse(Check::kUsage, "OpenSSL takes no such Ed25519 key");
  return SharedKey(key, EVP_PKEY_free);
}

}  // namespace ztp::evidence
