// What the transparency log Rekor says about a signature: that it holds it, and since when.
// github.com/sigstore/rekor, version 1: entries of kind dsse 0.0.1, signed entry timestamps,
// checkpoints as signed notes (signed_note.h); proofs: base/merkle.h.
//
// Boundary: an entry as a bundle has it and the log's keys in. The network is not asked: what is
// proven is that the log has promised it (and when), or that it stands under a root that the log
// has signed.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/core/time.h"
#include "engine/evidence/signature_key.h"
#include "engine/evidence/sigstore_bundle.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

// Is this entry about this envelope, signed with this certificate's key? The entry names the
// payload's digest, the signature and the certificate.
//   kLog
std::optional<Refusal> RefuseOtherEntry(const LogEntry& entry, const DsseEnvelope& envelope,
                                        const Certificate& certificate);

// When the log took the entry in, as its signed entry timestamp says.
//   kLog: no timestamp, or not signed by one of the keys
Verified<Time> LoggedAt(const LogEntry& entry, std::span<const SignatureKey> log_keys);

// That the entry stands under a root that the log has signed.
//   kLog
std::optional<Refusal> RefuseInclusion(const LogEntry& entry,
                                       std::span<const SignatureKey> log_keys);

}  // namespace ztp::evidence
