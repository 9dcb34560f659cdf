// What the server counts, for Prometheus.
//
// Boundary: numbers and their text form; who asks for them is the admin address's.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bindings/server/decision_observer.h"
#include "engine/audit/log.h"

namespace ztp::server {

// Thread-safe.
class Metrics final : public DecisionObserver {
 public:
  Metrics();
  ~Metrics() override;

  void Decided(const ztp_decision& decision, uint64_t nanoseconds) override;
  void Unread() override;
  void Compared(std::string_view answered, std::string_view shadow, bool differs) override;
  void Answered(unsigned status);    // takes a lock for a status that the server seldom has
  void GrpcAnswered(unsigned code);  // a gRPC status; the same holds
  void Connected() { connections_.Increment(); }
  void Disconnected() { connections_.Decrement(); }
  void TurnedAway() { turned_away_.Increment(); }
  void TlsFailed() { tls_failures_.Increment(); }
  void Reloaded(bool ok) { (ok ? reloads_ok_ : reloads_failed_).Increment(); }
  // What is in force.
  void SetGeneration(uint64_t generation) { generation_.Set(static_cast<double>(generation)); }
  void SetReady(bool ready) { ready_.Set(ready ? 1 : 0); }

  // The audit log, as it is now: before Text, on one thread at a time. From the first call on it is
  // among the metrics.
  void SetAudit(const audit::AuditStatus& status);

  // The exposition format 0.0.4.
  std::string Text() const;

 private:
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& decisions_;
  prometheus::Counter &allowed_, &denied_, &denied_unknown_, &unread_;
  prometheus::Histogram& seconds_;
  prometheus::Family<prometheus::Counter>& answers_;
  prometheus::Counter &answered_ok_, &answered_bad_;
  prometheus::Family<prometheus::Counter>& grpc_answers_;
  prometheus::Counter& grpc_answered_ok_;
  prometheus::Gauge& connections_;
  prometheus::Counter &turned_away_, &tls_failures_;
  prometheus::Family<prometheus::Counter>& reloads_;
  prometheus::Counter &reloads_ok_, &reloads_failed_;
  prometheus::Gauge &generation_, &ready_;

  struct Audit;
  std::unique_ptr<Audit> audit_;
  struct Differences;
  std::unique_ptr<Differences> differences_;
};

}  // namespace ztp::server
