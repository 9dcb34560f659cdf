// An engine from the files that settings name, and how it is brought up to date.
//
// Boundary: files to an engine, for the server and for Envoy's module; when files are looked at and
// who is told is theirs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bindings/server/handles.h"

namespace ztp::server {

// What is decided by.
struct WhatDecides {
  std::string policy;
  std::vector<std::string> facts;
  std::string trust;
  std::vector<std::string> signed_by;  // files of public keys
  unsigned threshold = 1;
  std::string state;
  std::string epoch;
};

class LoadedEngine {
 public:
  // `files` must outlive it. `needs_routes`: a policy without any is refused.
  LoadedEngine(const WhatDecides& files, bool needs_routes)
      : files_(files), needs_routes_(needs_routes) {}

  // Once, before all else. `keys`: what the files of `signed_by` hold. InvalidArgument: something
  // cannot be loaded, or is not signed as it should be.
  absl::Status Load(std::string_view keys);

  // Reads all files again; one thread at a time. An error: what was in force stays so (but the
  // trust configuration is the new one where only policy or facts are wrong).
  absl::Status Reload();

  // What the files look like: names, sizes and times; another text once one of them has changed.
  // Any thread.
  std::string LookAtFiles() const;

  // Any thread, once it is loaded: a way in for one, the policy in force, how often it changed.
  absl::StatusOr<SessionHandle> NewSession() const;
  PolicyHandle policy() const { return PolicyHandle(ztp_engine_policy(engine_.get())); }
  uint64_t generation() const { return ztp_engine_generation(engine_.get()); }

 private:
  const WhatDecides& files_;
  const bool needs_routes_;
  SignersHandle signers_;
  EpochHandle epoch_;
  TrustHandle trust_;
  EngineHandle engine_;
};

}  // namespace ztp::server
