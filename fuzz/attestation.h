// What the fuzz targets of device evidence share: keys that sign whatever the input is, so that
// what is behind the signature is reached, too.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/base/str.h"
#include "engine/evidence/base64.h"
#include "engine/evidence/jwk.h"
#include "engine/evidence/signing_testing.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence {

// What is accepted holds for a while, and no invariant of the target is broken.
inline void Must(bool ok) {
  if (!ok) std::abort();
}

inline const TestKey& TokenKey() {
  static const TestKey key = EcKey();
  return key;
}

inline const JwkSet& TokenKeys() {
  static const JwkSet keys = [] {
    const std::string point = PointOf(TokenKey().get());
    return *ParseJwkSet(Cat(R"({"keys":[{"kty":"EC","crv":"P-256","x":")",
                            EncodeBase64url(point.substr(0, 32)), R"(","y":")",
                            EncodeBase64url(point.substr(32)), "\"}]}"));
  }();
  return keys;
}

// A token with this text as payload.
inline std::string SignedToken(std::string_view payload,
                               std::string_view header = R"({"alg":"ES256"})") {
  const std::string text = Cat(EncodeBase64url(header), ".", EncodeBase64url(payload));
  return Cat(text, ".", EncodeBase64url(SignRaw(TokenKey().get(), EVP_sha256(), text, 32)));
}

}  // namespace ztp::evidence
