// Compact JSON Web Signatures: RFC 7515 sections 3.1, 4.1 and 5.2, with the advice of RFC 8725.
//
// Boundary: a token and the keys of its source in, what was signed out. What the payload means,
// later files say. Nothing in the header says how to verify: algorithm and key must be among those
// that the caller gives, and `jwk`, `jku`, `x5u`, `x5c` are not read.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "engine/evidence/jwk.h"
#include "engine/evidence/jws_algorithm.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr size_t kMaxJwsBytes = size_t{256} << 10;
inline constexpr size_t kMaxJwsHeaderBytes = size_t{8} << 10;  // in base64url

// What a source of tokens may use.
struct JwsPolicy {
  JwsAlgorithms algorithms;             // none: every token is refused
  std::string key_use = "sig";          // what a key's `use` must be
  bool key_use_required = false;        // a key that does not say its use is not taken
  bool kid_required = false;            // else a token may leave it to us which key fits
  size_t max_bytes = size_t{64} << 10;  // of the token; at most kMaxJwsBytes count
};

struct Jws {
  JwsAlgorithm algorithm = JwsAlgorithm::kEs256;
  std::optional<std::string> type;          // `typ`, as written
  std::optional<std::string> kid;           // of the header
  std::optional<std::string> content_type;  // `cty`
  std::string payload;                      // any bytes
  std::string key_thumbprint;               // of the key that signed: RFC 7638, base64url
  std::string digest;                       // "sha256:…" of the compact token
};

// Refuses with kTooLarge, kMalformed, kAlgorithm, kKeyUnknown, kUsage or kSignature. The key is the
// one that the header's `kid` names; without `kid`, the only one in the set that fits. If two keys
// fit, none is taken. Thread-safe.
Verified<Jws> VerifyJws(std::string_view token, const JwkSet& keys, const JwsPolicy& policy);

}  // namespace ztp::evidence
