// See grpc_health.h.
#include "bindings/server/grpc_health.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/async_unary_call.h>

#include <list>
#include <mutex>
#include <optional>
#include <utility>

#include "bindings/server/grpc_tag.h"
#include "bindings/server/health.grpc.pb.h"

namespace ztp::server {
namespace {

using grpc::health::v1::Health;
using Request = grpc::health::v1::HealthCheckRequest;
using Response = grpc::health::v1::HealthCheckResponse;
using ServingStatus = Response::ServingStatus;

// Watches stay; who asks for more than these is refused.
constexpr std::size_t kMaxWatches = 1024;

}  // namespace

// Calls are taken, and end, on the thread that polls the queue; SetServing and Shutdown come from
// others, and write to watches: the lock is for those.
class GrpcHealth::Impl {
 public:
  explicit Impl(std::string service) : name_(std::move(service)) {}

  grpc::Service& service() { return service_; }

  void Start(grpc::ServerCompletionQueue& queue) {
    const std::lock_guard lock(mutex_);
    queue_ = &queue;
    TakeCheck();
    TakeWatch();
  }

  void SetServing(bool serving) {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    serving_ = serving;
    for (Watch& watch : watches_) watch.Tell();
  }

  void Shutdown() {
    const std::lock_guard lock(mutex_);
    serving_ = false;
    over_ = true;
    for (Watch& watch : watches_) watch.Tell();
  }

 private:
  class Check final : public GrpcTag {
   public:
    explicit Check(Impl& health) : health_(health) {}

    void Take() {
      health_.service_.RequestCheck(&context_, &request_, &writer_, health_.queue_, health_.queue_,
                                    tag());
    }

    void Proceed(bool ok) override {
      const std::lock_guard lock(health_.mutex_);
      if (answered_ || !ok) return health_.Drop(*this);
      answered_ = true;
      if (!health_.over_) health_.TakeCheck();
      const ServingStatus status = health_.StatusOf(request_.service());
      if (status == Response::SERVICE_UNKNOWN) {
        writer_.FinishWithError({grpc::StatusCode::NOT_FOUND, "there is no such service"}, tag());
        return;
      }
      Response response;
      response.set_status(status);
      writer_.Finish(response, grpc::Status::OK, tag());
    }

   private:
    friend class Impl;
    Impl& health_;
    std::list<Check>::iterator self_;
    grpc::ServerContext context_;
    Request request_;
    grpc::ServerAsyncResponseWriter<Response> writer_{&context_};
    bool answered_ = false;
  };

  class Watch {
   public:
    explicit Watch(Impl& health)
        : health_(health),
          taken_(*this, &Watch::Taken),
          wrote_(*this, &Watch::Wrote),
          ended_(*this, &Watch::Ended),
          gone_(*this, &Watch::Gone) {}

    void Take() {
      context_.AsyncNotifyWhenDone(gone_.tag());
      health_.service_.RequestWatch(&context_, &request_, &writer_, health_.queue_, health_.queue_,
                                    taken_.tag());
    }

    // Writes what has changed, if nothing is being written: else what is written is followed by it.
    void Tell() {
      if (!open_ || writing_) return;
      const ServingStatus status = health_.StatusOf(request_.service());
      if (status != told_) {
        told_ = status;
        writing_ = true;
        Response response;
        response.set_status(status);
        writer_.Write(response, wrote_.tag());
      } else if (health_.over_) {
        End({grpc::StatusCode::UNAVAILABLE, "the server ends"});
      }
    }

   private:
    friend class Impl;

    class Step final : public GrpcTag {
     public:
      Step(Watch& watch, void (Watch::*step)(bool)) : watch_(watch), step_(step) {}
      void Proceed(bool ok) override {
        const std::lock_guard lock(watch_.health_.mutex_);
        (watch_.*step_)(ok);
      }

     private:
      Watch& watch_;
      void (Watch::*step_)(bool);
    };

    void Taken(bool ok) {
      // gRPC says that a call is over only of one that began.
      if (!ok) return health_.Drop(*this);
      open_ = true;
      if (health_.watches_.size() > kMaxWatches) {
        End({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many watch"});
      } else {
        Tell();
      }
      if (!health_.over_) health_.TakeWatch();
    }
    void Wrote(bool ok) {
      writing_ = false;
      open_ = open_ && ok;
      if (gone_already_) return health_.Drop(*this);
      Tell();
    }
    void Ended(bool) {
      writing_ = false;
      if (gone_already_) health_.Drop(*this);
    }
    void Gone(bool) {
      open_ = false;
      gone_already_ = true;
      if (!writing_) health_.Drop(*this);
    }
    void End(const grpc::Status& status) {
      open_ = false;
      writing_ = true;
      writer_.Finish(status, ended_.tag());
    }

    Impl& health_;
    std::list<Watch>::iterator self_;
    Step taken_, wrote_, ended_, gone_;
    grpc::ServerContext context_;
    Request request_;
    grpc::ServerAsyncWriter<Response> writer_{&context_};
    std::optional<ServingStatus> told_;
    bool open_ = false;     // may be written to
    bool writing_ = false;  // a message, or the end
    bool gone_already_ = false;
  };

  // With the lock held, all of these.
  void TakeCheck() {
    Check& check = checks_.emplace_front(*this);
    check.self_ = checks_.begin();
    check.Take();
  }
  void TakeWatch() {
    Watch& watch = watches_.emplace_front(*this);
    watch.self_ = watches_.begin();
    watch.Take();
  }
  void Drop(Check& check) { checks_.erase(check.self_); }
  void Drop(Watch& watch) { watches_.erase(watch.self_); }
  ServingStatus StatusOf(const std::string& service) const {
    if (!service.empty() && service != name_) return Response::SERVICE_UNKNOWN;
    return serving_ ? Response::SERVING : Response::NOT_SERVING;
  }

  const std::string name_;
  Health::AsyncService service_;
  grpc::ServerCompletionQueue* queue_ = nullptr;
  std::mutex mutex_;
  bool serving_ = false;
  bool over_ = false;
  std::list<Check> checks_;
  std::list<Watch> watches_;
};

GrpcHealth::GrpcHealth(std::string service) : impl_(std::make_unique<Impl>(std::move(service))) {}
GrpcHealth::~GrpcHealth() = default;

grpc::Service& GrpcHealth::service() { return impl_->service(); }
void GrpcHealth::Start(grpc::ServerCompletionQueue& queue) { impl_->Start(queue); }
void GrpcHealth::SetServing(bool serving) { impl_->SetServing(serving); }
void GrpcHealth::Shutdown() { impl_->Shutdown(); }

}  // namespace ztp::server
