// Reading and writing what the user named: files, folders of policies, standard input. Bounded
// before a byte is looked at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/write_file.h"

namespace ztp::driver {

// The whole file; "-" is standard input. NotFound, PermissionDenied, or ResourceExhausted if it has
// more than `max_bytes`; the message names the file.
absl::StatusOr<std::string> ReadFile(const std::string& path, uint64_t max_bytes);

using ztp::WriteFile;

// The files with one of the suffixes (".ztp") below each path, sorted bytewise; a path that is a
// file is taken whatever its suffix. Hidden folders are left out. NotFound if a path is not there
// or holds no such file.
absl::StatusOr<std::vector<std::string>> FindFiles(const std::vector<std::string>& paths,
                                                   const std::vector<std::string>& suffixes);

}  // namespace ztp::driver
