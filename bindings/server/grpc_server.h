// Envoy's Authorization service and grpc.health.v1 over HTTP/2: TCP, TLS and Unix sockets, on
// threads of its own (grpc++).
//
// Boundary: bytes of calls to bytes of answers: limits, deadlines, health, an orderly end. What is
// asked and answered is the handlers'.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bindings/server/address.h"
#include "bindings/server/metrics.h"
#include "bindings/server/tls.h"

namespace ztp::server {

struct GrpcLimits {
  std::size_t max_metadata = 16 << 10;
  std::size_t max_message = 1 << 20;
  unsigned max_calls = 1000;                 // of one connection at the same time
  std::chrono::seconds request_timeout{10};  // for a handshake, and for an answer that waits
  std::chrono::seconds idle_timeout{75};
};

struct GrpcAnswer {
  std::string message;
  // Where it is set, the answer waits: called once with what is to be called, on any thread, when
  // it may go out, or with false: it may not, and `instead` goes out.
  std::function<void(std::function<void(bool may_go)>)> when = {};
  std::string instead;
};

// Answers one message after the other, on one thread. `caller`: who asks, as may_ask or TLS says.
using GrpcHandler = std::function<GrpcAnswer(std::string_view message, std::string_view caller)>;

struct GrpcService {
  std::vector<Address> addresses;
  const Tls* tls = nullptr;  // null: plain; Unix sockets always are
  unsigned unix_mode = 0660;
  // May this `authorization` ask? Then *name is by which name it is known. Empty: everybody may.
  // Thread-safe.
  std::function<bool(std::string_view authorization, std::string* name)> may_ask;
  // Called once for each thread that serves: what it makes is that thread's alone.
  std::function<GrpcHandler()> make_handler;
};

class GrpcServer {
 public:
  // `metrics` must outlive it.
  GrpcServer(GrpcLimits limits, unsigned threads, Metrics& metrics);
  ~GrpcServer();  // stops at once

  // Opens the addresses, all or none, and serves: health says so too. The addresses as they are
  // then, with the ports that were free. Unavailable: an address cannot be had.
  absl::StatusOr<std::vector<Address>> Start(GrpcService service);

  // What health says until it is stopped. Thread-safe.
  void SetServing(bool serving);

  // Health says NOT_SERVING, no more calls are taken, those that are there are answered; what is
  // not done after `drain` is cut off. Returns when all threads have ended.
  void Stop(std::chrono::seconds drain);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ztp::server
