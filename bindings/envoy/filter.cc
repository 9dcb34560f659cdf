// See filter.h.
#include "bindings/envoy/filter.h"

#include <array>
#include <chrono>
#include <utility>

#include "bindings/envoy/peer_certificate.h"
#include "bindings/server/http_route.h"
#include "bindings/server/obligation_header.h"
#include "bindings/server/tell.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/facts/json_sink.h"

namespace ztp::envoy {
namespace {

using server::ToText;

constexpr std::string_view kDenied = "{\"decision\":false}";
constexpr std::string_view kMetadata = "ztp";  // the namespace of dynamic metadata
constexpr std::string_view kValidUntil = "x-ztp-valid-until";
constexpr std::string_view kObligation = "x-ztp-obligation";
constexpr std::string_view kDecisionId = "x-ztp-decision-id";
constexpr std::string_view kEngineFailed = "the engine failed: nothing was decided";

// What is over so soon is an answer and no stream: it is not cut off half-way, in microseconds.
constexpr int64_t kAtOnce = 1'000'000;

// So often a request is decided where each permission has ended before the log had it.
constexpr unsigned kMostWaits = 3;

// What a client may not say in the policy's name. An underscore counts as a hyphen: there are
// servers to which both are the same.
bool IsReserved(std::string_view name) {
  constexpr std::string_view kPrefix = "x-ztp-";
  if (name.size() < kPrefix.size()) return false;
  for (size_t i = 0; i < kPrefix.size(); ++i) {
    const char c = name[i] == '_' ? '-' : name[i];
    if (c != kPrefix[i]) return false;  // Envoy's names are in lower case
  }
  return true;
}

bool ReadHeaders(HttpFilter* envoy, std::vector<Header>& headers) {
  headers.resize(envoy_dynamic_module_callback_http_get_headers_size(envoy, kRequestHeaders));
  return envoy_dynamic_module_callback_http_get_headers(envoy, kRequestHeaders, headers.data());
}

// False: there is still one.
bool RemoveReserved(HttpFilter* envoy, std::vector<Header>& headers) {
  std::vector<std::string> names;
  for (const Header& header : headers) {
    if (IsReserved(NameOf(header))) names.emplace_back(NameOf(header));
  }
  if (names.empty()) return true;
  for (const std::string& name : names) {
    envoy_dynamic_module_callback_http_set_header(envoy, kRequestHeaders, ToBuffer(name), {});
  }
  if (!ReadHeaders(envoy, headers)) return false;
  for (const Header& header : headers) {
    if (IsReserved(NameOf(header))) return false;
  }
  return true;
}

std::string_view Text(HttpFilter* envoy, Attribute attribute) {
  Buffer value;
  const bool known =
      envoy_dynamic_module_callback_http_filter_get_attribute_string(envoy, attribute, &value);
  return known ? ToView(value) : std::string_view();
}

// An address without its port; empty: it is no IP address (a pipe has none).
std::string_view HostOf(std::string_view address) {
  if (address.starts_with('[')) {
    const size_t end = address.find(']');
    return end == address.npos ? std::string_view() : address.substr(1, end - 1);
  }
  const size_t colon = address.rfind(':');
  if (colon == address.npos || address.front() == '/') return {};
  return address.substr(0, colon);
}

void SetMetadata(HttpFilter* envoy, std::string_view key, std::string_view value) {
  envoy_dynamic_module_callback_http_set_dynamic_metadata_string(envoy, ToBuffer(kMetadata),
                                                                 ToBuffer(key), ToBuffer(value));
}

// The header's value; empty: the answer cannot be read.
std::string ObligationsOf(std::string_view answer, JsonTree& tree) {
  JsonError error;
  if (!tree.Parse(answer, JsonPath(), &error)) return {};
  const JsonNode* all = tree.At({"context", "obligations"});
  if (all == nullptr || all->kind != JsonKind::kArray) return {};
  return server::ObligationHeader(answer, tree, *all);
}

}  // namespace

// ---- The filter ----

absl::StatusOr<std::unique_ptr<Filter>> Filter::Make(FilterConfig* envoy, std::string_view config,
                                                     uint32_t workers) {
  ZTP_ASSIGN_OR_RETURN(Config parsed, ParseConfig(config));
  std::unique_ptr<Filter> filter(new Filter(std::move(parsed)));
  ZTP_ASSIGN_OR_RETURN(filter->in_force_, InForce::Get(config, filter->config_));
  if (!filter->config_.audit.folder.empty()) {
    // What is only looked at must not take the log from the Envoy that has it.
    if (envoy_dynamic_module_callback_is_validation_mode()) {
      ZTP_RETURN_IF_ERROR(AuditTrail::Check(filter->config_));
    } else {
      ZTP_ASSIGN_OR_RETURN(filter->audit_, AuditTrail::Get(filter->config_));
    }
  }
  for (uint32_t i = 0; i < workers; ++i) {
    auto worker = std::make_unique<Worker>();
    ZTP_ASSIGN_OR_RETURN(worker->session, filter->in_force_->NewSession());
    filter->workers_.push_back(std::move(worker));
  }
  if (filter->config_.can) {
    JsonSink sink(&filter->can_);
    sink.Put("\"can\":[");
    bool first = true;
    for (const std::string& name : *filter->config_.can) {
      if (!std::exchange(first, false)) sink.Put(',');
      sink.PutText(name);
    }
    sink.Put("],");
    sink.Flush();
  }
  constexpr std::array<std::string_view, kCounters> kNames = {"ztp_allowed", "ztp_denied",
                                                              "ztp_failed", "ztp_ended"};
  for (size_t i = 0; i < kCounters; ++i) {
    size_t id = kNotDefined;
    if (envoy_dynamic_module_callback_http_filter_config_define_counter(envoy, ToBuffer(kNames[i]),
                                                                        nullptr, 0, &id) == 0) {
      filter->counters_[i] = id;
    }
  }
  return filter;
}

Worker* Filter::WorkerOf(HttpFilter* envoy) const {
  const uint32_t index = envoy_dynamic_module_callback_http_filter_get_worker_index(envoy);
  return index < workers_.size() ? workers_[index].get() : nullptr;
}

void Filter::Count(HttpFilter* envoy, Counter counter) const {
  if (counters_[counter] == kNotDefined) return;
  envoy_dynamic_module_callback_http_filter_increment_counter(envoy, counters_[counter], nullptr, 0,
                                                              1);
}

// ---- A stream ----

HeadersStatus Stream::RequestHeaders(HttpFilter* envoy, bool ends) {
  Decide(envoy, ends ? Body::kWhole : Body::kNotYet);
  if (state_ == State::kLogging) return kHeadersStopAll;
  return state_ == State::kAllowed ? kHeadersContinue : kHeadersStop;
}

BodyStatus Stream::RequestBody(HttpFilter* envoy, bool ends) {
  if (state_ == State::kAllowed) {
    if (StillAllowed(envoy)) return kBodyContinue;
    Verdict verdict;
    verdict.status = 403;
    verdict.counter = Filter::kEnded;
    verdict.body = Told(403, "it is no longer allowed", {});
    Refuse(envoy, verdict);
  }
  if (state_ != State::kWaiting) return kBodyStopNoBuffer;
  Worker* const worker = filter_.WorkerOf(envoy);
  if (worker == nullptr) {
    Fail(envoy);
  } else {
    TakePiece(envoy, *worker);
  }
  if (state_ == State::kWaiting && ends) Decide(envoy, Body::kWhole);
  // A refusal that is only not out yet needs no body.
  const bool goes_on_later = state_ == State::kLogging && verdict_.status == 0;
  if (state_ == State::kWaiting || goes_on_later) return kBodyStopAndBuffer;
  return state_ == State::kAllowed ? kBodyContinue : kBodyStopNoBuffer;
}

TrailersStatus Stream::RequestTrailers(HttpFilter* envoy) {
  if (state_ == State::kWaiting) Decide(envoy, Body::kWhole);
  return state_ == State::kAllowed ? kTrailersContinue : kTrailersStop;
}

HeadersStatus Stream::ResponseHeaders(HttpFilter* envoy) {
  if (state_ == State::kAllowed) {  // until when it may be kept, is the policy's to say
    envoy_dynamic_module_callback_http_set_header(
        envoy, kResponseHeaders, ToBuffer(kValidUntil),
        valid_until_.empty() ? Buffer() : ToBuffer(valid_until_));
  } else {  // a refusal, or Envoy's own answer: nothing else comes of the request
    state_ = State::kRefused;
    held_ = nullptr;
  }
  return kHeadersContinue;
}

BodyStatus Stream::ResponseBody(HttpFilter* envoy) {
  // Not allowed: the body is that of the denial, or of an answer of Envoy's own.
  if (state_ != State::kAllowed || StillAllowed(envoy)) return kBodyContinue;
  state_ = State::kRefused;
  filter_.Count(envoy, Filter::kEnded);
  SetMetadata(envoy, "decision", "ended");
  envoy_dynamic_module_callback_http_filter_reset_stream(envoy, kLocalReset,
                                                         ToBuffer("ztp_no_longer_allowed"));
  return kBodyStopNoBuffer;
}

void Stream::Fail(HttpFilter* envoy) {
  if (state_ == State::kRefused) return;
  Verdict verdict;
  verdict.status = 503;
  verdict.counter = Filter::kFailed;
  verdict.body = kDenied;
  Refuse(envoy, verdict);
}

void Stream::TakePiece(HttpFilter* envoy, Worker& worker) {
  worker.pieces.resize(
      envoy_dynamic_module_callback_http_get_body_chunks_size(envoy, kReceivedRequestBody));
  if (worker.pieces.empty()) return;
  if (!envoy_dynamic_module_callback_http_get_body_chunks(envoy, kReceivedRequestBody,
                                                          worker.pieces.data())) {
    Fail(envoy);
    return;
  }
  for (const Buffer& piece : worker.pieces) {
    if (piece.size > filter_.config().max_body - body_.size()) {
      RefuseWith(envoy, 413,
                 Cat("a body of which the policy must know all may have at most ",
                     filter_.config().max_body, " bytes"),
                 asked_.http, Filter::kDenied);
      return;
    }
    body_.append(ToView(piece));
  }
}

// The request of the policy in request_; false: there is none, and something else was done.
bool Stream::Route(HttpFilter* envoy, Worker& worker, Body body, int64_t now) {
  if (!ReadHeaders(envoy, worker.headers) || !RemoveReserved(envoy, worker.headers)) {
    Fail(envoy);
    return false;
  }
  ztp_http_request http = ZTP_HTTP_REQUEST_INIT;
  std::string_view forwarded_client_cert;
  bool upgrades = false;
  const bool logs = filter_.audit() != nullptr;
  size_t request_ids = 0;
  size_t traceparents = 0;
  worker.http.clear();
  for (const Header& header : worker.headers) {
    const std::string_view name = NameOf(header);
    const ztp_text value = ToText(ValueOf(header));
    if (!name.starts_with(':')) {
      worker.http.push_back({ToText(name), value});
      if (name == "x-forwarded-client-cert") forwarded_client_cert = ValueOf(header);
      upgrades = upgrades || name == "upgrade";
      if (logs && name == "x-request-id") {
        asked_.request_id = ++request_ids == 1 ? ValueOf(header) : std::string_view();
      } else if (logs && name == "traceparent") {
        asked_.traceparent = ++traceparents == 1 ? ValueOf(header) : std::string_view();
      }
    } else if (name == ":method") {
      http.method = value;
      upgrades = upgrades || ValueOf(header) == "CONNECT";
    } else if (name == ":path") {
      http.path = value;
    } else if (name == ":authority") {
      http.authority = value;
    } else if (name == ":scheme") {
      http.scheme = value;
    }
  }
  http.headers = worker.http.data();
  http.header_count = worker.http.size();
  // Envoy itself joins headers that come twice, those that it knows by name.
  http.flags = ZTP_HTTP_HEADERS_JOINED;
  http.body = ToText(body_);
  if (body == Body::kNotYet) http.flags |= ZTP_HTTP_BODY_PARTIAL;
  bool has_certificate = false;
  if (envoy_dynamic_module_callback_http_filter_get_attribute_bool(envoy, kConnectionMtls,
                                                                   &has_certificate) &&
      has_certificate) {
    const std::string_view peer = Text(envoy, kConnectionUriSanPeer);
    http.peer_spiffe = ToText(peer);
    if (logs) asked_.name = peer;
    if (!forwarded_client_cert.empty()) {
      worker.certificates =
          PeerCertificates(forwarded_client_cert, Text(envoy, kConnectionSha256PeerDigest));
      http.peer_certificates = ToText(worker.certificates);
    }
  }
  Buffer address;
  if (envoy_dynamic_module_callback_http_get_downstream_direct_remote_address(envoy, &address)) {
    http.source_ip = ToText(HostOf(ToView(address)));
  }

  server::Routed routed = server::RouteHttp(worker.session.get(), http, now);
  if (routed.failed == 0) {
    route_ = routed.route;
    request_ = routed.request;
    if (!filter_.can().empty()) request_.insert(1, filter_.can());
    return true;
  }
  if (logs) asked_.http = server::HttpAsLogged(http);
  // It may be the body that is missing, and nothing else: with it, it is asked again. An upgraded
  // connection's does not end.
  if (body == Body::kNotYet && routed.failed == 400 && !upgrades && filter_.ReadsBodies()) {
    const size_t limit = filter_.config().max_body;
    if (envoy_dynamic_module_callback_http_get_buffer_limit(envoy) <= limit) {
      envoy_dynamic_module_callback_http_set_buffer_limit(envoy, limit + 1);
    }
    state_ = State::kWaiting;
    return false;
  }
  RefuseWith(envoy, routed.failed, routed.message, asked_.http,
             routed.failed == 503 ? Filter::kFailed : Filter::kDenied);
  return false;
}

void Stream::Decide(HttpFilter* envoy, Body body) {
  Worker* const worker = filter_.WorkerOf(envoy);
  if (worker == nullptr) {
    Fail(envoy);
    return;
  }
  const int64_t now = ztp_now();
  if (!Route(envoy, *worker, body, now)) return;
  body_ = std::string();
  SetMetadata(envoy, "route", route_);
  Conclude(envoy, *worker, now);
}

absl::Status Stream::Ask(Worker& worker, int64_t now, ztp_decision* decision,
                         std::string_view* answer, uint64_t* nanoseconds) const {
  const auto begin = std::chrono::steady_clock::now();
  *decision = ZTP_DECISION_INIT;
  ztp_text text{};
  const absl::Status status = server::ToStatus(
      ztp_decide_json(worker.session.get(), ToText(request_), now, false, decision, &text));
  const std::chrono::nanoseconds passed = std::chrono::steady_clock::now() - begin;
  *nanoseconds = static_cast<uint64_t>(passed.count());
  *answer = server::ToView(text);
  return status;
}

void Stream::Conclude(HttpFilter* envoy, Worker& worker, int64_t now) {
  ztp_decision decision;
  std::string_view answer;
  uint64_t nanoseconds = 0;
  if (!Ask(worker, now, &decision, &answer, &nanoseconds).ok()) {
    return RefuseWith(envoy, 503, kEngineFailed, request_, Filter::kFailed);
  }
  const server::Tell tell = filter_.config().tell;
  Verdict verdict;
  if (filter_.audit() != nullptr) verdict.id = filter_.audit()->NextId();
  if (decision.session == nullptr) {  // the route's request does not fit the policy
    verdict.status = 400;
    verdict.counter = Filter::kDenied;
    verdict.body = Told(400, server::ErrorsIn(answer, tell, worker.tree), verdict.id);
  } else if (!decision.allow) {
    verdict.status = 403;
    verdict.counter = Filter::kDenied;
    verdict.body = server::CutAnswer(decision, answer, verdict.id, tell, worker.tree);
  } else {
    if (decision.obligations > 0) {
      verdict.obligations = ObligationsOf(answer, worker.tree);
      if (verdict.obligations.empty()) return Fail(envoy);  // what must be done would not be
    }
    valid_until_.clear();
    if (decision.valid_until != ZTP_FOREVER) valid_until_ = FormatTime(Time{decision.valid_until});
    lease_ = decision.lease;
    decided_at_ = decision.decided_at;
  }
  Log(envoy, std::move(verdict), request_, answer, now, nanoseconds);
}

bool Stream::Append(std::string_view id, std::string_view request, std::string_view answer,
                    int64_t now, uint64_t nanoseconds, uint64_t* ticket) const {
  return filter_.audit()->Append({.id = id,
                                  .asker = {.name = asked_.name,
                                            .request_id = asked_.request_id,
                                            .traceparent = asked_.traceparent},
                                  .request = request,
                                  .answer = answer,
                                  .shadow = {},
                                  .now = now,
                                  .nanoseconds = nanoseconds},
                                 ticket);
}

void Stream::Log(HttpFilter* envoy, Verdict verdict, std::string_view request,
                 std::string_view answer, int64_t now, uint64_t nanoseconds) {
  uint64_t ticket = 0;
  if (filter_.audit() != nullptr &&
      !Append(verdict.id, request, answer, now, nanoseconds, &ticket)) {
    return NotLogged(envoy);
  }
  if (ticket == 0) return CarryOut(envoy, verdict);
  verdict_ = std::move(verdict);
  state_ = State::kLogging;
  ++waited_;
  held_ = filter_.audit()->Hold(ticket, envoy);
}

void Stream::Logged(HttpFilter* envoy) {
  if (state_ != State::kLogging || held_ == nullptr) return;
  const bool is_logged = std::exchange(held_, nullptr)->is_logged();
  in_event_ = false;
  if (!is_logged) return NotLogged(envoy);
  const int64_t now = ztp_now();
  // Policy and facts may have changed while it waited, and what is let go now is to hold now.
  if (verdict_.status == 0 && !StillHolds(now)) {
    Worker* const worker = filter_.WorkerOf(envoy);
    if (worker == nullptr || waited_ >= kMostWaits) return NotLogged(envoy);
    return Conclude(envoy, *worker, now);
  }
  CarryOut(envoy, std::exchange(verdict_, {}));
}

void Stream::CarryOut(HttpFilter* envoy, const Verdict& verdict) {
  return verdict.status == 0 ? Allow(envoy, verdict) : Refuse(envoy, verdict);
}

void Stream::Allow(HttpFilter* envoy, const Verdict& verdict) {
  const auto set = [&](std::string_view name, std::string_view value) {
    return value.empty() || envoy_dynamic_module_callback_http_set_header(
                                envoy, kRequestHeaders, ToBuffer(name), ToBuffer(value));
  };
  if (!set(kObligation, verdict.obligations) || !set(kValidUntil, valid_until_) ||
      !set(kDecisionId, verdict.id)) {
    return Fail(envoy);
  }
  if (!verdict.obligations.empty()) SetMetadata(envoy, "obligations", verdict.obligations);
  if (!valid_until_.empty()) SetMetadata(envoy, "valid_until", valid_until_);
  if (!verdict.id.empty()) SetMetadata(envoy, "decision_id", verdict.id);
  SetMetadata(envoy, "decision", "allow");
  state_ = State::kAllowed;
  filter_.Count(envoy, Filter::kAllowed);
  if (!in_event_) envoy_dynamic_module_callback_http_filter_continue_decoding(envoy);
}

bool Stream::StillHolds(int64_t now) {
  return (now >= decided_at_ && now < decided_at_ + kAtOnce) || ztp_lease_check(&lease_, now);
}

// A lease that has ended is no denial: policy and facts may have changed and still allow it. That
// is a decision as any other, but for that nothing waits for its entry: part of the stream is gone.
bool Stream::StillAllowed(HttpFilter* envoy) {
  const int64_t now = ztp_now();
  if (StillHolds(now)) return true;
  Worker* const worker = filter_.WorkerOf(envoy);
  if (worker == nullptr) return false;
  ztp_decision decision;
  std::string_view answer;
  uint64_t nanoseconds = 0;
  if (!Ask(*worker, now, &decision, &answer, &nanoseconds).ok()) return false;
  uint64_t ticket = 0;
  if (filter_.audit() != nullptr &&
      !Append(filter_.audit()->NextId(), request_, answer, now, nanoseconds, &ticket)) {
    return false;
  }
  if (!decision.allow) return false;
  lease_ = decision.lease;
  return true;
}

std::string Stream::Told(unsigned status, std::string_view message, std::string_view id) const {
  return filter_.config().tell == server::Tell::kDecision
             ? std::string(kDenied)
             : server::ErrorAnswer(status, message, id);
}

void Stream::RefuseWith(HttpFilter* envoy, unsigned status, std::string_view message,
                        std::string_view request, Filter::Counter counter) {
  Verdict verdict;
  verdict.status = status;
  verdict.counter = counter;
  if (filter_.audit() != nullptr) verdict.id = filter_.audit()->NextId();
  verdict.body = Told(status, message, verdict.id);
  Log(envoy, std::move(verdict), request, server::ErrorAnswer(status, message, {}), ztp_now(), 0);
}

void Stream::NotLogged(HttpFilter* envoy) {
  Verdict verdict;
  verdict.status = 503;
  verdict.counter = Filter::kFailed;
  verdict.body = kDenied;
  verdict.later = true;
  Refuse(envoy, verdict);
}

void Stream::Refuse(HttpFilter* envoy, const Verdict& verdict) {
  state_ = State::kRefused;
  held_ = nullptr;
  body_ = std::string();
  SetMetadata(envoy, "decision", verdict.counter == Filter::kEnded ? "ended" : "deny");
  if (!verdict.id.empty()) SetMetadata(envoy, "decision_id", verdict.id);
  filter_.Count(envoy, verdict.counter);
  constexpr auto header = [](std::string_view name, std::string_view value) {
    return Header{name.data(), name.size(), value.data(), value.size()};
  };
  std::array<Header, 4> headers = {header("content-type", "application/json"),
                                   header("cache-control", "no-store")};
  size_t count = 2;
  if (!verdict.id.empty()) headers[count++] = header(kDecisionId, verdict.id);
  if (verdict.later) headers[count++] = header("retry-after", "1");
  envoy_dynamic_module_callback_http_send_response(envoy, verdict.status, headers.data(), count,
                                                   ToBuffer(verdict.body), ToBuffer("ztp_denied"));
}

}  // namespace ztp::envoy
