// A page that processes of one machine share: by it a revocation reaches all of them at once.
//
// Boundary: the file, its mapping and its meaning. Reading makes no system call, takes no lock and
// allocates nothing; whatever is not plainly right reads as kClosed, at which nobody may be
// allowed. Who may write is the file's owner's to say, by its mode.
//
// The file is 4,096 bytes, little-endian, of which this is used:
//   0   magic   "ZTPEPOCH"
//   8   format  1
//   16  word    bits 0 to 39: how often it was revoked, halted or released; bit 40: halted; bits 41
//               to 63: a checksum of the others (EpochPage::Word), without which the page is torn
//   24  until   microseconds since 1970: from then on the page is closed unless it was set anew;
//               INT64_MAX: never
// What is left is zero. Writers change a word by compare and exchange.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ztp {

struct EpochWords {
  uint64_t magic;
  uint64_t format;
  std::atomic<uint64_t> word;
  std::atomic<int64_t> until;
};

class EpochPage {
 public:
  static constexpr uint64_t kMagic = 0x48434f504550545a;  // "ZTPEPOCH"
  static constexpr uint64_t kFormat = 1;
  static constexpr uint64_t kCount = (uint64_t{1} << 40) - 1;
  static constexpr uint64_t kHalted = uint64_t{1} << 40;
  static constexpr uint64_t kClosed = UINT64_MAX;
  static constexpr size_t kBytes = 4096;

  enum class Access { kRead, kWrite };

  // Makes the file with these permission bits if it is not there, and opens it for writing.
  // InvalidArgument: others may write it (mode & 2), or there is something else of that name.
  static absl::StatusOr<std::shared_ptr<EpochPage>> Create(const std::string& path, uint32_t mode);
  // NotFound, PermissionDenied, Unavailable; InvalidArgument: it is no such page, is torn, anyone
  // may write it, or it belongs neither to root nor to the user that asks.
  static absl::StatusOr<std::shared_ptr<EpochPage>> Open(const std::string& path, Access access);
  EpochPage(const EpochPage&) = delete;
  EpochPage& operator=(const EpochPage&) = delete;

  // The word of a count, and whether it is halted. A change is one store, so nobody sees half of
  // it.
  static constexpr uint64_t Word(uint64_t count_and_halted) {
    const uint64_t mixed = (count_and_halted ^ kMagic) * 0x9e3779b97f4a7c15;
    return count_and_halted | (mixed >> 41) << 41;
  }

  // The word at `now`, or kClosed: torn, halted, or not kept up. Static so that who has the page's
  // address alone can ask.
  static uint64_t Read(const EpochWords& page, int64_t now) {
    const uint64_t word = page.word.load(std::memory_order_acquire);
    const bool torn = word != Word(word & (kCount | kHalted));
    const bool halted = (word & kHalted) != 0;
    const bool left_alone = now >= page.until.load(std::memory_order_relaxed);
    return torn | halted | left_alone ? kClosed : word;
  }
  // Is the word still what it was when Read answered with it?
  static bool IsStill(const EpochWords& page, uint64_t word, int64_t now) {
    return page.word.load(std::memory_order_acquire) == word &&
           now < page.until.load(std::memory_order_relaxed);
  }
  // How often it was changed; kClosed if it is torn or halted.
  uint64_t value() const {
    const uint64_t word = Read(*words_, INT64_MIN);
    return word == kClosed ? kClosed : word & kCount;
  }
  // Stays mapped for as long as the process lives, for leases that outlive the page's object.
  const EpochWords* words() const { return words_; }

  // PermissionDenied: it was opened for reading. They repair a page that a writer left torn.
  absl::Status Revoke();
  absl::Status SetHalted(bool halted);
  absl::Status KeepUntil(int64_t until);

 private:
  EpochPage(std::string path, EpochWords* words, bool writable)
      : path_(std::move(path)), words_(words), writable_(writable) {}

  template <typename Change>
  absl::Status Write(const Change& change);

  std::string path_;
  EpochWords* words_;
  bool writable_;
};

}  // namespace ztp
