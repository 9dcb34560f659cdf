// A journal on disk: appended to by the thread that logs, synced by that one or the one that
// publishes.
//
// Boundary: what of it is known to be on disk, and that after a sync that failed nothing is. What
// stands in it: journal.h.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/audit/files.h"

namespace ztp::audit {

class JournalFile {
 public:
  // The file of that name, of `bytes` bytes, of which so many entries are known to be on disk.
  static absl::StatusOr<std::shared_ptr<JournalFile>> Open(LogFiles& files, const std::string& name,
                                                           uint64_t bytes, uint64_t synced);

  // One thread. All of it, or an error, and the file is as it was; Internal: it is not, or a sync
  // has failed.
  absl::Status Append(std::string_view batch);
  // One thread. Cuts off what is behind.
  absl::Status Truncate(uint64_t bytes);
  uint64_t bytes() const { return bytes_; }

  // Any thread. The log's first `entries`, which were appended before, are on disk when it returns
  // OK. Internal: what is on disk is not known any more, for ever.
  absl::Status SyncTo(uint64_t entries);
  // Any thread: so many entries are known to be on disk.
  uint64_t synced() const { return synced_.load(); }

  // Removes it, and that outlives a power cut. Any thread; nothing but is_gone may be called then.
  absl::Status Remove(LogFiles& files);
  bool is_gone() const { return is_gone_.load(); }

  const std::string& name() const { return name_; }

 private:
  JournalFile(std::string name, std::unique_ptr<AppendFile> file, uint64_t bytes, uint64_t synced)
      : name_(std::move(name)), file_(std::move(file)), bytes_(bytes), synced_(synced) {}

  const std::string name_;
  const std::unique_ptr<AppendFile> file_;
  uint64_t bytes_;
  // The system tells of a failure once: while one thread finds that out, no other may be told that
  // all is well.
  std::mutex syncing_;
  std::atomic<bool> failed_{false};
  std::atomic<uint64_t> synced_;
  std::atomic<bool> is_gone_{false};
};

}  // namespace ztp::audit
