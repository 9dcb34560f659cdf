// See filter.h.
#include "bindings/envoy/filter.h"

#include <array>
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

// What is over so soon is an answer and no stream: it is not cut off half-way, in microseconds.
constexpr int64_t kAtOnce = 1'000'000;

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
  const JsonNode* context = tree.Find(tree.root(), "context");
  const JsonNode* all = context == nullptr ? nullptr : tree.Find(*context, "obligations");
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
  return state_ == State::kAllowed ? kHeadersContinue : kHeadersStop;
}

BodyStatus Stream::RequestBody(HttpFilter* envoy, bool ends) {
  if (state_ == State::kAllowed) {
    if (StillAllowed(envoy)) return kBodyContinue;
    RefuseWith(envoy, 403, "it is no longer allowed", Filter::kEnded);
  }
  if (state_ != State::kWaiting) return kBodyStopNoBuffer;
  Worker* const worker = filter_.WorkerOf(envoy);
  if (worker == nullptr) {
    Fail(envoy);
  } else {
    TakePiece(envoy, *worker);
  }
  if (state_ == State::kWaiting && ends) Decide(envoy, Body::kWhole);
  if (state_ == State::kWaiting) return kBodyStopAndBuffer;
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
  Refuse(envoy, 503, kDenied, Filter::kFailed);
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
                 Filter::kDenied);
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
  worker.http.clear();
  for (const Header& header : worker.headers) {
    const std::string_view name = NameOf(header);
    const ztp_text value = ToText(ValueOf(header));
    if (!name.starts_with(':')) {
      worker.http.push_back({ToText(name), value});
      if (name == "x-forwarded-client-cert") forwarded_client_cert = ValueOf(header);
      upgrades = upgrades || name == "upgrade";
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
    http.peer_spiffe = ToText(Text(envoy, kConnectionUriSanPeer));
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
  RefuseWith(envoy, routed.failed, routed.message,
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
  ztp_decision decision = ZTP_DECISION_INIT;
  ztp_text answer{};
  const absl::Status status = server::ToStatus(
      ztp_decide_json(worker->session.get(), ToText(request_), now, false, &decision, &answer));
  if (!status.ok()) {
    Fail(envoy);
  } else if (decision.session == nullptr) {  // the route's request does not fit the policy
    RefuseWith(envoy, 400,
               server::ErrorsIn(server::ToView(answer), filter_.config().tell, worker->tree),
               Filter::kDenied);
  } else if (!decision.allow) {
    Refuse(envoy, 403,
           server::CutAnswer(decision, server::ToView(answer), {}, filter_.config().tell,
                             worker->tree),
           Filter::kDenied);
  } else {
    Allow(envoy, *worker, decision, server::ToView(answer));
  }
}

void Stream::Allow(HttpFilter* envoy, Worker& worker, const ztp_decision& decision,
                   std::string_view answer) {
  const auto set = [&](std::string_view name, std::string_view value) {
    return envoy_dynamic_module_callback_http_set_header(envoy, kRequestHeaders, ToBuffer(name),
                                                         ToBuffer(value));
  };
  if (decision.obligations > 0) {
    const std::string obligations = ObligationsOf(answer, worker.tree);
    if (obligations.empty() || !set(kObligation, obligations)) {
      Fail(envoy);  // what must be done would not be
      return;
    }
    SetMetadata(envoy, "obligations", obligations);
  }
  if (decision.valid_until != ZTP_FOREVER) {
    valid_until_ = FormatTime(Time{decision.valid_until});
    if (!set(kValidUntil, valid_until_)) {
      Fail(envoy);
      return;
    }
    SetMetadata(envoy, "valid_until", valid_until_);
  }
  SetMetadata(envoy, "decision", "allow");
  lease_ = decision.lease;
  decided_at_ = decision.decided_at;
  state_ = State::kAllowed;
  filter_.Count(envoy, Filter::kAllowed);
}

// A lease that has ended is no denial: policy and facts may have changed and still allow it.
bool Stream::StillAllowed(HttpFilter* envoy) {
  const int64_t now = ztp_now();
  if (now >= decided_at_ && now < decided_at_ + kAtOnce) return true;
  if (ztp_lease_check(&lease_, now)) return true;
  Worker* const worker = filter_.WorkerOf(envoy);
  if (worker == nullptr) return false;
  ztp_decision decision = ZTP_DECISION_INIT;
  ztp_text answer{};
  const absl::Status status = server::ToStatus(
      ztp_decide_json(worker->session.get(), ToText(request_), now, false, &decision, &answer));
  if (!status.ok() || !decision.allow) return false;
  lease_ = decision.lease;
  return true;
}

void Stream::RefuseWith(HttpFilter* envoy, unsigned status, std::string_view message,
                        Filter::Counter counter) {
  Refuse(envoy, status,
         filter_.config().tell == server::Tell::kDecision
             ? std::string(kDenied)
             : server::ErrorAnswer(status, message, {}),
         counter);
}

void Stream::Refuse(HttpFilter* envoy, unsigned status, std::string_view body,
                    Filter::Counter counter) {
  state_ = State::kRefused;
  body_ = std::string();
  SetMetadata(envoy, "decision", counter == Filter::kEnded ? "ended" : "deny");
  filter_.Count(envoy, counter);
  constexpr auto header = [](std::string_view name, std::string_view value) {
    return Header{name.data(), name.size(), value.data(), value.size()};
  };
  std::array<Header, 2> headers = {header("content-type", "application/json"),
                                   header("cache-control", "no-store")};
  envoy_dynamic_module_callback_http_send_response(envoy, status, headers.data(), headers.size(),
                                                   ToBuffer(body), ToBuffer("ztp_denied"));
}

}  // namespace ztp::envoy
