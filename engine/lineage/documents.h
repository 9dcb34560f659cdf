// What documents about models say of what they were made from.
//   CycloneDX 1.5 to 1.7 (JSON): pedigree.ancestors, modelCard.modelParameters.datasets
//   SPDX 3.0 (JSON-LD): trainedOn, descendantOf, ancestorOf
//   Hugging Face model cards: base_model and datasets of the front matter
//   safetensors: base_model and modelspec.merged_from of the header's metadata
//
// Boundary: text to nodes and edges, all of them claimed. ProveBy says that a signer whom the
// caller trusts stands behind them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/evidence/signed_statement.h"
#include "engine/evidence/verified.h"
#include "engine/lineage/graph.h"

namespace ztp::lineage {

inline constexpr size_t kMaxModelCardBytes = size_t{1} << 20;
inline constexpr uint64_t kMaxSafetensorsHeader = uint64_t{16} << 20;
inline constexpr size_t kMaxDocumentNodes = 20'000;

// `json` is a CycloneDX or SPDX document, which says itself which.
//   kTooLarge, kMalformed
evidence::Verified<Fragment> ReadBom(std::string_view json);

// A statement whose predicate is a CycloneDX or SPDX document (predicate types
// https://cyclonedx.org/bom, https://spdx.dev/Document), already verified: edges are proven by its
// signer. Where it is about one subject and describes one model, the model is what has the
// subject's digest.
//   kTooLarge, kMalformed
evidence::Verified<Fragment> ReadSignedBom(const evidence::SignedStatement& statement);

// `model`: the id of what the card is about, which does not say it.
//   kTooLarge, kMalformed: no front matter
evidence::Verified<Fragment> ReadModelCard(std::string_view text, std::string_view model);

// `bytes`: at least the header; `file_bytes`: of the whole file. The header is checked in full:
// tensors lie one behind the other and end where the file does.
//   kTooLarge, kMalformed
evidence::Verified<Fragment> ReadSafetensors(std::string_view bytes, uint64_t file_bytes,
                                             std::string_view model);

}  // namespace ztp::lineage
