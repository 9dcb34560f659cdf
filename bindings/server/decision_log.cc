// See decision_log.h. One thread waits for the log: for the newest of the tickets that came while
// it waited for those before. The log syncs all that has come by then at once, so that an answer
// waits for the sync that runs and its own.
#include "bindings/server/decision_log.h"

#include <algorithm>
#include <utility>

#include "bindings/server/trace_context.h"
#include "engine/base/status.h"

namespace ztp::server {
namespace {

constexpr size_t kMaxNameBytes = 1024;
constexpr size_t kMaxRequestIdBytes = 256;

// The text, if it may stand in a log as it is.
std::string_view Printable(std::string_view text, size_t max) {
  if (text.size() > max) return {};
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; })
             ? text
             : std::string_view();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DecisionLog>> DecisionLog::Open(const AuditLogOptions& options,
                                                               const KeyLoader& load_key) {
  ZTP_ASSIGN_OR_RETURN(std::unique_ptr<audit::AuditLog> log, OpenAuditLog(options, load_key));
  return std::unique_ptr<DecisionLog>(new DecisionLog(std::move(log), options.when_full));
}

DecisionLog::DecisionLog(std::unique_ptr<audit::AuditLog> log, audit::WhenFull when_full)
    : log_(std::move(log)),
      blocks_(when_full == audit::WhenFull::kBlock),
      thread_([this] { Run(); }) {}

DecisionLog::~DecisionLog() { (void)Close(); }

bool DecisionLog::Append(const Made& made, uint64_t* ticket) {
  const TraceContext trace = ReadTraceparent(made.asker.traceparent);
  audit::DecisionRecord record;
  record.id = made.id;
  record.asked_by = Printable(made.asker.name, kMaxNameBytes);
  record.request_id = Printable(made.asker.request_id, kMaxRequestIdBytes);
  record.trace_id = trace.trace_id;
  record.span_id = trace.span_id;
  record.request = made.request;
  record.answer = made.answer;
  record.shadow = made.shadow;
  record.time = Time{made.now};
  record.latency_nanos = static_cast<int64_t>(made.nanoseconds);
  if (!blocks_) {
    (void)log_->Append(record);  // which counts what it does not take
    return true;
  }
  const uint64_t place = log_->TryAppend(record);
  *ticket = std::max(*ticket, place);
  return place != 0;
}

void DecisionLog::WhenLogged(uint64_t ticket, Then then) {
  if (ticket == 0) return then(true);
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (!closing_) {
      first = waiting_.empty();
      waiting_.push_back({ticket, std::move(then)});
      then = nullptr;
    }
  }
  if (then) return then(log_->Wait(ticket).ok());  // which is closed: this does not take long
  if (first) bell_.notify_one();
}

bool DecisionLog::Takes() const {
  if (!blocks_) return true;
  const audit::AuditStatus status = log_->status();
  return !status.stopped && status.error.ok();
}

void DecisionLog::Run() {
  std::vector<Waiting> taken;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      bell_.wait(lock, [&] { return !waiting_.empty() || closing_; });
      if (waiting_.empty()) return;
      taken.swap(waiting_);
    }
    uint64_t newest = 0;
    for (const Waiting& each : taken) newest = std::max(newest, each.ticket);
    const bool all = log_->Wait(newest).ok();
    // A log that has stopped still says what it has.
    for (Waiting& each : taken) each.then(all || log_->Wait(each.ticket).ok());
    taken.clear();
  }
}

absl::Status DecisionLog::Close() {
  // Whoever waits is told: by then each entry is there or never will be.
  const absl::Status closed = log_->Close();
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    bell_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  return closed;
}

}  // namespace ztp::server
