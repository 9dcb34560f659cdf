// Keys as the command line names them: files, or variables of the environment.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/evidence/document_signer.h"
#include "engine/evidence/signature_key.h"
#include "engine/evidence/signed_note.h"

namespace ztp::cli {

inline constexpr char kKeyHelp[] =
    "the private key: a file with a PEM block, env:NAME for a variable that holds one, or the "
    "address of a key in a device (pkcs11:token=…;object=…?module-path=…); an encrypted key or a "
    "token is opened with ZTP_KEY_PASSWORD";

// `name`: as kKeyHelp says. The message of an error never holds a part of the key.
absl::StatusOr<std::unique_ptr<evidence::DocumentSigner>> LoadPrivateKey(const std::string& name);

// The public keys of PEM files, each once.
absl::StatusOr<std::vector<evidence::SignatureKey>> LoadPublicKeys(
    const std::vector<std::string>& files);

inline constexpr char kLogKeyHelp[] =
    "the log's public key: NAME+ID+KEY as `ztp audit key` prints it, a file that holds that, or a "
    "PEM file together with --origin";

// As kLogKeyHelp says; `origin`: the name that goes with PEM.
absl::StatusOr<evidence::NoteKey> LoadLogKey(const std::string& key, const std::string& origin);

// "ztp: FILE: refused: CHECK: WHY" on standard error; kFailed.
int Refused(std::string_view file, const evidence::Refusal& refusal);

}  // namespace ztp::cli
