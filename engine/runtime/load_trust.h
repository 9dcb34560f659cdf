// A trust configuration from its file, or as text, with the files that it names; and the nonces
// that were given out for it.
//
// Boundary: files; what the document says is evidence/'s.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/core/time.h"
#include "engine/evidence/trust.h"
#include "engine/facts/json_error.h"

namespace ztp {

// The file itself cannot be read: the errors of MapFile. Mistakes in it, and in files that it names
// (a relative name is relative to it), are *errors; then *trust is null.
absl::Status LoadTrust(const std::string& path, evidence::Trust::Options options,
                       std::shared_ptr<evidence::Trust>* trust, std::vector<JsonError>* errors);
// The same of a document that stands in something else, whose folder its names are relative to.
// Null: *errors says why, of which those in the document have no file.
std::shared_ptr<evidence::Trust> ReadTrustIn(const std::string& folder, std::string_view document,
                                             evidence::Trust::Options options,
                                             std::vector<JsonError>* errors);
// Reads it again, and puts it in the place of what `trust` has: Trust::Reload.
absl::Status ReloadTrust(const std::string& path, evidence::Trust& trust,
                         std::vector<JsonError>* errors);

// Takes nonces that somebody has given out: each is good once, from `now` on for as long as a nonce
// may be. The errors of Nonces::Expect.
absl::Status ExpectNonces(evidence::Trust& trust, const std::vector<std::string>& nonces, Time now);

}  // namespace ztp
