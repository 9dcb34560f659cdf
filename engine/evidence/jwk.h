// JSON Web Keys and sets of them: RFC 7517; their numbers: RFC 7518 section 6, RFC 8037 section 2;
// thumbprints: RFC 7638.
//
// Boundary: text to public keys. Who vouches for the text (a file of the operator, a source that
// was fetched) the caller knows; certificates (`x5c`, `x5u`) in it are not looked at.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/jws_algorithm.h"
#include "engine/evidence/public_key.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr size_t kMaxJwkSetBytes = size_t{1} << 20;
inline constexpr size_t kMaxJwkSetKeys = 512;
inline constexpr size_t kMaxKeyIdBytes = 512;

// One public key and what its owner says it is for.
struct Jwk {
  KeyType type = KeyType::kRsa;
  SharedKey key;
  std::optional<std::string> kid;
  std::optional<std::string> use;  // "sig"; SPIFFE has "jwt-svid"
  std::optional<std::string> alg;  // also one that no enumerator has: such a key verifies nothing
  bool may_verify = true;          // `key_ops` is not there or has "verify"
  std::string thumbprint;          // RFC 7638 with SHA-256, as base64url

  // Does a signature of `algorithm` count as this key's? Else the check that says why not.
  // `wanted_use`: what `use` must be where it is there; `use_required`: it must be there.
  std::optional<Refusal> WhyUnfit(JwsAlgorithm algorithm, std::string_view wanted_use,
                                  bool use_required) const;
};

struct JwkSet {
  std::vector<Jwk> keys;
};

// One key. Refused: a private or symmetric key (whoever wrote it has published a secret), a key
// that is unsafe (public_key.h), one of a kind that is not known, duplicate names.
Verified<Jwk> ParseJwk(std::string_view text);

// {"keys": […]}. As RFC 7517 section 5 says, a key of an unknown `kty` or `crv` is left out; one
// that ParseJwk would refuse for another reason makes the set refused: a source with such a key
// needs somebody to look at it. The set may be empty.
Verified<JwkSet> ParseJwkSet(std::string_view text);

}  // namespace ztp::evidence
