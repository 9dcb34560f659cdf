// See epoch_page.h.
#include "engine/runtime/epoch_page.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>

#include "engine/base/descriptor.h"
#include "engine/base/os_error.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp {
namespace {

static_assert(std::endian::native == std::endian::little);
static_assert(std::atomic<uint64_t>::is_always_lock_free);
static_assert(sizeof(EpochWords) == 32);

constexpr mode_t kWritableForOthers = 02;

absl::Status Failed(std::string_view what, const std::string& path, int error) {
  return OsError(Cat("cannot ", what, " the epoch page ", path), error);
}

// The mappings of this process, one a file and kind of access. They are never taken back, since a
// lease may read one at any time; nor can a file's number come to mean another meanwhile.
EpochWords* MapOnce(int fd, const struct stat& about, bool writable) {
  using Key = std::tuple<dev_t, ino_t, bool>;
  static std::mutex* const mutex = new std::mutex;
  static auto* const mappings = new std::map<Key, EpochWords*>;
  const std::lock_guard<std::mutex> lock(*mutex);
  EpochWords*& words = (*mappings)[Key(about.st_dev, about.st_ino, writable)];
  if (words == nullptr) {
    void* memory = mmap(nullptr, EpochPage::kBytes, PROT_READ | (writable ? PROT_WRITE : 0),
                        MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) return nullptr;
    words = static_cast<EpochWords*>(memory);
  }
  return words;
}

}  // namespace

absl::StatusOr<std::shared_ptr<EpochPage>> EpochPage::Create(const std::string& path,
                                                             uint32_t mode) {
  if ((mode & kWritableForOthers) != 0 || (mode & ~uint32_t{0777}) != 0) {
    return InvalidArgument("the epoch page ", path,
                           " would be writable for everyone, who could end or hold up any lease: "
                           "give a mode such as 0644 or 0664");
  }
  // Made complete under another name, so that nobody sees half of it.
  std::string temporary = Cat(path, ".XXXXXX");
  const Descriptor made(mkstemp(temporary.data()));
  if (made.get() < 0) return Failed("make", path, errno);
  char bytes[kBytes] = {};
  const uint64_t words[] = {kMagic, kFormat, Word(1), static_cast<uint64_t>(INT64_MAX)};
  std::memcpy(bytes, words, sizeof(words));
  int error = 0;
  if (write(made.get(), bytes, sizeof(bytes)) != static_cast<ssize_t>(sizeof(bytes)) ||
      fchmod(made.get(), mode) != 0 ||
      (link(temporary.c_str(), path.c_str()) != 0 && errno != EEXIST)) {
    error = errno == 0 ? EIO : errno;
  }
  unlink(temporary.c_str());
  if (error != 0) return Failed("make", path, error);
  return Open(path, Access::kWrite);
}

absl::StatusOr<std::shared_ptr<EpochPage>> EpochPage::Open(const std::string& path, Access access) {
  const int flags = access == Access::kWrite ? O_RDWR : O_RDONLY;
  const Descriptor file(open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0) return Failed("open", path, errno);
  struct stat about = {};
  if (fstat(file.get(), &about) != 0) return Failed("open", path, errno);
  if (!S_ISREG(about.st_mode) || about.st_size != static_cast<off_t>(kBytes)) {
    return InvalidArgument(path, " is no epoch page: it is not a file of ", kBytes, " bytes");
  }
  if ((about.st_mode & kWritableForOthers) != 0) {
    return InvalidArgument("the epoch page ", path,
                           " is writable for everyone, so nothing that it says counts: chmod o-w");
  }
  if (about.st_uid != 0 && about.st_uid != geteuid()) {
    return InvalidArgument("the epoch page ", path, " belongs to user ", about.st_uid,
                           ", neither to root nor to user ", geteuid(), " who runs this process");
  }
  const bool writable = access == Access::kWrite;
  EpochWords* words = MapOnce(file.get(), about, writable);
  if (words == nullptr) return Failed("map", path, errno);
  if (words->magic != kMagic) return InvalidArgument(path, " is no epoch page");
  if (words->format != kFormat) {
    return absl::UnimplementedError(Cat("the epoch page ", path, " is of format ", words->format,
                                        "; this version knows ", kFormat));
  }
  return std::shared_ptr<EpochPage>(new EpochPage(path, words, writable));
}

template <typename Change>
absl::Status EpochPage::Write(const Change& change) {
  if (!writable_) {
    return absl::PermissionDeniedError(Cat("the epoch page ", path_, " was opened for reading"));
  }
  change(*words_);
  return absl::OkStatus();
}

namespace {

// One step on from whatever other threads and processes have made of it: no lock, which whoever may
// read the page could hold, and nothing lost.
template <typename Halted>
void Step(std::atomic<uint64_t>& word, const Halted& halted) {
  uint64_t before = word.load(std::memory_order_relaxed);
  uint64_t after;
  do {
    const uint64_t count = ((before & EpochPage::kCount) + 1) & EpochPage::kCount;
    after = EpochPage::Word(halted((before & EpochPage::kHalted) != 0) ? count | EpochPage::kHalted
                                                                       : count);
  } while (!word.compare_exchange_weak(before, after, std::memory_order_acq_rel,
                                       std::memory_order_relaxed));
}

}  // namespace

absl::Status EpochPage::Revoke() {
  return Write([](EpochWords& words) { Step(words.word, [](bool halted) { return halted; }); });
}

absl::Status EpochPage::SetHalted(bool halted) {
  return Write(
      [halted](EpochWords& words) { Step(words.word, [halted](bool) { return halted; }); });
}

absl::Status EpochPage::KeepUntil(int64_t until) {
  return Write([until](EpochWords& words) { words.until.store(until, std::memory_order_release); });
}

}  // namespace ztp
