// See journal_file.h.
#include "engine/audit/journal_file.h"

#include <utility>

#include "engine/base/status.h"

namespace ztp::audit {

absl::StatusOr<std::shared_ptr<JournalFile>> JournalFile::Open(LogFiles& files,
                                                               const std::string& name,
                                                               uint64_t bytes, uint64_t synced) {
  ZTP_ASSIGN_OR_RETURN(std::unique_ptr<AppendFile> file, files.OpenToAppend(name));
  return std::shared_ptr<JournalFile>(new JournalFile(name, std::move(file), bytes, synced));
}

absl::Status JournalFile::Append(std::string_view batch) {
  if (failed_.load()) return Internal("the log must be opened again");
  if (const absl::Status status = file_->Append(batch); !status.ok()) {
    // A part of it may be there: whatever comes next must not stand behind that.
    if (file_->Truncate(bytes_).ok()) return status;
    return Internal(Message(status), "; and it cannot be taken back");
  }
  bytes_ += batch.size();
  return absl::OkStatus();
}

absl::Status JournalFile::Truncate(uint64_t bytes) {
  ZTP_RETURN_IF_ERROR(file_->Truncate(bytes));
  bytes_ = bytes;
  return absl::OkStatus();
}

absl::Status JournalFile::SyncTo(uint64_t entries) {
  const std::lock_guard lock(syncing_);
  if (failed_.load()) return Internal("the log must be opened again");
  if (synced_.load() >= entries) return absl::OkStatus();
  if (const absl::Status status = file_->Sync(); !status.ok()) {
    // The system may have dropped what it could not write, and another try would say that all is
    // well.
    failed_.store(true);
    return Internal(Message(status));
  }
  synced_.store(entries);
  return absl::OkStatus();
}

absl::Status JournalFile::Remove(LogFiles& files) {
  ZTP_RETURN_IF_ERROR(files.Remove(name_));
  ZTP_RETURN_IF_ERROR(files.Sync({name_}));
  is_gone_.store(true);
  return absl::OkStatus();
}

}  // namespace ztp::audit
