// What evidence proves, in the rows of a batch that it is about.
#pragma once

#include "bindings/c/objects.h"

namespace ztp::c {

// Takes over the evidence of the request that the rows share: one proof for all rows.
void ShareEvidence(const ztp_request& shared, ztp_batch* batch);
// What the input was given before is no longer.
void DropEvidence(InputId input, ztp_batch* batch);

// Binds all of it for every row, as it counts at `now`; where it does not, the input is unbound.
// ZTP_STALE: stored facts that the batch goes on by may have been voided.
ztp_error* ApplyEvidence(ztp_batch* batch, Time now);

}  // namespace ztp::c
