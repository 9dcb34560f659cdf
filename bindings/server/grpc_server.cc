// See grpc_server.h. Each thread has a completion queue of its own, and a call is answered where it
// is taken: what a thread has needs no lock.
#include "bindings/server/grpc_server.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security_constants.h>
#include <grpc/support/log.h>
#include <grpcpp/alarm.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "bindings/server/event_log.h"
#include "bindings/server/ext_authz.grpc.pb.h"
#include "bindings/server/grpc_health.h"
#include "bindings/server/grpc_tag.h"
#include "bindings/server/grpc_tls.h"
#include "engine/base/os_error.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::server {
namespace {

// Messages are handed over as they came: they are read by who understands them.
using Service = envoy::service::auth::v3::Authorization::WithRawMethod_Check<
    envoy::service::auth::v3::Authorization::Service>;

constexpr const char* kServiceName = "envoy.service.auth.v3.Authorization";
// So many calls of a thread are taken without waiting for it to ask for another one.
constexpr int kCallsAhead = 128;
// For health's watchers to hear that it is over.
constexpr std::chrono::milliseconds kLastWords{100};
// Without a call for so long, callers have gone.
constexpr std::chrono::milliseconds kQuiet{250};
constexpr std::chrono::milliseconds kLookAfterHeld{100};
// What all connections may hold together, beside a message each.
constexpr std::size_t kMinMemory = std::size_t{256} << 20;

// What gRPC's library says goes into the log, an error a second at most: clients can cause them.
class LibraryLog {
 public:
  static LibraryLog& Get() {
    static LibraryLog log;
    return log;
  }
  void Install() {
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
    gpr_set_log_function([](gpr_log_func_args* what) { Get().Say(what->message); });
  }
  std::string last() {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  void Say(const char* message) {
    {
      const std::lock_guard lock(mutex_);
      last_ = message;
      const auto now = std::chrono::steady_clock::now();
      if (said_ && now - *said_ < std::chrono::seconds(1)) return;
      said_ = now;
    }
    LogEvent("grpc", {{"problem", message}});
  }

  std::mutex mutex_;
  std::string last_;
  std::optional<std::chrono::steady_clock::time_point> said_;
};

class Worker;

struct Call final : GrpcTag {
  explicit Call(Worker& by) : worker(by) {}
  void Proceed(bool ok) override;

  Worker& worker;
  // Of one call after the other.
  std::optional<grpc::ServerContext> context;
  std::optional<grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>> writer;
  grpc::ByteBuffer request;
  bool answering = false;
};

// An answer that waits for somebody else. Whoever is first to take it, that or time, answers.
struct Held {
  std::atomic<bool> taken = false;
  Call* call;
  std::string message, instead;
  std::chrono::steady_clock::time_point until;
};

struct Shared {
  Service service;
  std::function<bool(std::string_view, std::string*)> may_ask;
  bool asks_clients = false;
  std::chrono::seconds request_timeout{10};
  Metrics& metrics;
  std::atomic<std::size_t> taken = 0;  // calls, ever
  std::atomic<std::size_t> in_flight = 0;
  std::atomic<bool> stopping = false;
  std::atomic<bool> late = false;  // nobody waits any longer
};

grpc::ByteBuffer BufferOf(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

// On any thread, once for a call that is taken.
void Finish(Call& call, Metrics& metrics, const std::string& message) {
  metrics.GrpcAnswered(0);
  call.writer->Finish(BufferOf(message), grpc::Status::OK, call.tag());
}

class Worker {
 public:
  Worker(std::unique_ptr<grpc::ServerCompletionQueue> queue, GrpcHandler handler, Shared& shared)
      : queue_(std::move(queue)), handler_(std::move(handler)), shared_(shared) {}

  grpc::ServerCompletionQueue& queue() { return *queue_; }

  void Start() {
    thread_ = std::thread([this] { Run(); });
  }
  // Once the server takes no more calls.
  void Stop() {
    if (thread_.joinable()) {
      end_.Set(queue_.get(), gpr_now(GPR_CLOCK_REALTIME), nullptr);
      thread_.join();
    } else {  // never began
      queue_->Shutdown();
      void* tag = nullptr;
      bool ok = false;
      while (queue_->Next(&tag, &ok)) {
      }
    }
  }

 private:
  void Run() {
    calls_.reserve(kCallsAhead);
    for (int i = 0; i < kCallsAhead; ++i) Take(*calls_.emplace_back(std::make_unique<Call>(*this)));
    void* tag = nullptr;
    bool ok = false;
    while (Next(&tag, &ok)) {
      if (tag == nullptr) {  // the end
        ended_ = true;
        queue_->Shutdown();
        continue;
      }
      GrpcTag::Of(tag).Proceed(ok);
    }
    // A call that nobody took goes before the server does.
    calls_.clear();
  }

  friend struct Call;
  void Proceed(Call& call, bool ok) {
    if (call.answering) {
      shared_.in_flight.fetch_sub(1, std::memory_order_relaxed);
      Take(call);
    } else if (ok) {
      shared_.taken.fetch_add(1, std::memory_order_relaxed);
      shared_.in_flight.fetch_add(1, std::memory_order_relaxed);
      Answer(call);
    }  // else: the server takes no more
  }

  void Take(Call& call) {
    call.writer.reset();
    call.request.Clear();
    call.answering = false;
    if (ended_ || shared_.stopping.load(std::memory_order_relaxed)) return;
    call.context.emplace();
    call.writer.emplace(&*call.context);
    shared_.service.RequestCheck(&*call.context, &call.request, &*call.writer, queue_.get(),
                                 queue_.get(), call.tag());
  }

  // As the queue's, and looks after answers that wait. False: the end.
  bool Next(void** tag, bool* ok) {
    for (;;) {
      if (held_.empty()) return queue_->Next(tag, ok);
      const auto soon = std::chrono::system_clock::now() + kLookAfterHeld;
      const auto status = queue_->AsyncNext(tag, ok, soon);
      const auto now = std::chrono::steady_clock::now();
      if (now - looked_ >= kLookAfterHeld) {
        looked_ = now;
        LookAfterHeld(now);
      }
      if (status != grpc::CompletionQueue::TIMEOUT) {
        return status == grpc::CompletionQueue::GOT_EVENT;
      }
    }
  }

  void LookAfterHeld(std::chrono::steady_clock::time_point now) {
    std::erase_if(held_, [&](const std::shared_ptr<Held>& held) {
      if (now < held->until && !shared_.late.load()) return held->taken.load();
      if (!held->taken.exchange(true)) Finish(*held->call, shared_.metrics, held->instead);
      return true;
    });
  }

  void Answer(Call& call) {
    call.answering = true;
    grpc::Status status;
    if (!MayAsk(*call.context)) {
      status = {grpc::StatusCode::UNAUTHENTICATED, "show a bearer token of a caller"};
    } else if (call.context->deadline() < std::chrono::system_clock::now()) {
      status = {grpc::StatusCode::DEADLINE_EXCEEDED, "nobody waits for the answer"};
    } else {
      try {
        status = AnswerTo(call);
      } catch (const std::exception&) {  // there is no memory
        status = {grpc::StatusCode::RESOURCE_EXHAUSTED, "nothing was decided"};
      }
    }
    if (status.ok()) return;  // it is answered, or will be
    shared_.metrics.GrpcAnswered(static_cast<unsigned>(status.error_code()));
    call.writer->FinishWithError(status, call.tag());
  }

  bool MayAsk(const grpc::ServerContext& context) {
    caller_.clear();
    if (shared_.asks_clients) caller_ = PeerOf(context);
    if (!shared_.may_ask) return true;
    const auto found = context.client_metadata().equal_range("authorization");
    if (found.first == found.second || std::next(found.first) != found.second) return false;
    std::string name;
    if (!shared_.may_ask({found.first->second.data(), found.first->second.size()}, &name)) {
      return false;
    }
    if (caller_.empty()) caller_ = name;
    return true;
  }

  // By the certificate that it has shown under one of the roots; empty: it has shown none.
  static std::string PeerOf(const grpc::ServerContext& context) {
    const std::shared_ptr<const grpc::AuthContext> peer = context.auth_context();
    if (peer == nullptr || !peer->IsPeerAuthenticated()) return {};
    for (const char* property : {GRPC_PEER_SPIFFE_ID_PROPERTY_NAME, GRPC_X509_CN_PROPERTY_NAME}) {
      const auto values = peer->FindPropertyValues(property);
      if (values.size() == 1) return {values[0].data(), values[0].size()};
    }
    return {};
  }

  // OK: the answer is on its way, or waits.
  grpc::Status AnswerTo(Call& call) {
    grpc::Slice message;
    if (!call.request.TrySingleSlice(&message).ok()) {
      const grpc::Status status = call.request.DumpToSingleSlice(&message);
      if (!status.ok()) return status;
    }
    GrpcAnswer answer =
        handler_({reinterpret_cast<const char*>(message.begin()), message.size()}, caller_);
    if (!answer.when) {
      Finish(call, shared_.metrics, answer.message);
      return grpc::Status::OK;
    }
    auto held = std::make_shared<Held>();
    held->call = &call;
    held->message = std::move(answer.message);
    held->instead = std::move(answer.instead);
    held->until = std::chrono::steady_clock::now() + shared_.request_timeout;
    held_.push_back(held);
    answer.when([held, &metrics = shared_.metrics](bool may_go) {
      if (held->taken.exchange(true)) return;
      Finish(*held->call, metrics, may_go ? held->message : held->instead);
    });
    return grpc::Status::OK;
  }

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  const GrpcHandler handler_;
  Shared& shared_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::vector<std::shared_ptr<Held>> held_;
  std::chrono::steady_clock::time_point looked_;
  std::string caller_;  // of the call that is answered
  bool ended_ = false;
  grpc::Alarm end_;
  std::thread thread_;
};

void Call::Proceed(bool ok) { worker.Proceed(*this, ok); }

}  // namespace

class GrpcServer::Impl {
 public:
  Impl(GrpcLimits limits, unsigned threads, Metrics& metrics)
      : limits_(limits), threads_(std::max(threads, 1U)), shared_{.metrics = metrics} {}
  ~Impl() { Stop(std::chrono::seconds(0)); }

  absl::StatusOr<std::vector<Address>> Start(GrpcService service) {
    LibraryLog::Get().Install();
    // Debian's abseil looks for deadlocks at each lock: 3 % of what a call costs here.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    shared_.may_ask = std::move(service.may_ask);
    shared_.asks_clients = service.tls != nullptr && service.tls->asks_clients();
    shared_.request_timeout = limits_.request_timeout;
    grpc::ServerBuilder builder;
    Limit(builder);
    std::vector<int> ports(service.addresses.size());
    for (std::size_t i = 0; i < service.addresses.size(); ++i) {
      const Address& address = service.addresses[i];
      if (address.is_unix()) ZTP_RETURN_IF_ERROR(RemoveStaleSocket(address.unix_path));
      const bool plain = address.is_unix() || service.tls == nullptr || !service.tls->used();
      builder.AddListeningPort(
          address.ToString(),
          plain ? grpc::InsecureServerCredentials() : GrpcTlsCredentials(*service.tls), &ports[i]);
    }
    builder.RegisterService(&shared_.service);
    builder.RegisterService(&health_.service());
    std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues;
    for (unsigned i = 0; i < threads_; ++i) queues.push_back(builder.AddCompletionQueue());
    // Nobody may connect before the mode is what was asked for.
    const mode_t before = umask(0177);
    server_ = builder.BuildAndStart();
    umask(before);
    for (auto& queue : queues) {
      workers_.push_back(
          std::make_unique<Worker>(std::move(queue), service.make_handler(), shared_));
    }
    if (server_ == nullptr) {
      Stop(std::chrono::seconds(0));
      return Unavailable("cannot listen for gRPC: ", LibraryLog::Get().last());
    }
    for (std::size_t i = 0; i < service.addresses.size(); ++i) {
      Address& address = service.addresses[i];
      if (!address.is_unix()) {
        address.port = static_cast<uint16_t>(ports[i]);
      } else if (chmod(address.unix_path.c_str(), service.unix_mode) != 0) {
        Stop(std::chrono::seconds(0));
        return OsError(Cat("cannot listen at ", address.ToString()), errno);
      }
    }
    health_.Start(workers_.front()->queue());
    health_.SetServing(true);
    for (const auto& worker : workers_) worker->Start();
    return std::move(service.addresses);
  }

  void SetServing(bool serving) { health_.SetServing(serving); }

  void Stop(std::chrono::seconds drain) {
    if (server_ != nullptr) {
      const auto deadline = std::chrono::system_clock::now() + drain;
      health_.Shutdown();
      WaitUntilQuiet(drain / 2.0);
      shared_.stopping = true;
      // Calls that have begun and say nothing would keep the server until the last moment.
      std::atomic<bool> done = false;
      std::thread cutter([&] {
        std::this_thread::sleep_for(kLastWords);
        while (!done && shared_.in_flight.load() > 0) {
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
          if (std::chrono::system_clock::now() > deadline) shared_.late = true;
        }
        if (!done) grpc_server_cancel_all_calls(server_->c_server());
      });
      server_->Shutdown(deadline);
      done = true;
      cutter.join();
    }
    for (const auto& worker : workers_) worker->Stop();
    workers_.clear();
    server_.reset();
  }

 private:
  // The library refuses what a client sends before it has heard that the server ends. Those who
  // heed health go away before, and lose nothing.
  void WaitUntilQuiet(std::chrono::duration<double> most) const {
    const auto begin = std::chrono::steady_clock::now();
    auto last = begin;
    std::size_t taken = shared_.taken.load();
    for (auto now = begin; now - begin < most && now - last < kQuiet;
         now = std::chrono::steady_clock::now()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      if (taken == shared_.taken.load()) continue;
      taken = shared_.taken.load();
      last = std::chrono::steady_clock::now();
    }
  }

  void Limit(grpc::ServerBuilder& builder) const {
    const auto milliseconds = [](std::chrono::seconds time) {
      return static_cast<int>(std::chrono::milliseconds(time).count());
    };
    builder.SetMaxReceiveMessageSize(static_cast<int>(limits_.max_message));
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(limits_.max_metadata));
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                               static_cast<int>(limits_.max_calls));
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                               milliseconds(limits_.request_timeout));
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, milliseconds(limits_.idle_timeout));
    // A peer that has gone without a word.
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(limits_.idle_timeout));
    // Another server's port is an error, as it is everywhere else.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    // A small message must not become a large one.
    builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
    builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
    builder.SetResourceQuota(
        grpc::ResourceQuota("ztp").Resize(std::max(kMinMemory, 64 * limits_.max_message)));
  }

  const GrpcLimits limits_;
  const unsigned threads_;
  Shared shared_;
  GrpcHealth health_{kServiceName};
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

GrpcServer::GrpcServer(GrpcLimits limits, unsigned threads, Metrics& metrics)
    : impl_(std::make_unique<Impl>(limits, threads, metrics)) {}
GrpcServer::~GrpcServer() = default;

absl::StatusOr<std::vector<Address>> GrpcServer::Start(GrpcService service) {
  return impl_->Start(std::move(service));
}

void GrpcServer::SetServing(bool serving) { impl_->SetServing(serving); }
void GrpcServer::Stop(std::chrono::seconds drain) { impl_->Stop(drain); }

}  // namespace ztp::server
