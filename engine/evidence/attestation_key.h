// What the verifiers of device evidence ask of a certificate beyond its path: its key as one of a
// known curve, an extension by its number, a name.
//
// Boundary: reads one certificate; that it is anybody's, x509_chain.h says.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/core/time.h"
#include "engine/evidence/certificate.h"
#include "engine/evidence/crl.h"
#include "engine/evidence/jws_algorithm.h"
#include "engine/evidence/public_key.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

// The certificate's key if it is of this type; else kAlgorithm.
Verified<SharedKey> KeyOf(const Certificate& certificate, KeyType type);

// What the extension with this number ("1.2.840.113741.1.13.1") holds, without its own wrapping;
// nothing: it is not there.
std::optional<std::string> ExtensionOf(const Certificate& certificate, const char* oid);

// The subject's one common name; nothing: there is none, or more than one, or it is not 1 to 64
// printable characters of ASCII.
std::optional<std::string> CommonNameOf(const Certificate& certificate);

// Until when it is known that `certificate` is not revoked by `issuer`, by the list that is in
// force now and lasts longest. For the chains whose makers revoke some of their certificates only;
// else x509_chain.h asks for all of them.
//   kRevoked: revoked, or there is no such list
Verified<Time> KnownUnrevokedUntil(const Certificate& certificate, const Certificate& issuer,
                                   std::span<const Crl> crls, Time now);

}  // namespace ztp::evidence
