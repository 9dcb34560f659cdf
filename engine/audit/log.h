// The audit log of a process that decides: deciding threads hand decisions over, one thread writes
// them to the journal, another one publishes, so that what waits for the journal waits for nothing
// else.
//
// Boundary: what a server needs, and all that it needs. Handing over is a copy of the texts into a
// queue: no lock, no system call, no disk. What happens when the disk is slower than the decisions,
// or full, is the operator's choice (WhenFull); whether an answer waits for the disk, too:
//
//   const uint64_t ticket = log->Append(record);      // on the thread that decided
//   if (ticket == 0 && block) …                       // not logged: the answer may not go out
//   if (durable && !log->Wait(ticket).ok()) …         // the same
//   … send the answer …
//
// With `durable`, a decision whose ticket was waited for is in the log whatever happens to the
// machine; without, whatever happens to the process. Who does not wait has no promise.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/audit/checkpoint.h"
#include "engine/audit/entry.h"
#include "engine/audit/files.h"
#include "engine/audit/ring.h"
#include "engine/audit/store.h"
#include "engine/core/time.h"

namespace ztp::audit {

enum class WhenFull : uint8_t {
  kBlock,  // Append waits for room
  kDrop,   // Append says that it did not take the record; the log counts them and says so itself
};

struct AuditOptions {
  WhenFull when_full = WhenFull::kBlock;
  // Wait returns after a sync of the disk; else after the write.
  bool durable = true;
  size_t queue_bytes = 16 << 20;
  // How often tiles and a checkpoint are published, if anything came.
  Duration publish_every{kMicrosPerSecond};
  StoreOptions store;
  EntryOptions entry;
  // The clock, for what the log says of itself. Any thread may call it.
  std::function<Time()> now;  // empty: the system's
};

struct AuditStatus {
  uint64_t entries = 0;        // in the log, those that it says of itself included
  uint64_t published = 0;      // of them, under the checkpoint
  Time published_at;           // when this process published last; 0: not yet
  uint64_t dropped = 0;        // decisions that are not in it, since it was opened
  size_t waiting_bytes = 0;    // in the queue
  uint64_t failed_writes = 0;  // tries that the disk refused
  absl::Status error;          // why the last try failed; OK once one succeeded
  bool stopped = false;        // nothing will be written any more until it is opened again
};

class AuditLog {
 public:
  // Opens or begins the log in `files` (OpenFolder), and starts its threads. The errors of
  // LogStore::Open and EntryWriter::Make.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(std::unique_ptr<LogFiles> files,
                                                        LogSigner signer, AuditOptions options);
  // Closes it.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // Any thread. Copies the record into the queue; a ticket to wait for. 0: it is not and will not
  // be in the log: dropped (and counted), or the log is closed or has stopped. With kBlock it waits
  // while the queue is full.
  uint64_t Append(const DecisionRecord& record);
  // The same without ever waiting, for who can ask again: 0, and nothing is counted, where there is
  // no room at this moment.
  uint64_t TryAppend(const DecisionRecord& record);

  // Any thread. Returns once the record of the ticket is in the log, on disk if `durable`.
  // Internal: it will not be: the log has stopped. InvalidArgument: ticket 0.
  absl::Status Wait(uint64_t ticket);

  // Any thread. The checkpoint over all that was appended before the call: what to keep elsewhere.
  // Waits while the disk takes nothing. Unavailable: the tiles could not be written; what was
  // appended is safe in the journal. Internal: the log has stopped.
  absl::StatusOr<std::string> Publish();

  // Any thread, takes no part in deciding.
  AuditStatus status() const;
  // The newest checkpoint that was published: what to keep elsewhere. Empty: there is none yet.
  std::string checkpoint() const;
  const Recovery& recovery() const { return store_->recovery(); }
  const LogSigner& signer() const { return store_->signer(); }

  // Writes what was handed over, publishes and closes; what is handed over from now on is not
  // taken. An error: what Wait promised holds, and opening the log again brings the rest in order.
  absl::Status Close();

 private:
  AuditLog(std::unique_ptr<LogFiles> files, AuditOptions options)
      : files_(std::move(files)), options_(std::move(options)), ring_(options_.queue_bytes) {}

  enum class NoRoom : uint8_t { kWait, kCount, kReturn };

  Time Now() const;
  uint64_t Put(const DecisionRecord& record, NoRoom no_room);
  void Run();
  void CollectBatch();
  bool WriteBatch();
  void PublishIfDue();
  void RunPublisher();
  void Published(const absl::StatusOr<std::string>& note, uint64_t size, uint64_t asked);
  void EndPublisher();
  uint64_t Taken() const;
  void Pause();
  void Ring();
  absl::Status FailureOf(const absl::Status& status);
  void Progress();

  const std::unique_ptr<LogFiles> files_;
  const AuditOptions options_;
  std::unique_ptr<LogStore> store_;      // the threads', once they run: store.h has which does what
  std::unique_ptr<EntryWriter> writer_;  // the thread's that writes
  RecordRing ring_;

  std::atomic<uint64_t> dropped_{0};
  std::atomic<bool> closing_{false};
  std::atomic<bool> stopped_{false};
  std::atomic<uint64_t> done_{0};     // the last place that Wait need not wait for
  std::atomic<bool> is_rung_{false};  // somebody woke the thread, and it has not seen it
  std::atomic<uint32_t> blocked_{0};  // threads that wait for room

  // The own of the thread that writes.
  std::vector<std::string> batch_;
  uint64_t batch_end_ = 0;  // the place of its last record
  size_t batch_bytes_ = 0;
  uint64_t dropped_logged_ = 0;
  std::string left_over_;  // an entry that did not fit into the batch any more
  uint64_t left_over_place_ = 0;

  mutable std::mutex mutex_;  // of what follows; never held while the disk is asked
  std::condition_variable bell_;
  std::condition_variable progress_;
  std::condition_variable room_;
  uint32_t waiters_ = 0;
  uint64_t publish_wanted_ = 0;  // how often it was asked for
  uint64_t publish_done_ = 0;    // and up to which ask it was done
  uint64_t publish_from_ = 0;    // the queue's end as it was last asked for
  absl::Status publish_status_;
  int64_t next_publish_ = 0;  // steady microseconds
  // What the publisher is to do, and does until is_publishing_ says no more.
  std::optional<Publication> snapshot_;
  uint64_t snapshot_asked_ = 0;  // the ask that it answers, or 0
  bool is_publishing_ = false;
  bool publisher_ends_ = false;
  std::condition_variable work_;
  std::condition_variable idle_;
  std::string checkpoint_;
  AuditStatus status_;

  std::mutex close_mutex_;
  absl::Status closed_;
  std::thread publisher_;
  std::thread thread_;
};

}  // namespace ztp::audit
