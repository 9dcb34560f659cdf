// The audit log inside Envoy: one for each folder, however many filters and listeners name it, and
// verdicts that wait for it away from Envoy's threads.
//
// Boundary: server::DecisionLog, and the way back to the worker whose request waits. What is logged
// is the filter's to say.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "bindings/envoy/abi.h"
#include "bindings/envoy/config.h"
#include "bindings/server/decision_log.h"

namespace ztp::envoy {

// A stream's hold on what it waits for: its worker's. Once this is gone nothing calls the stream.
class HeldVerdict {
 public:
  // The stream of `envoy`, to which the event comes when it need not wait any more.
  explicit HeldVerdict(HttpFilter* envoy);
  ~HeldVerdict();
  HeldVerdict(const HeldVerdict&) = delete;
  HeldVerdict& operator=(const HeldVerdict&) = delete;

  // When the event has come: does the log have the entry?
  bool is_logged() const;

 private:
  friend class AuditTrail;
  struct Shared;
  const std::shared_ptr<Shared> shared_;
};

// Thread-safe; nothing but Get and Check waits for a disk.
class AuditTrail {
 public:
  // The log of the folder that `config` names, opened where it is not. It stays open until the
  // process ends, so that a listener that Envoy makes anew finds it: InvalidArgument where it is
  // open with other settings. The errors of server::OpenAuditLog.
  static absl::StatusOr<AuditTrail*> Get(const Config& config);
  // Could it be opened? Touches no folder. InvalidArgument, and the errors of reading.
  static absl::Status Check(const Config& config);

  std::string NextId() { return log_->NextId(); }
  // As DecisionLog has it: a ticket that is not 0 is to be waited for; false: no permission.
  bool Append(const server::DecisionLog::Made& made, uint64_t* ticket) {
    return log_->Append(made, ticket);
  }
  // The worker of `envoy` gets the event once the log has the ticket's entry, or when the time is
  // over that an answer may wait. Its thread's.
  std::unique_ptr<HeldVerdict> Hold(uint64_t ticket, HttpFilter* envoy);

 private:
  struct Wait {
    std::chrono::steady_clock::time_point until;
    std::weak_ptr<HeldVerdict::Shared> verdict;
  };

  AuditTrail(const Config& config, std::unique_ptr<server::DecisionLog> log);
  static void CloseAll();
  void Run();
  void TellState();
  void Close();

  const server::AuditLogOptions options_;
  const std::chrono::seconds timeout_;
  const std::unique_ptr<server::DecisionLog> log_;
  bool was_failing_ = false;   // the thread's own, as the next
  uint64_t dropped_told_ = 0;  // decisions
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Wait> waits_;  // in the order in which their time ends
  bool ends_ = false;
  std::thread thread_;  // ends waits that are too long, and tells how the log is
};

}  // namespace ztp::envoy
