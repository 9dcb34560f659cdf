// A file's bytes in memory: mapped, or copied.
//
// Boundary: finds out that it is a regular file that can be read, and of what size; what the bytes
// are is not known here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ztp {

// Read-only; begins at a page. The bytes are there as long as someone holds `storage`, and an empty
// file has none. Whoever replaces the file must put another in its place (rename): one that is
// written to while it is mapped changes under its reader, and one that is cut off ends the process.
struct MappedFile {
  std::string_view bytes;
  std::shared_ptr<const void> storage;
};

enum class MapFor : uint8_t {
  kEverything,  // all of it will be read: brought in at once, as far as the system can
  kOnePass,     // from front to back
};

// NotFound, PermissionDenied, Unavailable: it cannot be read; InvalidArgument: it is no regular
// file; ResourceExhausted: it has more than `max_bytes`. The messages name the file; `what` is what
// it should have been ("a bundle").
absl::StatusOr<MappedFile> MapFile(const std::string& path, uint64_t max_bytes,
                                   std::string_view what, MapFor purpose);

// The same of a copy in memory of its own, which begins at a page too: whatever happens to the file
// afterwards, or happened while it was read, the bytes stay. ResourceExhausted also where there is
// no memory.
absl::StatusOr<MappedFile> CopyFile(const std::string& path, uint64_t max_bytes,
                                    std::string_view what);

}  // namespace ztp
