// For tests: a disk that forgets what was not synced, is full or fails when told to; a log's key;
// and what a log holds.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/audit/checkpoint.h"
#include "engine/audit/files.h"
#include "engine/audit/verify.h"
#include "engine/base/status.h"
#include "engine/evidence/private_key.h"

namespace ztp::audit {

inline LogSigner TestSigner(std::string_view origin = "log.example/audit") {
  static const evidence::PrivateKey key =
      *evidence::PrivateKey::Generate(evidence::KeyType::kEd25519);
  return *MakeLogSigner(origin, std::make_shared<evidence::PrivateKey>(key));
}

// In memory. What is on the disk and what the system would say differ until it is synced. Any
// thread may use it, but for Crash, Snapshot and Restore.
class ForgetfulDisk {
 public:
  // So many operations that write succeed yet; then the power is off until Crash.
  std::atomic<int64_t> operations_left{INT64_MAX};
  std::atomic<bool> full{false};             // appending fails, in the middle
  std::atomic<bool> sync_fails{false};       // of files that are appended to
  std::atomic<bool> tile_sync_fails{false};  // of others, afterwards
  std::function<void()> before_sync;         // of files that are appended to
  std::function<void()> before_tile_sync;    // of others, afterwards
  std::function<void()> before_operation;    // of the folder, each that writes

  std::unique_ptr<LogFiles> Open();

  // The power goes and comes: of what was not synced, anything may be there.
  void Crash(std::mt19937_64& random) {
    std::set<std::string> names;
    for (const auto& [name, inode] : now_) names.insert(name);
    for (const auto& [name, inode] : durable_) names.insert(name);
    std::map<std::string, std::shared_ptr<Inode>> left;
    for (const std::string& name : names) {
      const auto& from = random() % 2 == 0 ? now_ : durable_;
      const auto it = from.find(name);
      if (it != from.end()) left[name] = it->second;
    }
    std::set<Inode*> seen;
    for (const auto& [name, inode] : left) {
      if (seen.insert(inode.get()).second) Forget(*inode, random);
    }
    now_ = durable_ = std::move(left);
    operations_left = INT64_MAX;
  }

  // The files' bytes, to be looked at and spoilt.
  std::map<std::string, std::string> Snapshot() const {
    std::map<std::string, std::string> files;
    for (const auto& [name, inode] : now_) files[name] = inode->now;
    return files;
  }
  void Restore(const std::map<std::string, std::string>& files) {
    now_.clear();
    for (const auto& [name, bytes] : files)
      now_[name] = std::make_shared<Inode>(Inode{bytes, bytes});
    durable_ = now_;
  }

 private:
  struct Inode {
    std::string now, durable;
  };
  class Files;
  class File;

  static void Forget(Inode& inode, std::mt19937_64& random) {
    std::string& now = inode.now;
    const size_t kept = inode.durable.size();
    if (now != inode.durable) {
      if (!now.starts_with(inode.durable)) {
        if (random() % 2 == 0) now = inode.durable;
      } else {
        // The tail is gone, in part there, or there with pages that were never written.
        now.resize(kept + random() % (now.size() - kept + 1));
        if (now.size() > kept && random() % 2 == 0) {
          const size_t from = kept + random() % (now.size() - kept);
          const size_t size = random() % (now.size() - from + 1);
          std::fill_n(now.begin() + static_cast<ptrdiff_t>(from), size, '\0');
        }
      }
    }
    inode.durable = now;
  }
  absl::Status Write() {
    if (operations_left.fetch_sub(1) > 0) return absl::OkStatus();
    operations_left.store(0);
    return absl::UnavailableError("the power is off");
  }

  std::mutex mutex_;  // of what follows; not held while before_operation runs
  std::map<std::string, std::shared_ptr<Inode>> now_, durable_;
};

class ForgetfulDisk::File : public AppendFile {
 public:
  File(ForgetfulDisk& disk, std::shared_ptr<Inode> inode) : disk_(disk), inode_(std::move(inode)) {}
  absl::Status Append(std::string_view bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    if (const absl::Status status = disk_.Write(); !status.ok()) {
      inode_->now += bytes.substr(0, bytes.size() / 2);
      return status;
    }
    if (disk_.full) {
      inode_->now += bytes.substr(0, bytes.size() / 3);
      return absl::UnavailableError("no space left");
    }
    inode_->now += bytes;
    return absl::OkStatus();
  }
  absl::Status Truncate(uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    ZTP_RETURN_IF_ERROR(disk_.Write());
    inode_->now.resize(size);
    return absl::OkStatus();
  }
  absl::Status Sync() override {
    if (disk_.before_sync) disk_.before_sync();
    const std::lock_guard lock(disk_.mutex_);
    ZTP_RETURN_IF_ERROR(disk_.Write());
    if (disk_.sync_fails) return absl::UnavailableError("input/output error");
    inode_->durable = inode_->now;
    return absl::OkStatus();
  }

 private:
  ForgetfulDisk& disk_;
  const std::shared_ptr<Inode> inode_;
};

class ForgetfulDisk::Files : public LogFiles {
 public:
  explicit Files(ForgetfulDisk& disk) : disk_(disk) {}
  absl::StatusOr<std::string> Read(const std::string& name, uint64_t max_bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    const auto it = disk_.now_.find(name);
    if (it == disk_.now_.end()) return NotFound(name, " is not there");
    if (it->second->now.size() > max_bytes) return ResourceExhausted(name, " is too large");
    return it->second->now;
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& folder) override {
    const std::lock_guard lock(disk_.mutex_);
    std::vector<std::string> names;
    for (const auto& [name, inode] : disk_.now_) {
      if (folder.empty() || name.starts_with(folder + "/")) names.push_back(name);
    }
    return names;
  }
  absl::Status Put(const std::string& name, std::string_view bytes, bool synced) override {
    Before();
    {
      const std::lock_guard lock(disk_.mutex_);
      ZTP_RETURN_IF_ERROR(disk_.Write());
      // The bytes are synced before the file takes its place, the folder afterwards.
      disk_.now_[name] =
          std::make_shared<Inode>(Inode{std::string(bytes), std::string(synced ? bytes : "")});
    }
    return synced ? SyncNames({name}) : absl::OkStatus();
  }
  absl::Status Sync(const std::vector<std::string>& names) override {
    if (disk_.before_tile_sync) disk_.before_tile_sync();
    if (disk_.tile_sync_fails) return absl::InternalError("input/output error");
    return SyncNames(names);
  }
  absl::StatusOr<std::unique_ptr<AppendFile>> OpenToAppend(const std::string& name) override {
    const std::lock_guard lock(disk_.mutex_);
    const auto it = disk_.now_.find(name);
    if (it == disk_.now_.end()) return NotFound(name, " is not there");
    return std::make_unique<File>(disk_, it->second);
  }
  absl::Status Remove(const std::string& name) override {
    Before();
    const std::lock_guard lock(disk_.mutex_);
    ZTP_RETURN_IF_ERROR(disk_.Write());
    disk_.now_.erase(name);
    return absl::OkStatus();
  }
  absl::Status RemoveFolder(const std::string& name) override {
    Before();
    const std::lock_guard lock(disk_.mutex_);
    ZTP_RETURN_IF_ERROR(disk_.Write());
    std::erase_if(disk_.now_, [&](const auto& file) { return file.first.starts_with(name + "/"); });
    return absl::OkStatus();
  }

 private:
  void Before() {
    if (disk_.before_operation) disk_.before_operation();
  }
  absl::Status SyncNames(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      Before();
      const std::lock_guard lock(disk_.mutex_);
      ZTP_RETURN_IF_ERROR(disk_.Write());
      const auto it = disk_.now_.find(name);
      // The folders that it is in are synced, too: what is gone from them stays gone.
      for (size_t slash = name.rfind('/'); slash != std::string::npos && slash > 0;
           slash = name.rfind('/', slash - 1)) {
        ForgetWhatIsGone(name.substr(0, slash + 1));
      }
      if (it == disk_.now_.end()) {
        disk_.durable_.erase(name);
        continue;
      }
      it->second->durable = it->second->now;
      disk_.durable_[name] = it->second;
    }
    return absl::OkStatus();
  }
  // Files and folders that were removed from this folder.
  void ForgetWhatIsGone(const std::string& folder) {
    std::erase_if(disk_.durable_, [&](const auto& file) {
      if (!file.first.starts_with(folder)) return false;
      const size_t slash = file.first.find('/', folder.size());
      const std::string child =
          file.first.substr(0, slash == std::string::npos ? slash : slash + 1);
      const auto now = disk_.now_.lower_bound(child);
      return now == disk_.now_.end() || !now->first.starts_with(child);
    });
  }

  ForgetfulDisk& disk_;
};

inline std::unique_ptr<LogFiles> ForgetfulDisk::Open() { return std::make_unique<Files>(*this); }

// What the log holds under its checkpoint, which is to verify.
inline std::vector<std::string> VerifiedEntries(LogFiles& files, const evidence::NoteKey& key,
                                                VerifyOptions options = {}) {
  std::vector<std::string> entries;
  options.on_entry = [&](uint64_t index, std::string_view entry) {
    EXPECT_EQ(index, entries.size());
    entries.emplace_back(entry);
  };
  const auto verified = VerifyLog(files, key, options);
  EXPECT_TRUE(verified.ok()) << verified.status();
  if (!verified.ok()) return {};
  for (const std::string& problem : verified->problems) ADD_FAILURE() << problem;
  return entries;
}

}  // namespace ztp::audit
