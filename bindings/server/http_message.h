// A request and its answer, as the APIs see them: what came over which transport does not matter.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ztp::server {

// Views into what the connection holds; valid while it is handled.
struct HttpRequest {
  std::string_view method;  // "POST"
  std::string_view path;    // as it came, without the query: nothing is decoded
  std::string_view content_type;
  std::string_view authorization;
  std::string_view request_id;  // X-Request-ID
  std::string_view traceparent = {};
  // Who asks, as the transport has authenticated it; empty: it has not.
  std::string_view peer = {};
  std::string_view body;
};

struct HttpResponse {
  unsigned status = 200;
  std::string_view content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string_view, std::string>> headers;
  // Where it is set, the answer waits: called once with what is to be called, on any thread, when
  // it may go out, or with false: it may not, and is 503 instead.
  std::function<void(std::function<void(bool may_go)>)> when = {};
};

}  // namespace ztp::server
