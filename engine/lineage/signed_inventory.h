// A document about data and models that somebody signed: an in-toto statement whose predicate it
// is.
//
// Boundary: the statement has been verified (evidence/signed_statement.h); which signers count was
// said there.
#pragma once

#include <string_view>

#include "engine/evidence/verified.h"
#include "engine/lineage/inventory.h"

namespace ztp::lineage {

// `payload`: a statement with the predicate type https://cyclonedx.org/bom or
// https://spdx.dev/Document, with or without a version behind it. Where it is about one subject and
// describes one model that is nobody's source, that model has the subject's digest.
//   kTooLarge, kMalformed; kContent: the document says another digest of that model than its
//   statement
evidence::Verified<Inventory> ReadSignedInventory(std::string_view payload);

}  // namespace ztp::lineage
