// A trust configuration from its file, with the files that it names.
//
// Boundary: files; what the document says is evidence/'s.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/evidence/trust.h"
#include "engine/facts/json_error.h"

namespace ztp {

// The file itself cannot be read: the errors of MapFile. Mistakes in it, and in files that it names
// (a relative name is relative to it), are *errors; then *trust is null.
absl::Status LoadTrust(const std::string& path, evidence::Trust::Options options,
                       std::shared_ptr<evidence::Trust>* trust, std::vector<JsonError>* errors);
// Reads it again, and puts it in the place of what `trust` has: Trust::Reload.
absl::Status ReloadTrust(const std::string& path, evidence::Trust& trust,
                         std::vector<JsonError>* errors);

}  // namespace ztp
