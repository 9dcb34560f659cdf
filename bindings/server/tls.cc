// See tls.h. RFC 9325 for versions and ciphers.
#include "bindings/server/tls.h"

#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <utility>

#include "engine/base/status.h"
#include "engine/driver/files.h"

namespace ztp::server {

namespace ssl = boost::asio::ssl;
namespace asio = boost::asio;

namespace {

constexpr uint64_t kMaxFileBytes = 1 << 20;

}  // namespace

TlsFiles::~TlsFiles() { OPENSSL_cleanse(key.data(), key.size()); }

absl::Status Tls::Load() {
  if (!used()) return absl::OkStatus();
  auto files = std::make_shared<TlsFiles>();
  ZTP_ASSIGN_OR_RETURN(files->certificate, driver::ReadFile(certificate_, kMaxFileBytes));
  ZTP_ASSIGN_OR_RETURN(files->key, driver::ReadFile(key_, kMaxFileBytes));
  if (!clients_.empty()) {
    ZTP_ASSIGN_OR_RETURN(files->clients, driver::ReadFile(clients_, kMaxFileBytes));
  }
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  boost::system::error_code error;
  SSL_CTX* const raw = context->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(
      raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // TLS 1.2: forward secret and authenticated. Those of TLS 1.3 all are.
  SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL");
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  // A ticket would outlive the certificate that it was given under.
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(raw, 0);
  context->use_certificate_chain(asio::buffer(files->certificate), error);
  if (error) return InvalidArgument(certificate_, ": ", error.message());
  context->use_private_key(asio::buffer(files->key), ssl::context::pem, error);
  if (error) return InvalidArgument(key_, ": ", error.message());
  if (SSL_CTX_check_private_key(raw) != 1) {
    return InvalidArgument(key_, " is not the key of ", certificate_);
  }
  if (!clients_.empty()) {
    context->add_certificate_authority(asio::buffer(files->clients), error);
    if (error) return InvalidArgument(clients_, ": ", error.message());
    SSL_CTX_set_client_CA_list(raw, SSL_load_client_CA_file(clients_.c_str()));
    context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, error);
    if (error) return InvalidArgument(clients_, ": ", error.message());
  }
  context_.store(std::move(context));
  files_.store(std::move(files));
  return absl::OkStatus();
}

}  // namespace ztp::server
