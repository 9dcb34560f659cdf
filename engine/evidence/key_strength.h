// Which keys and which signature algorithms of certificates are taken.
//
// Boundary: a list of what is allowed; everything else is refused, what OpenSSL would take
// included. Keys: RSA of 2048 to 8192 bits with an exponent as FIPS 186-5 (appendix A.1.1) has it,
// the named curves P-256, P-384 and P-521 (RFC 5480, section 2.1.1: never a curve that the key
// itself describes), Ed25519 (RFC 8410). Signatures: RSA (PKCS #1 and PSS) and ECDSA with SHA-256,
// SHA-384 or SHA-512, and Ed25519: no MD5, no SHA-1 (RFC 8017, RFC 5758, RFC 8410).
#pragma once

#include <optional>

#include "engine/evidence/certificate.h"

namespace ztp::evidence {

// The refusal (kAlgorithm) of a certificate whose own key is not among those.
std::optional<Refusal> RefuseKey(const Certificate& certificate);

// The refusal (kAlgorithm) of a certificate that is signed otherwise. Whether the signature is
// right is not asked.
std::optional<Refusal> RefuseSignatureAlgorithm(const Certificate& certificate);

}  // namespace ztp::evidence
