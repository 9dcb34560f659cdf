// See log.h.
#include "engine/audit/log.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <utility>

#include "engine/audit/journal.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::audit {
namespace {

using std::chrono::microseconds;

constexpr size_t kMaxBatchEntries = 4096;
// The thread looks for work this often where nobody waits and the queue is not filling, so that a
// thread that decides need not wake it.
constexpr microseconds kPoll{10'000};
constexpr microseconds kRetry{20'000};
constexpr size_t kMaxPendingTiles = 128;

int64_t SteadyMicros() {
  return std::chrono::duration_cast<microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// What a record is in the queue, before its texts.
struct RecordHead {
  int64_t time;
  int64_t latency_nanos;
  std::array<uint64_t, 8> sizes;  // of its texts
};

// A record's texts, in the order in which they lie in the queue.
template <typename Record>
auto TextsOf(Record& record) {
  return std::array{&record.id,      &record.asked_by, &record.request_id, &record.trace_id,
                    &record.span_id, &record.request,  &record.answer,     &record.shadow};
}

DecisionRecord ReadRecord(std::string_view bytes) {
  RecordHead head;
  std::memcpy(&head, bytes.data(), sizeof(head));
  bytes.remove_prefix(sizeof(head));
  DecisionRecord record;
  record.time = Time{head.time};
  record.latency_nanos = head.latency_nanos;
  const auto texts = TextsOf(record);
  for (size_t i = 0; i < texts.size(); ++i) {
    *texts[i] = bytes.substr(0, head.sizes[i]);
    bytes.remove_prefix(head.sizes[i]);
  }
  return record;
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(std::unique_ptr<LogFiles> files,
                                                         LogSigner signer, AuditOptions options) {
  std::unique_ptr<AuditLog> log(new AuditLog(std::move(files), std::move(options)));
  ZTP_ASSIGN_OR_RETURN(log->writer_, EntryWriter::Make(log->options_.entry));
  ZTP_ASSIGN_OR_RETURN(log->store_,
                       LogStore::Open(*log->files_, std::move(signer), log->options_.store));
  const Recovery& recovery = log->store_->recovery();
  if (recovery.torn_bytes > 0) {
    const std::string entry =
        EntryWriter::Recovered(recovery.torn_bytes, recovery.torn_digest, log->Now());
    ZTP_RETURN_IF_ERROR(log->store_->Append({&entry, 1}));
    ZTP_RETURN_IF_ERROR(log->store_->Publish().status());
  }
  log->status_.entries = log->store_->size();
  log->status_.published = log->store_->published();
  if (log->status_.published > 0) {
    ZTP_ASSIGN_OR_RETURN(log->checkpoint_,
                         log->files_->Read(kCheckpointFile, evidence::kMaxNoteBytes));
  }
  log->next_publish_ = SteadyMicros() + log->options_.publish_every.micros;
  log->publisher_ = std::thread([raw = log.get()] { raw->RunPublisher(); });
  log->thread_ = std::thread([raw = log.get()] { raw->Run(); });
  return log;
}

AuditLog::~AuditLog() { (void)Close(); }

Time AuditLog::Now() const {
  if (options_.now) return options_.now();
  return Time{
      std::chrono::duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count()};
}

uint64_t AuditLog::Append(const DecisionRecord& record) {
  return Put(record, options_.when_full == WhenFull::kDrop ? NoRoom::kCount : NoRoom::kWait);
}

uint64_t AuditLog::TryAppend(const DecisionRecord& record) { return Put(record, NoRoom::kReturn); }

uint64_t AuditLog::Put(const DecisionRecord& record, NoRoom no_room) {
  RecordHead head{.time = record.time.micros, .latency_nanos = record.latency_nanos, .sizes = {}};
  const auto texts = TextsOf(record);
  std::array<std::string_view, 9> pieces = {
      std::string_view(reinterpret_cast<const char*>(&head), sizeof(head))};
  for (size_t i = 0; i < texts.size(); ++i) {
    head.sizes[i] = texts[i]->size();
    pieces[i + 1] = *texts[i];
  }
  for (;;) {
    if (closing_.load(std::memory_order_relaxed) || stopped_.load(std::memory_order_relaxed)) {
      if (no_room != NoRoom::kReturn) dropped_.fetch_add(1, std::memory_order_relaxed);
      return 0;
    }
    const uint64_t place = ring_.Put(pieces);
    // A queue that fills is not left until the thread looks by itself.
    if (place == 0 || ring_.waiting() > ring_.capacity() / 4) Ring();
    if (place != 0) return place;
    if (no_room == NoRoom::kReturn) return 0;
    if (no_room == NoRoom::kCount) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return 0;
    }
    std::unique_lock lock(mutex_);
    blocked_.fetch_add(1);
    // Room may have come since it was asked for; so it is asked for again soon.
    room_.wait_for(lock, kPoll);
    blocked_.fetch_sub(1);
  }
}

void AuditLog::Ring() {
  if (is_rung_.exchange(true)) return;
  const std::lock_guard lock(mutex_);
  bell_.notify_one();
}

absl::Status AuditLog::Wait(uint64_t ticket) {
  if (ticket == 0) return InvalidArgument("the decision was not taken into the log");
  if (done_.load(std::memory_order_acquire) >= ticket) return absl::OkStatus();
  Ring();
  std::unique_lock lock(mutex_);
  ++waiters_;
  progress_.wait(lock, [&] { return done_.load() >= ticket || stopped_.load(); });
  --waiters_;
  if (done_.load() >= ticket) return absl::OkStatus();
  return Internal("the log has stopped: ", Message(status_.error));
}

absl::StatusOr<std::string> AuditLog::Publish() {
  std::unique_lock lock(mutex_);
  const uint64_t wanted = ++publish_wanted_;
  publish_from_ = ring_.end();
  is_rung_.store(true);
  bell_.notify_one();
  progress_.wait(lock, [&] { return publish_done_ >= wanted || stopped_.load(); });
  if (publish_done_ < wanted) return Internal("the log has stopped: ", Message(status_.error));
  if (!publish_status_.ok()) return publish_status_;
  return checkpoint_;
}

std::string AuditLog::checkpoint() const {
  const std::lock_guard lock(mutex_);
  return checkpoint_;
}

AuditStatus AuditLog::status() const {
  const std::lock_guard lock(mutex_);
  AuditStatus status = status_;
  status.dropped = dropped_.load();
  status.waiting_bytes = ring_.waiting();
  status.stopped = stopped_.load();
  return status;
}

// Takes records off the queue, as many as a batch holds.
void AuditLog::CollectBatch() {
  const auto add = [&](std::string entry) {
    batch_bytes_ += entry.size() + 2;
    batch_.push_back(std::move(entry));
  };
  if (left_over_place_ != 0) {
    batch_end_ = std::exchange(left_over_place_, 0);
    add(std::move(left_over_));
  }
  while (batch_.size() < kMaxBatchEntries) {
    const auto record = ring_.Next();
    if (!record) break;
    std::string entry = writer_->Decision(ReadRecord(record->bytes));
    // Room for what the log says of itself.
    if (batch_bytes_ + entry.size() + 2 > kMaxBatchBytes - kMaxEntryBytes) {
      left_over_ = std::move(entry);
      left_over_place_ = record->place;
      break;
    }
    batch_end_ = record->place;
    add(std::move(entry));
  }
  ring_.Release();
  if (blocked_.load() > 0) {
    const std::lock_guard lock(mutex_);
    room_.notify_all();
  }
  const uint64_t dropped = dropped_.load();
  if (dropped > dropped_logged_) {
    add(EntryWriter::Dropped(dropped - dropped_logged_, Now()));
    dropped_logged_ = dropped;
  }
}

// OK as it was; anything else is noted, and after Internal the log stops.
absl::Status AuditLog::FailureOf(const absl::Status& status) {
  const std::lock_guard lock(mutex_);
  if (stopped_.load()) return status;  // why is known
  status_.error = status;
  if (!status.ok()) ++status_.failed_writes;
  if (absl::IsInternal(status)) stopped_.store(true);
  return status;
}

void AuditLog::Progress() {
  const std::lock_guard lock(mutex_);
  status_.entries = store_->size();
  if (waiters_ > 0 || publish_wanted_ > publish_done_ || stopped_.load()) progress_.notify_all();
  if (stopped_.load()) room_.notify_all();
}

// False: not written; it is tried again.
bool AuditLog::WriteBatch() {
  if (!batch_.empty()) {
    if (!FailureOf(store_->Append(batch_)).ok()) return false;
    batch_.clear();
    batch_bytes_ = 0;
  }
  // A sync without anything new costs nothing.
  if (options_.durable && !FailureOf(store_->Sync()).ok()) return false;
  if (batch_end_ != 0) done_.store(batch_end_, std::memory_order_release);
  Progress();
  return true;
}

// Hands the log as it is to the publisher, which has done what it was given before.
void AuditLog::PublishIfDue() {
  uint64_t wanted;
  bool asked;
  {
    const std::lock_guard lock(mutex_);
    if (is_publishing_) return;
    wanted = publish_wanted_;
    // What was handed over before it was asked for is to be in it.
    asked = wanted > publish_done_ && batch_.empty() && Taken() >= publish_from_;
    const bool due =
        store_->size() > status_.published &&
        (SteadyMicros() >= next_publish_ || store_->pending_tiles() > kMaxPendingTiles);
    if (!asked && !due) return;
  }
  absl::StatusOr<Publication> snapshot = store_->Snapshot();
  const std::lock_guard lock(mutex_);
  if (!snapshot.ok()) return Published(snapshot.status(), 0, asked ? wanted : 0);
  snapshot_ = *std::move(snapshot);
  snapshot_asked_ = asked ? wanted : 0;
  is_publishing_ = true;
  work_.notify_one();
}

// With the mutex. `asked`: the ask that it answers, or 0.
void AuditLog::Published(const absl::StatusOr<std::string>& note, uint64_t size, uint64_t asked) {
  next_publish_ = SteadyMicros() + options_.publish_every.micros;
  publish_status_ = note.status();
  if (note.ok()) {
    checkpoint_ = *note;
    status_.published = size;
    status_.published_at = Now();
  } else {
    ++status_.failed_writes;
    if (absl::IsInternal(note.status()) && !stopped_.load()) {
      status_.error = note.status();
      stopped_.store(true);
      room_.notify_all();
    }
  }
  if (asked != 0) publish_done_ = asked;
  if (asked != 0 || stopped_.load()) progress_.notify_all();
}

void AuditLog::RunPublisher() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [&] { return snapshot_.has_value() || publisher_ends_; });
    if (!snapshot_) return;
    Publication snapshot = *std::exchange(snapshot_, std::nullopt);
    const uint64_t size = snapshot.at.size;
    lock.unlock();
    const absl::StatusOr<std::string> note = store_->Put(std::move(snapshot));
    lock.lock();
    Published(note, size, snapshot_asked_);
    is_publishing_ = false;
    idle_.notify_all();
    // Who asked meanwhile waits for the next one.
    if (publish_wanted_ > publish_done_ || stopped_.load()) {
      is_rung_.store(true);
      bell_.notify_one();
    }
  }
}

// When it has done what it was given.
void AuditLog::EndPublisher() {
  {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [&] { return !is_publishing_; });
    publisher_ends_ = true;
    work_.notify_one();
  }
  publisher_.join();
}

// All records below are in batches.
uint64_t AuditLog::Taken() const {
  return left_over_place_ != 0 ? left_over_place_ : ring_.taken();
}

// Until there is something to do, or for a while.
void AuditLog::Pause() {
  std::unique_lock lock(mutex_);
  bell_.wait_for(lock, kPoll, [&] { return is_rung_.load() || closing_.load(); });
  is_rung_.store(false);
}

void AuditLog::Run() {
  for (;;) {
    const bool closing = closing_.load();
    if (batch_.empty()) CollectBatch();
    const bool idle = batch_.empty();
    const bool written = WriteBatch();
    // A journal that takes no more may do so once it was published.
    if (!stopped_.load()) PublishIfDue();
    if (stopped_.load()) break;
    // One that cannot write gives up only where it is to end anyway.
    if (closing && (!written || Taken() == ring_.end())) break;
    if (!written) {
      std::this_thread::sleep_for(kRetry);
    } else if (idle) {
      Pause();
    }
  }
  EndPublisher();
  if (!stopped_.load() && batch_.empty()) {
    const absl::StatusOr<std::string> note = store_->Close();
    closed_ = FailureOf(note.status());
    const std::lock_guard lock(mutex_);
    Published(note, store_->size(), note.ok() ? publish_wanted_ : 0);
  } else {
    const std::lock_guard lock(mutex_);
    closed_ = status_.error;
  }
  // Nobody waits for what will not come.
  stopped_.store(true);
  Progress();
}

absl::Status AuditLog::Close() {
  const std::lock_guard closing(close_mutex_);
  if (thread_.joinable()) {
    closing_.store(true);
    {
      const std::lock_guard lock(mutex_);
      bell_.notify_one();
      room_.notify_all();
    }
    thread_.join();
  }
  return closed_;
}

}  // namespace ztp::audit
