// A gRPC server whose calls ztp decides: the service of ../tests/data.proto, by data.ztp.
//
// Usage: server ADDRESS POLICY.ztpb FACTS.json TRUST.json ROOT.pem SERVER.pem SERVER.key
#include <grpcpp/server.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "data.grpc.pb.h"
#include "ztp_grpc.h"

namespace {

std::string ReadFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(std::string("cannot read ") + path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class Data final : public acme::Data::Service {
 public:
  explicit Data(ztp::GrpcGate& gate) : gate_(gate) {}

  // Allowed, or it would not run: `x-dataset` of the call says which data set.
  grpc::Status Read(grpc::ServerContext*, const acme::Ask* ask, acme::Answer* answer) override {
    answer->set_text("read " + ask->name());
    return grpc::Status::OK;
  }
  // Ends by itself when it is no longer allowed.
  grpc::Status Tail(grpc::ServerContext* context, const acme::Ask*,
                    grpc::ServerWriter<acme::Answer>* writer) override {
    acme::Answer answer;
    answer.set_text("still there");
    while (!context->IsCancelled() && writer->Write(answer)) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
    }
    return grpc::Status::OK;
  }
  // The message says which data set, and so the handler asks.
  grpc::Status Open(grpc::ServerContext* context, const acme::Ask* ask,
                    acme::Answer* answer) override {
    if (grpc::Status s = gate_.Admit(*context, "Dataset", ask->name()); !s.ok()) return s;
    answer->set_text("opened " + ask->name());
    return grpc::Status::OK;
  }

 private:
  ztp::GrpcGate& gate_;
};

int Serve(char** argument) {
  ztp::Trust trust = ztp::Trust::Load(argument[4]);
  ztp::Options engine_options;
  engine_options.trust = &trust;
  ztp::Engine engine = ztp::Engine::Load(argument[2], {argument[3]}, engine_options);

  ztp::GrpcOptions options;
  for (const char* method : {"acme.Data/Read", "acme.Data/Tail"}) {
    options.methods.emplace(method, ztp::GrpcMethod::FromMetadata("read", "Dataset", "x-dataset"));
  }
  options.methods.emplace("acme.Data/Open", ztp::GrpcMethod::InHandler("read"));
  options.principal_type = "Workload";
  options.trust = &trust;
  options.evidence = {{"peer", "mesh", ztp::GrpcEvidence::From::kPeerCertificate, "", true}};
  ztp::GrpcGate gate(engine, std::move(options));

  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = ReadFile(argument[5]);
  tls.pem_key_cert_pairs.push_back({ReadFile(argument[7]), ReadFile(argument[6])});
  const auto credentials = grpc::SslServerCredentials(tls);

  Data data(gate);
  grpc::ServerBuilder builder;
  gate.Guard(builder, *credentials);
  builder.AddListeningPort(argument[1], credentials);
  builder.RegisterService(&data);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) throw std::runtime_error("the server does not start");
  server->Wait();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) {
    std::cerr << "usage: server ADDRESS POLICY.ztpb FACTS.json TRUST.json ROOT.pem SERVER.pem "
                 "SERVER.key\n";
    return 3;
  }
  try {
    return Serve(argv);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
