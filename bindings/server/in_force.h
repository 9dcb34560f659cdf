// What a server decides by: the engine, and how it is brought up to date while it serves.
//
// Boundary: files to an engine. On a failed reload all stays as it was: the last good policy and
// facts decide.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "bindings/server/loaded_engine.h"
#include "bindings/server/metrics.h"
#include "bindings/server/settings.h"

namespace ztp::server {

// Thread-safe.
class InForce {
 public:
  // InvalidArgument: something cannot be loaded, or is not signed as the settings ask. Both must
  // outlive it. `metrics`: or null, for what does not decide by itself; what does must have routes
  // where there is gRPC.
  static absl::StatusOr<std::unique_ptr<InForce>> Load(const Settings& settings, Metrics* metrics);

  // A thread's way in.
  absl::StatusOr<SessionHandle> NewSession() const { return engine_.NewSession(); }
  // "sha256:…" of the bundle in force.
  std::string PolicyDigest() const;
  uint64_t generation() const { return engine_.generation(); }

  // Reads all files again. An error: what was in force stays so (but the trust configuration is
  // the new one where only policy or facts are wrong).
  absl::Status Reload();

  // Has one of the files changed since it was read? Looks at their names, sizes and times.
  bool FilesChanged() const;

 private:
  InForce(const Settings& settings, Metrics* metrics)
      : settings_(settings),
        metrics_(metrics),
        engine_(settings, /*needs_routes=*/metrics != nullptr && !settings.grpc.empty()) {}

  absl::Status LoadAll();

  const Settings& settings_;
  Metrics* const metrics_;
  LoadedEngine engine_;
  std::mutex reloads_;
  mutable std::mutex seen_mutex_;
  std::string seen_;  // what the files looked like when they were read last
};

}  // namespace ztp::server
