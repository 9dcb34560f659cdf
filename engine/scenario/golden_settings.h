// Under what a golden file's requests are decided: its sections `options` and `trust`.
//
// Boundary: finds them and reads the options. What a trust configuration says is evidence/'s, and
// it is read as that of every command (runtime/load_trust.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/time.h"
#include "engine/evidence/trust.h"
#include "engine/scenario/golden_file.h"

namespace ztp::scenario {

struct GoldenSettings {
  Time now;                         // `now TIME`; else 2030-01-01T00:00:00Z, as of `test` blocks
  bool assume_proven = false;       // `assume-proven`
  bool accept_now = true;           // a request may bring its own time; not with `refuse-now`
  std::vector<std::string> nonces;  // `nonce TEXT`: it was given out
};
// InvalidArgument: the author's mistake, with its line.
absl::StatusOr<GoldenSettings> ReadSettings(const GoldenFile& file);

// The file that a section `trust` names, in its header or as a JSON string, by its path from the
// golden file's `folder`; nothing: the configuration is the section's content. InvalidArgument: an
// empty or malformed string.
absl::StatusOr<std::optional<std::string>> TrustFileOf(const GoldenSection& trust,
                                                       const std::string& folder);

// Whose evidence the golden file at `path` takes, with the nonces that were given out; null: it has
// no such section. One trust a file, so that what counts once counts once in it. InvalidArgument:
// what is wrong with the configuration, a line a mistake that begins with file and line.
absl::StatusOr<std::shared_ptr<evidence::Trust>> ReadTrustOf(const GoldenFile& file,
                                                             const std::string& path,
                                                             const GoldenSettings& settings);

}  // namespace ztp::scenario
