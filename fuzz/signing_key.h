// The key that fuzz targets sign with: the same for everybody, so that inputs are.
#pragma once

#include <cstdlib>

#include "engine/evidence/private_key.h"

namespace ztp::fuzz {

// Ed25519 of thirty-two ones (RFC 8410's form of it).
inline const evidence::PrivateKey& SigningKey() {
  static const evidence::PrivateKey* const key = [] {
    auto read = evidence::PrivateKey::FromPem(
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\n"
        "-----END PRIVATE KEY-----\n");
    if (!read.ok()) std::abort();
    return new evidence::PrivateKey(*std::move(read));
  }();
  return *key;
}

}  // namespace ztp::fuzz
