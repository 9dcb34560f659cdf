// See grpc_server.h. Each thread has a completion queue of its own, and a call is answered where it
// is taken: what a thread has needs no lock.
#include "bindings/server/grpc_server.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/alarm.h>
#include <grpcpp/health_check_service_interface.h>
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

#include "bindings/server/event_log.h"
#include "bindings/server/ext_authz.grpc.pb.h"
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

struct Call {
  // Of one call after the other.
  std::optional<grpc::ServerContext> context;
  std::optional<grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>> writer;
  grpc::ByteBuffer request;
  bool answering = false;
};

struct Shared {
  Service service;
  std::function<bool(std::string_view)> may_ask;
  Metrics& metrics;
  std::atomic<std::size_t> in_flight = 0;
  std::atomic<bool> stopping = false;
};

class Worker {
 public:
  Worker(std::unique_ptr<grpc::ServerCompletionQueue> queue, GrpcHandler handler, Shared& shared)
      : queue_(std::move(queue)), handler_(std::move(handler)), shared_(shared) {}

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
    for (int i = 0; i < kCallsAhead; ++i) Take(*calls_.emplace_back(std::make_unique<Call>()));
    void* tag = nullptr;
    bool ok = false;
    while (queue_->Next(&tag, &ok)) {
      if (tag == nullptr) {  // the end
        ended_ = true;
        queue_->Shutdown();
        continue;
      }
      Call& call = *static_cast<Call*>(tag);
      if (call.answering) {
        shared_.in_flight.fetch_sub(1, std::memory_order_relaxed);
        Take(call);
      } else if (ok) {
        shared_.in_flight.fetch_add(1, std::memory_order_relaxed);
        Answer(call);
      }  // else: the server takes no more
    }
    // A call that nobody took goes before the server does.
    calls_.clear();
  }

  void Take(Call& call) {
    call.writer.reset();
    call.request.Clear();
    call.answering = false;
    if (ended_ || shared_.stopping.load(std::memory_order_relaxed)) return;
    call.context.emplace();
    call.writer.emplace(&*call.context);
    shared_.service.RequestCheck(&*call.context, &call.request, &*call.writer, queue_.get(),
                                 queue_.get(), &call);
  }

  void Answer(Call& call) {
    call.answering = true;
    grpc::Status status;
    grpc::ByteBuffer answer;
    if (!MayAsk(*call.context)) {
      status = {grpc::StatusCode::UNAUTHENTICATED, "show a bearer token of a caller"};
    } else if (call.context->deadline() < std::chrono::system_clock::now()) {
      status = {grpc::StatusCode::DEADLINE_EXCEEDED, "nobody waits for the answer"};
    } else {
      try {
        status = AnswerTo(call.request, &answer);
      } catch (const std::exception&) {  // there is no memory
        status = {grpc::StatusCode::RESOURCE_EXHAUSTED, "nothing was decided"};
      }
    }
    shared_.metrics.GrpcAnswered(static_cast<unsigned>(status.error_code()));
    if (status.ok()) {
      call.writer->Finish(answer, status, &call);
    } else {
      call.writer->FinishWithError(status, &call);
    }
  }

  bool MayAsk(const grpc::ServerContext& context) const {
    if (!shared_.may_ask) return true;
    const auto found = context.client_metadata().equal_range("authorization");
    if (found.first == found.second || std::next(found.first) != found.second) return false;
    return shared_.may_ask({found.first->second.data(), found.first->second.size()});
  }

  grpc::Status AnswerTo(const grpc::ByteBuffer& request, grpc::ByteBuffer* answer) {
    grpc::Slice message;
    if (!request.TrySingleSlice(&message).ok()) {
      const grpc::Status status = request.DumpToSingleSlice(&message);
      if (!status.ok()) return status;
    }
    const std::string text =
        handler_({reinterpret_cast<const char*>(message.begin()), message.size()});
    const grpc::Slice slice(text);
    *answer = grpc::ByteBuffer(&slice, 1);
    return grpc::Status::OK;
  }

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  const GrpcHandler handler_;
  Shared& shared_;
  std::vector<std::unique_ptr<Call>> calls_;
  bool ended_ = false;
  grpc::Alarm end_;
  std::thread thread_;
};

}  // namespace

class GrpcServer::Impl {
 public:
  Impl(GrpcLimits limits, unsigned threads, Metrics& metrics)
      : limits_(limits), threads_(std::max(threads, 1U)), shared_{.metrics = metrics} {}
  ~Impl() { Stop(std::chrono::seconds(0)); }

  absl::StatusOr<std::vector<Address>> Start(GrpcService service) {
    LibraryLog::Get().Install();
    grpc::EnableDefaultHealthCheckService(true);
    shared_.may_ask = std::move(service.may_ask);
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
    for (const auto& worker : workers_) worker->Start();
    server_->GetHealthCheckService()->SetServingStatus(kServiceName, true);
    return std::move(service.addresses);
  }

  void Stop(std::chrono::seconds drain) {
    if (server_ != nullptr) {
      server_->GetHealthCheckService()->Shutdown();
      shared_.stopping = true;
      // Calls that wait for health to change would keep the server until the last moment.
      std::atomic<bool> done = false;
      std::thread cutter([&] {
        std::this_thread::sleep_for(kLastWords);
        while (!done && shared_.in_flight.load() > 0) {
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        if (!done) grpc_server_cancel_all_calls(server_->c_server());
      });
      server_->Shutdown(std::chrono::system_clock::now() + drain);
      done = true;
      cutter.join();
    }
    for (const auto& worker : workers_) worker->Stop();
    workers_.clear();
    server_.reset();
  }

 private:
  void Limit(grpc::ServerBuilder& builder) const {
    const auto milliseconds = [](std::chrono::seconds time) {
      return static_cast<int>(std::chrono::milliseconds(time).count());
    };
    builder.SetMaxReceiveMessageSize(static_cast<int>(limits_.max_message));
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(limits_.max_metadata));
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                               static_cast<int>(limits_.max_calls));
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                               milliseconds(limits_.handshake_timeout));
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
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

GrpcServer::GrpcServer(GrpcLimits limits, unsigned threads, Metrics& metrics)
    : impl_(std::make_unique<Impl>(limits, threads, metrics)) {}
GrpcServer::~GrpcServer() = default;

absl::StatusOr<std::vector<Address>> GrpcServer::Start(GrpcService service) {
  return impl_->Start(std::move(service));
}

void GrpcServer::Stop(std::chrono::seconds drain) { impl_->Stop(drain); }

}  // namespace ztp::server
