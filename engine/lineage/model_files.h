// A model's files, hashed; and whether they are what a manifest says.
//
// Boundary: files to digests. Who signed the manifest: evidence/oms.h. Files are read front to back
// into small buffers, several at a time: memory does not grow with them. They are not mapped,
// because a file that somebody cuts off meanwhile would end the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/evidence/oms.h"
#include "engine/evidence/verified.h"
#include "engine/lineage/model_tree.h"

namespace ztp::lineage {

inline constexpr unsigned kMaxHashThreads = 64;

struct HashOptions {
  // Files at a time; 0: as many as there are processors. At most kMaxHashThreads.
  unsigned threads = 0;
  // Called now and then, by one thread at a time, with the bytes that were hashed so far and those
  // of all files. False: stop (Cancelled).
  std::function<bool(uint64_t done, uint64_t all)> progress;
};

// Their digests, in the order of `files`. NotFound, PermissionDenied, Unavailable: also for a file
// whose size is another than `files` says; Cancelled; ResourceExhausted.
absl::StatusOr<std::vector<evidence::ModelFile>> HashFiles(const ModelTree& tree,
                                                           const std::vector<TreeFile>& files,
                                                           const HashOptions& options);

// The model at `path`, a folder or a file. `ignored`: as ModelTree::List has it. What it refuses:
// see there.
absl::StatusOr<evidence::Verified<std::vector<evidence::ModelFile>>> HashModel(
    const std::string& path, const std::vector<std::string>& ignored, const HashOptions& options);

// Does `path` hold the manifest's files, all of them and no others? Names are compared before
// anything is hashed. `ignored`: besides what the manifest ignores, as the signature's own file.
//   kContent: a file that is missing, not signed, or another than the one that was signed
// and what ModelTree::List says. The value is the number of bytes hashed.
absl::StatusOr<evidence::Verified<uint64_t>> VerifyModelFiles(
    const std::string& path, const evidence::ModelManifest& manifest,
    const std::vector<std::string>& ignored, const HashOptions& options);

}  // namespace ztp::lineage
