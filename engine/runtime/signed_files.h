// Policies and facts from files that those who may write them have signed: FILE.sig beside each
// (ztp sign, evidence/signed_file.h), by enough of the trusted keys, not expired, and never an
// older version than was taken before.
//
// Boundary: a path in, bytes that were verified out; what they hold is for others to read, from
// these very bytes and not from the file again.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/mapped_file.h"
#include "engine/core/time.h"
#include "engine/evidence/signature_key.h"
#include "engine/evidence/signed_file_states.h"
#include "engine/evidence/verified.h"

namespace ztp {

// What was kept in that file; nothing where it is not there yet. InvalidArgument: it cannot be
// understood; the errors of CopyFile.
absl::StatusOr<evidence::SignedFileStates> LoadSignedFileStates(const std::string& path);

struct SignedFilesOptions {
  std::vector<evidence::SignatureKey> keys;
  size_t threshold = 1;  // so many of them
  // A file that keeps what was taken, across restarts; only this process may write it. Empty: it is
  // forgotten with the process.
  std::string state_path;
};

// Thread-safe.
class SignedFiles {
 public:
  // InvalidArgument: no keys, or a threshold that they cannot reach; a state that cannot be
  // understood. The errors of reading it, unless it is not there yet.
  static absl::StatusOr<std::shared_ptr<SignedFiles>> Make(SignedFilesOptions options);

  // A copy of the file (what is mapped could be another after it was verified), once its signatures
  // were verified at `now`; it must be signed as its own name (the last part of the path). What it
  // is a version of is remembered before this returns: on the disk, where there is a state_path. A
  // status: a file cannot be read (CopyFile), or the state cannot be written. A refusal: as
  // VerifySignedFile.
  absl::StatusOr<evidence::Verified<MappedFile>> Open(const std::string& path, uint64_t max_bytes,
                                                      std::string_view what, Time now);

 private:
  explicit SignedFiles(SignedFilesOptions options, evidence::SignedFileStates states)
      : options_(std::move(options)), states_(std::move(states)) {}

  const SignedFilesOptions options_;
  std::mutex mutex_;
  evidence::SignedFileStates states_;
};

}  // namespace ztp
