// HTTP/1.1 over TCP, TLS and Unix sockets, on threads of its own (Boost.Asio and Beast).
//
// Boundary: bytes to requests and answers to bytes: limits, times, connections, an orderly end.
// What is asked and answered is the handlers'. Everything that a client sends is bounded before it
// is kept.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "bindings/server/address.h"
#include "bindings/server/http_message.h"
#include "bindings/server/metrics.h"
#include "bindings/server/tls.h"

namespace ztp::server {

struct HttpLimits {
  std::size_t max_header = 16 << 10;
  std::size_t max_body = 1 << 20;
  std::size_t max_connections = 4096;
  std::chrono::seconds request_timeout{10};
  std::chrono::seconds idle_timeout{75};
};

// Answers one request after the other, on one thread. May not throw.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpEndpoint {
  Address address;
  Tls* tls = nullptr;  // null, or a Unix socket: plain
  unsigned unix_mode = 0660;
  // Called once on each thread that serves: what it makes is that thread's alone.
  std::function<HttpHandler()> make_handler;
};

class HttpServer {
 public:
  // `metrics` must outlive it.
  HttpServer(HttpLimits limits, unsigned threads, Metrics& metrics);
  ~HttpServer();  // stops at once

  // Opens the addresses, all or none, and begins to serve. The addresses as they are then, with the
  // ports that were free. Unavailable, PermissionDenied: an address cannot be had.
  absl::StatusOr<std::vector<Address>> Start(std::vector<HttpEndpoint> endpoints);

  // No more connections are taken, and each ends behind the request that it is at; what is not
  // done after `drain` is cut off. Returns when all threads have ended.
  void Stop(std::chrono::seconds drain);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ztp::server
