// The gate before real servers, asked by real clients over mutual TLS: each kind of method, denied
// before its handler runs and ended while it is idle.
#include "ztp_grpc.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <gtest/gtest.h>

#include <atomic>
#include <ctime>
#include <stdexcept>
#include <thread>

#include "bindings/grpc/tests/pki_testing.h"
#include "data.grpc.pb.h"

namespace {

using acme::Answer;
using acme::Ask;
using grpc::StatusCode;
using ztp::testing::Certificates;
using ztp::testing::PeerIdentity;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr char kTrainer[] = "spiffe://example.org/trainer";
constexpr auto kWatch = 5ms;

constexpr char kPolicy[] = R"(ztp 1
package acme
import std.ai
entity Workload { spiffe: SpiffeId }
entity Dataset { hold: Bool = false, until?: Time, logged: Bool = false }
input peer: Svid proven for principal.spiffe
input note?: String
action read on Dataset by Workload
obligation log(name: String)
permit plain {
  principal Workload action read resource d: Dataset
  when bound(peer) and not d.logged
  when not (d has until) or now < d.until
}
permit logged {
  principal Workload action read resource d: Dataset
  when bound(peer) and d.logged
  oblige log("a")
}
forbid held { action read resource d: Dataset when d.hold because "the data set is on hold" }
forbid noted { action read resource Dataset when has note and note == "no" because "by its note" }
)";

std::string EntityJson(std::string_view type, std::string_view id, std::string_view attrs) {
  std::string json = R"({"uid":{"type":")";
  json.append(type).append(R"(","id":")").append(id).append(R"("},"attrs":{)");
  return json.append(attrs).append("}}");
}

std::string TrustJson(const std::string& root_pem) {
  std::string escaped;
  for (const char c : root_pem) escaped += c == '\n' ? std::string("\\n") : std::string(1, c);
  return R"({"ztp_trust":1,"sources":{"mesh":{"kind":"x509-svid","trust_domain":"example.org",)"
         R"("host_checks_binding":true,"proves":"peer","bundle":")" +
         escaped + R"("}}})";
}

// ---- The service ----

class Service final : public acme::Data::WithCallbackMethod_Follow<acme::Data::Service> {
 public:
  std::atomic<int> runs{0};
  std::atomic<int> received{0};
  std::atomic<int> ended{0};  // streams that saw their end
  std::string last;           // message of Put, as it was received
  ztp::GrpcGate* gate = nullptr;

  grpc::Status Read(grpc::ServerContext*, const Ask* ask, Answer* answer) override {
    ++runs;
    answer->set_text("read " + ask->name());
    return grpc::Status::OK;
  }
  grpc::Status Hidden(grpc::ServerContext*, const Ask*, Answer*) override {
    ++runs;
    return grpc::Status::OK;
  }
  grpc::Status Open(grpc::ServerContext* context, const Ask* ask, Answer* answer) override {
    if (grpc::Status s = gate->Admit(*context, "Dataset", ask->name()); !s.ok()) return s;
    ++runs;
    EXPECT_EQ(gate->Admit(*context, "Dataset", "another").error_code(), StatusCode::INTERNAL);
    answer->set_text("open " + ask->name());
    return grpc::Status::OK;
  }
  grpc::Status Forget(grpc::ServerContext*, const Ask*, Answer* answer) override {
    answer->set_text("a secret");
    return grpc::Status::OK;
  }
  // Says one thing, and then nothing until it ends.
  grpc::Status Tail(grpc::ServerContext* context, const Ask* ask,
                    grpc::ServerWriter<Answer>* writer) override {
    ++runs;
    Answer answer;
    answer.set_text("tail " + ask->name());
    writer->Write(answer);
    while (!context->IsCancelled()) std::this_thread::sleep_for(1ms);
    ++ended;
    return grpc::Status::OK;
  }
  grpc::Status Put(grpc::ServerContext*, grpc::ServerReader<Ask>* reader, Answer* answer) override {
    ++runs;
    for (Ask ask; reader->Read(&ask); ++received) last = ask.name();
    ++ended;
    answer->set_text("put");
    return grpc::Status::OK;
  }
  grpc::Status Talk(grpc::ServerContext*, grpc::ServerReaderWriter<Answer, Ask>* stream) override {
    ++runs;
    Ask ask;
    while (stream->Read(&ask)) {
      ++received;
      Answer answer;
      answer.set_text("talk " + ask.name());
      stream->Write(answer);
    }
    ++ended;
    return grpc::Status::OK;
  }
  grpc::ServerWriteReactor<Answer>* Follow(grpc::CallbackServerContext*, const Ask* ask) override {
    class Reactor : public grpc::ServerWriteReactor<Answer> {
     public:
      Reactor(Service* service, const std::string& name) : service_(service) {
        answer_.set_text("follow " + name);
        StartWrite(&answer_);
      }
      void OnCancel() override { Finish(grpc::Status::CANCELLED); }
      void OnDone() override {
        ++service_->ended;
        delete this;
      }

     private:
      Service* service_;
      Answer answer_;
    };
    ++runs;
    return new Reactor(this, ask->name());
  }
};

// ---- A server with its gate, and clients ----

class Grpc : public ::testing::Test {
 protected:
  void SetUp() override {
    const ztp::Policy policy = ztp::Bundle::Compile({{"acme.ztp", kPolicy}}).Read();
    std::string facts =
        "[" + EntityJson("Workload", kTrainer, std::string(R"("spiffe":")") + kTrainer + "\"");
    for (const char* name : {"faces", "held", "logged"}) {
      facts += "," + EntityJson("Dataset", name,
                                name == std::string("held")     ? R"("hold":true)"
                                : name == std::string("logged") ? R"("logged":true)"
                                                                : "");
    }
    trust_.emplace(ztp::Trust::Read(TrustJson(Certificates().root.certificate)));
    engine_.emplace(policy, ztp::Facts::ReadJson(policy, facts + "]"));
    engine_->Use(*trust_);
    using Method = ztp::GrpcMethod;
    ztp::GrpcOptions options;
    for (const char* name : {"Read", "Tail", "Put", "Talk", "Follow"}) {
      options.methods.emplace(std::string("acme.Data/") + name,
                              Method::FromMetadata("read", "Dataset", "x-dataset").Receives<Ask>());
    }
    for (const char* name : {"Open", "Forget"}) {
      options.methods.emplace(std::string("acme.Data/") + name, Method::InHandler("read"));
    }
    options.methods.at("acme.Data/Read").fill =
        [note = engine_->Attr("note")](const ztp::GrpcCall& call, ztp::Request& request) {
          if (const auto text = call.metadata("x-note")) request.Text(note, *text);
        };
    options.principal_type = "Workload";
    options.trust = &*trust_;
    options.evidence = {{"peer", "mesh", ztp::GrpcEvidence::From::kPeerCertificate, "", true}};
    options.watch = kWatch;
    Change(&options);
    gate_.emplace(*engine_, std::move(options));
    service_.gate = &*gate_;

    const auto credentials = ServerCredentials();
    grpc::ServerBuilder builder;
    gate_->Guard(builder, *credentials);
    int port = 0;
    builder.AddListeningPort("localhost:0", credentials, &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    address_ = "localhost:" + std::to_string(port);
    stub_ = Client(&Certificates().trainer);
  }
  void TearDown() override {
    server_->Shutdown(std::chrono::system_clock::now() + 5s);
    server_->Wait();
    server_.reset();
    EXPECT_EQ(gate_->open_calls(), 0u);
    gate_.reset();
  }
  virtual void Change(ztp::GrpcOptions*) {}
  static std::shared_ptr<grpc::ServerCredentials> ServerCredentials() {
    grpc::SslServerCredentialsOptions tls(
        GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);  // clients may have none
    tls.pem_root_certs = Certificates().root.certificate;
    tls.pem_key_cert_pairs.push_back(
        {Certificates().server.key, Certificates().server.certificate});
    return grpc::SslServerCredentials(tls);
  }

  std::unique_ptr<acme::Data::Stub> Client(const PeerIdentity* identity) const {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = Certificates().root.certificate;
    if (identity != nullptr) {
      tls.pem_private_key = identity->key;
      tls.pem_cert_chain = identity->certificate;
    }
    return acme::Data::NewStub(grpc::CreateChannel(address_, grpc::SslCredentials(tls)));
  }
  static std::unique_ptr<grpc::ClientContext> About(const std::string& dataset) {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + 30s);
    if (!dataset.empty()) context->AddMetadata("x-dataset", dataset);
    return context;
  }
  static Ask Message(const std::string& name) {
    Ask ask;
    ask.set_name(name);
    return ask;
  }
  grpc::Status Read(const std::string& dataset, acme::Data::Stub* stub = nullptr,
                    const std::string& note = "") {
    const auto context = About(dataset);
    if (!note.empty()) context->AddMetadata("x-note", note);
    Answer answer;
    return (stub != nullptr ? stub : stub_.get())->Read(context.get(), Message("a"), &answer);
  }
  void Put(std::string_view attrs) {
    ztp::Change(*engine_).UpsertJson("[" + EntityJson("Dataset", "faces", attrs) + "]").Commit();
  }
  template <typename What>
  static void Eventually(const What& what) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!what() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(what());
  }

  Service service_;
  std::optional<ztp::Trust> trust_;
  std::optional<ztp::Engine> engine_;
  std::optional<ztp::GrpcGate> gate_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  std::unique_ptr<acme::Data::Stub> stub_;
};

void ExpectStatus(const grpc::Status& status, StatusCode code, const std::string& message) {
  EXPECT_EQ(status.error_code(), code) << status.error_message();
  EXPECT_EQ(status.error_message(), message);
}

TEST_F(Grpc, ACallIsDecidedBeforeItsHandlerRuns) {
  const auto context = About("faces");
  Answer answer;
  EXPECT_TRUE(stub_->Read(context.get(), Message("a"), &answer).ok());
  EXPECT_EQ(answer.text(), "read a");
  EXPECT_EQ(service_.runs, 1);

  ExpectStatus(Read("held"), StatusCode::PERMISSION_DENIED, "the data set is on hold");
  ExpectStatus(Read("faces", nullptr, "no"), StatusCode::PERMISSION_DENIED, "by its note");
  ExpectStatus(Read("logged"), StatusCode::PERMISSION_DENIED, "denied");  // who would log it?
  ExpectStatus(Read(""), StatusCode::INVALID_ARGUMENT, "the call does not say what it is about");
  const auto twice = About("faces");
  twice->AddMetadata("x-dataset", "held");
  EXPECT_EQ(stub_->Read(twice.get(), Message("a"), &answer).error_code(),
            StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(Read("faces", nullptr, "yes").ok());
  EXPECT_TRUE(Read("faces").ok());  // the note of another call is not this one's
  EXPECT_EQ(service_.runs, 3);

  const auto hidden = About("faces");  // no method of the gate
  ExpectStatus(stub_->Hidden(hidden.get(), Message("a"), &answer), StatusCode::PERMISSION_DENIED,
               "denied");
  const auto denied = About("held");
  const auto reader = stub_->Tail(denied.get(), Message("a"));
  EXPECT_FALSE(reader->Read(&answer));
  ExpectStatus(reader->Finish(), StatusCode::PERMISSION_DENIED, "the data set is on hold");
  EXPECT_EQ(service_.runs, 3);
}

TEST_F(Grpc, WhoHasNoIdentityIsNotAuthenticated) {
  const auto without = Client(nullptr);
  ExpectStatus(Read("faces", without.get()), StatusCode::UNAUTHENTICATED,
               "the peer has no identity");
  const auto nobody = Client(&Certificates().nobody);
  ExpectStatus(Read("faces", nobody.get()), StatusCode::UNAUTHENTICATED,
               "the peer has no identity");
  Answer answer;
  const auto context = About("faces");
  ExpectStatus(without->Open(context.get(), Message("faces"), &answer), StatusCode::UNAUTHENTICATED,
               "the peer has no identity");
  // TLS takes the certificate, and the source that proves the input no longer does.
  EXPECT_TRUE(Read("faces").ok());
  trust_->Replace("mesh", "bundle", Certificates().other_root.certificate);
  ExpectStatus(Read("faces"), StatusCode::UNAUTHENTICATED, "peer: chain");
  // One that no root has signed does not get through TLS.
  EXPECT_EQ(Read("faces", Client(&Certificates().stranger).get()).error_code(),
            StatusCode::UNAVAILABLE);
  EXPECT_EQ(service_.runs, 1);
}

TEST_F(Grpc, WhatTheMessageSaysTheHandlerAsksFor) {
  Answer answer;
  const auto good = About("");
  EXPECT_TRUE(stub_->Open(good.get(), Message("faces"), &answer).ok());
  EXPECT_EQ(answer.text(), "open faces");
  answer.Clear();
  const auto held = About("");
  ExpectStatus(stub_->Open(held.get(), Message("held"), &answer), StatusCode::PERMISSION_DENIED,
               "the data set is on hold");
  EXPECT_EQ(service_.runs, 1);
  // A handler that forgets to ask has nothing to say.
  const auto forgotten = About("");
  ExpectStatus(stub_->Forget(forgotten.get(), Message("faces"), &answer), StatusCode::INTERNAL,
               "the handler has not said what it is about");
  EXPECT_EQ(answer.text(), "");
}

TEST_F(Grpc, AnIdleStreamEndsWhenItIsRevoked) {
  Answer answer;
  for (const bool follow : {false, true}) {
    Put("");
    const auto context = About("faces");
    const auto stream = follow ? stub_->Follow(context.get(), Message("a"))
                               : stub_->Tail(context.get(), Message("a"));
    ASSERT_TRUE(stream->Read(&answer));
    EXPECT_EQ(answer.text(), follow ? "follow a" : "tail a");
    Put(R"("until":"2999-01-01T00:00:00Z")");  // leases end, and it is allowed all the same
    engine_->Revoke();
    std::this_thread::sleep_for(4 * kWatch);
    EXPECT_EQ(service_.ended, follow ? 1 : 0);
    EXPECT_EQ(gate_->open_calls(), 1u);
    Put(R"("hold":true)");
    EXPECT_FALSE(stream->Read(&answer));
    ExpectStatus(stream->Finish(), StatusCode::PERMISSION_DENIED, "the data set is on hold");
    Eventually([&] { return service_.ended == (follow ? 2 : 1); });
    Eventually([&] { return gate_->open_calls() == 0; });
  }
  Put("");
  const auto context = About("faces");
  const auto talk = stub_->Talk(context.get());
  ASSERT_TRUE(talk->Write(Message("a")));
  ASSERT_TRUE(talk->Read(&answer));
  EXPECT_EQ(answer.text(), "talk a");
  trust_->Revoke({"", "", "", kTrainer}, ztp::Now());
  EXPECT_FALSE(talk->Read(&answer));
  ExpectStatus(talk->Finish(), StatusCode::UNAUTHENTICATED, "peer: revoked");
  Eventually([&] { return service_.ended == 3; });
  EXPECT_EQ(service_.received, 1);
}

TEST_F(Grpc, AStreamEndsWhenItsTimeIsUp) {
  const std::int64_t end = ztp::Now() / 1'000'000 + 2;  // in one to two seconds
  char text[64];
  const std::time_t seconds = end;
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&seconds));
  Put(R"("until":")" + std::string(text) + "\"");
  Answer answer;
  const auto late = About("faces");
  const auto reader = stub_->Tail(late.get(), Message("a"));
  ASSERT_TRUE(reader->Read(&answer));
  EXPECT_FALSE(reader->Read(&answer));
  ExpectStatus(reader->Finish(), StatusCode::PERMISSION_DENIED, "denied");
  EXPECT_GE(ztp::Now(), end * 1'000'000);
}

// Nobody watches within the test's time: the messages do it.
class GrpcUnwatched : public Grpc {
 protected:
  void Change(ztp::GrpcOptions* options) override {
    options->watch = std::chrono::hours(1);
    options->can = {"log"};
    options->oblige = [this](const ztp::GrpcCall& call, const ztp::Obligation& obligation) {
      ++logged_;
      if (fails_) throw std::runtime_error("the disk is full");
      EXPECT_EQ(call.method(), "acme.Data/Read");
      EXPECT_EQ(obligation.name, "log");
    };
  }
  std::atomic<int> logged_{0};
  std::atomic<bool> fails_{false};
};

TEST_F(GrpcUnwatched, EachMessageAsksTheLease) {
  Answer answer;
  const auto context = About("faces");
  const auto talk = stub_->Talk(context.get());
  ASSERT_TRUE(talk->Write(Message("a")));
  ASSERT_TRUE(talk->Read(&answer));
  Put(R"("hold":true)");
  talk->Write(Message("b"));
  EXPECT_FALSE(talk->Read(&answer));
  ExpectStatus(talk->Finish(), StatusCode::PERMISSION_DENIED, "the data set is on hold");

  Put("");
  const auto sending = About("faces");
  const auto put = stub_->Put(sending.get(), &answer);
  ASSERT_TRUE(put->Write(Message("first")));
  Eventually([&] { return service_.last == "first"; });
  Put(R"("hold":true)");
  put->Write(Message("second"));
  ExpectStatus(put->Finish(), StatusCode::PERMISSION_DENIED, "the data set is on hold");
  Eventually([&] { return service_.ended == 2; });
  EXPECT_NE(service_.last, "second");  // it came empty, or not at all
}

TEST_F(GrpcUnwatched, WhatAnAllowObligesToIsCarriedOutOnceAndFirst) {
  EXPECT_TRUE(Read("logged").ok());
  EXPECT_EQ(logged_, 1);
  EXPECT_EQ(service_.runs, 1);
  fails_ = true;
  ExpectStatus(Read("logged"), StatusCode::INTERNAL, "it cannot be decided");
  EXPECT_EQ(service_.runs, 1);
}

TEST_F(Grpc, ManyCallsAtOnceWhileLeasesEnd) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  std::atomic<int> allowed{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      while (!stop) {
        if (i % 2 == 0) {
          EXPECT_TRUE(Read("faces").ok());
          ++allowed;
        } else {
          const auto context = About("faces");
          const auto talk = stub_->Talk(context.get());
          Answer answer;
          for (int k = 0; k < 5; ++k) {
            EXPECT_TRUE(talk->Write(Message("a")));
            EXPECT_TRUE(talk->Read(&answer));
          }
          talk->WritesDone();
          EXPECT_TRUE(talk->Finish().ok());
        }
      }
    });
  }
  for (int i = 0; i < 40; ++i) {
    engine_->Revoke();
    std::this_thread::sleep_for(5ms);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(allowed, 0);
}

// No code was generated for it, and its handlers are a loop: as a proxy has it.
TEST_F(Grpc, AGenericServiceIsNoWayAround) {
  const auto credentials = ServerCredentials();
  grpc::ServerBuilder builder;
  gate_->Guard(builder, *credentials);
  int port = 0;
  builder.AddListeningPort("localhost:0", credentials, &port);
  grpc::AsyncGenericService service;
  builder.RegisterAsyncGenericService(&service);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);
  // Takes one call, and leaves it open until it is cancelled.
  std::vector<std::string> taken;
  std::atomic<bool> done{false};
  std::thread loop([&] {
    grpc::GenericServerContext context;
    grpc::GenericServerAsyncReaderWriter stream(&context);
    context.AsyncNotifyWhenDone(&done);
    service.RequestCall(&context, &stream, queue.get(), queue.get(), &stream);
    void* tag = nullptr;
    bool ok = false;
    while (queue->Next(&tag, &ok)) {
      if (tag == &stream && ok) taken.push_back(context.method());
      if (tag == &done) done = context.IsCancelled();
    }
  });
  address_ = "localhost:" + std::to_string(port);
  const auto stub = Client(&Certificates().trainer);
  ExpectStatus(Read("held", stub.get()), StatusCode::PERMISSION_DENIED, "the data set is on hold");
  const auto context = About("faces");
  const auto talk = stub->Talk(context.get());
  Eventually([&] { return gate_->open_calls() == 1; });
  Put(R"("hold":true)");
  Answer answer;
  EXPECT_FALSE(talk->Read(&answer));
  ExpectStatus(talk->Finish(), StatusCode::PERMISSION_DENIED, "the data set is on hold");
  Eventually([&] { return done.load(); });
  server->Shutdown(std::chrono::system_clock::now() + 5s);
  queue->Shutdown();
  loop.join();
  EXPECT_THAT(taken, ::testing::ElementsAre("/acme.Data/Talk"));
}

TEST(GrpcGate, AMistakeIsFoundWhenItIsMade) {
  const ztp::Policy policy = ztp::Bundle::Compile({{"acme.ztp", kPolicy}}).Read();
  ztp::Engine engine(policy);
  ztp::GrpcOptions options;
  options.evidence = {{"peer", "mesh"}};
  EXPECT_THROW(ztp::GrpcGate(engine, options), ztp::Error);  // whose trust?
  ztp::Trust trust = ztp::Trust::Read(TrustJson(Certificates().root.certificate));
  options.trust = &trust;
  options.evidence = {{"pear", "mesh"}};
  EXPECT_THROW(ztp::GrpcGate(engine, options), ztp::Error);
}

}  // namespace
