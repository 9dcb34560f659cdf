// What a host remembers of the signed files that it has taken, as a JSON text to be kept:
// {"ztp_signed_files": 1, "files": {"gateway.ztpb": {"version": 7, "digest": "sha256:…", "latest":
// "2026-11-28T10:00:00Z"}}}
//
// Boundary: text and states. Where it is kept, and that nobody else may write it, the host sees to.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "engine/evidence/signed_file.h"

namespace ztp::evidence {

inline constexpr size_t kMaxSignedFileStatesBytes = size_t{1} << 20;

// By name.
using SignedFileStates = std::map<std::string, SignedFileState, std::less<>>;

std::string WriteSignedFileStates(const SignedFileStates& states);

// Strictly: what cannot be understood is refused, for whoever spoils the text must not make a host
// forget.
//   kTooLarge, kMalformed
Verified<SignedFileStates> ReadSignedFileStates(std::string_view json);

}  // namespace ztp::evidence
