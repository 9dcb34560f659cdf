// What a document about data and models says: which artefacts there are, and what each was made
// from. One form, whatever format it came in.
//
// Boundary: plain data. Nothing in it is proven: a document is worth what its signature is, which
// evidence/ checks; one without is `claimed`. How sensitive data is, evidence/data_statements.h
// reads out of the same documents; which entities the artefacts are is graph.h's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ztp::lineage {

enum class ArtifactKind : uint8_t { kModel, kDataset, kOther };

// "model", "dataset", "other"
std::string_view NameOf(ArtifactKind kind);

struct ContentDigest {
  std::string algorithm;  // "sha256": the name in lower case, without a hyphen
  std::string hex;        // lower case
  bool operator==(const ContentDigest&) const = default;
};

struct Artifact {
  ArtifactKind kind = ArtifactKind::kOther;
  std::string id;  // within the document: unique, never empty
  std::string name;
  std::string version;  // where the document says it
  std::string license;  // as it says it: mostly an SPDX identifier
  std::vector<ContentDigest> digests;
  bool operator==(const Artifact&) const = default;
};

// How one artefact came from another.
enum class Relation : uint8_t {
  kTrainedOn = 0,    // a model, on data
  kDerivedFrom = 1,  // a model from a model: fine-tuned, quantised, merged, distilled …
  kMadeFrom = 2,     // data from data, or as the document leaves open
  kTestedOn = 3,     // no part of it came into the model: not lineage
};

// "trained_on", "derived_from", "made_from", "tested_on"
std::string_view NameOf(Relation relation);

struct Link {
  uint32_t product = 0;  // in Inventory::artifacts
  uint32_t source = 0;
  Relation relation = Relation::kMadeFrom;
  auto operator<=>(const Link&) const = default;
};

struct Inventory {
  std::string format;  // "CycloneDX 1.6"
  std::vector<Artifact> artifacts;
  std::vector<Link> links;  // sorted, each once; no artefact is its own source
  bool operator==(const Inventory&) const = default;
};

// What one document may hold.
inline constexpr size_t kMaxInventoryBytes = size_t{16} << 20;
inline constexpr size_t kMaxArtifacts = 100'000;
inline constexpr size_t kMaxLinks = 1'000'000;
inline constexpr size_t kMaxNameBytes = 2048;

}  // namespace ztp::lineage
