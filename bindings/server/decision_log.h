// Decisions on their way into the audit log, and answers that wait until they are there.
//
// Boundary: what servers of all transports share. A server decides on threads that must go on with
// other connections, so nothing here waits: an answer is held back by a callback.
//
//   uint64_t ticket = 0;
//   if (!log.Append(made, &ticket)) …                    // no permission: say 503, UNAVAILABLE
//   log.WhenLogged(ticket, [](bool may_go) { … });        // then the answer goes out, or the same
//
// With --audit-when-full block an answer goes out once its entry is in the log (on disk if
// `durable`); with drop it never waits, and what the log does not have is counted.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "bindings/server/audit_options.h"
#include "engine/audit/decision_ids.h"
#include "engine/audit/log.h"

namespace ztp::server {

// Who asked, and by which names the request is known there. Each may be empty; what is no printable
// ASCII, or too long, is left out of the log.
struct Asker {
  std::string_view name;  // as authenticated: a SPIFFE ID, a certificate's subject, a token's name
  std::string_view request_id;   // X-Request-ID
  std::string_view traceparent;  // as it came
};

// Thread-safe.
class DecisionLog {
 public:
  // Called once, on any thread; it must be quick, and may not throw.
  using Then = std::function<void(bool may_go)>;

  struct Made {
    std::string_view id;  // NextId
    Asker asker;
    std::string_view request;  // AuthZEN's JSON, as it was decided
    std::string_view answer;   // the engine's, whole, or that of a request that could not be read
    std::string_view shadow;   // audit::DecisionRecord has it
    int64_t now = 0;           // microseconds
    uint64_t nanoseconds = 0;  // that deciding took
  };

  // The errors of OpenAuditLog.
  static absl::StatusOr<std::unique_ptr<DecisionLog>> Open(const AuditLogOptions& options,
                                                           const KeyLoader& load_key);
  ~DecisionLog();  // closes it
  DecisionLog(const DecisionLog&) = delete;
  DecisionLog& operator=(const DecisionLog&) = delete;

  // A name for a decision: what the caller gets as `context.decision_id`, and the entry's `id`.
  std::string NextId() { return ids_.Next(); }

  // Copies the decision into the log's queue. Raises *ticket to what its answer must wait for: of
  // several decisions in one answer all may have one variable. False: the log does not take it now,
  // and the operator wants no answer without an entry.
  bool Append(const Made& made, uint64_t* ticket);

  // Once the log has what the ticket stands for, or at once for 0: true. False: it never will.
  void WhenLogged(uint64_t ticket, Then then);

  // May decisions be answered, as far as the log goes? Not with `block`, when the disk takes
  // nothing or the log has stopped.
  bool Takes() const;
  audit::AuditStatus status() const { return log_->status(); }
  // The newest that was published; empty: none yet.
  std::string checkpoint() const { return log_->checkpoint(); }

  // Writes what was appended, calls who waits, and closes the log. What is appended from now on is
  // not taken.
  absl::Status Close();

 private:
  struct Waiting {
    uint64_t ticket;
    Then then;
  };

  DecisionLog(std::unique_ptr<audit::AuditLog> log, audit::WhenFull when_full);
  void Run();

  const std::unique_ptr<audit::AuditLog> log_;
  const bool blocks_;
  audit::DecisionIds ids_;
  std::mutex mutex_;
  std::condition_variable bell_;
  std::vector<Waiting> waiting_;
  bool closing_ = false;
  std::thread thread_;  // waits for the log in place of all others
};

}  // namespace ztp::server
