// See server.h.
#include "bindings/server/server.h"

#include <csignal>
#include <ctime>
#include <new>
#include <thread>
#include <utility>

#include "bindings/server/event_log.h"
#include "bindings/server/ext_authz.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::server {
namespace {

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  return signals;
}

HttpResponse Plain(unsigned status, std::string text) {
  return {.status = status, .content_type = "text/plain", .body = std::move(text)};
}

// What a proxy says about a request beside its header and body: paths, addresses, a certificate.
constexpr size_t kAboutRequest = 64 << 10;

GrpcLimits GrpcLimitsOf(const Settings& settings) {
  return {.max_metadata = settings.max_header,
          .max_message = settings.max_body + settings.max_header + kAboutRequest,
          .max_calls = settings.max_calls,
          .request_timeout = settings.request_timeout,
          .idle_timeout = settings.idle_timeout};
}

HttpLimits LimitsOf(const Settings& settings) {
  return {.max_header = settings.max_header,
          .max_body = settings.max_body,
          .max_connections = settings.max_connections,
          .request_timeout = settings.request_timeout,
          .idle_timeout = settings.idle_timeout};
}

}  // namespace

Server::Server(Settings settings, KeyLoader load_key)
    : settings_(std::move(settings)),
      load_key_(std::move(load_key)),
      callers_(settings_.callers),
      tls_(settings_) {}

absl::StatusOr<std::unique_ptr<Server>> Server::Make(Settings settings, KeyLoader load_key) {
  if (const std::string problem = settings.Problem(); !problem.empty()) {
    return InvalidArgument(problem);
  }
  std::unique_ptr<Server> server(new Server(std::move(settings), std::move(load_key)));
  ZTP_RETURN_IF_ERROR(server->Load());
  return server;
}

absl::Status Server::Load() {
  for (const std::string& text : settings_.http) ZTP_RETURN_IF_ERROR(ParseAddress(text).status());
  for (const std::string& text : settings_.grpc) ZTP_RETURN_IF_ERROR(ParseAddress(text).status());
  if (!settings_.admin.empty()) ZTP_RETURN_IF_ERROR(ParseAddress(settings_.admin).status());
  ZTP_RETURN_IF_ERROR(callers_.Load());
  ZTP_RETURN_IF_ERROR(tls_.Load());
  ZTP_ASSIGN_OR_RETURN(in_force_, InForce::Load(settings_, &metrics_));
  if (!settings_.shadow.empty()) {
    auto shadow = Shadow::Load(settings_, metrics_);
    if (!shadow.ok()) return InvalidArgument("--shadow: ", Message(shadow.status()));
    shadow_ = *std::move(shadow);
  }
  if (settings_.audit.folder.empty()) return absl::OkStatus();
  if (settings_.check) return CheckAuditLog(settings_.audit, load_key_);
  ZTP_ASSIGN_OR_RETURN(log_, DecisionLog::Open(settings_.audit, load_key_));
  return absl::OkStatus();
}

void Server::BlockSignals() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A client that has gone is an error of its connection, and no reason to end.
  std::signal(SIGPIPE, SIG_IGN);
  // As is a limit on the size of files: like a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
}

HttpHandler Server::MakeCallersHandler() {
  absl::StatusOr<SessionHandle> session = in_force_->NewSession();
  if (!session.ok()) {  // no memory: it answers, and allows nothing
    return [](const HttpRequest&) { return Plain(503, "there is no memory to decide"); };
  }
  const std::shared_ptr<ShadowSession> shadow = NewShadowSession();
  // A std::function must be copyable; what it holds is one thread's all the same.
  auto authzen =
      std::make_shared<AuthZen>(settings_, *std::move(session), metrics_, log_.get(), shadow.get());
  return [this, authzen, shadow, caller = std::string()](const HttpRequest& asked) mutable {
    if (!AuthZen::Serves(asked.path)) return Plain(404, "there is nothing here");
    if (!callers_.May(asked.authorization, &caller)) {
      HttpResponse response = Plain(401, "show a bearer token of a caller");
      response.headers.emplace_back("WWW-Authenticate", "Bearer");
      return response;
    }
    HttpRequest request = asked;
    if (request.peer.empty()) request.peer = caller;
    return authzen->Handle(request, ztp_now());
  };
}

std::shared_ptr<ShadowSession> Server::NewShadowSession() {
  if (shadow_ == nullptr) return nullptr;
  // Where there is no memory for it, nothing is compared.
  auto made = shadow_->NewSession();
  return made.ok() ? *std::move(made) : nullptr;
}

GrpcHandler Server::MakeExtAuthzHandler() {
  absl::StatusOr<SessionHandle> session = in_force_->NewSession();
  if (!session.ok()) {  // no memory: what is no answer is a denial
    return [](std::string_view, std::string_view) -> GrpcAnswer { throw std::bad_alloc(); };
  }
  const std::shared_ptr<ShadowSession> shadow = NewShadowSession();
  auto ext_authz = std::make_shared<ExtAuthz>(settings_, *std::move(session), metrics_, log_.get(),
                                              shadow.get());
  return [log = log_.get(), ext_authz, shadow](std::string_view message, std::string_view caller) {
    ExtAuthz::Answer made = ext_authz->Check(message, caller, ztp_now());
    GrpcAnswer answer = {.message = std::move(made.message)};
    if (made.ticket != 0) {
      answer.instead = ExtAuthz::NotLogged();
      answer.when = [log, ticket = made.ticket](DecisionLog::Then then) {
        log->WhenLogged(ticket, std::move(then));
      };
    }
    return answer;
  };
}

absl::StatusOr<GrpcService> Server::ExtAuthzService() {
  GrpcService service{.tls = &tls_, .make_handler = [this] { return MakeExtAuthzHandler(); }};
  for (const std::string& text : settings_.grpc) {
    ZTP_ASSIGN_OR_RETURN(service.addresses.emplace_back(), ParseAddress(text));
  }
  service.unix_mode = static_cast<unsigned>(std::stoul(settings_.unix_mode, nullptr, 8));
  if (!settings_.callers.empty()) {
    service.may_ask = [this](std::string_view authorization, std::string* name) {
      return callers_.May(authorization, name);
    };
  }
  return service;
}

HttpResponse Server::Admin(const HttpRequest& request) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (request.path == "/metrics" && reads) return Numbers();
  if (request.path == "/healthz" && reads) return Plain(200, "alive");
  if (request.path == "/readyz" && reads) {
    return IsReady() ? Plain(200, "ready") : Plain(503, "not ready");
  }
  if (request.path == "/audit/checkpoint" && reads) {
    if (log_ == nullptr) return Plain(404, "decisions are not logged: there is no --audit");
    std::string checkpoint = log_->checkpoint();
    return checkpoint.empty() ? Plain(404, "none was published yet")
                              : Plain(200, std::move(checkpoint));
  }
  if (request.path == "/reload" && request.method == "POST") {
    std::string problem = Reload();
    return problem.empty() ? Plain(200, "reloaded") : Plain(409, std::move(problem));
  }
  return Plain(404,
               "here are /metrics, /healthz, /readyz, /audit/checkpoint and, by POST, /reload");
}

HttpResponse Server::Numbers() {
  metrics_.SetGeneration(in_force_->generation());
  metrics_.SetReady(IsReady());
  if (log_ != nullptr) metrics_.SetAudit(log_->status());
  HttpResponse response = Plain(200, metrics_.Text());
  response.content_type = "text/plain; version=0.0.4";
  return response;
}

void Server::WatchLog() {
  if (log_ == nullptr) return;
  const audit::AuditStatus status = log_->status();
  const bool failed = status.stopped || !status.error.ok();
  if (failed == log_failed_) return;
  log_failed_ = failed;
  if (!failed) return LogEvent("audit log goes on");
  LogEvent(status.stopped ? "audit log stopped" : "audit log cannot be written",
           {{"problem", Message(status.error)}});
}

std::string Server::Reload() {
  std::string problems;
  const auto add = [&](std::string_view problem) {
    Append(problems, problems.empty() ? "" : "\n", problem);
  };
  if (const absl::Status status = callers_.Load(); !status.ok()) add(Message(status));
  if (const absl::Status status = tls_.Load(); !status.ok()) add(Message(status));
  if (const absl::Status status = in_force_->Reload(); !status.ok()) add(Message(status));
  if (shadow_ != nullptr) {
    if (const absl::Status status = shadow_->Reload(); !status.ok()) {
      add(Cat("--shadow: ", Message(status)));
    }
  }
  if (problems.empty()) {
    LogEvent("reloaded", {{"policy", in_force_->PolicyDigest()}});
  } else {
    LogEvent("reload failed", {{"problem", problems}});
  }
  return problems;
}

absl::Status Server::Run() {
  std::vector<HttpEndpoint> endpoints;
  const unsigned mode = static_cast<unsigned>(std::stoul(settings_.unix_mode, nullptr, 8));
  for (const std::string& text : settings_.http) {
    ZTP_ASSIGN_OR_RETURN(const Address address, ParseAddress(text));
    endpoints.push_back(
        {.address = address, .tls = &tls_, .unix_mode = mode, .make_handler = [this] {
           return MakeCallersHandler();
         }});
  }
  const unsigned processors = std::max(std::thread::hardware_concurrency(), 1U);
  const unsigned threads = settings_.threads == 0 ? processors : settings_.threads;
  HttpServer callers(LimitsOf(settings_), threads, metrics_);
  GrpcServer gateways(GrpcLimitsOf(settings_), threads, metrics_);
  HttpServer admin({.max_body = 1024, .max_connections = 64}, 1, metrics_);
  if (!settings_.admin.empty()) {
    ZTP_ASSIGN_OR_RETURN(const Address address, ParseAddress(settings_.admin));
    ZTP_ASSIGN_OR_RETURN(
        const std::vector<Address> open,
        admin.Start({{.address = address, .unix_mode = mode, .make_handler = [this] {
                        return [this](const HttpRequest& request) { return Admin(request); };
                      }}}));
    LogEvent("listening", {{"for", "admin"}, {"at", open.front().ToString()}});
  }
  if (!settings_.grpc.empty()) {
    ZTP_ASSIGN_OR_RETURN(GrpcService service, ExtAuthzService());
    ZTP_ASSIGN_OR_RETURN(const std::vector<Address> open, gateways.Start(std::move(service)));
    for (const Address& address : open) {
      LogEvent("listening", {{"for", tls_.used() && !address.is_unix() ? "grpcs" : "grpc"},
                             {"at", address.ToString()}});
    }
  }
  ZTP_ASSIGN_OR_RETURN(const std::vector<Address> open, callers.Start(std::move(endpoints)));
  for (const Address& address : open) {
    LogEvent("listening", {{"for", tls_.used() && !address.is_unix() ? "https" : "http"},
                           {"at", address.ToString()}});
  }
  ready_ = true;
  metrics_.SetReady(true);
  LogEvent("ready", {{"policy", in_force_->PolicyDigest()}});
  if (shadow_ != nullptr) LogEvent("shadow", {{"policy", shadow_->PolicyDigest()}});

  const sigset_t signals = Signals();
  for (;;) {
    const bool watches = settings_.watch.count() > 0;
    const timespec wait = {watches ? settings_.watch.count() : log_ != nullptr ? 1 : 3600, 0};
    const int number = sigtimedwait(&signals, nullptr, &wait);
    if (number == SIGTERM || number == SIGINT) break;
    const bool changed =
        watches && (in_force_->FilesChanged() || (shadow_ != nullptr && shadow_->FilesChanged()));
    if (number == SIGHUP || changed) Reload();
    WatchLog();
    gateways.SetServing(IsReady());
  }
  ready_ = false;
  metrics_.SetReady(false);
  LogEvent("stopping");
  std::thread gateways_end([&] { gateways.Stop(settings_.drain); });
  callers.Stop(settings_.drain);
  gateways_end.join();
  absl::Status closed;
  if (log_ != nullptr) closed = log_->Close();
  if (!closed.ok()) LogEvent("audit log was not closed", {{"problem", Message(closed)}});
  admin.Stop(std::chrono::seconds(1));
  LogEvent("stopped");
  return closed;
}

}  // namespace ztp::server
