// See check_request.h.
#include "bindings/server/check_request.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

#include "bindings/server/ext_authz.pb.h"
#include "bindings/server/handles.h"
#include "engine/base/ascii.h"
#include "engine/base/uri.h"

namespace ztp::server {
namespace {

namespace envoy = ::envoy::service::auth::v3;

constexpr std::string_view kReserved = "x-ztp-";
constexpr std::string_view kPartialBody = "x-envoy-auth-partial-body";
constexpr size_t kMaxCorrelation = 256;

// What may go back into a header, and into a log, as it is.
std::string_view Correlation(std::string_view value) {
  if (value.size() > kMaxCorrelation) return {};
  for (const char c : value) {
    if (c < 0x21 || c > 0x7e) return {};
  }
  return value;
}

// Nothing: it is none.
std::optional<uint64_t> Number(std::string_view digits) {
  uint64_t number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

class CheckRequestReader::Message {
 public:
  Message() : arena_(block_.data(), block_.size()) {}

  // Nothing: it cannot be read.
  const envoy::CheckRequest* Parse(std::string_view bytes) {
    arena_.Reset();
    auto* message = google::protobuf::Arena::CreateMessage<envoy::CheckRequest>(&arena_);
    request_ =
        message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ? message : nullptr;
    return request_;
  }
  const envoy::AttributeContext& attributes() const { return request_->attributes(); }
  const envoy::AttributeContext::HttpRequest& http() const { return attributes().request().http(); }

 private:
  alignas(std::max_align_t) std::array<char, 32 << 10> block_;  // most requests need no other
  google::protobuf::Arena arena_;
  const envoy::CheckRequest* request_ = nullptr;
};

CheckRequestReader::CheckRequestReader() : message_(std::make_unique<Message>()) {}
CheckRequestReader::~CheckRequestReader() = default;

bool CheckRequestReader::Read(std::string_view bytes) {
  http_ = ZTP_HTTP_REQUEST_INIT;
  headers_.clear();
  reserved_.clear();
  request_id_ = traceparent_ = {};
  body_ = Body::kNotSaid;
  length_.reset();
  odd_length_ = chunked_ = false;
  const envoy::CheckRequest* request = message_->Parse(bytes);
  if (request == nullptr) {
    problem_ = "it is no CheckRequest";
    return false;
  }
  if (!request->attributes().request().has_http()) {
    problem_ = "it is about no HTTP request";
    return false;
  }
  const auto& http = message_->http();
  http_.method = ToText(http.method());
  http_.scheme = ToText(http.scheme());
  http_.authority = ToText(http.host());
  http_.path = ToText(http.path());
  if (http.method().empty() || http.path().empty()) {
    problem_ = "it has no method, or no path";
    return false;
  }
  return ReadHeaders() && ReadBody() && ReadSource();
}

bool CheckRequestReader::ReadHeaders() {
  const auto& http = message_->http();
  const bool one_by_one = http.has_header_map();
  if (one_by_one && !http.headers().empty()) {
    problem_ = "its headers come in two ways";
    return false;
  }
  if (!one_by_one) http_.flags |= ZTP_HTTP_HEADERS_JOINED;
  size_t request_ids = 0;
  size_t traceparents = 0;
  for (const auto& header : one_by_one ? http.header_map().headers() : http.headers()) {
    const std::string_view name = header.key();
    const std::string_view value = header.raw_value().empty() ? header.value() : header.raw_value();
    if (name.starts_with(':')) continue;  // has a field of its own
    if (EqualIgnoringCase(name, kPartialBody)) {
      // Envoy's own, which a client cannot send.
      body_ = body_ == Body::kNotSaid && value == "false" ? Body::kWhole : Body::kPartial;
      continue;
    }
    // HTTP has no such name, and an answer could not say that it is to be removed.
    if (std::any_of(name.begin(), name.end(), [](char c) { return c <= ' ' || c > '~'; })) {
      problem_ = "a header has a name that is none";
      return false;
    }
    headers_.push_back({ToText(name), ToText(value)});
    if (EqualIgnoringCase(name, "x-request-id")) {
      request_id_ = ++request_ids == 1 ? Correlation(value) : std::string_view();
    } else if (EqualIgnoringCase(name, "traceparent")) {
      traceparent_ = ++traceparents == 1 ? Correlation(value) : std::string_view();
    } else if (EqualIgnoringCase(name, "content-length")) {
      const std::optional<uint64_t> length = Number(value);
      odd_length_ |= !length || (length_ && *length_ != *length);
      length_ = length;
    } else if (EqualIgnoringCase(name, "transfer-encoding")) {
      chunked_ = true;
    } else if (EqualIgnoringCase(name.substr(0, kReserved.size()), kReserved)) {
      reserved_.push_back(name);
    }
  }
  http_.headers = headers_.data();
  http_.header_count = headers_.size();
  return true;
}

bool CheckRequestReader::ReadBody() {
  const auto& http = message_->http();
  if (!http.body().empty() && !http.raw_body().empty()) {
    problem_ = "its body comes in two ways";
    return false;
  }
  const std::string& body = http.body().empty() ? http.raw_body() : http.body();
  http_.body = ToText(body);
  // Envoy's word alone is not enough: where it may hand over a part, and has received as much as
  // that may be at most and no more yet, it says that this is all.
  bool partial = body_ == Body::kPartial || odd_length_ || (length_ && *length_ != body.size()) ||
                 (http.size() > 0 && static_cast<uint64_t>(http.size()) > body.size());
  // Without its word a body may be there that was not handed over. A request of HTTP/1 says in its
  // header whether it has one; one of HTTP/2 need not.
  if (body_ == Body::kNotSaid && !length_) {
    partial |= chunked_ || !http.protocol().starts_with("HTTP/1");
  }
  if (partial) http_.flags |= ZTP_HTTP_BODY_PARTIAL;
  return true;
}

bool CheckRequestReader::ReadSource() {
  const auto& source = message_->attributes().source();
  // Anything else (a DNS name, a certificate's subject) is not what `peer` of a route means.
  if (source.principal().starts_with("spiffe://")) http_.peer_spiffe = ToText(source.principal());
  if (!source.certificate().empty()) {
    std::optional<std::string> certificates = UnescapeUri(source.certificate());
    if (!certificates) {
      problem_ = "the peer's certificate is not URL-encoded";
      return false;
    }
    certificates_ = *std::move(certificates);
    http_.peer_certificates = ToText(certificates_);
  }
  http_.source_ip = ToText(source.address().socket_address().address());
  return true;
}

}  // namespace ztp::server
