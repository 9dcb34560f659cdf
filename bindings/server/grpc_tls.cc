// See grpc_tls.h. grpc++ 1.51 has a provider that reads files by itself, whatever they hold; the
// core's fetcher asks at each handshake, and keeps what it has where it gets nothing better.
#include "bindings/server/grpc_tls.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include <utility>

namespace ztp::server {
namespace {

class Credentials final : public grpc::ServerCredentials {
 public:
  explicit Credentials(const Tls& tls) : tls_(tls) {
    const auto request = tls.asks_clients()
                             ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                             : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
    credentials_ = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(request, &Fetch, this));
  }
  ~Credentials() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>& processor) override {
    (void)processor;  // who may ask is asked elsewhere
  }

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  // Called by one handshake at a time (of a port: each has credentials of its own).
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    auto& credentials = *static_cast<Credentials*>(self);
    std::shared_ptr<const TlsFiles> files = credentials.tls_.Files();
    if (files == credentials.given_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const grpc_ssl_pem_key_cert_pair pair = {files->key.c_str(), files->certificate.c_str()};
    *config = grpc_ssl_server_certificate_config_create(
        files->clients.empty() ? nullptr : files->clients.c_str(), &pair, 1);
    if (*config == nullptr) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_FAIL;
    credentials.given_ = std::move(files);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const Tls& tls_;
  grpc_server_credentials* credentials_;
  std::shared_ptr<const TlsFiles> given_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> GrpcTlsCredentials(const Tls& tls) {
  return std::make_shared<Credentials>(tls);
}

}  // namespace ztp::server
