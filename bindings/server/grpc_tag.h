// What a completion queue hands back: its tags are these, and whoever polls the queue calls them.
#pragma once

namespace ztp::server {

class GrpcTag {
 public:
  GrpcTag() = default;
  GrpcTag(const GrpcTag&) = delete;
  GrpcTag& operator=(const GrpcTag&) = delete;
  virtual ~GrpcTag() = default;

  // The operation is done, or, with `ok` false, never will be. May destroy the tag.
  virtual void Proceed(bool ok) = 0;

  // As gRPC takes it.
  void* tag() { return this; }
  static GrpcTag& Of(void* tag) { return *static_cast<GrpcTag*>(tag); }
};

}  // namespace ztp::server
