// TLS for gRPC: the certificates that Tls has loaded, those of now for each new connection.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "bindings/server/tls.h"

namespace ztp::server {

// `tls` must be used(), loaded, and outlive the server. What cannot be taken (it never is, as Tls
// checks) leaves what was in use.
std::shared_ptr<grpc::ServerCredentials> GrpcTlsCredentials(const Tls& tls);

}  // namespace ztp::server
