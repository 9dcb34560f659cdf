// What tests and fuzz targets make evidence with: numbers as bytes, signatures as raw bytes.
//
// Boundary: tests only, and no test framework: what cannot be made ends the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/evidence/openssl_ptr.h"

namespace ztp::evidence {

// `value` in `size` bytes, the least or the most significant first.
inline std::string LittleBytes(uint64_t value, size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 255);
  return bytes;
}
inline std::string BigBytes(uint64_t value, size_t size) {
  const std::string bytes = LittleBytes(value, size);
  return {bytes.rbegin(), bytes.rend()};
}

// ECDSA over `input`: r and s one after the other, `field_bytes` each.
inline std::string SignRaw(EVP_PKEY* key, const EVP_MD* hash, std::string_view input,
                           size_t field_bytes) {
  const MdCtxPtr context(EVP_MD_CTX_new());
  unsigned char der[256];
  size_t size = sizeof(der);
  if (EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), der, &size,
                     reinterpret_cast<const unsigned char*>(input.data()), input.size()) != 1) {
    std::abort();
  }
  const unsigned char* at = der;
  const EcdsaSigPtr sig(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  std::string raw(2 * field_bytes, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(sig.get()), out, static_cast<int>(field_bytes));
  BN_bn2binpad(ECDSA_SIG_get0_s(sig.get()), out + field_bytes, static_cast<int>(field_bytes));
  return raw;
}

// The coordinates of a key on P-256, 32 bytes each.
inline std::string PointOf(EVP_PKEY* key) {
  unsigned char point[65];
  size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof(point), &size) != 1 ||
      size != sizeof(point)) {
    std::abort();
  }
  return {reinterpret_cast<const char*>(point) + 1, 64};
}

}  // namespace ztp::evidence
