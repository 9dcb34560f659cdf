// A proven fact as JSON, for programs and audits.
//
// Boundary: the text; its members and their order are stable.
#pragma once

#include <string>

#include "engine/evidence/proven_fact.h"

namespace ztp::evidence {

// {"source":"mesh","kind":"x509-svid","fact":{…},"subjects":[…],"issuer":"…","issued_at":"…","expires_at":"…",
//  "anchor":"…","digest":"sha256:…"}
std::string FactToJson(const ProvenFact& fact);

}  // namespace ztp::evidence
