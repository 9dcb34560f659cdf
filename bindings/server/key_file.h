// A private key that this process signs with: a file, or a variable of its environment.
//
// Boundary: a name to a key. Keys in devices are the command line's to open.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/evidence/document_signer.h"

namespace ztp::server {

// ZTP_KEY_PASSWORD, which opens encrypted keys and tokens; or nothing.
std::string_view KeyPassword();

// `name`: a file with a PEM block, or env:NAME for a variable that holds one. InvalidArgument: it
// is none, and the errors of reading; no message ever holds a part of the key.
absl::StatusOr<std::unique_ptr<evidence::DocumentSigner>> LoadKeyFile(const std::string& name);

}  // namespace ztp::server
