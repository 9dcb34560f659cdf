// A file that the authors of policies or facts have signed: by how many of them, for how long, and
// after which version. A detached DSSE envelope around an in-toto statement that names the file's
// digest; rollback and freeze as in The Update Framework (specification 1.0, sections 5.3 to 5.6).
//
// Boundary: an envelope, the file's digest, keys and what was taken before in; who signed, and what
// to remember out. Where that is kept, and what the file holds, the host knows: the state is to be
// stored before the file is used, and never by whoever hands out files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/time.h"
#include "engine/evidence/dsse.h"
#include "engine/evidence/signature_key.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr std::string_view kSignedFilePredicateType = "urn:ztp:signed-file:v1";
inline constexpr size_t kMaxSignedFileBytes = size_t{64} << 10;  // the envelope
inline constexpr size_t kMaxSignedNameBytes = 256;

struct SignedFile {
  // Of what the file is the newest version: "gateway policy". Versions are counted by name.
  std::string name;
  std::string digest;    // "sha256:…" of the file
  uint64_t version = 0;  // from 1
  Time issued_at;
  Time expires_at;  // no longer good from then on
};

// What a host remembers of a name. `latest` is the latest time that was ever seen, so that a clock
// that is set back makes nothing good again.
struct SignedFileState {
  std::string name;
  uint64_t version = 0;
  std::string digest;
  Time latest;
  bool operator==(const SignedFileState&) const = default;
};

struct SignedFilePolicy {
  std::vector<SignatureKey> keys;
  size_t threshold = 1;  // so many of them
  std::string name;
};

struct VerifiedFile {
  SignedFile file;
  std::vector<std::string> signers;  // the keys' ids
  std::string envelope_digest;       // "sha256:…"
  SignedFileState state;             // to be kept instead of the one that was given
};

// `digest`: of the file at hand. `before`: what was kept, if anything was. Thread-safe.
//   kTooLarge, kMalformed
//   kSignature, kKeyUnknown, kThreshold, kUsage    see CheckDsse; kUsage also for a state of
//                     another name
//   kSubject          signed as something else
//   kContent          another file than the one that was signed
//   kVersion          an older version than before, or another file of the same version
//   kIssuedInFuture   by more than a minute
//   kExpired          at the later of `now` and the latest time before
Verified<VerifiedFile> VerifySignedFile(std::string_view envelope, std::string_view digest,
                                        const SignedFilePolicy& policy,
                                        const std::optional<SignedFileState>& before, Time now);

// An envelope without signatures; SignDsse adds them. kUsage: a version of 0, a name that is empty
// or too long, an end before the begin, a digest that is none.
Verified<DsseEnvelope> MakeSignedFile(const SignedFile& file);

// What an envelope states, whoever signed it: to look at, or to add a signature to.
Verified<SignedFile> ReadSignedFile(const DsseEnvelope& envelope);

}  // namespace ztp::evidence
