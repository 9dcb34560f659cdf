// See grpc_health.h. All of it happens on one thread, with a queue of its own that no connection is
// polled by unless somebody watches on it.
#include "bindings/server/grpc_health.h"

#include <grpcpp/alarm.h>

#include <atomic>
#include <functional>
#include <list>
#include <thread>
#include <utility>

#include "bindings/server/health.grpc.pb.h"

namespace ztp::server {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

using Service = Health::WithAsyncMethod_Check<Health::WithAsyncMethod_Watch<Health::Service>>;
using Status = HealthCheckResponse::ServingStatus;

HealthCheckResponse Response(Status status) {
  HealthCheckResponse response;
  response.set_status(status);
  return response;
}

}  // namespace

class GrpcHealth::Impl {
 public:
  explicit Impl(std::string service) : name_(std::move(service)) {}

  void Register(grpc::ServerBuilder& builder) {
    builder.RegisterService(&service_);
    queue_ = builder.AddCompletionQueue(/*is_frequently_polled=*/false);
  }

  void Start() {
    thread_ = std::thread([this] { Run(); });
  }

  void Set(bool serving) {
    if (serving_.exchange(serving) == serving) return;
    Wake([this] {
      for (Watch& watch : watches_) watch.Say();
    });
  }

  void Stop() {
    if (queue_ == nullptr) return;
    if (thread_.joinable()) {
      Wake([this] { queue_->Shutdown(); });
      thread_.join();
    } else {
      queue_->Shutdown();
      Drain();
    }
    queue_.reset();
  }

 private:
  struct Tag {
    virtual ~Tag() = default;
    virtual void Proceed(bool ok) = 0;
  };

  // Something that another thread wants done on this one.
  struct Errand final : Tag {
    void Proceed(bool /*ok*/) override {
      const std::unique_ptr<Errand> self(this);
      what();
    }
    grpc::Alarm alarm;
    std::function<void()> what;
  };

  struct Check final : Tag {
    explicit Check(Impl& of) : health(of), writer(&context) {
      of.service_.RequestCheck(&context, &request, &writer, of.queue_.get(), of.queue_.get(), this);
    }
    void Proceed(bool ok) override {
      if (answered || !ok) {
        delete this;
        return;
      }
      new Check(health);  // the next one
      answered = true;
      if (!health.Knows(request.service())) {
        return writer.FinishWithError({grpc::StatusCode::NOT_FOUND, "no such service"}, this);
      }
      writer.Finish(Response(health.Now()), grpc::Status::OK, this);
    }
    Impl& health;
    grpc::ServerContext context;
    HealthCheckRequest request;
    grpc::ServerAsyncResponseWriter<HealthCheckResponse> writer;
    bool answered = false;
  };

  // Somebody who watches, from the first word until gone.
  struct Watch final : Tag {
    struct Gone final : Tag {
      explicit Gone(Watch& of) : watch(of) {}
      void Proceed(bool /*ok*/) override {
        watch.gone = true;
        watch.EndIfIdle();
      }
      Watch& watch;
    };

    explicit Watch(Impl& of) : health(of), writer(&context) {
      context.AsyncNotifyWhenDone(&when_gone);
      of.service_.RequestWatch(&context, &request, &writer, of.queue_.get(), of.queue_.get(), this);
      writing = true;
    }
    void Proceed(bool ok) override {
      writing = false;
      if (!begun) {
        if (!ok) {  // the server has ended: nobody came, and nobody goes
          delete this;
          return;
        }
        begun = true;
        place = health.watches_.insert(health.watches_.end(), *this);
        new Watch(health);  // the next one
      }
      if (gone) return EndIfIdle();
      if (ok) Say();
    }
    void Say() {
      const Status now =
          health.Knows(request.service()) ? health.Now() : HealthCheckResponse::SERVICE_UNKNOWN;
      if (writing || gone || now == said) return;
      said = now;
      writing = true;
      writer.Write(Response(now), this);
    }
    void EndIfIdle() {
      if (writing) return;
      health.watches_.erase(place);
      delete this;
    }
    Impl& health;
    grpc::ServerContext context;
    HealthCheckRequest request;
    grpc::ServerAsyncWriter<HealthCheckResponse> writer;
    Gone when_gone{*this};
    std::list<std::reference_wrapper<Watch>>::iterator place;
    Status said = HealthCheckResponse::UNKNOWN;
    bool begun = false, writing = false, gone = false;
  };

  bool Knows(const std::string& service) const { return service.empty() || service == name_; }
  Status Now() const {
    return serving_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
  }

  void Wake(std::function<void()> what) {
    auto* errand = new Errand;
    errand->what = std::move(what);
    errand->alarm.Set(queue_.get(), gpr_now(GPR_CLOCK_REALTIME), errand);
  }

  void Run() {
    new Check(*this);
    new Watch(*this);
    Drain();
  }

  void Drain() {
    void* tag = nullptr;
    bool ok = false;
    while (queue_->Next(&tag, &ok)) static_cast<Tag*>(tag)->Proceed(ok);
  }

  const std::string name_;
  Service service_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::thread thread_;
  std::atomic<bool> serving_ = true;
  std::list<std::reference_wrapper<Watch>> watches_;  // the thread's
};

GrpcHealth::GrpcHealth(std::string service) : impl_(std::make_unique<Impl>(std::move(service))) {}
GrpcHealth::~GrpcHealth() = default;
void GrpcHealth::Register(grpc::ServerBuilder& builder) { impl_->Register(builder); }
void GrpcHealth::Start() { impl_->Start(); }
void GrpcHealth::Set(bool serving) { impl_->Set(serving); }
void GrpcHealth::Stop() { impl_->Stop(); }

}  // namespace ztp::server
