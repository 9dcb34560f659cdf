// Is this the key's signature? RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1, on OpenSSL.
//
// Boundary: bytes in, yes or no out. Which key and which algorithm may be used was decided before.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/evidence/jws_algorithm.h"
#include "engine/evidence/public_key.h"

namespace ztp::evidence {

// Has `key`, which is of KeyTypeOf(algorithm), signed `input` with `signature`? ECDSA: r and s one
// after the other, each of the field's size. RSASSA-PSS: MGF1 with the same hash, salt as long as
// the hash. A failure of OpenSSL is a no.
bool IsSignatureOf(JwsAlgorithm algorithm, const SharedKey& key, std::string_view input,
                   std::string_view signature);

// An ECDSA signature as r and s one after the other, each of the field's size, in the DER that
// OpenSSL reads and documents carry (SEC 1, C.5). Whether they are in range is for who verifies.
// Nothing: it has another size, or OpenSSL fails.
std::optional<std::string> EcdsaToDer(std::string_view raw, size_t field_bytes);

}  // namespace ztp::evidence
