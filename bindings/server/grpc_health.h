// grpc.health.v1: what a server says of itself, to who asks and to who watches.
//
// Boundary: one state for all services, and its names. grpc++ has such a service, which brings
// threads of its own into the work of all connections: a fifth of what a decision cost.
#pragma once

#include <grpcpp/server_builder.h>

#include <memory>
#include <string>

namespace ztp::server {

class GrpcHealth {
 public:
  // `service`: what it answers for, beside the server as a whole.
  explicit GrpcHealth(std::string service);
  ~GrpcHealth();  // stopped by then

  // In this order, around the builder's BuildAndStart.
  void Register(grpc::ServerBuilder& builder);
  void Start();

  // Watchers are told. Thread-safe, between Start and Stop.
  void Set(bool serving);

  // Once the server has ended; or where it has not begun.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ztp::server
