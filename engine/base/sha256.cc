#include "engine/base/sha256.h"

#include <openssl/evp.h>

#include "engine/base/hex.h"

namespace ztp {

std::string Sha256Bytes(std::string_view bytes) {
  std::string digest(32, '\0');
  unsigned int size = 0;
  // Fails only where OpenSSL was built without SHA-256: then nothing may be named at all.
  if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                 EVP_sha256(), nullptr) != 1) {
    __builtin_trap();
  }
  return digest;
}

std::string Sha256Digest(std::string_view bytes) { return "sha256:" + Hex(Sha256Bytes(bytes)); }

}  // namespace ztp
