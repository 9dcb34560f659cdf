// A whole file, written so that a reader sees the old content or the new one.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace ztp {

// All of the bytes, to an open file; `path` is for the message. The errors of OsError.
absl::Status WriteAll(int file, std::string_view bytes, const std::string& path);

enum class Durability : uint8_t {
  kCache,  // in the system's cache: what is lost with the machine can be made again
  kDisk,   // on the disk before this returns, with its name: what must not be forgotten
};

// Writes a temporary file beside it (PATH.tmp) and renames that. Unavailable, PermissionDenied,
// NotFound: it cannot be written; what was there is untouched. Of two who write the same file at
// the same time, one may fail.
absl::Status WriteFile(const std::string& path, std::string_view content,
                       Durability durability = Durability::kCache);

}  // namespace ztp
