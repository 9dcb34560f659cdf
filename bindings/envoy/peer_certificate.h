// The certificate with which a connection's peer has authenticated itself, in full.
//
// Boundary: what x-forwarded-client-cert says and what Envoy knows of the connection in; PEM out.
// Envoy lends modules a certificate's digest and not the certificate. It puts that into the header,
// where it is told to (`set_current_client_cert_details: {cert: true}`, or `chain`); so can a
// client where it is not. It does not matter which: a certificate is taken if it has the digest.
#pragma once

#include <string>
#include <string_view>

namespace ztp::envoy {

// The certificates of the header's last element as PEM, leaf first, if the leaf is the one of that
// digest (hexadecimal, as Envoy has it); else nothing, as where the header is malformed. The others
// in a chain are the peer's word, as they are in TLS: who verifies the leaf verifies them.
std::string PeerCertificates(std::string_view forwarded_client_cert, std::string_view digest);

}  // namespace ztp::envoy
