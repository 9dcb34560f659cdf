// See tls.h. RFC 9325 for versions and ciphers.
#include "bindings/server/tls.h"

#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

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

namespace {

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

std::string SpiffeIdOf(const X509& certificate) {
  const std::unique_ptr<GENERAL_NAMES, Free<&GENERAL_NAMES_free>> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string found;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    if (!found.empty()) return {};  // one of two is nobody's choice
    const ASN1_IA5STRING* const uri = name->d.uniformResourceIdentifier;
    found.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                 static_cast<size_t>(ASN1_STRING_length(uri)));
  }
  return found.starts_with("spiffe://") ? found : std::string();
}

}  // namespace

std::string PeerNameOf(SSL* connection) {
  const X509* const certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr || SSL_get_verify_result(connection) != X509_V_OK) return {};
  if (std::string id = SpiffeIdOf(*certificate); !id.empty()) return id;
  const std::unique_ptr<BIO, Free<&BIO_free_all>> text(BIO_new(BIO_s_mem()));
  // What is not printable ASCII is escaped.
  if (text == nullptr ||
      X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0) {
    return {};
  }
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);  // NOLINT(google-runtime-int)
  return size <= 0 ? std::string() : std::string(bytes, static_cast<size_t>(size));
}

}  // namespace ztp::server
