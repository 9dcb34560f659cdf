// A key that stays in its device: a smart card, a security module, SoftHSM, by PKCS #11.
//
// Boundary: an address (RFC 7512) and a PIN to something that signs. p11-kit reads the address and
// loads the device's module; only the command line links it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/evidence/document_signer.h"

namespace ztp::cli {

inline constexpr std::string_view kPkcs11Scheme = "pkcs11:";

// "pkcs11:token=release;object=policies?module-path=/usr/lib/softhsm/libsofthsm2.so". Without
// module-path: the modules that p11-kit is configured with. The PIN is `pin`, or the first line of
// the file that pin-source names; an address that holds the PIN itself is refused, since command
// lines are no secret.
//   InvalidArgument   no such address; it names no key or several; a key of another kind than
//                     ztp signs with; no public key of the same id beside it
//   PermissionDenied  no PIN, or a wrong one
//   Unavailable       the module cannot be loaded, or the device fails
absl::StatusOr<std::unique_ptr<evidence::DocumentSigner>> OpenPkcs11Key(const std::string& uri,
                                                                        std::string_view pin);

}  // namespace ztp::cli
