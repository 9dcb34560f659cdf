// A public key made from its numbers, with what makes a key unsafe refused.
//
// Boundary: the numbers as bytes to OpenSSL's form. Where they come from and what the key may be
// used for, the caller knows.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

#include "engine/evidence/jws_algorithm.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

// Immutable once made; verifying with one key from several threads is safe.
using SharedKey = std::shared_ptr<EVP_PKEY>;

// RFC 8017, SP 800-131A: a modulus of 2048 to 8192 bits and an odd exponent from 3 on that takes at
// most 32 bits (verification takes time in proportion to it). Both numbers are big-endian without
// leading zeros, as RFC 7518 section 6.3.1 has them.
Verified<SharedKey> MakeRsaKey(std::string_view modulus, std::string_view exponent);

// SEC 1 section 3.2.2: the point with these coordinates, each of exactly the field's size, is on
// the curve. `type` is one of the three curves.
Verified<SharedKey> MakeEcKey(KeyType type, std::string_view x, std::string_view y);

// RFC 8032: 32 bytes.
Verified<SharedKey> MakeEd25519Key(std::string_view x);

// "sha256:…" of the key as SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7) in DER; empty: OpenSSL
// has no memory.
std::string KeyDigest(const SharedKey& key);

// The bytes of one coordinate, or of r or s of a signature: 32, 48, 66. Else 0.
size_t FieldBytesOf(KeyType type);

}  // namespace ztp::evidence
