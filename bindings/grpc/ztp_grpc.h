// Every call of a gRPC server, decided by ztp: before its handler runs, and again while it lasts.
//
//     ztp::GrpcOptions options;
//     options.principal_type = "Workload";
//     options.methods.emplace("acme.Data/Read",
//                             ztp::GrpcMethod::FromMetadata("read", "Dataset", "x-dataset"));
//     ztp::GrpcGate gate(engine, options);
//     auto credentials = grpc::SslServerCredentials(mutual_tls);
//     grpc::ServerBuilder builder;
//     gate.Guard(builder, *credentials);
//     builder.AddListeningPort(address, credentials);
//
// The principal is the peer's SPIFFE ID, the action what the method's name is mapped to, the
// resource what the call's metadata, a function or the handler says. A call that is denied has no
// handler: its client gets PERMISSION_DENIED with the `because` of the rule that denied, and
// nothing else; one without an identity UNAUTHENTICATED. Each call holds a lease, which every
// message asks; once it has ended it is decided again, and what is denied then is cancelled, also
// where no message comes.
//
// How: a server interceptor of gRPC cannot keep a handler from running, so what decides first is
// the credentials' AuthMetadataProcessor; the interceptor behind it holds the leases. Both are
// public; of gRPC's own layer only `c_call()` is used, to end a call with a status of one's own.
//
// Boundary: whom gRPC authenticated, and metadata, to a request; a decision to a status. Nothing is
// decided here (ztp.h). Needs gRPC 1.51 or later, C++17. Header only.
#ifndef ZTP_GRPC_H_
#define ZTP_GRPC_H_

#include <grpc/grpc.h>
#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_interceptor.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ztp.hpp"
#include "ztp_grpc_call.h"

namespace ztp {

struct GrpcOptions {
  // By the name of the method, "acme.Data/Read". What is not here is denied.
  std::map<std::string, GrpcMethod, std::less<>> methods;
  // The principal: of this type, with the peer's SPIFFE ID as its id; or what the function says.
  std::string principal_type;
  std::function<std::optional<GrpcEntity>(const GrpcCall&)> principal;
  // Verifies evidence: the trust that the engine uses. Outlives the gate.
  Trust* trust = nullptr;
  std::vector<GrpcEvidence> evidence;
  // Obligations that `oblige` carries out, before the handler runs. A permit with any other does
  // not allow. What it throws is a denial.
  std::vector<std::string> can;
  std::function<void(const GrpcCall&, const Obligation&)> oblige;
  // How often the leases of open calls are looked at: how long an idle one goes on at most.
  std::chrono::milliseconds watch{50};
};

// Any thread's. Engine and trust outlive it, and it outlives the servers that it guards.
class GrpcGate {
 public:
  // Throws an Error where an evidence's input is none of the policy's.
  GrpcGate(Engine& engine, GrpcOptions options) : engine_(engine), options_(std::move(options)) {
    if (!options_.evidence.empty() && options_.trust == nullptr) {
      throw Error(ZTP_MISUSE, "evidence wants a trust that verifies it");
    }
    for (const GrpcEvidence& evidence : options_.evidence) {
      inputs_.push_back(engine.Attr(evidence.input));
    }
    proofs_.resize(inputs_.size());
    watcher_ = std::thread([this] { Watch(); });
  }
  GrpcGate(const GrpcGate&) = delete;
  GrpcGate& operator=(const GrpcGate&) = delete;
  ~GrpcGate() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    watcher_.join();
  }

  // Puts the gate before every call of a server, and before `others`: gRPC takes its interceptors
  // once. Call it before BuildAndStart. Every port of the server takes credentials that were given
  // here: a port without them would have no gate. Not InsecureServerCredentials, which know no
  // peer.
  void Guard(::grpc::ServerBuilder& builder, ::grpc::ServerCredentials& credentials,
             std::vector<std::unique_ptr<::grpc::experimental::ServerInterceptorFactoryInterface>>
                 others = {}) {
    Guard(credentials);
    others.insert(others.begin(), std::make_unique<Factory>(this));
    builder.experimental().SetInterceptorCreators(std::move(others));
  }
  // Of a further port.
  void Guard(::grpc::ServerCredentials& credentials) {
    credentials.SetAuthMetadataProcessor(std::make_shared<Processor>(this));
  }

  // In the handler of a GrpcMethod::InHandler, before it does anything: may it, on this resource?
  //     if (grpc::Status s = gate.Admit(*context, "Dataset", request->name()); !s.ok()) return s;
  // Once allowed the call holds a lease, as others do.
  ::grpc::Status Admit(const ::grpc::ServerContextBase& context, std::string type, std::string id) {
    std::shared_ptr<Open> open;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto found = open_.find(&context);
      if (found != open_.end()) open = found->second;
    }
    if (open == nullptr) return {::grpc::StatusCode::INTERNAL, "this gate does not guard the call"};
    return open->Admit({std::move(type), std::move(id)});
  }

  // Calls that are open, for tests and metrics.
  std::size_t open_calls() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return open_.size();
  }

 private:
  static constexpr std::size_t kMaxProofs = 1024;  // of one evidence
  using Hook = ::grpc::experimental::InterceptionHookPoints;

  struct Verdict {
    ::grpc::Status status;
    Lease lease;
  };

  // What was said of a call when it was decided first, so that it can be decided again; and the
  // call itself, held until it has ended.
  class Open {
   public:
    Open(GrpcGate* gate, const GrpcMethod* method, std::string name, GrpcCall::Metadata metadata,
         std::shared_ptr<const ::grpc::AuthContext> peer, grpc_call* call)
        : gate_(gate),
          method_(method),
          name_(std::move(name)),
          metadata_(std::move(metadata)),
          peer_(std::move(peer)),
          call_(call) {
      if (method_ == nullptr) denied_ = Denied();
      grpc_call_ref(call_);
    }
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;
    ~Open() { grpc_call_unref(call_); }

    // Is it still allowed? Decides again where the lease has ended; what was denied stays denied.
    ::grpc::Status Check() {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (ended_ || !denied_.ok() || lease_.Check()) return denied_;
      if (method_->resource == nullptr && !resource_) return denied_;  // not said yet
      return Decide(lasting_);
    }
    // Has it been decided, so that something may leave the server?
    ::grpc::Status CheckAnswer() {
      ::grpc::Status status = Check();
      const std::lock_guard<std::mutex> lock(mutex_);
      if (status.ok() && !lasting_) {
        return {::grpc::StatusCode::INTERNAL, "the handler has not said what it is about"};
      }
      return status;
    }
    ::grpc::Status Admit(GrpcEntity resource) {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!denied_.ok()) return denied_;
      if (method_->resource != nullptr || resource_) {
        return {::grpc::StatusCode::INTERNAL, "it has been said already what the call is about"};
      }
      resource_ = std::move(resource);
      return Decide(true);
    }
    void End() {
      const std::lock_guard<std::mutex> lock(mutex_);
      ended_ = true;
    }
    // Ends the call with this status, for handler and client. Not under the mutex: gRPC may call
    // the interceptor from within.
    void Cancel(const ::grpc::Status& status) {
      if (cancelled_.exchange(true)) return;
      grpc_call_cancel_with_status(call_, static_cast<grpc_status_code>(status.error_code()),
                                   status.error_message().c_str(), nullptr);
    }
    void Clear(void* message) const {
      if (message != nullptr && method_ != nullptr && method_->clear) method_->clear(message);
    }

   private:
    // `oblige`: what it obliges to was not carried out for this call, or must be once more.
    ::grpc::Status Decide(bool oblige) {
      const GrpcCall call(name_, metadata_, *peer_);
      Verdict verdict = gate_->Decide(call, *method_, resource_ ? &*resource_ : nullptr, oblige);
      denied_ = verdict.status;
      lease_ = verdict.lease;
      lasting_ = lasting_ || denied_.ok();
      return denied_;
    }

    GrpcGate* const gate_;
    const GrpcMethod* const method_;
    const std::string name_;
    const GrpcCall::Metadata metadata_;
    const std::shared_ptr<const ::grpc::AuthContext> peer_;
    grpc_call* const call_;
    std::atomic<bool> cancelled_{false};

    std::mutex mutex_;
    std::optional<GrpcEntity> resource_;  // that the handler said
    ::grpc::Status denied_;               // OK: it is not
    Lease lease_;
    bool lasting_ = false;  // it was allowed once
    bool ended_ = false;
  };

  // Decides before there is a handler.
  class Processor final : public ::grpc::AuthMetadataProcessor {
   public:
    explicit Processor(GrpcGate* gate) : gate_(gate) {}
    bool IsBlocking() const override { return false; }
    ::grpc::Status Process(const InputMetadata& auth_metadata, ::grpc::AuthContext* context,
                           OutputMetadata*, OutputMetadata*) override {
      const GrpcCall::Metadata metadata = Copy(auth_metadata);
      const auto [path, end] = metadata.equal_range(":path");
      if (path == end || std::next(path) != end) {
        return {::grpc::StatusCode::INTERNAL, "a call without a method"};
      }
      const std::string name = NameOf(path->second);
      const GrpcCall call(name, metadata, *context);
      const GrpcMethod* method = gate_->Find(name);
      if (method == nullptr) return Denied();
      if (method->resource == nullptr) return gate_->Identify(call).second;
      return gate_->Decide(call, *method, nullptr, true).status;
    }

   private:
    GrpcGate* const gate_;
  };

  // Holds one call's lease.
  class Interceptor final : public ::grpc::experimental::Interceptor {
   public:
    Interceptor(GrpcGate* gate, ::grpc::experimental::ServerRpcInfo* info)
        : gate_(gate), context_(info->server_context()), name_(NameOf(info->method())) {}
    ~Interceptor() override { End(); }

    // Of one call, several may be at work at a time: one that reads, one that writes.
    void Intercept(::grpc::experimental::InterceptorBatchMethods* methods) override {
      if (methods->QueryInterceptionHookPoint(Hook::POST_RECV_INITIAL_METADATA)) Begin(methods);
      if (begun_.load(std::memory_order_acquire)) {
        if (methods->QueryInterceptionHookPoint(Hook::POST_RECV_MESSAGE)) Receive(methods);
        if (methods->QueryInterceptionHookPoint(Hook::PRE_SEND_MESSAGE)) {
          Send(methods);
        } else if (methods->QueryInterceptionHookPoint(Hook::PRE_SEND_STATUS)) {
          SendStatus(methods);
        }
        if (methods->QueryInterceptionHookPoint(Hook::POST_RECV_CLOSE)) End();
      }
      methods->Proceed();
    }

   private:
    void Begin(::grpc::experimental::InterceptorBatchMethods* methods) {
      if (begun_.load(std::memory_order_relaxed)) return;
      const auto* metadata = methods->GetRecvInitialMetadata();
      open_ = std::make_shared<Open>(gate_, gate_->Find(name_), name_,
                                     metadata != nullptr ? Copy(*metadata) : GrpcCall::Metadata(),
                                     context_->auth_context(), context_->c_call());
      gate_->Add(context_, open_);
      begun_.store(true, std::memory_order_release);
      if (const ::grpc::Status status = open_->Check(); !status.ok()) open_->Cancel(status);
    }
    void Receive(::grpc::experimental::InterceptorBatchMethods* methods) {
      const ::grpc::Status status = open_->Check();
      if (status.ok()) return;
      open_->Clear(methods->GetRecvMessage());
      open_->Cancel(status);
    }
    // An answer that may not leave is taken out of the batch.
    void Send(::grpc::experimental::InterceptorBatchMethods* methods) {
      const ::grpc::Status status = open_->CheckAnswer();
      if (status.ok()) return;
      methods->GetSerializedSendMessage()->Clear();
      if (methods->QueryInterceptionHookPoint(Hook::PRE_SEND_STATUS)) {
        methods->ModifySendStatus(status);
      } else {
        open_->Cancel(status);
      }
    }
    // A handler's own error may always leave.
    void SendStatus(::grpc::experimental::InterceptorBatchMethods* methods) {
      if (!methods->GetSendStatus().ok()) return;
      if (const ::grpc::Status status = open_->CheckAnswer(); !status.ok()) {
        methods->ModifySendStatus(status);
      }
    }
    void End() {
      if (!begun_.load(std::memory_order_acquire)) return;
      open_->End();
      gate_->Remove(context_, open_.get());
    }

    GrpcGate* const gate_;
    ::grpc::ServerContextBase* const context_;
    const std::string name_;
    std::shared_ptr<Open> open_;  // once it has begun
    std::atomic<bool> begun_{false};
  };

  class Factory final : public ::grpc::experimental::ServerInterceptorFactoryInterface {
   public:
    explicit Factory(GrpcGate* gate) : gate_(gate) {}
    ::grpc::experimental::Interceptor* CreateServerInterceptor(
        ::grpc::experimental::ServerRpcInfo* info) override {
      return new Interceptor(gate_, info);
    }

   private:
    GrpcGate* const gate_;
  };

  static GrpcCall::Metadata Copy(
      const std::multimap<::grpc::string_ref, ::grpc::string_ref>& metadata) {
    GrpcCall::Metadata copy;
    for (const auto& [key, value] : metadata) {
      copy.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
    }
    return copy;
  }
  static std::string NameOf(std::string_view path) {
    return std::string(path.substr(path.empty() || path.front() != '/' ? 0 : 1));
  }
  static ::grpc::Status Denied(std::string_view because = {}) {
    return {::grpc::StatusCode::PERMISSION_DENIED,
            because.empty() ? std::string("denied") : std::string(because)};
  }
  static ::grpc::Status Unauthenticated(std::string message) {
    return {::grpc::StatusCode::UNAUTHENTICATED, std::move(message)};
  }

  const GrpcMethod* Find(std::string_view name) const {
    const auto found = options_.methods.find(name);
    return found == options_.methods.end() ? nullptr : &found->second;
  }

  // Who asks.
  std::pair<GrpcEntity, ::grpc::Status> Identify(const GrpcCall& call) const {
    try {
      if (options_.principal) {
        if (std::optional<GrpcEntity> entity = options_.principal(call)) {
          return {*std::move(entity), ::grpc::Status::OK};
        }
      } else if (std::optional<std::string> id = call.spiffe_id()) {
        return {{options_.principal_type, *std::move(id)}, ::grpc::Status::OK};
      }
    } catch (...) {
      return {{}, CannotDecide()};
    }
    return {{}, Unauthenticated("the peer has no identity")};
  }

  static ::grpc::Status CannotDecide() {
    return {::grpc::StatusCode::INTERNAL, "it cannot be decided"};
  }

  static std::optional<std::string> TextOf(const GrpcEvidence& evidence, const GrpcCall& call) {
    const auto own = [](std::optional<std::string_view> text) {
      return text ? std::optional<std::string>(*text) : std::nullopt;
    };
    switch (evidence.from) {
      case GrpcEvidence::From::kPeerCertificate:
        return call.certificates();
      case GrpcEvidence::From::kBearerToken:
        return own(call.bearer_token());
      case GrpcEvidence::From::kMetadata:
        return own(call.metadata(evidence.key));
    }
    return std::nullopt;
  }

  // Of a certificate, which a connection shows for all its calls, the proof is kept: whether it
  // still counts is asked each time, and where it does not the evidence is verified anew.
  std::shared_ptr<const Proof> ProofOf(std::size_t index, const std::string& text,
                                       std::int64_t now) {
    const GrpcEvidence& evidence = options_.evidence[index];
    const bool kept = evidence.from == GrpcEvidence::From::kPeerCertificate;
    if (kept) {
      std::shared_ptr<const Proof> known;
      {
        const std::lock_guard<std::mutex> lock(proofs_mutex_);
        const auto found = proofs_[index].find(text);
        if (found != proofs_[index].end()) known = found->second;
      }
      try {
        if (known != nullptr) {
          known->Check(now);
          return known;
        }
      } catch (const Error&) {  // verifying says why, or that it counts after all
      }
    }
    auto proof = std::make_shared<const Proof>(options_.trust->Verify(evidence.source, text, now));
    if (kept) {
      const std::lock_guard<std::mutex> lock(proofs_mutex_);
      if (proofs_[index].size() >= kMaxProofs) proofs_[index].clear();
      proofs_[index].insert_or_assign(text, proof);
    }
    return proof;
  }

  // Binds what the call proves.
  ::grpc::Status Prove(const GrpcCall& call, Request& request, std::int64_t now) {
    for (std::size_t i = 0; i < options_.evidence.size(); ++i) {
      const GrpcEvidence& evidence = options_.evidence[i];
      const std::optional<std::string> text = TextOf(evidence, call);
      if (!text) {
        if (evidence.required) return Unauthenticated(evidence.input + " is missing");
        continue;
      }
      try {
        request.Evidence(inputs_[i], *ProofOf(i, *text, now));
      } catch (const Error& error) {
        if (error.code() != ZTP_REFUSED) throw;
        return Unauthenticated(evidence.input + ": " + error.problems().front().id);
      }
    }
    return ::grpc::Status::OK;
  }

  // `resource`: what the handler said; null: what the method's function says.
  Verdict Decide(const GrpcCall& call, const GrpcMethod& method, const GrpcEntity* resource,
                 bool oblige) {
    try {
      auto [principal, status] = Identify(call);
      if (!status.ok()) return {status, Lease()};
      std::optional<GrpcEntity> own;
      if (resource == nullptr) {
        own = method.resource(call);
        if (!own) {
          return {{::grpc::StatusCode::INVALID_ARGUMENT, "the call does not say what it is about"},
                  Lease()};
        }
        resource = &*own;
      }
      const Borrowed session(this);
      Request request(*session, method.action);
      request.Principal(principal.type, principal.id).Resource(resource->type, resource->id);
      request.Can(options_.can);
      if (method.fill) method.fill(call, request);
      const std::int64_t now = Now();
      if (status = Prove(call, request, now); !status.ok()) return {status, Lease()};
      const Decision decision = request.Decide(now);
      if (!decision.allow()) {
        return {Denied(decision.rule_count() > 0 ? decision.rule(0).because : std::string_view()),
                Lease()};
      }
      for (std::size_t i = 0; oblige && i < decision.obligation_count(); ++i) {
        if (!options_.oblige) return {CannotDecide(), Lease()};
        options_.oblige(call, decision.obligation(i));
      }
      return {::grpc::Status::OK, decision.lease()};
    } catch (...) {
      return {CannotDecide(), Lease()};  // what it says of this server, a stranger need not know
    }
  }

  // A session is one thread's at a time; there are as many as are deciding.
  class Borrowed {
   public:
    explicit Borrowed(GrpcGate* gate) : gate_(gate) {
      {
        const std::lock_guard<std::mutex> lock(gate_->sessions_mutex_);
        if (!gate_->sessions_.empty()) {
          session_ = std::move(gate_->sessions_.back());
          gate_->sessions_.pop_back();
        }
      }
      if (session_ == nullptr) session_ = std::make_unique<Session>(gate_->engine_);
    }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    ~Borrowed() {
      const std::lock_guard<std::mutex> lock(gate_->sessions_mutex_);
      gate_->sessions_.push_back(std::move(session_));
    }
    Session& operator*() const { return *session_; }

   private:
    GrpcGate* const gate_;
    std::unique_ptr<Session> session_;
  };

  void Add(const ::grpc::ServerContextBase* context, std::shared_ptr<Open> open) {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_.insert_or_assign(context, std::move(open));
  }
  // Unless another call has its context by now.
  void Remove(const ::grpc::ServerContextBase* context, const Open* open) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = open_.find(context);
    if (found != open_.end() && found->second.get() == open) open_.erase(found);
  }

  // Calls that are idle ask nobody: their leases are looked at from here.
  void Watch() {
    std::unique_lock<std::mutex> lock(mutex_);
    std::vector<std::shared_ptr<Open>> open;
    while (!wake_.wait_for(lock, options_.watch, [this] { return stopping_; })) {
      for (const auto& [context, one] : open_) open.push_back(one);
      lock.unlock();
      for (const std::shared_ptr<Open>& one : open) {
        if (const ::grpc::Status status = one->Check(); !status.ok()) one->Cancel(status);
      }
      open.clear();
      lock.lock();
    }
  }

  Engine& engine_;
  const GrpcOptions options_;
  std::vector<ztp_attr> inputs_;  // of options_.evidence

  std::mutex sessions_mutex_;
  std::vector<std::unique_ptr<Session>> sessions_;

  std::mutex proofs_mutex_;
  std::vector<std::unordered_map<std::string, std::shared_ptr<const Proof>>> proofs_;  // as inputs_

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::unordered_map<const ::grpc::ServerContextBase*, std::shared_ptr<Open>> open_;
  std::thread watcher_;
};

}  // namespace ztp

#endif  // ZTP_GRPC_H_
