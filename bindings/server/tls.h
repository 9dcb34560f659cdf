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

// Thread-safe.
class Tls {
 public:
  // Load before the first call of Context.
  explicit Tls(const Settings& settings)
      : certificate_(settings.tls_certificate),
        key_(settings.tls_key),
        clients_(settings.tls_clients) {}

  bool used() const { return !certificate_.empty(); }

  // Reads the files, again too; connections that are open keep what they began with.
  // InvalidArgument: they cannot be read, or key and certificate do not fit. What was loaded before
  // stays where it fails.
  absl::Status Load();

  std::shared_ptr<boost::asio::ssl::context> Context() const { return context_.load(); }

 private:
  const std::string certificate_, key_, clients_;
  std::atomic<std::shared_ptr<boost::asio::ssl::context>> context_;
};

// Who the other end is, by the certificate that it has shown under one of the roots: the SPIFFE ID
// that is its one URI, or its subject ("CN=gateway,O=Acme"). Empty: it has shown none.
std::string PeerNameOf(SSL* connection);

}  // namespace ztp::server
