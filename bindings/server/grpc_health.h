// grpc.health.v1 on a completion queue that somebody else polls.
//
// Boundary: says of the server as a whole, and of one service, whether it serves, to whoever asks
// or watches. Whether it does is the caller's.
#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/impl/codegen/service_type.h>

#include <memory>
#include <string>

namespace ztp::server {

class GrpcHealth {
 public:
  // Knows "" (the server) and `service`, which do not serve yet.
  explicit GrpcHealth(std::string service);
  ~GrpcHealth();  // its calls are over: whoever polls the queue has ended

  // For the server's builder.
  grpc::Service& service();

  // Takes calls on `queue`, whose tags are GrpcTags. Once, before the queue is polled.
  void Start(grpc::ServerCompletionQueue& queue);

  // Those who watch are told. Thread-safe.
  void SetServing(bool serving);

  // Nothing serves any more, for good; watches are told and end. Before the server is shut down.
  // Thread-safe.
  void Shutdown();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ztp::server
