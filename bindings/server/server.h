// `ztp serve`: everything that a server is made of, put together.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bindings/server/address.h"
#include "bindings/server/authzen.h"
#include "bindings/server/callers.h"
#include "bindings/server/decision_log.h"
#include "bindings/server/grpc_server.h"
#include "bindings/server/http_server.h"
#include "bindings/server/in_force.h"
#include "bindings/server/metrics.h"
#include "bindings/server/settings.h"
#include "bindings/server/shadow.h"
#include "bindings/server/tls.h"

namespace ztp::server {

class Server {
 public:
  // Loads everything that the settings name, and checks it; listens nowhere yet. InvalidArgument:
  // settings that do not fit together, a policy, facts, keys or tokens with mistakes, files that
  // were not signed as they must be.
  // `load_key`: how the program loads the private key that --audit-key names.
  static absl::StatusOr<std::unique_ptr<Server>> Make(Settings settings, KeyLoader load_key);

  // Serves until SIGTERM or SIGINT, then ends in an orderly way. SIGHUP reloads, and so do files
  // that have changed. These signals must be blocked (BlockSignals) before any thread is made.
  absl::Status Run();
  static void BlockSignals();

 private:
  Server(Settings settings, KeyLoader load_key);

  absl::Status Load();
  bool IsReady() const { return ready_.load() && (log_ == nullptr || log_->Takes()); }
  HttpResponse Numbers();
  // Says when the audit log has begun, or ceased, to take decisions.
  void WatchLog();
  std::shared_ptr<ShadowSession> NewShadowSession();
  HttpHandler MakeCallersHandler();
  GrpcHandler MakeExtAuthzHandler();
  absl::StatusOr<GrpcService> ExtAuthzService();
  HttpResponse Admin(const HttpRequest& request);
  // Everything again. What could not be reloaded stays as it was, and is in the answer.
  std::string Reload();

  const Settings settings_;
  const KeyLoader load_key_;
  Metrics metrics_;
  Callers callers_;
  Tls tls_;
  std::unique_ptr<InForce> in_force_;
  std::unique_ptr<Shadow> shadow_;    // or null
  std::unique_ptr<DecisionLog> log_;  // or null
  bool log_failed_ = false;           // when it was last looked at
  std::atomic<bool> ready_ = false;
};

}  // namespace ztp::server
