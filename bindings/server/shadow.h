// Shadow mode: what another policy, other facts or both would have answered to the same requests.
//
// Boundary: it only looks. Nothing that happens here changes an answer, or fails a request.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "bindings/server/decision_observer.h"
#include "bindings/server/handles.h"
#include "bindings/server/in_force.h"
#include "bindings/server/settings.h"
#include "engine/facts/json_tree.h"

namespace ztp::server {

// One thread's.
class ShadowSession {
 public:
  // `observer` and `reports` must outlive it. `reports`: how many differences may be told in full.
  class Reports;
  ShadowSession(SessionHandle session, DecisionObserver& observer, Reports& reports)
      : session_(std::move(session)), observer_(observer), reports_(reports) {}

  // Decides the request, which was answered with `decision` and the engine's text `answer`, and
  // tells of a difference: who was allowed and would not be, or the other way; what can be read and
  // could not be; what an allow obliges to. Rules, reasons and leases may differ. `id`: the
  // decision's in the audit log; empty: it is in none. Returns what the log is to have of it, as
  // JSON, valid until the next call; empty: they agree.
  std::string_view Compare(std::string_view request, int64_t now, const ztp_decision& decision,
                           ztp_text answer, std::string_view id);

 private:
  const SessionHandle session_;
  DecisionObserver& observer_;
  Reports& reports_;
  JsonTree answer_, shadow_answer_, request_;
  std::string entry_;
};

// So many differences are told as events; each is counted. Thread-safe.
class ShadowSession::Reports {
 public:
  static constexpr uint32_t kPerSecond = 10;

  // May one be told in this second? Then *left_out is how many were not, since the last one.
  bool May(int64_t now, uint64_t* left_out);

 private:
  std::atomic<int64_t> second_ = 0;
  std::atomic<uint32_t> in_second_ = 0;
  std::atomic<uint64_t> left_out_ = 0;
};

// Thread-safe.
class Shadow {
 public:
  // InvalidArgument: it cannot be loaded.
  static absl::StatusOr<std::unique_ptr<Shadow>> Load(const Settings& settings,
                                                      DecisionObserver& observer);

  absl::StatusOr<std::unique_ptr<ShadowSession>> NewSession();
  std::string PolicyDigest() const { return in_force_->PolicyDigest(); }
  absl::Status Reload() { return in_force_->Reload(); }
  bool FilesChanged() const { return in_force_->FilesChanged(); }

 private:
  Shadow(const Settings& settings, DecisionObserver& observer);

  const Settings settings_;  // the server's, with the shadow's files
  DecisionObserver& observer_;
  ShadowSession::Reports reports_;
  std::unique_ptr<InForce> in_force_;
};

}  // namespace ztp::server
