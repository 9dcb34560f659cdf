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
      ready_(Gauge(registry_, "ztp_ready", "1 when it decides, 0 when it starts or stops.")) {}

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

std::string Metrics::Text() const {
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace ztp::server
