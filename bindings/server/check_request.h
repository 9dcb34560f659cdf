// Envoy's CheckRequest as the HTTP request that it is about.
//
// Boundary: bytes of a message in, what ztp_route wants out. What is missing or ambiguous is said,
// or flagged for the routes to refuse; nothing is guessed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/c/ztp.h"

namespace ztp::server {

// Reads one after the other. One thread's.
class CheckRequestReader {
 public:
  CheckRequestReader();
  ~CheckRequestReader();

  // False: it is no CheckRequest about an HTTP request that can be understood; `problem` says why.
  // What was read is valid until the next call.
  bool Read(std::string_view bytes);

  const std::string& problem() const { return problem_; }
  const ztp_http_request& http() const { return http_; }
  // Empty where they are not there, come twice, or are longer than such a thing is.
  std::string_view request_id() const { return request_id_; }
  std::string_view traceparent() const { return traceparent_; }
  // Names of headers that begin with x-ztp-: a client may not speak for the policy.
  const std::vector<std::string_view>& reserved() const { return reserved_; }

 private:
  class Message;

  bool ReadHeaders();
  bool ReadBody();
  bool ReadSource();

  std::unique_ptr<Message> message_;
  std::string problem_;
  ztp_http_request http_ = ZTP_HTTP_REQUEST_INIT;
  std::vector<ztp_http_header> headers_;
  std::string certificates_;
  std::string_view request_id_, traceparent_;
  std::vector<std::string_view> reserved_;
  // What the headers say about the body.
  enum class Body : unsigned char { kNotSaid, kWhole, kPartial } body_ = Body::kNotSaid;
  std::optional<uint64_t> length_;
  bool odd_length_ = false;  // no number, or several
  bool chunked_ = false;
};

}  // namespace ztp::server
