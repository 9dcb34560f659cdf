// That a certificate was handed to a Certificate Transparency log before it was issued: RFC 6962,
// sections 3.2 and 3.3, by the timestamps (SCTs) that are in the certificate.
//
// Boundary: a certificate, its issuer's and the logs' keys in. The log's promise is verified, not
// that it was kept.
#pragma once

#include <optional>
#include <span>

#include "engine/evidence/certificate.h"
#include "engine/evidence/signature_key.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

// The refusal (kLog) of a certificate without a timestamp that one of the keys has signed. A log's
// id is the SHA-256 of its key, which is SignatureKey::id.
std::optional<Refusal> RefuseUnlogged(const Certificate& certificate, const Certificate& issuer,
                                      std::span<const SignatureKey> log_keys);

}  // namespace ztp::evidence
