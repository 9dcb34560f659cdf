// See set_hash.h.
#include "engine/facts/set_hash.h"

#include <openssl/evp.h>

#include <cstring>

#include "engine/base/sha256.h"

namespace ztp {

std::string SetHash::Digest(uint64_t count) const {
  std::string state = "ztp facts 1";
  for (int shift = 0; shift < 64; shift += 8) state += static_cast<char>(count >> shift);
  for (uint16_t lane : lanes_) {
    state += static_cast<char>(lane);
    state += static_cast<char>(lane >> 8);
  }
  return Sha256Digest(state);
}

SetHasher::SetHasher() : cipher_(EVP_CIPHER_CTX_new()), digest_(EVP_MD_CTX_new()) {
  // Fails only where OpenSSL was built without ChaCha20 or SHA-256: then nothing may be named at
  // all.
  if (cipher_ == nullptr || digest_ == nullptr ||
      EVP_EncryptInit_ex(cipher_, EVP_chacha20(), nullptr, nullptr, nullptr) != 1 ||
      EVP_DigestInit_ex(digest_, EVP_sha256(), nullptr) != 1) {
    __builtin_trap();
  }
}

SetHasher::~SetHasher() {
  EVP_CIPHER_CTX_free(cipher_);
  EVP_MD_CTX_free(digest_);
}

void SetHasher::Mix(std::string_view member, uint32_t factor, SetHash* hash) {
  static constexpr unsigned char kNonce[16] = {};
  static constexpr unsigned char kZeros[2 * SetHash::kLanes] = {};
  unsigned char key[32];
  unsigned char stream[sizeof(kZeros)];
  int size = 0;
  if (EVP_DigestInit_ex(digest_, nullptr, nullptr) != 1 ||
      EVP_DigestUpdate(digest_, member.data(), member.size()) != 1 ||
      EVP_DigestFinal_ex(digest_, key, nullptr) != 1 ||
      EVP_EncryptInit_ex(cipher_, nullptr, nullptr, key, kNonce) != 1 ||
      EVP_EncryptUpdate(cipher_, stream, &size, kZeros, sizeof(kZeros)) != 1) {
    __builtin_trap();
  }
  for (size_t i = 0; i < SetHash::kLanes; ++i) {
    const uint32_t lane = stream[2 * i] | uint32_t{stream[2 * i + 1]} << 8;
    hash->lanes()[i] = static_cast<uint16_t>(hash->lanes()[i] + lane * factor);
  }
}

}  // namespace ztp
