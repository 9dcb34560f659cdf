// TLS of the server's addresses: a certificate that can be replaced while it serves, and clients
// that must show one.
#pragma once

#include <atomic>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "bindings/server/settings.h"

namespace ztp::server {

// What was read: PEM.
struct TlsFiles {
  TlsFiles() = default;
  ~TlsFiles();  // no trace of the key stays in memory
  TlsFiles(const TlsFiles&) = delete;
  TlsFiles& operator=(const TlsFiles&) = delete;

  std::string certificate, key, clients;
};

// Thread-safe.
class Tls {
 public:
  // Load before the first call of Context.
  explicit Tls(const Settings& settings)
      : certificate_(settings.tls_certificate),
        key_(settings.tls_key),
        clients_(settings.tls_clients) {}

  bool used() const { return !certificate_.empty(); }
  // Must a client show a certificate?
  bool asks_clients() const { return !clients_.empty(); }

  // Reads the files, again too; connections that are open keep what they began with.
  // InvalidArgument: they cannot be read, or key and certificate do not fit. What was loaded before
  // stays where it fails.
  absl::Status Load();

  std::shared_ptr<boost::asio::ssl::context> Context() const { return context_.load(); }
  // The same for those who have TLS of their own.
  std::shared_ptr<const TlsFiles> Files() const { return files_.load(); }

 private:
  const std::string certificate_, key_, clients_;
  std::atomic<std::shared_ptr<boost::asio::ssl::context>> context_;
  std::atomic<std::shared_ptr<const TlsFiles>> files_;
};

// Who the other end is, by the certificate that it has shown under one of the roots: the SPIFFE ID
// that is its one URI, or its subject ("CN=gateway,O=Acme"). Empty: it has shown none.
std::string PeerNameOf(SSL* connection);

}  // namespace ztp::server
