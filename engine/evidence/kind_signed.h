// What the kinds of signed documents have in common: who may sign, and the facts that come of it.
//
// Boundary: between kinds and signed_statement.h; no kind in particular.
#pragma once

#include "engine/evidence/kind.h"
#include "engine/evidence/signed_statement.h"

namespace ztp::evidence {

// `signers`: public keys as PEM; `roots`, `names`: certificates that lead there, of one of these
// names; `trusted_root`, `identities`: a Sigstore instance (its trusted_root.json), and who of its
// users, {"issuer": …, "name": …} each. At least one of the three; `crls`, `revocation`,
// `crl_max_age` go with `roots`. The policy's revocation points into `*crls` from then on.
void ReadSigners(SourceReader& reader, SignerPolicy* policy, std::vector<Crl>* crls);

// A fact by what `signer` has signed. A key's signature has no end of its own: it counts until the
// source's keys are others. `issued_at`: where that is proven, or the document says it.
ProvenFact FactOfSigned(const std::string& signer, const std::string& anchor,
                        std::optional<Time> issued_at, std::optional<Time> valid_until);

}  // namespace ztp::evidence
