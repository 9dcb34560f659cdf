// What a filter decides by: the engine, and a thread that looks whether its files have changed.
//
// Boundary: files to an engine. A reload that fails leaves what was in force: the last good policy
// and facts decide.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "bindings/envoy/config.h"
#include "bindings/server/loaded_engine.h"

namespace ztp::envoy {

// Thread-safe.
class InForce {
 public:
  // One for each text of a configuration that is in use: Envoy makes a filter anew whenever its
  // listener changes, which is no reason to load the policy again, and forgets signatures' state no
  // more than it does proofs. `config` is what `text` says. InvalidArgument: something cannot be
  // loaded, or is not signed as it should be.
  static absl::StatusOr<std::shared_ptr<InForce>> Get(std::string_view text, const Config& config);
  ~InForce();
  InForce(const InForce&) = delete;
  InForce& operator=(const InForce&) = delete;

  // A thread's way in.
  absl::StatusOr<server::SessionHandle> NewSession() const { return engine_.NewSession(); }
  // Does the policy in force have a route that reads bodies?
  bool ReadsBodies() const { return ztp_policy_reads_bodies(engine_.policy().get()); }

 private:
  explicit InForce(Config config) : config_(std::move(config)) {}

  absl::Status Load();
  void Watch();

  const Config config_;
  server::LoadedEngine engine_{config_, /*needs_routes=*/true};
  std::string seen_;  // what the files looked like when they were read last; the thread's, later
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ends_ = false;
  std::thread watcher_;
};

}  // namespace ztp::envoy
