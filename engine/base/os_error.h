// What the operating system answered, as a Status.
#pragma once

#include <cerrno>
#include <cstring>
#include <string_view>

#include "absl/status/status.h"
#include "engine/base/str.h"

namespace ztp {

// `doing` names what was tried, and on which file: "cannot read policy.ztp". NotFound,
// PermissionDenied, else Unavailable.
inline absl::Status OsError(std::string_view doing, int error) {
  const std::string text = Cat(doing, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(text);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(text);
    default:
      return absl::UnavailableError(text);
  }
}

}  // namespace ztp
