#include "bench/in_child.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bench/timing.h"
#include "engine/base/status.h"

namespace ztp::bench {
namespace {

constexpr int kStepFailed = 1;

uint64_t PeakBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

bool WriteAll(int fd, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t n = write(fd, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

// What the child says first; its output follows.
struct Header {
  double seconds = 0;
  uint64_t peak_bytes = 0;
};

[[noreturn]] void Child(int fd, const std::function<absl::StatusOr<std::string>()>& step) {
  const uint64_t before = PeakBytes();
  const Clock::time_point begin = Clock::now();
  const absl::StatusOr<std::string> output = step();
  const Header header{SecondsSince(begin), PeakBytes() - std::min(before, PeakBytes())};
  const std::string text = output.ok() ? *output : std::string(Message(output.status()));
  const bool written = WriteAll(fd, reinterpret_cast<const char*>(&header), sizeof(header)) &&
                       WriteAll(fd, text.data(), text.size());
  _exit(output.ok() && written ? 0 : kStepFailed);
}

}  // namespace

absl::StatusOr<ChildRun> RunInChild(const std::function<absl::StatusOr<std::string>()>& step) {
  int fds[2];
  if (pipe(fds) != 0) return Unavailable("pipe: ", std::strerror(errno));
  const pid_t child = fork();
  if (child < 0) return Unavailable("fork: ", std::strerror(errno));
  if (child == 0) {
    close(fds[0]);
    Child(fds[1], step);
  }
  close(fds[1]);
  std::string bytes;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t n = read(fds[0], buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    bytes.append(buffer, static_cast<size_t>(n));
  }
  close(fds[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (bytes.size() < sizeof(Header) || !WIFEXITED(status))
    return Internal("the child process ended without an answer");
  Header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  bytes.erase(0, sizeof(header));
  if (WEXITSTATUS(status) != 0) return InvalidArgument(bytes);
  return ChildRun{std::move(bytes), header.seconds, header.peak_bytes};
}

}  // namespace ztp::bench
