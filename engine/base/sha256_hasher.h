// SHA-256 with a context that is kept: looking OpenSSL's up and making one costs more than hashing
// a node of a tree.
//
// Boundary: for sha256.cc and merkle.cc, which are what others call.
#pragma once

#include <openssl/evp.h>

#include <initializer_list>
#include <string_view>

namespace ztp {

// One thread's.
class Sha256Hasher {
 public:
  static constexpr size_t kBytes = 32;

  Sha256Hasher()
      : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {}
  ~Sha256Hasher() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(algorithm_);
  }
  Sha256Hasher(const Sha256Hasher&) = delete;
  Sha256Hasher& operator=(const Sha256Hasher&) = delete;

  // Of the pieces one after the other, into kBytes bytes.
  void Hash(std::initializer_list<std::string_view> pieces, char* digest) {
    bool ok = EVP_DigestInit_ex2(context_, algorithm_, nullptr) == 1;
    for (const std::string_view piece : pieces) {
      ok = ok && EVP_DigestUpdate(context_, piece.data(), piece.size()) == 1;
    }
    ok = ok && EVP_DigestFinal_ex(context_, reinterpret_cast<unsigned char*>(digest), nullptr) == 1;
    // Fails only where OpenSSL has no SHA-256, or no memory: then nothing may be named at all.
    if (!ok) __builtin_trap();
  }

  static Sha256Hasher& OfThisThread() {
    thread_local Sha256Hasher hasher;
    return hasher;
  }

 private:
  EVP_MD* algorithm_;
  EVP_MD_CTX* context_;
};

}  // namespace ztp
