// Where a log's files are: one folder, whose files are put in place whole, but for the one that is
// appended to.
//
// Boundary: names and bytes, and what of them would outlive a power cut. What the files mean is
// store.h's. An interface, so that tests can have a disk that forgets, is full or fails.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ztp::audit {

// A file that is appended to. One thread at a time appends and truncates; any may sync.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  // All of it, or an error after which the file may end with a part of it.
  virtual absl::Status Append(std::string_view bytes) = 0;
  virtual absl::Status Truncate(uint64_t size) = 0;
  // What was appended before outlives a power cut once this has returned OK. After an error nobody
  // knows what will.
  virtual absl::Status Sync() = 0;
};

// Names are relative to the folder, with '/' between their parts, and have no part "." or "..".
// Errors are of OsError; Internal: a sync has failed, and the system may have dropped what another
// one would then say is well. Threads may use one at the same time, but for the same name.
class LogFiles {
 public:
  virtual ~LogFiles() = default;

  // ResourceExhausted: it has more bytes.
  virtual absl::StatusOr<std::string> Read(const std::string& name, uint64_t max_bytes) = 0;
  // The files below a folder ("" is all), sorted; none where there is no such folder.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& folder) = 0;

  // Puts the file in place, folders included, or in place of the one that is there: who reads it
  // sees the old bytes or the new. With `synced` the new ones outlive a power cut when it returns;
  // without, what a power cut leaves of it is anything.
  virtual absl::Status Put(const std::string& name, std::string_view bytes, bool synced) = 0;
  // The same afterwards, for several; names that are gone from their folders stay so.
  virtual absl::Status Sync(const std::vector<std::string>& names) = 0;
  virtual absl::StatusOr<std::unique_ptr<AppendFile>> OpenToAppend(const std::string& name) = 0;
  // OK where there is none.
  virtual absl::Status Remove(const std::string& name) = 0;
  // A folder of files, and those.
  virtual absl::Status RemoveFolder(const std::string& name) = 0;
};

enum class Access : uint8_t {
  kRead,
  kWrite,  // makes the folder; Unavailable where another process has it open to write
};
absl::StatusOr<std::unique_ptr<LogFiles>> OpenFolder(const std::string& path, Access access);

// Names of files that are not in place yet end so.
inline constexpr std::string_view kTemporarySuffix = ".tmp";

}  // namespace ztp::audit
