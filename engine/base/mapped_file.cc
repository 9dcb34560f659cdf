// See mapped_file.h.
#include "engine/base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "engine/base/descriptor.h"
#include "engine/base/os_error.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp {
namespace {

// MAP_POPULATE is Linux's.
#ifdef MAP_POPULATE
constexpr int kPopulate = MAP_POPULATE;
#else
constexpr int kPopulate = 0;
#endif

absl::Status CannotRead(const std::string& path, int error) {
  return OsError(Cat("cannot read ", path), error);
}

// What MapFile and CopyFile want of a file.
absl::StatusOr<uint64_t> SizeOf(const Descriptor& file, const std::string& path, uint64_t max_bytes,
                                std::string_view what) {
  struct stat about = {};
  if (file.get() < 0 || fstat(file.get(), &about) != 0) return CannotRead(path, errno);
  if (S_ISDIR(about.st_mode)) {
    return InvalidArgument(path, " is a folder; a file is needed here");
  }
  if (!S_ISREG(about.st_mode)) return InvalidArgument(path, " is no regular file");
  const uint64_t size = static_cast<uint64_t>(about.st_size);
  if (size > max_bytes) {
    return ResourceExhausted(path, " has ", size, " bytes; ", what, " has at most ", max_bytes);
  }
  return size;
}

MappedFile Own(void* memory, size_t mapped, size_t used) {
  MappedFile file;
  file.bytes = {static_cast<const char*>(memory), used};
  file.storage = std::shared_ptr<const void>(
      memory, [memory, mapped](const void*) { munmap(memory, mapped); });
  return file;
}

}  // namespace

absl::StatusOr<MappedFile> MapFile(const std::string& path, uint64_t max_bytes,
                                   std::string_view what, MapFor purpose) {
  // Opening a pipe must not wait for whoever writes to it.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  ZTP_ASSIGN_OR_RETURN(const uint64_t size, SizeOf(file, path, max_bytes, what));
  if (size == 0) return MappedFile();
  const int flags = MAP_PRIVATE | (purpose == MapFor::kEverything ? kPopulate : 0);
  void* memory = mmap(nullptr, size, PROT_READ, flags, file.get(), 0);
  if (memory == MAP_FAILED) return CannotRead(path, errno);
  if (purpose == MapFor::kOnePass) madvise(memory, size, MADV_SEQUENTIAL);
  return Own(memory, size, size);
}

absl::StatusOr<MappedFile> CopyFile(const std::string& path, uint64_t max_bytes,
                                    std::string_view what) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  ZTP_ASSIGN_OR_RETURN(const uint64_t size, SizeOf(file, path, max_bytes, what));
  if (size == 0) return MappedFile();
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return ResourceExhausted("there is no memory for ", path);
  size_t used = 0;
  while (used < size) {
    const ssize_t got = read(file.get(), static_cast<char*>(memory) + used, size - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int error = errno;
      munmap(memory, size);
      return CannotRead(path, error);
    }
    if (got == 0) break;  // it was cut off meanwhile: what is left is judged for what it is
    used += static_cast<size_t>(got);
  }
  mprotect(memory, size, PROT_READ);
  return Own(memory, size, used);
}

}  // namespace ztp
