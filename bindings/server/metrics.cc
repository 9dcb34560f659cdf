// See metrics.h.
#include "bindings/server/metrics.h"

#include <prometheus/text_serializer.h>

namespace ztp::server {
namespace {

prometheus::Family<prometheus::Counter>& Counters(prometheus::Registry& registry, const char* name,
                                                  const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Gauge& Gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

// From what a decision takes to what a request with evidence takes.
const prometheus::Histogram::BucketBoundaries kSeconds = {
    0.25e-6, 0.5e-6, 1e-6, 2e-6, 4e-6, 8e-6, 16e-6, 64e-6, 250e-6, 1e-3, 4e-3, 16e-3};

}  // namespace

// What the audit log says of itself.
struct Metrics::Audit {
  explicit Audit(prometheus::Registry& registry)
      : dropped(Counters(registry, "ztp_audit_dropped_total",
                         "Decisions that are not in the audit log.")
                    .Add({})),
        failed_writes(Counters(registry, "ztp_audit_failed_writes_total",
                               "Tries to write the audit log that the disk refused.")
                          .Add({})),
        entries(Gauge(registry, "ztp_audit_entries", "Entries of the audit log.")),
        waiting_bytes(
            Gauge(registry, "ztp_audit_waiting_bytes", "Of decisions that are not written yet.")),
        stopped(Gauge(registry, "ztp_audit_stopped",
                      "1 when the audit log writes nothing until the server is started anew.")),
        checkpoint_entries(Gauge(registry, "ztp_audit_checkpoint_entries",
                                 "Entries that the newest checkpoint covers.")),
        checkpoint_seconds(Gauge(registry, "ztp_audit_checkpoint_timestamp_seconds",
                                 "When this process published a checkpoint last; 0: not yet.")) {}

  void Set(const audit::AuditStatus& status) {
    // Counters only ever go up, and so do these.
    dropped.Increment(static_cast<double>(status.dropped) - dropped.Value());
    failed_writes.Increment(static_cast<double>(status.failed_writes) - failed_writes.Value());
    entries.Set(static_cast<double>(status.entries));
    waiting_bytes.Set(static_cast<double>(status.waiting_bytes));
    stopped.Set(status.stopped ? 1 : 0);
    checkpoint_entries.Set(static_cast<double>(status.published));
    checkpoint_seconds.Set(static_cast<double>(status.published_at.micros) * 1e-6);
  }

  prometheus::Counter &dropped, &failed_writes;
  prometheus::Gauge &entries, &waiting_bytes, &stopped, &checkpoint_entries, &checkpoint_seconds;
};

// What a shadow would have answered.
struct Metrics::Differences {
  explicit Differences(prometheus::Registry& registry)
      : compared(Counters(registry, "ztp_shadow_decisions_total",
                          "Requests that the shadow decided, too.")
                     .Add({})),
        differences(Counters(registry, "ztp_shadow_differences_total",
                             "Those that it would have answered otherwise, by what was answered "
                             "and what it says; allow and allow: with other obligations.")) {}
  prometheus::Counter& compared;
  prometheus::Family<prometheus::Counter>& differences;
};

Metrics::~Metrics() = default;

Metrics::Metrics()
    : decisions_(Counters(registry_, "ztp_decisions_total", "Decisions, by what they were.")),
      allowed_(decisions_.Add({{"decision", "allow"}})),
      denied_(decisions_.Add({{"decision", "deny"}})),
      denied_unknown_(decisions_.Add({{"decision", "deny_unknown"}})),
      unread_(decisions_.Add({{"decision", "unreadable"}})),
      seconds_(prometheus::BuildHistogram()
                   .Name("ztp_decision_seconds")
                   .Help("From a request's text to its answer's.")
                   .Register(registry_)
                   .Add({}, kSeconds)),
      answers_(Counters(registry_, "ztp_http_responses_total", "Answers, by HTTP status.")),
      answered_ok_(answers_.Add({{"code", "200"}})),
      answered_bad_(answers_.Add({{"code", "400"}})),
      grpc_answers_(Counters(registry_, "ztp_grpc_responses_total",
                             "Answers, by gRPC status: a denial is 0.")),
      grpc_answered_ok_(grpc_answers_.Add({{"code", "0"}})),
      connections_(Gauge(registry_, "ztp_connections", "Connections that are open.")),
      turned_away_(Counters(registry_, "ztp_connections_turned_away_total",
                            "Connections that were closed because there were too many.")
                       .Add({})),
      tls_failures_(
          Counters(registry_, "ztp_tls_failures_total", "TLS handshakes that failed.").Add({})),
      reloads_(Counters(registry_, "ztp_reloads_total", "Reloads, by how they ended.")),
      reloads_ok_(reloads_.Add({{"result", "ok"}})),
      reloads_failed_(reloads_.Add({{"result", "failed"}})),
      generation_(Gauge(registry_, "ztp_generation",
                        "How often policy, facts or trust were changed, or leases revoked.")),
      ready_(Gauge(registry_, "ztp_ready", "1 when it decides, 0 when it starts or stops.")),
      differences_(std::make_unique<Differences>(registry_)) {}

void Metrics::Decided(const ztp_decision& decision, uint64_t nanoseconds) {
  (decision.allow ? allowed_ : decision.on_unknown ? denied_unknown_ : denied_).Increment();
  seconds_.Observe(static_cast<double>(nanoseconds) * 1e-9);
}

void Metrics::Unread() { unread_.Increment(); }

void Metrics::Answered(unsigned status) {
  if (status == 200) return answered_ok_.Increment();
  if (status == 400) return answered_bad_.Increment();
  answers_.Add({{"code", std::to_string(status)}}).Increment();
}

void Metrics::GrpcAnswered(unsigned code) {
  if (code == 0) return grpc_answered_ok_.Increment();
  grpc_answers_.Add({{"code", std::to_string(code)}}).Increment();
}

void Metrics::Compared(std::string_view answered, std::string_view shadow, bool differs) {
  differences_->compared.Increment();
  if (!differs) return;
  differences_->differences
      .Add({{"answered", std::string(answered)}, {"shadow", std::string(shadow)}})
      .Increment();
}

void Metrics::SetAudit(const audit::AuditStatus& status) {
  if (audit_ == nullptr) audit_ = std::make_unique<Audit>(registry_);
  audit_->Set(status);
}

std::string Metrics::Text() const {
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace ztp::server
