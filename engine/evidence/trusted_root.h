// Sigstore's trusted root: the keys and certificates of an instance, as its TUF repository hands
// them out. github.com/sigstore/protobuf-specs, sigstore_trustroot.proto, version 0.1, as JSON.
//
// Boundary: text to keys. Who vouches for the text, the caller knows. Members that have ended are
// left out (`validFor.end`), so that what they signed is refused: no list says how long signatures
// of theirs shall count.
#pragma once

#include <string_view>

#include "engine/evidence/signed_statement.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr size_t kMaxTrustedRootBytes = size_t{1} << 20;

// At least an authority, a log and a certificate log, or kMalformed. Also kTooLarge, and what
// ReadSpki and Certificate::FromDer say; a log's key of a kind that is not known is left out.
Verified<SigstoreTrust> ReadTrustedRoot(std::string_view json);

}  // namespace ztp::evidence
