// See model_tree.h.
#include "engine/lineage/model_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/base/os_error.h"
#include "engine/base/status.h"
#include "engine/evidence/oms.h"

namespace ztp::lineage {
namespace {

using evidence::Check;
using evidence::Refusal;
using evidence::Refuse;

struct CloseDir {
  void operator()(DIR* dir) const { closedir(dir); }
};
using DirPtr = std::unique_ptr<DIR, CloseDir>;

// What stops a walk: the tree is not as it has to be, or cannot be read.
struct Stop {
  std::optional<Refusal> refusal;
  absl::Status status;
};

class Walk {
 public:
  Walk(const std::string& path, const std::vector<std::string>& ignored)
      : path_(path), ignored_(ignored) {
    std::sort(ignored_.begin(), ignored_.end());
  }

  // Takes `fd`, an open folder. False: see stop().
  bool Folder(int fd, const std::string& prefix, int depth) {
    DirPtr dir(fdopendir(fd));
    if (dir == nullptr) {
      const int error = errno;
      close(fd);
      return Fail(prefix, error);
    }
    if (depth > kMaxModelDepth) {
      return RefuseIt(Refuse(Check::kTooLarge, "folders of more than ", kMaxModelDepth,
                             " levels below ", path_));
    }
    for (;;) {
      errno = 0;
      const dirent* entry = readdir(dir.get());
      if (entry == nullptr) return errno == 0 || Fail(prefix, errno);
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (++entries_ > kMaxModelEntries) {
        return RefuseIt(
            Refuse(Check::kTooLarge, "more than ", kMaxModelEntries, " entries below ", path_));
      }
      const std::string full = Cat(prefix, name);
      if (std::binary_search(ignored_.begin(), ignored_.end(), full)) continue;
      if (!Entry(dirfd(dir.get()), entry->d_name, full, depth)) return false;
    }
  }

  Stop& stop() { return stop_; }
  std::vector<TreeFile>& files() { return files_; }

 private:
  bool Entry(int folder, const char* name, const std::string& full, int depth) {
    struct stat info {};
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return Fail(full, errno);
    if (S_ISLNK(info.st_mode)) {
      return RefuseIt(Refuse(Check::kContent, Shown(full), " is a symbolic link"));
    }
    if (!evidence::IsModelPath(full)) {
      return RefuseIt(Refuse(Check::kContent, Shown(full), " has a name that is too long"));
    }
    if (S_ISDIR(info.st_mode)) {
      const int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (fd < 0) return Fail(full, errno);
      return Folder(fd, full + "/", depth + 1);
    }
    if (!S_ISREG(info.st_mode)) {
      return RefuseIt(Refuse(Check::kContent, Shown(full), " is neither a file nor a folder"));
    }
    if (files_.size() == evidence::kMaxModelFiles) {
      return RefuseIt(
          Refuse(Check::kTooLarge, "more than ", evidence::kMaxModelFiles, " files below ", path_));
    }
    files_.push_back({.name = full, .size = static_cast<uint64_t>(info.st_size)});
    return true;
  }

  // Of bounded length and on one line, whatever somebody called a file.
  static std::string Shown(std::string_view name) {
    std::string text(name.substr(0, 80));
    for (char& c : text) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
    return Quoted(text);
  }
  bool RefuseIt(Refusal refusal) {
    stop_.refusal = std::move(refusal);
    return false;
  }
  bool Fail(const std::string& name, int error) {
    stop_.status = OsError(Cat("cannot read ", path_, "/", name), error);
    return false;
  }

  const std::string& path_;
  std::vector<std::string> ignored_;
  std::vector<TreeFile> files_;
  size_t entries_ = 0;
  Stop stop_;
};

}  // namespace

absl::StatusOr<ModelTree> ModelTree::Open(const std::string& path) {
  // O_NONBLOCK: a pipe does not keep us waiting until it is known to be none.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return OsError(Cat("cannot read ", path), errno);
  ModelTree tree(path, fd, false);
  struct stat info {};
  if (fstat(fd, &info) != 0) return OsError(Cat("cannot read ", path), errno);
  if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode)) {
    return InvalidArgument(path, " is neither a folder nor a file");
  }
  tree.single_ = S_ISREG(info.st_mode);
  return tree;
}

absl::StatusOr<evidence::Verified<std::vector<TreeFile>>> ModelTree::List(
    const std::vector<std::string>& ignored) const {
  using Result = evidence::Verified<std::vector<TreeFile>>;
  if (single_) {
    struct stat info {};
    if (fstat(root_->get(), &info) != 0) return OsError(Cat("cannot read ", path_), errno);
    return Result(
        std::vector<TreeFile>{{.name = ".", .size = static_cast<uint64_t>(info.st_size)}});
  }
  const int fd = openat(root_->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return OsError(Cat("cannot read ", path_), errno);
  Walk walk(path_, ignored);
  if (!walk.Folder(fd, "", 0)) {
    if (walk.stop().refusal) return Result(*std::move(walk.stop().refusal));
    return walk.stop().status;
  }
  std::sort(walk.files().begin(), walk.files().end(), [](const TreeFile& a, const TreeFile& b) {
    return evidence::ModelPathLess(a.name, b.name);
  });
  return Result(std::move(walk.files()));
}

absl::StatusOr<int> ModelTree::OpenFile(std::string_view name) const {
  if (single_) {
    // A description of its own, so that threads do not share a place in the file.
    const int fd = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return OsError(Cat("cannot read ", path_), errno);
    struct stat ours {};
    struct stat theirs {};
    if (fstat(fd, &theirs) != 0 || fstat(root_->get(), &ours) != 0 ||
        ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev) {
      close(fd);
      return Unavailable(path_, " was replaced while it was read");
    }
    return fd;
  }
  int folder = root_->get();
  for (std::string_view rest = name;;) {
    const size_t slash = rest.find('/');
    const std::string part(rest.substr(0, slash));
    const bool last = slash == std::string_view::npos;
    const int flags = last ? O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
                           : O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    const int fd = openat(folder, part.c_str(), flags);
    const int error = errno;
    if (folder != root_->get()) close(folder);
    if (fd < 0) return OsError(Cat("cannot read ", path_, "/", name), error);
    if (last) {
      struct stat info {};
      if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return Unavailable(path_, "/", name, " was replaced while it was read");
      }
      return fd;
    }
    folder = fd;
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace ztp::lineage
