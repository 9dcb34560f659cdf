// A bundle file, mapped.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/bundle/read.h"

namespace ztp {
namespace {

// MAP_POPULATE is Linux's: the pages are brought in at once, as verification will read them all.
#ifdef MAP_POPULATE
constexpr int kMapFlags = MAP_PRIVATE | MAP_POPULATE;
#else
constexpr int kMapFlags = MAP_PRIVATE;
#endif

absl::Status CannotRead(const std::string& path, int error) {
  const std::string text = Cat("cannot read ", path, ": ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(text);
  if (error == EACCES || error == EPERM) return absl::PermissionDeniedError(text);
  return absl::UnavailableError(text);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

}  // namespace

absl::StatusOr<DecisionProgram> OpenBundle(const std::string& path) {
  // Opening a pipe must not wait for whoever writes to it.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about = {};
  if (file.get() < 0 || fstat(file.get(), &about) != 0) return CannotRead(path, errno);
  if (S_ISDIR(about.st_mode)) {
    return InvalidArgument(path, " is a folder; a file is needed here");
  }
  if (!S_ISREG(about.st_mode)) return InvalidArgument(path, " is no regular file");
  const uint64_t size = static_cast<uint64_t>(about.st_size);
  if (size > kMaxBundleBytes) {
    return ResourceExhausted(path, " has ", size, " bytes; a bundle has at most ", kMaxBundleBytes);
  }
  if (size == 0) return InvalidArgument(path, ": this is no policy bundle");
  void* memory = mmap(nullptr, size, PROT_READ, kMapFlags, file.get(), 0);
  if (memory == MAP_FAILED) return CannotRead(path, errno);
  std::shared_ptr<const void> mapping(memory,
                                      [memory, size](const void*) { munmap(memory, size); });
  absl::StatusOr<DecisionProgram> program =
      ViewBundle({static_cast<const char*>(memory), size}, std::move(mapping));
  if (!program.ok()) {
    return absl::Status(program.status().code(),
                        ToAbsl(Cat(path, ": ", Message(program.status()))));
  }
  return program;
}

}  // namespace ztp
