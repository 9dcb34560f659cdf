// std.ai's Svid, of whatever kind of evidence: what the kinds x509-svid, jwt-svid and wit-svid have
// in common.
#pragma once

#include <string>
#include <string_view>

#include "engine/evidence/normal_form.h"

namespace ztp::evidence {

// The record whose `kind` is always that one: "jwt". A new one at each call, for a kind to keep.
const NormalForm* MakeSvidForm(std::string_view kind);

// Its value. `form`: of MakeSvidForm with the same kind.
Value MakeSvid(const NormalForm& form, std::string_view kind, const std::string& spiffe_id);

}  // namespace ztp::evidence
