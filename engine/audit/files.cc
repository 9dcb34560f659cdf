// See files.h.
#include "engine/audit/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "engine/base/descriptor.h"
#include "engine/base/os_error.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/base/write_file.h"

namespace ztp::audit {
namespace {

namespace fs = std::filesystem;

absl::Status SyncPath(const std::string& path, int flags) {
  const Descriptor fd(open(path.c_str(), flags | O_CLOEXEC));
  if (fd.get() < 0) return OsError(Cat("cannot open ", path), errno);
  if (fsync(fd.get()) != 0) return Internal(Message(OsError(Cat("cannot sync ", path), errno)));
  return absl::OkStatus();
}

std::string ParentOf(const std::string& name) {
  const size_t slash = name.rfind('/');
  return slash == std::string::npos ? std::string() : name.substr(0, slash);
}

class PosixAppendFile : public AppendFile {
 public:
  PosixAppendFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  absl::Status Append(std::string_view bytes) override { return WriteAll(fd_.get(), bytes, path_); }
  absl::Status Truncate(uint64_t size) override {
    if (ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
      return OsError(Cat("cannot truncate ", path_), errno);
    }
    return absl::OkStatus();
  }
  absl::Status Sync() override {
    if (fdatasync(fd_.get()) != 0) return OsError(Cat("cannot sync ", path_), errno);
    return absl::OkStatus();
  }

 private:
  const Descriptor fd_;
  const std::string path_;
};

class PosixFiles : public LogFiles {
 public:
  // Takes over `lock`, the folder's descriptor.
  PosixFiles(std::string root, int lock) : root_(std::move(root)), lock_(lock) {}

  absl::StatusOr<std::string> Read(const std::string& name, uint64_t max_bytes) override {
    const std::string path = PathOf(name);
    // Without O_NONBLOCK a pipe of that name would be waited for.
    const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() < 0) return OsError(Cat("cannot read ", path), errno);
    struct stat info;
    if (fstat(fd.get(), &info) != 0) return OsError(Cat("cannot read ", path), errno);
    if (!S_ISREG(info.st_mode)) return InvalidArgument(path, " is no file");
    if (static_cast<uint64_t>(info.st_size) > max_bytes) {
      return ResourceExhausted(path, " has ", info.st_size, " bytes; at most ", max_bytes,
                               " are read");
    }
    // No more than it has now, even if it grows.
    std::string bytes(static_cast<size_t>(info.st_size), '\0');
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t got = read(fd.get(), bytes.data() + done, bytes.size() - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return OsError(Cat("cannot read ", path), errno);
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    bytes.resize(done);
    return bytes;
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& folder) override {
    std::vector<std::string> names;
    std::error_code error;
    const fs::path top = PathOf(folder);
    if (!fs::exists(top, error)) return names;
    fs::recursive_directory_iterator it(top, error);
    for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
      std::error_code gone;
      // Whatever is no folder is one, symbolic links included.
      if (it->is_directory(gone) && !it->is_symlink(gone)) continue;
      names.push_back(it->path().lexically_relative(root_).string());
    }
    if (error) return Unavailable("cannot list ", top.string(), ": ", error.message());
    std::sort(names.begin(), names.end());
    return names;
  }

  absl::Status Put(const std::string& name, std::string_view bytes, bool synced) override {
    const std::string path = PathOf(name);
    const std::string temporary = Cat(path, kTemporarySuffix);
    if (const std::string parent = ParentOf(name); !parent.empty()) {
      std::error_code error;
      fs::create_directories(PathOf(parent), error);
      if (error) return OsError(Cat("cannot make ", PathOf(parent)), error.value());
    }
    {
      const Descriptor fd(
          open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
      if (fd.get() < 0) return OsError(Cat("cannot write ", temporary), errno);
      ZTP_RETURN_IF_ERROR(WriteAll(fd.get(), bytes, temporary));
      if (synced && fsync(fd.get()) != 0) return OsError(Cat("cannot sync ", temporary), errno);
    }
    if (std::rename(temporary.c_str(), path.c_str()) != 0) {
      return OsError(Cat("cannot write ", path), errno);
    }
    return synced ? SyncFolders({name}) : absl::OkStatus();
  }

  absl::Status Sync(const std::vector<std::string>& names) override {
    for (const std::string& name : names) {
      const absl::Status status = SyncPath(PathOf(name), O_RDONLY);
      // Partial tiles go when the full one is there.
      if (!status.ok() && !absl::IsNotFound(status)) return status;
    }
    return SyncFolders(names);
  }

  absl::StatusOr<std::unique_ptr<AppendFile>> OpenToAppend(const std::string& name) override {
    const std::string path = PathOf(name);
    const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return OsError(Cat("cannot open ", path), errno);
    return std::make_unique<PosixAppendFile>(fd, path);
  }

  absl::Status Remove(const std::string& name) override {
    const std::string path = PathOf(name);
    if (unlink(path.c_str()) != 0 && errno != ENOENT) {
      return OsError(Cat("cannot remove ", path), errno);
    }
    return absl::OkStatus();
  }

  absl::Status RemoveFolder(const std::string& name) override {
    std::error_code error;
    fs::remove_all(PathOf(name), error);
    if (error) return OsError(Cat("cannot remove ", PathOf(name)), error.value());
    return absl::OkStatus();
  }

 private:
  std::string PathOf(const std::string& name) const {
    return name.empty() ? root_ : Cat(root_, "/", name);
  }

  // All folders that the names are in.
  absl::Status SyncFolders(const std::vector<std::string>& names) {
    std::set<std::string> folders;
    for (std::string name : names) {
      do {
        name = ParentOf(name);
      } while (folders.insert(name).second && !name.empty());
    }
    for (const std::string& folder : folders) {
      const absl::Status status = SyncPath(PathOf(folder), O_RDONLY | O_DIRECTORY);
      if (!status.ok() && !absl::IsNotFound(status)) return status;
    }
    return absl::OkStatus();
  }

  const std::string root_;
  const Descriptor lock_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LogFiles>> OpenFolder(const std::string& path, Access access) {
  std::error_code error;
  if (access == Access::kWrite) {
    fs::create_directories(path, error);
    if (error) return OsError(Cat("cannot make ", path), error.value());
  }
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return OsError(Cat("cannot open ", path), errno);
  fs::path root = fs::path(path).lexically_normal();
  if (!root.has_filename()) root = root.parent_path();  // "log/"
  auto files = std::make_unique<PosixFiles>(root.string(), fd);
  if (access == Access::kWrite && flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return Unavailable(path, ": another process writes this log");
  }
  return files;
}

}  // namespace ztp::audit
