// See write_file.h.
#include "engine/base/write_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "engine/base/descriptor.h"
#include "engine/base/os_error.h"
#include "engine/base/str.h"

namespace ztp {
namespace {

absl::Status Failed(const std::string& path, int error) {
  return OsError(Cat("cannot write ", path), error);
}

// A name is on the disk once its folder is.
bool SyncFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Descriptor descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return descriptor.get() >= 0 && fsync(descriptor.get()) == 0;
}

}  // namespace

absl::Status WriteAll(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Failed(path, written < 0 ? errno : ENOSPC);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status WriteFile(const std::string& path, std::string_view content, Durability durability) {
  const std::string temporary = path + ".tmp";
  {
    const Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (file.get() < 0) return Failed(temporary, errno);
    absl::Status status = WriteAll(file.get(), content, temporary);
    if (status.ok() && durability == Durability::kDisk && fsync(file.get()) != 0) {
      status = Failed(temporary, errno);
    }
    if (!status.ok()) {
      unlink(temporary.c_str());
      return status;
    }
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    unlink(temporary.c_str());
    return Failed(path, error);
  }
  if (durability == Durability::kDisk && !SyncFolderOf(path)) return Failed(path, errno);
  return absl::OkStatus();
}

}  // namespace ztp
