// Whether a JWK and the certificate in its x5c are of the same key (RFC 7517, section 4.7: they
// must be; RFC 7518, sections 6.2 and 6.3, and RFC 8037, section 2 have the members).
//
// Boundary: a comparison. Keys to verify with are taken from certificates or read by jwk.h.
#pragma once

#include "engine/evidence/certificate.h"
#include "engine/facts/json_tree.h"

namespace ztp::evidence {

// Are the members that say what the key is (`kty` and `crv`, `x`, `y` or `n`, `e`) all there, and
// those of the certificate's key? `jwk`: an object of `tree`. A kind of key that is neither EC, RSA
// nor Ed25519: no.
bool IsKeyOf(const JsonTree& tree, const JsonNode& jwk, const Certificate& certificate);

}  // namespace ztp::evidence
